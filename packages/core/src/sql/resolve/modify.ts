import { unreachable } from '../../unreachable.js';
import type { Expression, OrderItem } from '../model.js';
import type { DataModification, Delete, Insert, Merge, MergeWhen, OnConflict, Update } from '../modification.js';
import { finishWith, openWith } from './common-table.js';
import type { Resolver } from './context.js';
import { expandList } from './expression.js';
import { fromClause, fromItem } from './from.js';
import { joinedDelete, joinedUpdate } from './modify-joined.js';
import { type Namespace, namespaceOf, openScope, type Range, rangeOf, type Scope } from './scope.js';
import { filterOf } from './truth.js';
import type { TriggerEvent } from '../statement.js';
import { type Column, either, NO_OUTPUTS, NOTHING, type Outputs, type Value } from './value.js';
import { assignments, assignRows, finish, openTarget, readTarget, type Writing } from './writing.js';

/** INSERT, UPDATE, DELETE and MERGE: what is written from what. Gives what RETURNING returns (no columns without it). */
export function modifyOutputs(r: Resolver, statement: DataModification, parent: Scope): Outputs {
  const { scope, entries } = openWith(r, statement.with, parent);
  r.effects.actions.add(verbOf(statement));
  r.effects.raise('write');
  const outputs = dispatch(r, statement, scope);
  finishWith(r, entries);
  return outputs;
}

/** What the statement is called. */
export function verbOf(statement: DataModification): 'insert' | 'update' | 'delete' | 'merge' {
  if (statement.kind === 'joined-update') return 'update';
  return statement.kind === 'joined-delete' ? 'delete' : statement.kind;
}

function dispatch(r: Resolver, statement: DataModification, scope: Scope): Outputs {
  switch (statement.kind) {
    case 'insert':
      return insert(r, statement, scope);
    case 'update':
      return update(r, statement, scope);
    case 'joined-update':
      return joinedUpdate(r, statement, scope);
    case 'delete':
      return remove(r, statement, scope);
    case 'joined-delete':
      return joinedDelete(r, statement, scope);
    case 'merge':
      return merge(r, statement, scope);
    default:
      return unreachable(statement);
  }
}

function insert(r: Resolver, statement: Insert, scope: Scope): Outputs {
  const writing = openTarget(r, statement.target, scope);
  assignRows(r, writing, insertedRows(r, statement, scope), statement.columns, scope);
  if (statement.replaces === true) r.effects.innerActions.add('delete');
  if (statement.onConflict !== undefined) onConflict(r, writing, statement, statement.onConflict, scope);
  if (statement.limit !== undefined) r.effects.use(r.value(statement.limit, scope), 'predicate-other');
  return finish(r, writing, { ...statement, events: insertEvents(statement) }, {}, scope);
}

function insertEvents(statement: Insert): readonly TriggerEvent[] {
  const updates = statement.onConflict?.action.kind === 'update';
  return ['insert', ...(updates ? (['update'] as const) : []), ...(statement.replaces === true ? (['delete'] as const) : [])];
}

function insertedRows(r: Resolver, { source }: Insert, scope: Scope): Outputs {
  switch (source.kind) {
    case 'query':
      return r.query(source.query, scope);
    case 'statement':
      return r.programs.statement(r, source.statement, scope);
    case 'default-values':
      return NO_OUTPUTS;
    default:
      return unreachable(source);
  }
}

function onConflict(r: Resolver, writing: Writing, statement: Insert, conflict: OnConflict, outer: Scope): void {
  const target = openScope(sourceScope(r, statement, outer));
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
  const proposed = proposedRange(writing, statement, conflict);
  const bare = conflict.proposedColumns === undefined ? [] : proposed.columns;
  scope.namespaces.push({ ranges: [proposed], visible: bare }, namespaceOf(writing.range));
  assignments(r, () => [writing], conflict.action.set, scope);
  if (conflict.action.where !== undefined) r.condition(conflict.action.where, scope);
  readTarget(r, writing);
}

/** ON DUPLICATE KEY UPDATE sees the relations that the rows come from. What reading them does was recorded when they were read. */
function sourceScope(r: Resolver, { source }: Insert, outer: Scope): Scope {
  if (source.kind !== 'query' || source.query.with !== undefined || source.query.body.kind !== 'select') return outer;
  const { from } = source.query.body;
  const scope = openScope(outer);
  scope.namespaces.push(...r.collect(() => fromClause(r, from, outer)).result);
  return scope;
}

/** The row that was to be inserted: its values are those of the source. */
function proposedRange(writing: Writing, statement: Insert, conflict: OnConflict): Range {
  const valueOf = (name: string): Value => either(writing.assigned.get(name) ?? [NOTHING]);
  const written = statement.columns?.map(({ column }) => column) ?? writing.range.columns.map(({ name }) => name);
  const columns =
    conflict.proposedColumns?.map((name, at): Column => ({ name, value: valueOf(written[at] ?? '') })) ??
    writing.range.columns.map(({ name }): Column => ({ name, value: valueOf(name) }));
  return rangeOf(conflict.proposed ?? 'excluded', { columns, complete: writing.range.more === undefined });
}

/** What chooses rows besides WHERE. */
export function choose(
  r: Resolver,
  statement: { readonly orderBy?: readonly OrderItem[]; readonly limit?: Expression },
  scope: Scope,
): boolean {
  for (const { expression } of statement.orderBy ?? []) r.effects.use(r.value(expression, scope), 'order');
  if (statement.limit !== undefined) r.effects.use(r.value(statement.limit, scope), 'predicate-other');
  return (statement.orderBy?.length ?? 0) > 0;
}

function update(r: Resolver, statement: Update, outer: Scope): Outputs {
  const writing = openTarget(r, statement.target, outer);
  const target = namespaceOf(writing.range);
  const from = fromClause(r, statement.from, outer);
  const scope = openScope(outer);
  scope.namespaces.push(target, ...from);
  const readsRows = assignments(r, () => [writing], statement.set, scope);
  if (statement.where !== undefined) r.condition(statement.where, scope);
  r.effects.filtered(filterOf(r, statement.where, scope));
  const sorts = choose(r, statement, scope);
  if (readsRows || sorts || statement.where !== undefined || statement.returning !== undefined || from.length > 0) readTarget(r, writing);
  return finish(r, writing, { ...statement, events: ['update'] }, { after: from }, outer);
}

function remove(r: Resolver, statement: Delete, outer: Scope): Outputs {
  const writing = openTarget(r, statement.target, outer);
  const target = namespaceOf(writing.range);
  const using = fromClause(r, statement.using, outer);
  const scope = openScope(outer);
  scope.namespaces.push(target, ...using);
  if (statement.where !== undefined) r.condition(statement.where, scope);
  r.effects.filtered(filterOf(r, statement.where, scope));
  const sorts = choose(r, statement, scope);
  if (sorts || statement.where !== undefined || statement.returning !== undefined || using.length > 0) readTarget(r, writing);
  return finish(r, writing, { ...statement, events: ['delete'] }, { after: using }, outer);
}

function merge(r: Resolver, statement: Merge, outer: Scope): Outputs {
  const writing = openTarget(r, statement.target, outer);
  const target = namespaceOf(writing.range);
  const source = fromItem(r, statement.source, outer, []);
  const both = openScope(outer);
  both.namespaces.push(target, source);
  r.condition(statement.on, both);
  const on = filterOf(r, statement.on, both);
  for (const when of statement.whens) mergeWhen(r, writing, when, { both, source, target, outer, on });
  choose(r, statement.limit === undefined ? {} : { limit: statement.limit }, both);
  readTarget(r, writing);
  const events = statement.whens.flatMap(({ action }) => (action.kind === 'nothing' ? [] : [action.kind]));
  return finish(r, writing, { ...statement, events }, { before: [source] }, outer);
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
      assignments(r, () => [writing], action.set, scope);
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
  assignRows(
    r,
    writing,
    expandList(r, action.values, scope, () => ''),
    action.columns,
    scope,
  );
}
