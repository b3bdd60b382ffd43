import type { PartyKind } from '../identity/principal.js';
import type { ActorCondition, CompiledMatch, CompiledRule, PartyCondition, RelationCondition } from './compiled.js';
import { DESCRIBED_FIELDS, type DescribedCondition, type MemberPatterns } from './described.js';
import { list, type MatchSource, type OneOrMany, type PartyConditions, type RuleSource } from './document.js';
import { durationMs } from './duration.js';
import { compilePatterns } from './pattern-list.js';
import type { ProblemSink } from './policy-error.js';

type Path = readonly (string | number)[];

const DEFAULT_WITHIN = '15m';

/** A rule of the policy with its defaults filled in. Problems go to `sink`. */
export function compileRule(source: RuleSource, path: Path, sink: ProblemSink): CompiledRule {
  return {
    id: source.id,
    effect: typeof source.then === 'string' ? source.then : 'approve',
    message: source.message,
    approval: approvalOf(source, path, sink),
    ...compileMatch(source.match ?? {}, [...path, 'match'], sink),
  };
}

/** The conditions of a rule or limit. Problems go to `sink`. */
export function compileMatch(match: MatchSource, path: Path, sink: ProblemSink): CompiledMatch {
  return {
    subject: partyConditions(match.subject ?? {}),
    actor: actorOf(match.actor),
    environments: setOf(match.environment),
    upstreams: match.upstream === undefined ? undefined : list(match.upstream),
    actions: setOf(match.action),
    classes: setOf(match.class),
    relations: relationsOf(match.relations, [...path, 'relations'], sink),
    labels: match.labels === undefined ? undefined : list(match.labels),
    filters: setOf(match.filter),
    opaque: match.opaque,
    elevated: match.elevated,
    minStatements: match.statements?.min ?? 0,
    routines: match.routines === undefined ? undefined : compilePatterns(match.routines, 'schema.name', [...path, 'routines'], sink),
  };
}

function approvalOf(source: RuleSource, path: Path, sink: ProblemSink): CompiledRule['approval'] {
  if (typeof source.then === 'string') return undefined;
  const { groups, people = 1, within = DEFAULT_WITHIN } = source.then.approve;
  const withinMs = durationMs(within);
  if (withinMs === undefined) sink.add([...path, 'then', 'approve', 'within'], `"${within}" is not a duration; write one like "15m"`);
  return { groups: [...new Set(groups)], people, withinMs: withinMs ?? 0 };
}

function actorOf(source: MatchSource['actor']): ActorCondition {
  if (source === undefined) return { kind: 'unset' };
  return typeof source === 'string' ? { kind: source } : { kind: 'some', conditions: partyConditions(source) };
}

function relationsOf(source: MatchSource['relations'], path: Path, sink: ProblemSink): RelationCondition | undefined {
  const shape = 'upstream.schema.relation';
  if (source === undefined) return undefined;
  if (isPatterns(source)) return { kind: 'touched', patterns: compilePatterns(source, shape, path, sink) };
  const side = (key: 'read' | 'write') =>
    source[key] === undefined ? undefined : compilePatterns(source[key], shape, [...path, key], sink);
  return { kind: 'apart', read: side('read'), write: side('write') };
}

function isPatterns(source: NonNullable<MatchSource['relations']>): source is OneOrMany<string> {
  return typeof source === 'string' || Array.isArray(source);
}

/** The conditions of a party as a list; empty when there are none. */
export function partyConditions(source: PartyConditions): PartyCondition[] {
  const conditions: PartyCondition[] = [];
  const kinds = (values: OneOrMany<PartyKind> | undefined, asserted: boolean): void => {
    if (values !== undefined) conditions.push({ field: 'kind', asserted, values: new Set(list(values)) });
  };
  const texts = (field: 'groups' | 'notGroups' | 'issuer' | 'id', values: OneOrMany<string> | undefined, asserted: boolean): void => {
    if (values !== undefined) conditions.push({ field, asserted, values: new Set(list(values)) });
  };
  kinds(source.kind, false);
  kinds(source['asserted.kind'], true);
  texts('groups', source.groups, false);
  texts('groups', source['asserted.groups'], true);
  texts('notGroups', source.notGroups, false);
  texts('issuer', source.issuer, false);
  texts('issuer', source['asserted.issuer'], true);
  texts('id', source.id, false);
  texts('id', source['asserted.id'], true);
  return [...conditions, ...describedConditions(source)];
}

function describedConditions(source: PartyConditions): (PartyCondition & DescribedCondition)[] {
  return DESCRIBED_FIELDS.flatMap((field) =>
    [false, true].flatMap((asserted) => {
      const wanted = source[asserted ? (`asserted.${field}` as const) : field];
      if (wanted === undefined) return [];
      const values = list<string | object>(wanted).map((value) => memberPatterns(typeof value === 'string' ? { [field]: value } : value));
      return [{ field, asserted, values }];
    }),
  );
}

function memberPatterns(value: object): MemberPatterns {
  return Object.entries(value as Readonly<Record<string, string>>).toSorted(([one], [other]) => (one < other ? -1 : 1));
}

function setOf<T>(value: OneOrMany<T> | undefined): ReadonlySet<T> | undefined {
  return value === undefined ? undefined : new Set(list(value));
}
