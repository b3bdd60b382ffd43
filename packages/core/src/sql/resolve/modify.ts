import { unreachable } from '../../unreachable.js';
import type {
  Assignment,
  AssignmentTarget,
  Delete,
  Expression,
  Insert,
  Merge,
  MergeWhen,
  OnConflict,
  Returning,
  Target,
  Update,
} from '../model.js';
import { joinName, type RelationName, splitName } from '../names.js';
import { finishWith, openWith } from './common-table.js';
import type { DataModification, ResolvedRelation, Resolver } from './context.js';
import { expandList } from './expression.js';
import { fromClause, fromItem, readRelation, renamed } from './from.js';
import { type Namespace, namespaceOf, openScope, type Range, rangeOf, type Scope } from './scope.js';
import { filterOf } from './truth.js';
import { type Column, derive, either, NO_OUTPUTS, NOTHING, OPAQUE, type Outputs, settle, UNKNOWN_OUTPUTS, type Value } from './value.js';

/** INSERT, UPDATE, DELETE and MERGE: what is written from what. Gives what RETURNING returns (no columns without it). */
export function modifyOutputs(r: Resolver, statement: DataModification, parent: Scope): Outputs {
  const { scope, entries } = openWith(r, statement.with, parent);
  r.effects.actions.add(statement.kind);
  r.effects.raise('write');
  const outputs = dispatch(r, statement, scope);
  finishWith(r, entries);
  return outputs;
}

function dispatch(r: Resolver, statement: DataModification, scope: Scope): Outputs {
  switch (statement.kind) {
    case 'insert':
      return insert(r, statement, scope);
    case 'update':
      return update(r, statement, scope);
    case 'delete':
      return remove(r, statement, scope);
    case 'merge':
      return merge(r, statement, scope);
    default:
      return unreachable(statement);
  }
}

/** The relation that is written, and what was assigned to its columns. */
interface Writing {
  readonly relation: ResolvedRelation | undefined;
  readonly range: Range;
  readonly assigned: Map<string, Value[]>;
}

function openTarget(r: Resolver, target: Target): Writing {
  const relation = r.relation(target.name);
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

/** Records that a relation is written; through a view also what the view is made of. */
export function recordWrite(r: Resolver, relation: ResolvedRelation): void {
  r.effects.writes.add(relation.name);
  for (const base of relation.effects?.reads ?? []) r.effects.writes.add(base);
  if (relation.opaque !== undefined) r.effects.opaque(relation.opaque);
  if (relation.writeOpaque === true) r.effects.opaque({ kind: 'schema-changed', detail: relation.name });
}

/** The rows of the target are read: by a condition, an assignment or RETURNING. */
function readTarget(r: Resolver, writing: Writing): void {
  if (writing.relation !== undefined) readRelation(r, writing.relation);
}

function assign(r: Resolver, writing: Writing, target: AssignmentTarget, value: Value, scope: Scope): void {
  const parts = [value, ...target.path.map((part) => r.value(part, scope))];
  const whole = parts.length === 1 ? value : derive(parts);
  const column = writing.range.columns.find((candidate) => candidate.name === target.column);
  if (column === undefined) {
    r.effects.opaque({ kind: 'unknown-column', detail: joinName(target.column) });
    const relation = writing.relation?.name;
    if (relation !== undefined) r.effects.flow(whole, { kind: 'relation', relation });
    return;
  }
  for (const name of column.value.origins.keys()) {
    r.effects.useColumn(name, 'write-target');
    r.effects.flow(whole, { kind: 'column', column: name });
  }
  writing.assigned.set(target.column, [...(writing.assigned.get(target.column) ?? []), whole]);
}

function assignments(r: Resolver, writing: Writing, list: readonly Assignment[], scope: Scope): boolean {
  let readsRows = false;
  for (const { targets, value } of list) {
    const values = assignedValues(r, value, targets.length, scope);
    readsRows ||= values.some((each) => each.origins.size > 0 || each.via.length > 0);
    for (const [at, target] of targets.entries()) assign(r, writing, target, values[at] ?? OPAQUE, scope);
  }
  return readsRows;
}

function assignedValues(r: Resolver, expression: Expression, count: number, scope: Scope): Value[] {
  const value = r.value(expression, scope);
  if (count === 1 && expression.kind !== 'row') return [value];
  if (value.fields !== undefined && value.fields.length === count) return value.fields.map((field) => field.value);
  return Array.from({ length: count }, () => derive([value]));
}

function insert(r: Resolver, statement: Insert, scope: Scope): Outputs {
  const writing = openTarget(r, statement.target);
  const { source } = statement;
  const rows = source.kind === 'query' ? r.query(source.query, scope) : NO_OUTPUTS;
  const columns = statement.columns ?? writing.range.columns.map((column): AssignmentTarget => ({ column: column.name, path: [] }));
  const known = rows.complete || rows.columns.length >= columns.length;
  if (!known) unknownSource(r, writing, rows);
  for (const [at, target] of columns.entries()) {
    const value = rows.columns[at]?.value ?? (known ? undefined : OPAQUE);
    if (value !== undefined) assign(r, writing, target, value, scope);
  }
  if (statement.onConflict !== undefined) onConflict(r, writing, statement.onConflict, scope);
  return returning(r, writing, statement.returning, [], [], scope);
}

function unknownSource(r: Resolver, writing: Writing, rows: Outputs): void {
  r.effects.opaque({ kind: 'unknown-column', detail: 'the columns that are inserted' });
  const relation = writing.relation?.name;
  if (relation !== undefined) r.effects.flow(derive(rows.columns.map((column) => column.value)), { kind: 'relation', relation });
}

function onConflict(r: Resolver, writing: Writing, conflict: OnConflict, outer: Scope): void {
  const target = openScope(outer);
  target.namespaces.push(namespaceOf(writing.range));
  for (const expression of conflict.target) {
    // Whether a row was there is told: that compares the new value with those that are stored.
    const value = r.value(expression, target);
    r.effects.use(value, value.direct ? 'predicate-equality' : 'predicate-other');
  }
  if (conflict.targetWhere !== undefined) r.condition(conflict.targetWhere, target);
  if (conflict.action.kind === 'nothing') return;
  r.effects.innerActions.add('update');
  const scope = openScope(target);
  scope.namespaces.push({ ranges: [excludedRange(writing)], visible: [] }, namespaceOf(writing.range));
  assignments(r, writing, conflict.action.set, scope);
  if (conflict.action.where !== undefined) r.condition(conflict.action.where, scope);
  readTarget(r, writing);
}

/** The row that was to be inserted: its values are those of the source. */
function excludedRange(writing: Writing): Range {
  const columns = writing.range.columns.map(
    (column): Column => ({ name: column.name, value: either(writing.assigned.get(column.name) ?? [NOTHING]) }),
  );
  return rangeOf('excluded', { columns, complete: writing.range.more === undefined });
}

function update(r: Resolver, statement: Update, outer: Scope): Outputs {
  const writing = openTarget(r, statement.target);
  const target = namespaceOf(writing.range);
  const from = fromClause(r, statement.from, outer);
  const scope = openScope(outer);
  scope.namespaces.push(target, ...from);
  const readsRows = assignments(r, writing, statement.set, scope);
  if (statement.where !== undefined) r.condition(statement.where, scope);
  r.effects.filtered(filterOf(r, statement.where, scope));
  if (readsRows || statement.where !== undefined || statement.returning !== undefined || from.length > 0) readTarget(r, writing);
  return returning(r, writing, statement.returning, [], from, outer);
}

function remove(r: Resolver, statement: Delete, outer: Scope): Outputs {
  const writing = openTarget(r, statement.target);
  const target = namespaceOf(writing.range);
  const using = fromClause(r, statement.using, outer);
  const scope = openScope(outer);
  scope.namespaces.push(target, ...using);
  if (statement.where !== undefined) r.condition(statement.where, scope);
  r.effects.filtered(filterOf(r, statement.where, scope));
  if (statement.where !== undefined || statement.returning !== undefined || using.length > 0) readTarget(r, writing);
  return returning(r, writing, statement.returning, [], using, outer);
}

function merge(r: Resolver, statement: Merge, outer: Scope): Outputs {
  const writing = openTarget(r, statement.target);
  const target = namespaceOf(writing.range);
  const source = fromItem(r, statement.source, outer, []);
  const both = openScope(outer);
  both.namespaces.push(target, source);
  r.condition(statement.on, both);
  const on = filterOf(r, statement.on, both);
  for (const when of statement.whens) mergeWhen(r, writing, when, { both, source, target, outer, on });
  readTarget(r, writing);
  return returning(r, writing, statement.returning, [source], [], outer);
}

interface MergeScopes {
  readonly both: Scope;
  readonly source: Namespace;
  readonly target: Namespace;
  readonly outer: Scope;
  readonly on: ReturnType<typeof filterOf>;
}

function mergeWhen(r: Resolver, writing: Writing, when: MergeWhen, scopes: MergeScopes): void {
  const scope = mergeScope(when.match, scopes);
  if (when.condition !== undefined) r.condition(when.condition, scope);
  const { action } = when;
  switch (action.kind) {
    case 'nothing':
      return;
    case 'insert':
      r.effects.innerActions.add('insert');
      mergeInsert(r, writing, action, scope);
      return;
    case 'update':
      r.effects.innerActions.add('update');
      r.effects.filtered(mergeFilter(r, when, scope, scopes.on));
      assignments(r, writing, action.set, scope);
      return;
    case 'delete':
      r.effects.innerActions.add('delete');
      r.effects.filtered(mergeFilter(r, when, scope, scopes.on));
      return;
    default:
      unreachable(action);
  }
}

/** What chooses the rows: the join for those that match, else the condition alone. */
function mergeFilter(r: Resolver, when: MergeWhen, scope: Scope, on: MergeScopes['on']): MergeScopes['on'] {
  const own = filterOf(r, when.condition, scope);
  return when.match === 'matched' && on === 'present' ? 'present' : own === 'absent' ? 'always-true' : own;
}

function mergeScope(match: MergeWhen['match'], scopes: MergeScopes): Scope {
  if (match === 'matched') return scopes.both;
  const scope = openScope(scopes.outer);
  scope.namespaces.push(match === 'not-matched-by-target' ? scopes.source : scopes.target);
  return scope;
}

function mergeInsert(r: Resolver, writing: Writing, action: MergeWhen['action'] & { kind: 'insert' }, scope: Scope): void {
  if (action.values === undefined) return;
  const values = expandList(r, action.values, scope, () => '');
  const columns = action.columns ?? writing.range.columns.map((column): AssignmentTarget => ({ column: column.name, path: [] }));
  for (const [at, target] of columns.entries()) {
    const value = values.columns[at]?.value ?? (values.complete ? undefined : OPAQUE);
    if (value !== undefined) assign(r, writing, target, value, scope);
  }
}

/** RETURNING sees the target as it was written, the other relations, and `old` and `new`. */
function returning(
  r: Resolver,
  writing: Writing,
  clause: Returning | undefined,
  before: readonly Namespace[],
  after: readonly Namespace[],
  outer: Scope,
): Outputs {
  if (clause === undefined) return NO_OUTPUTS;
  readTarget(r, writing);
  const columns = writing.range.columns.map((column): Column => {
    const assigned = (writing.assigned.get(column.name) ?? []).filter((value) => value.origins.size > 0 || value.opaque);
    return { ...column, value: assigned.length === 0 ? column.value : either([column.value, ...assigned.map(settle)]) };
  });
  const { range } = writing;
  const written: Outputs = { columns, complete: range.more === undefined };
  const target: Range = { ...range, columns: rangeOf(range.name, written).columns };
  const scope = openScope(outer);
  const sides = [rangeOf(clause.old ?? 'old', written), rangeOf(clause.new ?? 'new', written)];
  scope.namespaces.push(...before, namespaceOf(target), ...after, { ranges: sides, visible: [] });
  return expandList(
    r,
    clause.items.map((item) => item.expression),
    scope,
    (at) => clause.items[at]?.name ?? '',
  );
}

/** A relation that is written as a whole (COPY FROM, TRUNCATE), with the columns that get values. */
export function writeWhole(r: Resolver, name: readonly string[], columns: readonly string[] | 'all' | 'none'): RelationName {
  const relation = r.relation(name);
  if (relation === undefined) {
    r.effects.writes.add(joinName(...name));
    r.effects.opaque({ kind: 'unknown-relation', detail: joinName(...name) });
    return joinName(...name);
  }
  recordWrite(r, relation);
  if (columns === 'none') return relation.name;
  for (const column of relation.outputs.columns) {
    if (columns !== 'all' && !columns.includes(column.name)) continue;
    for (const origin of column.value.origins.keys()) r.effects.useColumn(origin, 'write-target');
  }
  return relation.name;
}
