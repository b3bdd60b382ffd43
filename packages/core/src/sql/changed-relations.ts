import type { Catalogue } from '../catalog/catalogue.js';
import { outputValue } from './cursor-outputs.js';
import type { TemporaryFacts } from './facts.js';
import { joinName, type RelationName, splitName } from './names.js';
import type { ResolvedRelation } from './resolve/context.js';
import type { OverlayEntry } from './resolve/relations.js';
import { type Column, derive, either, mayBeImplicit, type Outputs, sameValue, stored, type Value } from './resolve/value.js';

/** Relations as statements of a unit leave them: what they may have become, and what their columns carry. */

/**
 * What a relation may have become. `bases`: what was resolved of relations of the catalogue before they were changed; without it nothing certain
 * is known of one that may be unchanged.
 */
export function mergeEntries(
  name: RelationName,
  values: readonly (OverlayEntry | undefined)[],
  catalogue: Catalogue,
  bases: ReadonlyMap<RelationName, ResolvedRelation>,
): OverlayEntry | undefined {
  const catalogued = catalogue.relations.has(name);
  const isGone = (value: OverlayEntry | undefined): boolean =>
    value === 'gone' || value === 'maybe' || (value === undefined && !catalogued) || (typeof value === 'object' && value.maybe === true);
  const maybe = values.some(isGone);
  const changed = [...new Set(values.filter((value): value is ResolvedRelation => typeof value === 'object'))];
  const untouched = values.some((value) => value === 'maybe' || (value === undefined && catalogued));
  if (changed.length === 0) return untouched ? (maybe ? 'maybe' : undefined) : 'gone';
  const base = untouched ? bases.get(name) : undefined;
  const merged =
    untouched && base === undefined ? opaqueMerge(name, changed) : mergeColumns(name, base === undefined ? changed : [base, ...changed]);
  return maybe ? { ...merged, maybe: true } : merged;
}

export function sameEntry(a: OverlayEntry | undefined, b: OverlayEntry | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  if (a.maybe !== b.maybe || a.opaque?.detail !== b.opaque?.detail || a.outputs.complete !== b.outputs.complete) return false;
  const [left, right] = [a.outputs.columns, b.outputs.columns];
  return (
    left.length === right.length &&
    left.every((column, at) => column.name === right[at]?.name && right[at] !== undefined && sameValue(column.value, right[at].value))
  );
}

function opaqueMerge(name: RelationName, alternatives: readonly ResolvedRelation[]): ResolvedRelation {
  return { ...mergeColumns(name, alternatives), opaque: { kind: 'schema-changed', detail: name } };
}

/**
 * A relation that is one of several. It is given the columns of all of them: where the server's have as many, they are the same ones,
 * unless they stand in another order.
 */
function mergeColumns(name: RelationName, alternatives: readonly ResolvedRelation[]): ResolvedRelation {
  const [first, ...rest] = alternatives;
  if (first === undefined || rest.length === 0) return first ?? { name, outputs: { columns: [], complete: false }, systemColumns: true };
  const columns = new Map<string, Column[]>();
  for (const { outputs } of alternatives)
    for (const column of outputs.columns) columns.set(column.name, [...(columns.get(column.name) ?? []), column]);
  const shuffled = rest.some(
    (other) => other.outputs.columns.length === columns.size && !sameOrder([...columns.keys()], other.outputs.columns),
  );
  const unsure = shuffled || alternatives.some((each) => each.effects !== undefined);
  const opaque =
    alternatives.find((each) => each.opaque !== undefined)?.opaque ??
    (unsure ? ({ kind: 'schema-changed', detail: name } as const) : undefined);
  const { catalogued: _, effects: __, opaque: ___, maybe: ____, ...base } = first;
  return {
    ...base,
    outputs: {
      columns: [...columns].map(([own, found]) => ({
        ...found[0],
        name: own,
        value: { ...either(found.map((column) => column.value)), via: [] },
      })),
      complete: alternatives.every((each) => each.outputs.complete),
    },
    ...(opaque === undefined ? {} : { opaque }),
    ...(alternatives.some((each) => each.writeOpaque === true) ? { writeOpaque: true } : {}),
  };
}

function sameOrder(names: readonly string[], columns: readonly Column[]): boolean {
  return columns.every((column, at) => column.name === names[at]);
}

/** One that the session had before. */
export function temporaryRelation({ name, columns, maybe }: TemporaryFacts): ResolvedRelation {
  const more = { systemColumns: true, temporary: true, ...(maybe === true ? { maybe } : {}) };
  if (columns === 'unknown')
    return { name, outputs: { columns: [], complete: false }, opaque: { kind: 'schema-changed', detail: name }, ...more };
  return {
    name,
    outputs: { columns: columns.map((column) => ({ name: column.name, value: outputValue(column) })), complete: true },
    ...more,
  };
}

/** The columns when one of them, or any, was given a value: those that are computed from it hold what is computed from that. */
export function carriedInto({ name, outputs }: ResolvedRelation, column: string | undefined, written: Value): readonly Column[] {
  const given = new Map<string, Value>();
  const waiting: { readonly own: string; readonly value: Value }[] = outputs.columns
    .filter((known) => column === undefined || known.name === column)
    .map((known) => ({ own: known.name, value: written }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { own, value } = next;
    if (given.has(own)) continue;
    given.set(own, value);
    const full = `${name}.${joinName(own)}`;
    const computed = outputs.columns.filter((known) => known.name !== own && known.value.origins.has(full));
    waiting.push(...computed.map((known) => ({ own: known.name, value: derive([written]) })));
  }
  return outputs.columns.map((known) => {
    const value = given.get(known.name);
    return value === undefined ? known : { ...known, value: { ...either([known.value, value]), via: [] } };
  });
}

/** Columns of a relation that is made of values: what they carry goes on to be known. */
export function carriedColumns(relation: RelationName, names: readonly string[], outputs: Outputs): Column[] {
  return outputs.columns.map((column, at) => {
    const name = names[at] ?? column.name;
    const value = { ...either([stored(`${relation}.${joinName(name)}`), column.value]), via: [] };
    // SELECT … INTO takes the property over in some queries, and not in others.
    return { name, value, ...(mayBeImplicit(column) && { implicit: 'maybe' as const }) };
  });
}

/** The relation of a column name. */
export function relationOf(column: string): RelationName {
  return joinName(...splitName(column).slice(0, -1));
}
