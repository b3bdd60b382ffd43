import type { CompilePattern } from '../ports.js';
import type {
  Classification,
  CompiledLimit,
  CompiledMask,
  CompiledMatch,
  CompiledPolicy,
  CompiledRequirement,
  CompiledRule,
  Mentions,
  PartyCondition,
} from './compiled.js';
import { compileMask } from './compile-mask.js';
import { compileLimit } from './compile-limit.js';
import { compileRequirement } from './compile-requirement.js';
import { compileRule } from './compile-rule.js';
import { DESCRIBED_FIELDS, type DescribedCondition } from './described.js';
import { list, type MatchSource, type PolicyDocument } from './document.js';
import { nearest } from './nearest.js';
import { matchesWild } from './pattern.js';
import { compileColumnPatterns } from './pattern-list.js';
import { PolicyError, type PolicyProblem, problemSink, type ProblemSink } from './policy-error.js';

/** Ids that verdicts use for what is not a rule of the policy. */
export const RESERVED_RULE_IDS: readonly string[] = ['default', 'built-in'];

export interface CompilePolicyTools {
  /** Compiles the patterns of tickets, and checks those of `regex` masks. */
  readonly compilePattern: CompilePattern;
}

/**
 * Joins documents, which must have the shape of the schema, to one policy. Throws a {@link PolicyError} with every problem: a rule id that
 * is taken, a label that nothing is classified with, a malformed name pattern, duration or regular expression.
 */
export function compilePolicy(documents: readonly PolicyDocument[], tools: CompilePolicyTools): CompiledPolicy {
  const problems: PolicyProblem[] = [];
  const sinks = documents.map((_, document) => problemSink(problems, document));
  const each = <T>(visit: (document: PolicyDocument, sink: ProblemSink) => readonly T[]): T[] =>
    documents.flatMap((document, at) => visit(document, sinks[at] ?? problemSink(problems, at)));

  const classifications = each(classificationsOf);
  const labels = new Set(classifications.map((classification) => classification.label));
  const masks = each((document, sink) => masksOf(document, sink, labels, tools));
  const rules = each((document, sink) => rulesOf(document, sink, labels));
  const limits = each((document, sink) => limitsOf(document, sink, labels));
  const requirements = each((document, sink) => requirementsOf(document, sink, labels, tools));
  findTakenIds(documents, sinks);
  if (problems.length > 0) throw new PolicyError(problems);
  return {
    mode: strictestOf(
      documents.map((document) => document.mode),
      'observe',
      'enforce',
    ),
    default: strictestOf(
      documents.map((document) => document.default),
      'allow',
      'deny',
    ),
    classifications,
    masks: byLabel(masks),
    rules,
    limits,
    requirements,
    mentions: mentionsOf(masks, [...rules, ...limits, ...requirements]),
  };
}

/** `lax` only when somebody says so and everybody who says anything does. */
function strictestOf<T>(said: readonly (T | undefined)[], lax: T, strict: T): T {
  const values = said.filter((value) => value !== undefined);
  return values.length > 0 && values.every((value) => value === lax) ? lax : strict;
}

function classificationsOf(document: PolicyDocument, sink: ProblemSink): Classification[] {
  return (document.classify ?? []).flatMap((source, at) =>
    compileColumnPatterns(source.columns, ['classify', at, 'columns'], sink).map((column) => ({
      label: source.label,
      ...column,
      place: `${document.file} classify[${at}]`,
    })),
  );
}

function masksOf(document: PolicyDocument, sink: ProblemSink, labels: ReadonlySet<string>, tools: CompilePolicyTools): CompiledMask[] {
  return (document.mask ?? []).flatMap((source, at) => {
    if (!labels.has(source.label)) sink.add(['mask', at, 'label'], unknownLabel(source.label, labels));
    const mask = compileMask(source, ['mask', at], sink, tools.compilePattern);
    return mask === undefined ? [] : [mask];
  });
}

function rulesOf(document: PolicyDocument, sink: ProblemSink, labels: ReadonlySet<string>): CompiledRule[] {
  return (document.rules ?? []).map((source, at) => {
    findUnknownLabels(source.match, ['rules', at], sink, labels);
    return compileRule(source, ['rules', at], sink);
  });
}

function limitsOf(document: PolicyDocument, sink: ProblemSink, labels: ReadonlySet<string>): CompiledLimit[] {
  return (document.limits ?? []).map((source, at) => {
    findUnknownLabels(source.match, ['limits', at], sink, labels);
    return compileLimit(source, ['limits', at], sink);
  });
}

function requirementsOf(
  document: PolicyDocument,
  sink: ProblemSink,
  labels: ReadonlySet<string>,
  tools: CompilePolicyTools,
): CompiledRequirement[] {
  return (document.require ?? []).map((source, at) => {
    findUnknownLabels(source.match, ['require', at], sink, labels);
    return compileRequirement(source, ['require', at], sink, tools.compilePattern);
  });
}

function findUnknownLabels(
  match: MatchSource | undefined,
  path: readonly (string | number)[],
  sink: ProblemSink,
  labels: ReadonlySet<string>,
): void {
  for (const [position, label] of list(match?.labels).entries()) {
    if ([...labels].some((known) => matchesWild(label, known))) continue;
    sink.add([...path, 'match', 'labels', ...(Array.isArray(match?.labels) ? [position] : [])], unknownLabel(label, labels));
  }
}

function unknownLabel(label: string, labels: ReadonlySet<string>): string {
  const meant = nearest(label, labels);
  const help = meant === undefined ? 'classify columns with it first' : `write ${meant} instead`;
  return `"${label}" is not the label of any classification; ${help}`;
}

function findTakenIds(documents: readonly PolicyDocument[], sinks: readonly ProblemSink[]): void {
  const taken = new Set(RESERVED_RULE_IDS);
  for (const [document, { rules = [], limits = [], require = [] }] of documents.entries()) {
    const named = Object.entries({ rules, limits, require }).flatMap(([key, sources]) => sources.map(({ id }, at) => ({ id, key, at })));
    for (const { id, key, at } of named) {
      const reserved = RESERVED_RULE_IDS.includes(id) ? 'is reserved' : 'is taken by an earlier rule, limit or requirement';
      if (taken.has(id)) sinks[document]?.add([key, at, 'id'], `"${id}" ${reserved}; write another one`);
      taken.add(id);
    }
  }
}

function byLabel(masks: readonly CompiledMask[]): Map<string, readonly CompiledMask[]> {
  const grouped = new Map<string, CompiledMask[]>();
  for (const mask of masks) grouped.set(mask.label, [...(grouped.get(mask.label) ?? []), mask]);
  return grouped;
}

function mentionsOf(masks: readonly CompiledMask[], matches: readonly CompiledMatch[]): Mentions {
  const exceptions = masks.flatMap((mask) => mask.exceptions);
  const conditions: PartyCondition[] = [
    ...exceptions.flatMap((exception) => exception.conditions),
    ...matches.flatMap((match) => [...match.subject, ...(match.actor.kind === 'some' ? match.actor.conditions : [])]),
  ];
  const values = (...fields: readonly PartyCondition['field'][]): Set<string> =>
    new Set(
      conditions.flatMap((condition) =>
        isDescribedCondition(condition) || !fields.includes(condition.field) ? [] : [...condition.values],
      ),
    );
  const described = new Map(conditions.filter(isDescribedCondition).map((condition) => [JSON.stringify(condition), condition]));
  return {
    groups: values('groups', 'notGroups'),
    issuers: values('issuer'),
    ids: values('id'),
    parties: new Set(exceptions.flatMap((exception) => [...(exception.subjects ?? [])])),
    described: [...described.values()],
  };
}

function isDescribedCondition(condition: PartyCondition): condition is PartyCondition & DescribedCondition {
  return DESCRIBED_FIELDS.some((field) => field === condition.field);
}
