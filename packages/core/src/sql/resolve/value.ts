import type { Mixture, OpaqueReason, Origin, OriginKind } from '../facts.js';
import type { ColumnName } from '../names.js';

/**
 * The lineage algebra: what a value of a statement derives from. Values are immutable, except for the links of scope columns, which
 * grow while the conditions of a statement are read; {@link settle} takes them in at the end.
 */

export type Origins = ReadonlyMap<ColumnName, OriginKind>;

export interface Value {
  readonly origins: Origins;
  /** It may derive from anything in reach. */
  readonly opaque: boolean;
  /** Set for a value that is a row: its fields in order. */
  readonly fields?: readonly Column[];
  /** Columns of a scope that it was computed from, directly. */
  readonly via: readonly ScopeColumn[];
  /** It is one column (or one output of a subquery), unchanged. */
  readonly direct: boolean;
  /** Set for a column whose rows have different origins. */
  readonly mixed?: Mixture;
}

export interface Column {
  readonly name: string;
  readonly value: Value;
  /** Reading it reaches beyond what the analysis can see. */
  readonly reason?: OpaqueReason;
  /** `*`, INSERT without a list and NATURAL pass over it. */
  readonly hidden?: boolean;
  /** INSERT without a list passes over it, or may do so. */
  readonly implicit?: true | 'maybe';
  /** Declared NOT NULL. */
  readonly notNull?: boolean;
}

/** A column as one FROM item offers it. */
export interface ScopeColumn extends Column {
  /** Values that a condition says are equal to it: who sees one sees the other. */
  readonly links: Map<ScopeColumn, Value>;
}

/** The columns of a query or relation. `complete` is false when there may be more than are known. */
export interface Outputs {
  readonly columns: readonly Column[];
  readonly complete: boolean;
  /** When not complete: how many columns at the beginning stand where they do here; none when absent. */
  readonly placed?: number;
}

const NO_ORIGINS: Origins = new Map();
const NO_COLUMNS: readonly ScopeColumn[] = [];

/** A value that no column feeds. */
export const NOTHING: Value = { origins: NO_ORIGINS, opaque: false, via: NO_COLUMNS, direct: false };
/** A value that was not seen through. */
export const OPAQUE: Value = { origins: NO_ORIGINS, opaque: true, via: NO_COLUMNS, direct: false };
export const NO_OUTPUTS: Outputs = { columns: [], complete: true };
export const UNKNOWN_OUTPUTS: Outputs = { columns: [], complete: false };

/** Rows of which only is known what they may show. */
export function someOf(all: readonly Outputs[]): Outputs {
  return { columns: [{ name: '', value: either(all.flatMap(({ columns }) => columns.map((column) => column.value))) }], complete: false };
}

/** The value at a position; `undefined` when there is none. Where it is not known which column stands there, it may be any. */
export function valueAt(outputs: Outputs, at: number): Value | undefined {
  const { columns, complete, placed = 0 } = outputs;
  if (complete || at < placed) return columns[at]?.value;
  return { ...derive(columns.map((column) => column.value)), opaque: true };
}

/** Renames the first columns as an alias says. */
export function renamed(outputs: Outputs, names: readonly string[]): Outputs {
  if (names.length === 0) return outputs;
  const columns = outputs.columns.map((column, at) => ({ ...column, name: names[at] ?? column.name }));
  return { ...outputs, columns };
}

/**
 * As {@link renamed}; names beyond the known columns are columns that were not known, of the value `more`. Where columns in between may not be
 * known, either, a name may stand for any.
 */
export function extended(outputs: Outputs, names: readonly string[], more: Value): Outputs {
  if (names.length > 0 && !outputs.complete) {
    const named = names.map((name, at): Column => ({ name, value: valueAt(outputs, at) ?? OPAQUE }));
    return { ...outputs, columns: [...named, ...outputs.columns.slice(names.length)] };
  }
  const { columns, complete } = renamed(outputs, names);
  const added = names.slice(columns.length).map((name): Column => ({ name, value: more }));
  return { columns: [...columns, ...added], complete };
}

/** It is, unchanged, a column that INSERT without a list may pass over. */
export function mayBeImplicit({ implicit, value }: Column): boolean {
  return implicit !== undefined || (value.direct && value.via.some((source) => source.implicit !== undefined));
}

/** The value of a stored column. */
export function stored(...columns: readonly ColumnName[]): Value {
  return { origins: new Map(columns.map((column) => [column, 'same'])), opaque: false, via: NO_COLUMNS, direct: true };
}

/** What two uses of one column in one value make together. */
function join(a: OriginKind | undefined, b: OriginKind): OriginKind {
  return a === undefined || a === b ? b : 'derived';
}

function union<T>(lists: readonly (readonly T[])[]): readonly T[] {
  const filled = lists.filter((list) => list.length > 0);
  if (filled.length === 0) return [];
  if (filled.length === 1) return filled[0] ?? [];
  return [...new Set(filled.flat())];
}

function weaken(how: OriginKind): OriginKind {
  return how === 'counted' ? 'counted' : 'derived';
}

function mergeOrigins(values: readonly Value[], change: (how: OriginKind) => OriginKind): Origins {
  const filled = values.filter((value) => value.origins.size > 0);
  if (filled.length === 0) return NO_ORIGINS;
  const origins = new Map<ColumnName, OriginKind>();
  for (const value of filled) for (const [column, how] of value.origins) origins.set(column, join(origins.get(column), change(how)));
  return origins;
}

/** A value computed from others. */
export function derive(values: readonly Value[]): Value {
  return {
    origins: mergeOrigins(values, weaken),
    opaque: values.some((value) => value.opaque),
    via: union(values.map((value) => value.via)),
    direct: false,
  };
}

/** A value that is one of several, unchanged: the branches of a set operation, a merged join column. */
export function either(values: readonly Value[]): Value {
  const [first] = values;
  if (first === undefined) return NOTHING;
  if (values.every((value) => value === first)) return first;
  return {
    origins: mergeOrigins(values, (how) => how),
    opaque: values.some((value) => value.opaque),
    via: union(values.map((value) => value.via)),
    direct: values.every((value) => value.direct),
    ...mixture(values.map((value) => value.mixed)),
  };
}

function mixture(kinds: readonly (Mixture | undefined)[]): { readonly mixed?: Mixture } {
  if (kinds.includes('values')) return { mixed: 'values' };
  return kinds.includes('columns') ? { mixed: 'columns' } : {};
}

/** A value that comes from one branch in some rows and from another in others. */
export function stacked(values: readonly Value[]): Value {
  const fed = values.filter(isFed);
  const whole = either(fed);
  if (fed.length === 0 || values.length === 1) return whole;
  const own: Mixture | undefined =
    fed.length < values.length ? 'values' : fed.every((value) => sameValue(value, whole)) ? undefined : 'columns';
  return { ...whole, ...mixture([own, whole.mixed]) };
}

/** A column feeds it, or it is not known what does. */
function isFed(value: Value): boolean {
  return value.origins.size > 0 || value.opaque || value.via.length > 0;
}

/** A count of how many values are not null: of stored columns it tells nothing but how many rows there were. */
export function counted(value: Value): Value {
  const plain = value.fields === undefined ? [value] : value.fields.map((field) => field.value);
  const origins = mergeOrigins(plain, (how) => (how === 'same' ? 'counted' : how));
  return { origins, opaque: value.opaque, via: origins.size > 0 && anyDerived(origins) ? value.via : NO_COLUMNS, direct: false };
}

function anyDerived(origins: Origins): boolean {
  for (const how of origins.values()) if (how === 'derived') return true;
  return false;
}

/** A row of these fields. */
export function rowOf(fields: readonly Column[], complete = true): Value {
  const whole = derive(fields.map((field) => field.value));
  return complete ? { ...whole, fields } : { ...whole, opaque: true, fields };
}

/** Offers a column to a scope. */
export function offer(column: Column): ScopeColumn {
  return { ...column, links: new Map() };
}

/** Reads a column of a scope. */
export function read(column: ScopeColumn): Value {
  const { value } = column;
  return {
    origins: value.origins,
    opaque: value.opaque || column.reason !== undefined,
    via: [column],
    direct: value.direct || value.origins.size === 0,
    ...(value.fields === undefined ? {} : { fields: value.fields }),
    ...(value.mixed === undefined ? {} : { mixed: value.mixed }),
  };
}

/** Records that a condition makes two values equal. */
export function link(a: Value, b: Value): void {
  if (!a.direct || !b.direct) return;
  // What a variable holds stands in no scope: it is a column of its own.
  const left = a.via[0] ?? offer({ name: '', value: a });
  const right = b.via[0] ?? offer({ name: '', value: b });
  for (const column of a.via) column.links.set(right, b);
  for (const column of b.via) column.links.set(left, a);
}

/** The value with everything that it was made equal to taken in. */
export function settle(value: Value): Value {
  const linked: Value[] = [];
  gather(value, value.direct, new Set(), linked);
  if (linked.length === 0) return value;
  return { ...value, origins: mergeLinked(value.origins, linked), opaque: value.opaque || linked.some((other) => other.opaque) };
}

function mergeLinked(own: Origins, linked: readonly Value[]): Origins {
  const origins = new Map(own);
  for (const other of linked) {
    for (const [column, how] of other.origins) if (!origins.has(column)) origins.set(column, how);
  }
  return origins;
}

function gather(value: Value, direct: boolean, seen: Set<ScopeColumn>, linked: Value[]): void {
  const waiting: { readonly value: Value; readonly direct: boolean }[] = [{ value, direct }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const column of next.value.via) {
      if (seen.has(column)) continue;
      seen.add(column);
      waiting.push({ value: column.value, direct: next.direct && column.value.direct });
      for (const other of column.links.values()) {
        linked.push(next.direct ? other : derive([other]));
        waiting.push({ value: other, direct: next.direct });
      }
    }
  }
}

/** The value as it is when the statement is done: nothing that a later condition says changes it. */
export function closed(value: Value): Value {
  const { fields, ...own } = settle(value);
  const cut = { ...own, via: NO_COLUMNS };
  return fields === undefined ? cut : { ...cut, fields: fields.map((field) => ({ ...field, value: closed(field.value) })) };
}

/** The columns with their values {@link closed}. */
export function closedOutputs(outputs: Outputs): Outputs {
  return { ...outputs, columns: outputs.columns.map((column) => ({ ...column, value: closed(column.value) })) };
}

/** Equal as far as lineage goes. */
export function sameValue(a: Value, b: Value): boolean {
  if (a.opaque !== b.opaque || a.origins.size !== b.origins.size) return false;
  for (const [column, how] of a.origins) if (b.origins.get(column) !== how) return false;
  return true;
}

/** The origins as facts list them, in a stable order. */
export function originList(origins: Origins): Origin[] {
  return [...origins].map(([column, how]) => ({ column, how })).sort((a, b) => (a.column < b.column ? -1 : 1));
}

/** The columns whose values (not just their number) reach the value, in a stable order. */
export function sources(origins: Origins): ColumnName[] {
  return [...origins].flatMap(([column, how]) => (how === 'counted' ? [] : [column])).sort();
}
