import type { Expression } from '../model.js';
import type { Assignment, AssignmentTarget, OutputInto, Returning, Target } from '../modification.js';
import { type ColumnName, joinName, type RelationName, splitName } from '../names.js';
import type { TriggerEvent } from '../statement.js';
import { followReferences, type RowChange } from './cascade.js';
import { referenceCommonTable } from './common-table.js';
import type { ResolvedRelation, Resolver } from './context.js';
import { expandList } from './expression.js';
import { readRelation } from './from.js';
import { findCommonTable, type Namespace, namespaceOf, openScope, type Range, rangeOf, type Scope, shown } from './scope.js';
import {
  type Column,
  derive,
  either,
  NO_OUTPUTS,
  OPAQUE,
  type Outputs,
  renamed,
  settle,
  UNKNOWN_OUTPUTS,
  type Value,
  valueAt,
} from './value.js';

/** A relation that is written: what is assigned to its columns, and what comes back or goes on from there. */
export interface Writing {
  readonly relation: ResolvedRelation | undefined;
  readonly range: Range;
  /** What was assigned to its columns so far. */
  readonly assigned: Map<string, Value[]>;
}

export function openTarget(r: Resolver, target: Target, scope: Scope): Writing {
  const relation = targetRelation(r, target, scope);
  const name = target.alias?.name ?? target.name.at(-1);
  if (relation === undefined) {
    r.effects.writes.add(joinName(...target.name));
    r.effects.opaque({ kind: 'unknown-relation', detail: joinName(...target.name) });
    return { relation, range: rangeOf(name, UNKNOWN_OUTPUTS), assigned: new Map() };
  }
  recordWrite(r, relation);
  const schema = target.alias === undefined ? splitName(relation.name)[0] : undefined;
  const range = rangeOf(name, renamed(relation.outputs, target.alias?.columns ?? []), {
    systemColumns: relation.systemColumns,
    ...(schema === undefined ? {} : { schema }),
  });
  return { relation, range, assigned: new Map() };
}

/** The relation of that name, or a common table that is written through as a view is. */
function targetRelation(r: Resolver, target: Target, scope: Scope): ResolvedRelation | undefined {
  const [bare] = target.name.length === 1 ? target.name : [];
  const common = bare === undefined ? undefined : findCommonTable(scope, bare);
  if (common === undefined || bare === undefined) return r.relation(target.name);
  const outputs = referenceCommonTable(r, common);
  return throughColumns(joinName(bare), outputs);
}

/** Something that is no relation, but whose columns are columns of relations: to write it is to write these. */
export function throughColumns(name: RelationName, outputs: Outputs): ResolvedRelation {
  return { name, outputs, systemColumns: false, derived: true };
}

/** Records that a relation is written; through a view also what the view is made of. */
export function recordWrite(r: Resolver, relation: ResolvedRelation): void {
  if (relation.derived === true) {
    for (const column of relation.outputs.columns)
      for (const origin of settle(column.value).origins.keys()) r.effects.writes.add(joinName(...splitName(origin).slice(0, -1)));
    if (!relation.outputs.complete) r.effects.opaque({ kind: 'unknown-relation', detail: relation.name });
    return;
  }
  r.effects.writes.add(relation.name);
  for (const base of relation.effects?.reads ?? []) r.effects.writes.add(base);
  if (relation.opaque !== undefined) r.effects.opaque(relation.opaque);
  if (relation.writeOpaque === true) r.effects.opaque({ kind: 'schema-changed', detail: relation.name });
}

/** The rows of the target are read: by a condition, an assignment or RETURNING. */
export function readTarget(r: Resolver, writing: Writing): void {
  if (writing.relation !== undefined && writing.relation.derived !== true) readRelation(r, writing.relation);
}

/** Records that a column is given a value. */
export function assign(r: Resolver, writing: Writing, target: AssignmentTarget, value: Value, scope: Scope): void {
  const parts = [value, ...target.path.map((part) => r.value(part, scope))];
  const whole = inOrder(r, writing, parts.length === 1 ? value : derive(parts));
  const column = writing.range.columns.find((candidate) => candidate.name === target.column);
  const relation = writing.relation?.name;
  if (column === undefined) {
    r.effects.opaque({ kind: 'unknown-column', detail: joinName(target.column) });
    if (relation === undefined) return;
    r.effects.flow(whole, { kind: 'relation', relation });
    r.programs.carry(relation, undefined, whole);
    return;
  }
  for (const name of writtenColumns(writing, column)) {
    r.effects.useColumn(name, 'write-target');
    r.effects.flow(whole, { kind: 'column', column: name });
  }
  if (relation !== undefined) r.programs.carry(relation, target.column, whole);
  writing.assigned.set(target.column, [...(writing.assigned.get(target.column) ?? []), whole]);
}

/** The stored columns that a column of the target stands for; one of a temporary relation holds what came from others, which stay as they are. */
function writtenColumns({ relation }: Writing, { name, value }: Column): readonly ColumnName[] {
  return relation?.temporary === true ? [`${relation.name}.${joinName(name)}`] : [...value.origins.keys()];
}

/** Where assignments are made one after another, a column that was assigned before has its new value in the ones after. */
function inOrder(r: Resolver, writing: Writing, value: Value): Value {
  if (r.options.rules.assignsInOrder !== true) return value;
  const earlier = [...writing.assigned].flatMap(([name, values]) => {
    const column = writing.range.columns.find((candidate) => candidate.name === name);
    const reads = column !== undefined && [...column.value.origins.keys()].some((origin) => value.origins.has(origin));
    return reads ? values : [];
  });
  return earlier.length === 0 ? value : derive([value, ...earlier]);
}

/** Finds what an assignment writes; several where it is not known which. */
export type FindWriting = (target: AssignmentTarget) => readonly Writing[];

/** The assignments of SET. Tells whether they read anything. */
export function assignments(r: Resolver, find: FindWriting, list: readonly Assignment[], scope: Scope): boolean {
  let readsRows = false;
  for (const { targets, value, variable } of list) {
    const values = assignedValues(r, value, Math.max(targets.length, 1), scope);
    readsRows ||= values.some((each) => each.origins.size > 0 || each.via.length > 0);
    if (variable !== undefined) r.programs.assignByRow(r, variable, values[0] ?? OPAQUE, value);
    for (const [at, target] of targets.entries())
      for (const writing of find(target)) assign(r, writing, target, values[at] ?? OPAQUE, scope);
  }
  return readsRows;
}

function assignedValues(r: Resolver, expression: Expression, count: number, scope: Scope): Value[] {
  const value = r.value(expression, scope);
  if (count === 1 && expression.kind !== 'row') return [value];
  if (value.fields !== undefined && value.fields.length === count) return value.fields.map((field) => field.value);
  return Array.from({ length: count }, () => derive([value]));
}

function asTarget({ name }: Column): AssignmentTarget {
  return { column: name, path: [] };
}

/** Rows go into the columns of a relation, by position. */
export function assignRows(
  r: Resolver,
  writing: Writing,
  rows: Outputs,
  list: readonly AssignmentTarget[] | undefined,
  scope: Scope,
): void {
  if (list === undefined) {
    const columns = shown(writing.range.columns).filter((column) => column.implicit !== true);
    const isUnsure = columns.some((column) => column.implicit === 'maybe');
    assignRows(r, writing, rows, columns.map(asTarget), scope);
    if (isUnsure) assignRows(r, writing, rows, columns.filter((column) => column.implicit === undefined).map(asTarget), scope);
    return;
  }
  const columns = list;
  if (!rows.complete) unknownSource(r, writing, rows);
  for (const [at, target] of columns.entries()) {
    const value = valueAt(rows, at);
    if (value !== undefined) assign(r, writing, target, value, scope);
  }
}

function unknownSource(r: Resolver, writing: Writing, rows: Outputs): void {
  r.effects.opaque({ kind: 'unknown-column', detail: 'the columns that are inserted' });
  const relation = writing.relation?.name;
  if (relation !== undefined) r.effects.flow(derive(rows.columns.map((column) => column.value)), { kind: 'relation', relation });
}

/** What a data-modifying statement may have at its end. */
export interface Ending {
  readonly returning?: Returning;
  readonly outputInto?: OutputInto;
  /** What sets triggers off. */
  readonly events: readonly TriggerEvent[];
}

/** Other relations that RETURNING sees: those before the target and those behind it. */
export interface Beside {
  readonly before?: readonly Namespace[];
  readonly after?: readonly Namespace[];
  /** More relations that are written, whose triggers run. */
  readonly others?: readonly Writing[];
}

/** What the rows that were written set off, and what comes back of them. */
export function finish(r: Resolver, writing: Writing, ending: Ending, beside: Beside, outer: Scope): Outputs {
  const { outputInto } = ending;
  for (const each of [writing, ...(beside.others ?? [])]) {
    fireTriggers(r, each, ending.events);
    followReferences(r, rowChanges(each, ending.events));
  }
  if (outputInto !== undefined) {
    const rows = returned(r, writing, outputInto, beside, outer);
    const target = openTarget(r, { name: outputInto.into, only: false }, outer);
    const columns = outputInto.columns?.map((column): AssignmentTarget => ({ column, path: [] }));
    assignRows(r, target, rows, columns, outer);
    fireTriggers(r, target, ['insert']);
  }
  return ending.returning === undefined ? NO_OUTPUTS : returned(r, writing, ending.returning, beside, outer);
}

/** What is done to rows that others may refer to. */
function rowChanges(writing: Writing, events: readonly TriggerEvent[]): RowChange[] {
  const { relation, range, assigned } = writing;
  if (relation === undefined) return [];
  const deleted = events.includes('delete') ? [relation.name, ...below(relation)] : [];
  const updated = events.includes('update') ? range.columns.filter(({ name }) => assigned.has(name)) : [];
  return [
    ...deleted.map((name): RowChange => ({ kind: 'delete', relation: name })),
    ...updated.flatMap((own) =>
      writtenColumns(writing, own).map((column): RowChange => ({ kind: 'update', column, value: either(assigned.get(own.name) ?? []) })),
    ),
  ];
}

/** The relations that are written through it: those of a view, a common table or a subquery. */
function below(relation: ResolvedRelation): Iterable<RelationName> {
  return relation.derived === true ? writtenThrough(relation) : (relation.effects?.reads ?? []);
}

function fireTriggers(r: Resolver, writing: Writing, events: readonly TriggerEvent[]): void {
  const { relation } = writing;
  if (relation === undefined) return;
  // Through a view or a common table the values that are written are told as flows into the columns below.
  for (const base of below(relation)) {
    const rows = r.relation(splitName(base))?.outputs ?? NO_OUTPUTS;
    throughView(base, writing, r.programs.triggers(r, base, { old: rows, new: rows }, events));
  }
  if (relation.derived === true) return;
  for (const { name, value } of r.programs.triggers(r, relation.name, { old: relation.outputs, new: writtenRow(writing) }, events))
    writing.assigned.set(name, [...(writing.assigned.get(name) ?? []), value]);
}

/** What the triggers of a relation below put into its columns is what columns that show these may have. */
function throughView(base: RelationName, { range, assigned }: Writing, filled: readonly Column[]): void {
  const stored = new Map(filled.map(({ name }) => [`${base}.${joinName(name)}`, [] as Value[]]));
  for (const { name, value } of filled) stored.get(`${base}.${joinName(name)}`)?.push(value);
  for (const { name, value } of range.columns) {
    const values = [...value.origins.keys()].flatMap((origin) => stored.get(origin) ?? []);
    if (values.length > 0) assigned.set(name, [...(assigned.get(name) ?? []), ...values]);
  }
}

function writtenThrough(relation: ResolvedRelation): Set<RelationName> {
  return new Set(
    relation.outputs.columns.flatMap((column) =>
      [...column.value.origins.keys()].map((origin) => joinName(...splitName(origin).slice(0, -1))),
    ),
  );
}

/** The row of the target as it was written. */
function writtenRow(writing: Writing): Outputs {
  const columns = writing.range.columns.map((column): Column => {
    const assigned = (writing.assigned.get(column.name) ?? []).filter((value) => value.origins.size > 0 || value.opaque);
    return { ...column, value: assigned.length === 0 ? column.value : either([column.value, ...assigned.map(settle)]) };
  });
  return { columns, complete: writing.range.more === undefined };
}

/** RETURNING sees the target as it was written, the other relations, and `old` and `new`. */
function returned(r: Resolver, writing: Writing, clause: Returning, beside: Beside, outer: Scope): Outputs {
  readTarget(r, writing);
  const { range } = writing;
  const written = writtenRow(writing);
  const target: Range = { ...range, columns: rangeOf(range.name, written).columns };
  const scope = openScope(outer);
  const sides = [rangeOf(clause.old ?? 'old', written), rangeOf(clause.new ?? 'new', written)];
  scope.namespaces.push(...(beside.before ?? []), namespaceOf(target), ...(beside.after ?? []), { ranges: sides, visible: [] });
  return expandList(
    r,
    clause.items.map((item) => item.expression),
    scope,
    (at) => clause.items[at]?.name ?? '',
  );
}

/** A relation that is written as a whole (COPY FROM, TRUNCATE), with the columns that get values. */
export function writeWhole(
  r: Resolver,
  name: readonly string[],
  columns: readonly string[] | 'all' | 'none',
  events: readonly TriggerEvent[],
): RelationName {
  const relation = r.relation(name);
  if (relation === undefined) {
    r.effects.writes.add(joinName(...name));
    r.effects.opaque({ kind: 'unknown-relation', detail: joinName(...name) });
    return joinName(...name);
  }
  recordWrite(r, relation);
  r.programs.triggers(r, relation.name, { old: relation.outputs, new: relation.outputs }, events);
  if (events.includes('delete')) followReferences(r, [{ kind: 'delete', relation: relation.name }]);
  if (columns === 'none') return relation.name;
  for (const column of relation.outputs.columns) {
    if (columns !== 'all' && !columns.includes(column.name)) continue;
    for (const origin of column.value.origins.keys()) r.effects.useColumn(origin, 'write-target');
  }
  return relation.name;
}
