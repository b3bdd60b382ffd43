import type { DialectRules } from '../knowledge.js';
import type { CommonTable, Query } from '../model.js';
import type { Effects } from './effects.js';
import { type Column, derive, either, NOTHING, offer, OPAQUE, type Outputs, read, rowOf, type ScopeColumn, type Value } from './value.js';

/** Names in reach: FROM items by their names, their columns, and common tables, level by level outwards. */

/** One FROM item that can be named. */
export interface Range {
  /** The alias or the relation's own name; `undefined` for an item that cannot be named. */
  readonly name: string | undefined;
  /** Set when the item is a relation without an alias: it may be named with its schema. */
  readonly schema?: string;
  readonly columns: readonly ScopeColumn[];
  /** What a column that is not listed derives from; `undefined` when all are listed. Opaque when nothing is known of how many there are. */
  readonly more?: Value;
  readonly systemColumns: boolean;
}

/** What a FROM item (a join is one) adds to a scope. */
export interface Namespace {
  readonly ranges: readonly Range[];
  /** The columns that `*` and bare names see, in order. */
  readonly visible: readonly ScopeColumn[];
  /** As in {@link Range}. */
  readonly more?: Value;
}

/** A common table: resolved when it is first named. */
export interface CommonTableEntry {
  readonly table: CommonTable;
  /** What it may name itself. */
  readonly scope: Scope;
  readonly recursive: boolean;
  state: 'waiting' | 'running' | 'done';
  /** It named itself while it was running. */
  recursed: boolean;
  outputs: Outputs;
  effects: Effects | undefined;
}

export interface Scope {
  readonly parent: Scope | undefined;
  /** The query that the scope belongs to, to tell that it reaches outwards. */
  readonly query?: Query;
  readonly namespaces: Namespace[];
  readonly commonTables: Map<string, CommonTableEntry>;
}

export function openScope(parent: Scope | undefined, query?: Query): Scope {
  return { parent, namespaces: [], commonTables: new Map(), ...(query === undefined ? {} : { query }) };
}

/** The scope of a statement on its own. */
export const ROOT: Scope = { parent: undefined, namespaces: [], commonTables: new Map() };

/** A FROM item of its own columns. */
export function namespaceOf(range: Range): Namespace {
  return { ranges: [range], visible: range.columns, ...(range.more === undefined ? {} : { more: range.more }) };
}

export function rangeOf(
  name: string | undefined,
  outputs: Outputs,
  more: { readonly systemColumns?: boolean; readonly schema?: string } = {},
): Range {
  return {
    name,
    columns: outputs.columns.map(offer),
    ...(outputs.complete ? {} : { more: OPAQUE }),
    ...(more.schema === undefined ? {} : { schema: more.schema }),
    systemColumns: more.systemColumns ?? false,
  };
}

export function findCommonTable(scope: Scope, name: string): CommonTableEntry | undefined {
  for (let level: Scope | undefined = scope; level !== undefined; level = level.parent) {
    const entry = level.commonTables.get(name);
    if (entry !== undefined) return entry;
  }
  return undefined;
}

const BY_NAME = new WeakMap<readonly ScopeColumn[], ReadonlyMap<string, readonly ScopeColumn[]>>();

/** The columns of a list that have a name. Lists are long in wide tables, and asked often: they are indexed when they are first asked. */
export function columnsNamed(columns: readonly ScopeColumn[], name: string): readonly ScopeColumn[] {
  let index = BY_NAME.get(columns);
  if (index === undefined) {
    const made = new Map<string, ScopeColumn[]>();
    for (const column of columns) {
      const list = made.get(column.name);
      if (list === undefined) made.set(column.name, [column]);
      else list.push(column);
    }
    index = made;
    BY_NAME.set(columns, index);
  }
  return index.get(name) ?? [];
}

/** What a reference was found to mean. `column` is set when it is exactly one column. */
export interface Found {
  readonly value: Value;
  readonly column?: ScopeColumn;
}

export type Lookup = { readonly kind: 'found'; readonly found: Found } | { readonly kind: 'unknown' };

const UNKNOWN: Lookup = { kind: 'unknown' };

/** Finds a reference, innermost level first; `passed` hears of every query whose border is crossed on the way out. */
export function lookUp(
  scope: Scope,
  reference: { readonly qualifier: readonly string[]; readonly name: string },
  rules: DialectRules,
  passed: (query: Query) => void,
): Lookup {
  const bare = reference.qualifier.length === 0;
  const found = climb(scope, passed, (level) =>
    bare ? bareColumn(level, reference.name, rules) : qualifiedColumn(level, reference, rules),
  );
  if (found.kind === 'found' || !bare || !rules.rowsAsValues) return found;
  return climb(scope, passed, (level) => wholeRow(level, reference.name));
}

/** The answer of one level: `closed` ends the search, `open` may have meant this level or one further out. */
type Step = { readonly kind: 'closed'; readonly found: Found } | { readonly kind: 'open'; readonly value: Value } | undefined;

function climb(scope: Scope, passed: (query: Query) => void, step: (level: Scope) => Step): Lookup {
  const maybe: Value[] = [];
  const borders: Query[] = [];
  for (let level: Scope | undefined = scope; level !== undefined; level = level.parent) {
    const answer = step(level);
    if (answer !== undefined) for (const query of borders) passed(query);
    if (answer?.kind === 'closed') {
      return { kind: 'found', found: maybe.length === 0 ? answer.found : { value: derive([...maybe, answer.found.value]) } };
    }
    if (answer?.kind === 'open') maybe.push(answer.value);
    if (level.query !== undefined) borders.push(level.query);
  }
  return maybe.length === 0 ? UNKNOWN : { kind: 'found', found: { value: derive(maybe) } };
}

function bareColumn(level: Scope, name: string, rules: DialectRules): Step {
  const columns = level.namespaces.flatMap((namespace) => columnsNamed(namespace.visible, name));
  if (columns.length > 0) return closed(columns);
  if (rules.systemColumns.has(name) && level.namespaces.some((namespace) => namespace.ranges.some((range) => range.systemColumns))) {
    return { kind: 'closed', found: { value: NOTHING } };
  }
  return openStep(level.namespaces.flatMap((namespace) => (namespace.more === undefined ? [] : [namespace.more])));
}

function closed(columns: readonly ScopeColumn[]): Step {
  const [only] = columns;
  if (columns.length === 1 && only !== undefined) return { kind: 'closed', found: { value: read(only), column: only } };
  return { kind: 'closed', found: { value: either(columns.map(read)) } };
}

/** A value that was not seen through may be anything; then nothing further out matters. */
function openStep(values: readonly Value[]): Step {
  if (values.length === 0) return undefined;
  const value = derive(values);
  return value.opaque ? { kind: 'closed', found: { value } } : { kind: 'open', value };
}

function qualifiedColumn(
  level: Scope,
  reference: { readonly qualifier: readonly string[]; readonly name: string },
  rules: DialectRules,
): Step {
  const ranges = rangesNamed(level, reference.qualifier);
  if (ranges.length === 0) return undefined;
  const columns = ranges.flatMap((range) => columnsNamed(range.columns, reference.name));
  if (columns.length > 0) return closed(columns);
  if (rules.systemColumns.has(reference.name) && ranges.some((range) => range.systemColumns))
    return { kind: 'closed', found: { value: NOTHING } };
  const more = ranges.flatMap((range) => (range.more === undefined ? [] : [range.more]));
  return { kind: 'closed', found: { value: more.length === 0 ? OPAQUE : derive(more) } };
}

function wholeRow(level: Scope, name: string): Step {
  const ranges = rangesNamed(level, [name]);
  return ranges.length === 0 ? undefined : { kind: 'closed', found: { value: either(ranges.map(rangeRow)) } };
}

function rangesNamed(level: Scope, qualifier: readonly string[]): Range[] {
  const name = qualifier.at(-1);
  const schema = qualifier.at(-2);
  return level.namespaces.flatMap((namespace) =>
    namespace.ranges.filter((range) => range.name === name && (schema === undefined || schema === '' || range.schema === schema)),
  );
}

/** The row of a FROM item as a value. A single-column function item is its column: reading it as a row overstates it. */
function rangeRow(range: Range): Value {
  const row = rowOf(readAll(range.columns));
  return range.more === undefined ? row : { ...row, opaque: row.opaque || range.more.opaque };
}

export function readAll(columns: readonly ScopeColumn[]): Column[] {
  return columns.map((column) => ({ ...column, value: read(column) }));
}

/** The columns that `*` or `t.*` stands for. */
export function expandStar(scope: Scope, qualifier: readonly string[], passed: (query: Query) => void): Outputs | undefined {
  if (qualifier.length === 0) return allVisible(scope);
  for (let level: Scope | undefined = scope; level !== undefined; level = level.parent) {
    const [range] = rangesNamed(level, qualifier);
    if (range !== undefined) return { columns: readAll(shown(range.columns)), complete: isComplete(range) };
    if (level.query !== undefined) passed(level.query);
  }
  return undefined;
}

/** The columns that are seen without being named. */
export function shown<T extends Column>(columns: readonly T[]): readonly T[] {
  return columns.some((column) => column.hidden === true) ? columns.filter((column) => column.hidden !== true) : columns;
}

/** `*` is the listed columns. */
export function isComplete(item: { readonly more?: Value }): boolean {
  return item.more === undefined || !item.more.opaque;
}

function allVisible(scope: Scope): Outputs {
  return {
    columns: scope.namespaces.flatMap((namespace) => readAll(shown(namespace.visible))),
    complete: scope.namespaces.every(isComplete),
  };
}
