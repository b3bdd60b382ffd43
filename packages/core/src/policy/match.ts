import type { RelationName } from '../sql/names.js';
import type { Action, RoutineUse, StatementClass, StatementFacts } from '../sql/facts.js';
import type { Reading } from './chain.js';
import { partsOf } from './column-names.js';
import type { CompiledMatch, RelationCondition } from './compiled.js';
import { matchesName, matchesPart, matchesWild, type NamePattern } from './pattern.js';
import { emptiedSchemas, type JudgedStatement } from './touched.js';

/** Where a unit is to run. */
export interface Place {
  readonly upstream: string;
  readonly environment: string;
  /** How many statements the unit has. */
  readonly statements: number;
}

/** True when everything that the rule asks, but for who it is, is so. See `RuleSource` for the two readings. */
export function matchesStatement(rule: CompiledMatch, place: Place, statement: JudgedStatement, reading: Reading): boolean {
  return (
    matchesPlace(rule, place) &&
    matchesKind(rule, statement, reading) &&
    (rule.opaque === undefined || rule.opaque === statement.opacity.present) &&
    (rule.elevated === undefined || matchesElevated(rule.elevated, statement, reading)) &&
    (rule.labels === undefined || matchesLabels(rule.labels, statement, reading)) &&
    (rule.routines === undefined || matchesRoutines(rule.routines, statement, reading)) &&
    (rule.relations === undefined || matchesRelations(rule.relations, place.upstream, statement, reading))
  );
}

function matchesPlace(rule: CompiledMatch, place: Place): boolean {
  return (
    (rule.environments?.has(place.environment) ?? true) &&
    (rule.upstreams?.some((upstream) => matchesWild(upstream, place.upstream)) ?? true) &&
    place.statements >= rule.minStatements
  );
}

/** What may run anything may be of any action and class, and lack any filter. */
function matchesKind(rule: CompiledMatch, { facts, opacity }: JudgedStatement, reading: Reading): boolean {
  if (reading === 'restricting' && opacity.runsAnything) return true;
  const { actions, classes, filters } = rule;
  const inside: Inside = reading === 'restricting' ? insideOf(facts) : { actions: [], classes: [] };
  return (
    (actions === undefined || actions.has(facts.action) || inside.actions.some((action) => actions.has(action))) &&
    (classes === undefined || classes.has(facts.class) || inside.classes.some((one) => classes.has(one))) &&
    (filters?.has(facts.filter) ?? true)
  );
}

interface Inside {
  readonly actions: readonly Action[];
  readonly classes: readonly StatementClass[];
}

/**
 * What a statement runs besides what it is called after: a CALL whose body deletes is a write and a DELETE, too. What triggers do in answer is not
 * what the statement does.
 */
function insideOf({ alsoActions = [], firedActions = [], class: own, reads, writes }: StatementFacts): Inside {
  const classes: StatementClass[] = [];
  if (own === 'procedural' && reads.length > 0) classes.push('read');
  if (own === 'procedural' && writes.length > 0) classes.push('write');
  return { actions: alsoActions.filter((action) => !firedActions.includes(action)), classes };
}

function matchesElevated(wanted: boolean, { facts, opacity }: JudgedStatement, reading: Reading): boolean {
  if (reading === 'restricting' && opacity.runsAnything) return true;
  return facts.elevated === wanted;
}

function matchesLabels(patterns: readonly string[], { labels, opacity }: JudgedStatement, reading: Reading): boolean {
  const fits = (label: string): boolean => patterns.some((pattern) => matchesWild(pattern, label));
  if (reading === 'restricting') return labels.some(fits);
  return labels.length > 0 && !opacity.readsData && labels.every(fits);
}

const HARMLESS: ReadonlySet<RoutineUse['category']> = new Set<RoutineUse['category']>(['pure', 'aggregate', 'window']);

function matchesRoutines(patterns: readonly NamePattern[], { facts, opacity }: JudgedStatement, reading: Reading): boolean {
  const fits = (letterCase: 'ignore' | 'exact') => (routine: RoutineUse) =>
    patterns.some((pattern) => matchesName(pattern, partsOf(routine.name), letterCase));
  if (reading === 'restricting') return opacity.runsAnything || facts.routines.some(fits('ignore'));
  const fitting = facts.routines.filter(fits('exact'));
  return fitting.length > 0 && facts.routines.every((routine) => HARMLESS.has(routine.category) || fitting.includes(routine));
}

function matchesRelations(condition: RelationCondition, upstream: string, statement: JudgedStatement, reading: Reading): boolean {
  const { facts, opacity } = statement;
  const changed = facts.schemaChanges.map((change) => change.name);
  const writes = [...facts.writes, ...changed];
  if (reading === 'restricting') {
    if (opacity.readsData || opacity.runsAnything) return true;
    const names = condition.kind === 'touched' ? [...facts.reads, ...writes] : [];
    const schemas = emptiedSchemas(facts);
    const emptied = condition.kind === 'touched' ? condition.patterns : condition.write;
    return (
      emptied?.some((pattern) => schemas.some((schema) => reachesInto(pattern, upstream, schema))) === true ||
      anyOf(condition.kind === 'touched' ? condition.patterns : undefined, upstream, names) ||
      (condition.kind === 'apart' && (anyOf(condition.read, upstream, facts.reads) || anyOf(condition.write, upstream, writes)))
    );
  }
  if (facts.reads.length + writes.length === 0) return touchesNothing(statement);
  if (condition.kind === 'touched') return allOf(condition.patterns, upstream, [...facts.reads, ...writes]);
  return allOf(condition.read ?? [], upstream, facts.reads) && allOf(condition.write ?? [], upstream, writes);
}

/** True when one of the condition's patterns, of either side, may mean the relation. */
export function matchesRelation(condition: RelationCondition, upstream: string, name: RelationName): boolean {
  const patterns = condition.kind === 'touched' ? condition.patterns : [...(condition.read ?? []), ...(condition.write ?? [])];
  return anyOf(patterns, upstream, [name]);
}

/** The pattern is of relations in that schema. */
function reachesInto({ parts }: NamePattern, upstream: string, schema: string): boolean {
  const [upstreamPart, schemaPart] = parts;
  return (
    upstreamPart !== undefined &&
    schemaPart !== undefined &&
    matchesPart(upstreamPart, upstream, 'ignore') &&
    matchesPart(schemaPart, schema, 'ignore')
  );
}

/** `SELECT 1`: no relation, and nothing else either that a rule about relations would not have meant. */
function touchesNothing({ facts, opacity }: JudgedStatement): boolean {
  return facts.class === 'read' && !opacity.present && facts.routines.every((routine) => HARMLESS.has(routine.category));
}

function anyOf(patterns: readonly NamePattern[] | undefined, upstream: string, names: readonly RelationName[]): boolean {
  return patterns?.some((pattern) => names.some((name) => mayMean(pattern, upstream, partsOf(name)))) === true;
}

/** A name that was not resolved may mean a relation of any schema. */
function mayMean(pattern: NamePattern, upstream: string, parts: readonly string[]): boolean {
  const [upstreamPart] = pattern.parts;
  const last = pattern.parts.at(-1);
  if (upstreamPart === undefined || last === undefined || !matchesPart(upstreamPart, upstream, 'ignore')) return false;
  return parts.length === 1 ? matchesPart(last, parts[0] ?? '', 'ignore') : matchesName(pattern, [upstream, ...parts], 'ignore');
}

function allOf(patterns: readonly NamePattern[], upstream: string, names: readonly RelationName[]): boolean {
  return names.every((name) => patterns.some((pattern) => matchesName(pattern, [upstream, ...partsOf(name)], 'exact')));
}
