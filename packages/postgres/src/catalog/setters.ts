import { type CatalogueRelation, joinName, type RelationName } from '@sqlwarden/core';
import type { RoutineDetail } from './resolved-catalogue.js';
import { number, type Row, strings, text } from './rows.js';
import type { TypesById } from './types.js';

/**
 * What may give a setting of the session a value while rows are read or written, though no statement says so: functions in defaults, checks, keys of
 * indexes and partitions, and policies. Which setting is not known.
 */
export interface Setters {
  readonly whenRead: ReadonlySet<RelationName>;
  readonly whenWritten: ReadonlySet<RelationName>;
  /** Domains whose checks do, and types that are made of them. */
  readonly types: ReadonlySet<string>;
  /** Those that use one, or whose parameters stand for a call of one when left out. */
  readonly routines: ReadonlySet<string>;
}

/** Text of a body that may set something, or run what does. */
const MAY_SET = /set_config|\bset\b|\bexecute\b/i;
const READABLE = new Set(['sql', 'plpgsql']);

/** Rows of STORED_CODE_SQL. */
export function readSetters(
  rows: readonly Row[],
  routines: ReadonlyMap<number, RoutineDetail>,
  relations: readonly CatalogueRelation[],
  types: TypesById,
): Setters {
  const setting = settingRoutines([...routines.values()]);
  const calls = (row: Row): boolean => strings(row, 3).some((id) => setting.has(Number(id)));
  const domains = new Set(rows.filter(calls).flatMap((row) => number(row, 1) || []));
  const ofDomains = new Map([...types].filter(([id]) => isMadeOf(id, domains, types)));
  const found = rows.filter((row) => calls(row) || strings(row, 4).some((id) => ofDomains.has(Number(id))));
  const own = (kinds: readonly string[]): Set<number> =>
    new Set(found.filter((row) => kinds.includes(text(row, 2))).map((row) => number(row, 0)));
  const written = own(['written', 'read']);
  for (const relation of relations)
    if (relation.columns.some(({ typeId }) => typeId !== undefined && ofDomains.has(typeId))) written.add(relation.id);
  const called = own(['called']);
  const usesDomain = domainUse([...ofDomains.values()]);
  return {
    whenRead: withParents(own(['read']), relations),
    whenWritten: withParents(written, relations),
    types: new Set([...ofDomains.values()].map(({ schema, name }) => joinName(schema, name))),
    routines: new Set(
      [...routines.values()]
        .filter((detail) => called.has(detail.routine.id) || usesDomain(detail))
        .map(({ routine }) => joinName(routine.schema, routine.name)),
    ),
  };
}

/** Whether a routine of a user takes, returns or names one of the types. */
function domainUse(types: readonly { readonly name: string; readonly shown: string }[]): (detail: RoutineDetail) => boolean {
  const names = new Set(types.map(({ name }) => name));
  const shown = new Set(types.map((type) => type.shown));
  return ({ routine }) =>
    names.size > 0 &&
    routine.origin === 'user' &&
    ([routine.returnType, ...routine.argumentTypes].some((type) => shown.has(type)) ||
      wordsOf(routine.body ?? '').some((word) => names.has(word)));
}

/** Those that may set something, and all that name one of them. */
function settingRoutines(all: readonly RoutineDetail[]): ReadonlySet<number> {
  const found = new Map<number, string>();
  for (const { routine } of all) if (routine.origin === 'system' && routine.name === 'set_config') found.set(routine.id, routine.name);
  const users = all.filter(({ routine }) => routine.origin === 'user').map((detail) => ({ detail, body: bodyText(detail) }));
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    const names = new Set(found.values());
    for (const { detail, body } of users) {
      const { routine, settings = [] } = detail;
      if (found.has(routine.id)) continue;
      const isSetting =
        settings.length > 0 || !READABLE.has(routine.language) || MAY_SET.test(body) || wordsOf(body).some((word) => names.has(word));
      if (isSetting) found.set(routine.id, routine.name);
    }
  }
  return new Set(found.keys());
}

/** A body of the standard's form has no text. */
function bodyText({ routine, body }: RoutineDetail): string {
  return routine.body === undefined || routine.body === '' ? JSON.stringify(body ?? 'set') : routine.body;
}

function wordsOf(body: string): readonly string[] {
  return body.match(/[\p{L}_][\p{L}\p{N}_$]*/gu) ?? [];
}

/** The type, or what it is made of, is one of the domains. */
function isMadeOf(typeId: number, domains: ReadonlySet<number>, types: TypesById, depth = 0): boolean {
  if (domains.has(typeId)) return true;
  const type = types.get(typeId);
  if (type === undefined || domains.size === 0) return false;
  if (depth > 20) return true;
  const parts = [type.base?.typeId, type.elementId, type.rangeOf, ...(type.attributes ?? []).map((attribute) => attribute.typeId)];
  return parts.some((part) => part !== undefined && isMadeOf(part, domains, types, depth + 1));
}

/** What is done with a relation is done with its children and partitions. */
function withParents(ids: ReadonlySet<number>, relations: readonly CatalogueRelation[]): ReadonlySet<RelationName> {
  const names = new Set<RelationName>();
  for (let size = -1; size !== names.size; ) {
    size = names.size;
    for (const { id, schema, name, parents } of relations) {
      const full = joinName(schema, name);
      if (ids.has(id)) names.add(full);
      if (names.has(full)) for (const parent of parents) names.add(parent);
    }
  }
  return names;
}
