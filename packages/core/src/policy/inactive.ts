import type { Catalogue, CatalogueRelation } from '../catalog/catalogue.js';
import type { CompiledMatch, CompiledPolicy } from './compiled.js';
import { nearest } from './nearest.js';
import { isLiteral, matchesName, matchesPart, matchesWild, type NamePattern } from './pattern.js';

/** A part of the policy that cannot have any effect on an upstream as it is now. */
export interface InactiveRule {
  readonly upstream: string;
  /** The id of the rule, limit or requirement; for classifications the label, the pattern and where it is written. */
  readonly rule: string;
  /** Why, and what was likely meant; lower case, no full stop. */
  readonly reason: string;
}

/**
 * What in the policy speaks of this upstream and matches nothing in it: misspelt columns and relations, labels and routines that it does
 * not have. What is meant for other upstreams or another environment is not listed.
 */
export function inactiveRules(policy: CompiledPolicy, upstream: string, catalogue: Catalogue): InactiveRule[] {
  const found: InactiveRule[] = [];
  const labels = new Set<string>();
  for (const { label, pattern, place } of policy.classifications) {
    if (!isFor(pattern, upstream)) continue;
    const reason = inactivePattern(pattern, upstream, catalogue);
    if (reason === undefined) labels.add(label);
    else found.push({ upstream, rule: `${label} ${pattern.source} (${place})`, reason });
  }
  for (const rule of [...policy.rules, ...policy.limits, ...policy.requirements]) {
    const reason = inactiveRule(rule, upstream, catalogue, labels);
    if (reason !== undefined) found.push({ upstream, rule: rule.id, reason });
  }
  return found;
}

/** Upstream parts of patterns, and upstreams of rules, that fit none of the configured upstreams: most likely misspelt. */
export function unknownUpstreams(
  policy: CompiledPolicy,
  upstreams: readonly string[],
): { readonly rule: string; readonly reason: string }[] {
  const classified = policy.classifications
    .filter(({ pattern }) => !upstreams.some((upstream) => isFor(pattern, upstream)))
    .map(({ label, pattern, place }) => ({ rule: `${label} ${pattern.source} (${place})`, name: pattern.parts[0]?.text ?? '' }));
  const ruled = [...policy.rules, ...policy.limits, ...policy.requirements].flatMap((rule) => {
    const patterns = relationPatterns(rule).filter((pattern) => !upstreams.some((upstream) => isFor(pattern, upstream)));
    const names = (rule.upstreams ?? []).filter((name) => !upstreams.some((upstream) => matchesWild(name, upstream)));
    return [...patterns.map((pattern) => pattern.parts[0]?.text ?? ''), ...names].map((name) => ({ rule: rule.id, name }));
  });
  return [...classified, ...ruled].map(({ rule, name }) => ({
    rule,
    reason: `no upstream is called ${name}${didYouMean(name, upstreams)}`,
  }));
}

function isFor(pattern: NamePattern, upstream: string): boolean {
  const [part] = pattern.parts;
  return part !== undefined && matchesPart(part, upstream, 'ignore');
}

function inactivePattern(pattern: NamePattern, upstream: string, catalogue: Catalogue): string | undefined {
  for (const relation of catalogue.relations.values()) {
    if (relation.columns.some((column) => matchesName(pattern, [upstream, relation.schema, relation.name, column.name], 'ignore'))) {
      return undefined;
    }
  }
  if (!isLiteral(pattern)) return 'matches no column';
  return `there is no such column${suggestColumn(pattern, catalogue)}`;
}

/** Looks where a misspelling is likeliest: a column of that relation, else a relation of that schema, else a schema. */
function suggestColumn(pattern: NamePattern, catalogue: Catalogue): string {
  const [, schema = '', relation = '', column = ''] = pattern.parts.map((part) => part.text);
  const relations = [...catalogue.relations.values()];
  const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
  const inSchema = relations.filter((candidate) => same(candidate.schema, schema));
  const found = inSchema.find((candidate) => same(candidate.name, relation));
  if (found !== undefined)
    return didYouMean(
      column,
      found.columns.map((candidate) => candidate.name),
    );
  if (inSchema.length > 0) return ` because there is no relation ${schema}.${relation}${didYouMean(relation, inSchema.map(nameOf))}`;
  return ` because there is no schema ${schema}${didYouMean(schema, catalogue.schemas)}`;
}

function nameOf(relation: CatalogueRelation): string {
  return relation.name;
}

function didYouMean(word: string, candidates: Iterable<string>): string {
  const meant = nearest(word, candidates);
  return meant === undefined ? '' : `; did you mean ${meant}`;
}

function relationPatterns(rule: CompiledMatch): readonly NamePattern[] {
  if (rule.relations === undefined) return [];
  return rule.relations.kind === 'touched' ? rule.relations.patterns : [...(rule.relations.read ?? []), ...(rule.relations.write ?? [])];
}

function inactiveRule(rule: CompiledMatch, upstream: string, catalogue: Catalogue, labels: ReadonlySet<string>): string | undefined {
  if (rule.upstreams?.some((name) => matchesWild(name, upstream)) === false) return undefined;
  const relations = relationPatterns(rule).filter((pattern) => isFor(pattern, upstream));
  const missing = relations.filter((pattern) => !relationExists(pattern, upstream, catalogue));
  if (missing.length > 0) return `no relation is called ${missing.map((pattern) => pattern.source).join(', ')}`;
  if (rule.labels?.some((label) => [...labels].some((known) => matchesWild(label, known))) === false) {
    return `no column has the label ${rule.labels.join(', ')}`;
  }
  if (rule.routines?.some((pattern) => routineExists(pattern, catalogue)) === false) {
    return `no routine is called ${rule.routines.map((pattern) => pattern.source).join(', ')}`;
  }
  return undefined;
}

function relationExists(pattern: NamePattern, upstream: string, catalogue: Catalogue): boolean {
  return [...catalogue.relations.values()].some(({ schema, name }) => matchesName(pattern, [upstream, schema, name], 'ignore'));
}

function routineExists(pattern: NamePattern, catalogue: Catalogue): boolean {
  for (const overloads of catalogue.routines.values()) {
    if (overloads.some(({ schema, name }) => matchesName(pattern, [schema, name], 'ignore'))) return true;
  }
  return false;
}
