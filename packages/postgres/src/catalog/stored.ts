import { type CatalogueColumn, joinName } from '@sqlwarden/core';
import type { Definition } from './definitions.js';
import type { Digest } from './digest.js';
import type { RoutineDetail } from './resolved-catalogue.js';
import { type Row, sameJson } from './rows.js';
import type { TypesById } from './types.js';

/** What a reading keeps for the next one, by OID. Immutable; of what did not change the next one has the same objects. */
export interface Stored {
  readonly digest: Digest;
  readonly schemas: ReadonlyMap<number, string>;
  readonly types: TypesById;
  /** Rows of `relationsSql`. */
  readonly relations: ReadonlyMap<number, Row>;
  readonly columns: ReadonlyMap<number, readonly CatalogueColumn[]>;
  /** Rows of `foreignKeysSql` by the relation that they are of. */
  readonly foreignKeys: ReadonlyMap<number, readonly Row[]>;
  readonly operators: readonly Row[];
  readonly casts: readonly Row[];
  /** Views, generated columns, triggers and rules, by relation. */
  readonly definitions: ReadonlyMap<number, readonly Definition[]>;
  /** Bodies that came by the server's own words, by routine. */
  readonly bodies: ReadonlyMap<number, readonly Definition[]>;
  readonly routines: ReadonlyMap<number, RoutineDetail>;
}

/** `before` with what was read `now` of all for which `isChanged` holds; what is not there any more is gone. Itself where nothing differs. */
export function patched<Value>(
  before: ReadonlyMap<number, Value>,
  now: ReadonlyMap<number, Value>,
  isChanged: (id: number) => boolean,
  isSame: (one: Value, other: Value) => boolean = sameJson,
): ReadonlyMap<number, Value> {
  const gone: number[] = [];
  for (const id of before.keys()) if (!now.has(id) && isChanged(id)) gone.push(id);
  const other: (readonly [number, Value])[] = [];
  for (const [id, value] of now) {
    const old = before.get(id);
    if (old === undefined || !isSame(old, value)) other.push([id, value]);
  }
  if (gone.length === 0 && other.length === 0) return before;
  const after = new Map(before);
  for (const id of gone) after.delete(id);
  for (const [id, value] of other) after.set(id, value);
  return after;
}

/** A text that was parsed before gave the same objects again. */
export function sameDefinitions(one: readonly Definition[], other: readonly Definition[]): boolean {
  return one.length === other.length && one.every((each, at) => sameDefinition(each, other[at]));
}

function sameDefinition(one: Definition, other: Definition | undefined): boolean {
  if (one.text !== other?.text || one.statements !== other.statements) return false;
  if (one.kind === 'generated') return other.kind === 'generated' && one.column === other.column;
  if (one.kind !== 'trigger') return one.kind === other.kind;
  return (
    other.kind === 'trigger' && one.trigger.relationId === other.trigger.relationId && one.trigger.routineId === other.trigger.routineId
  );
}

export function sameRoutine({ body, ...one }: RoutineDetail, { body: otherBody, ...other }: RoutineDetail): boolean {
  return body === otherBody && sameJson(one, other);
}

interface Named {
  readonly schema: string;
  readonly name: string;
}

/** The values by `schema.name`; `before`: the same for other values, most of which are the same objects. */
export function byName<Value extends Named>(
  values: ReadonlyMap<number, Value>,
  before: { readonly byId: ReadonlyMap<number, Value>; readonly byName: ReadonlyMap<string, Value> } | undefined,
): ReadonlyMap<string, Value> {
  if (before?.byId === values) return before.byName;
  const named = new Map(before?.byName);
  for (const [id, old] of before?.byId ?? []) {
    if (values.get(id) === old) continue;
    const name = joinName(old.schema, old.name);
    if (named.get(name) === old) named.delete(name);
  }
  for (const [id, value] of values) if (before?.byId.get(id) !== value) named.set(joinName(value.schema, value.name), value);
  return named;
}

/** Routines by `schema.name`, overloads together. */
export function overloadsByName(
  routines: ReadonlyMap<number, RoutineDetail>,
  before: { readonly byId: ReadonlyMap<number, RoutineDetail>; readonly byName: ReadonlyMap<string, readonly RoutineDetail[]> } | undefined,
): { readonly byName: ReadonlyMap<string, readonly RoutineDetail[]>; readonly changed: ReadonlySet<string> } {
  const changed = new Set<string>();
  if (before?.byId === routines) return { byName: before.byName, changed };
  const named = new Map(before?.byName);
  const nameOf = ({ routine }: RoutineDetail): string => joinName(routine.schema, routine.name);
  for (const [id, old] of before?.byId ?? []) if (routines.get(id) !== old) changed.add(nameOf(old));
  const fresh = new Map<string, RoutineDetail[]>();
  for (const [id, detail] of routines) {
    if (before?.byId.get(id) === detail) continue;
    const name = nameOf(detail);
    changed.add(name);
    const list = fresh.get(name);
    if (list === undefined) fresh.set(name, [detail]);
    else list.push(detail);
  }
  for (const name of changed) {
    const kept = (before?.byName.get(name) ?? []).filter((detail) => routines.get(detail.routine.id) === detail);
    const all = [...kept, ...(fresh.get(name) ?? [])].sort((a, b) => a.routine.id - b.routine.id);
    if (all.length === 0) named.delete(name);
    else named.set(name, all);
  }
  return { byName: named, changed };
}
