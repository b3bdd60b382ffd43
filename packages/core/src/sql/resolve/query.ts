import { unreachable } from '../../unreachable.js';
import type { Expression, OrderItem, Query, Select, SetOperation, Values } from '../model.js';
import { type NamedWindows, nameWindows, noteMixture, resolveWindows } from './call.js';
import { finishWith, openWith } from './common-table.js';
import type { Resolver } from './context.js';
import { expandList } from './expression.js';
import { fromClause } from './from.js';
import { columnsNamed, openScope, type Scope } from './scope.js';
import { filterOf } from './truth.js';
import { type Column, derive, NOTHING, offer, OPAQUE, type Outputs, read, stacked, UNKNOWN_OUTPUTS, type Value } from './value.js';

/** What a query returns. Records everything that running it reads, calls and compares. */
export function queryOutputs(r: Resolver, query: Query, parent: Scope): Outputs {
  const { scope, entries } = openWith(r, query.with, parent, query);
  const { outputs, inner } = bodyOutputs(r, query, scope);
  for (const item of query.orderBy) sortBy(r, item, outputs, inner);
  for (const count of [query.limit, query.offset]) {
    if (count !== undefined) r.effects.use(r.value(count, scope), 'predicate-other');
  }
  if (query.locks.length > 0) r.effects.locks = true;
  finishWith(r, entries);
  return query.document === undefined ? outputs : document(query.document, outputs);
}

/** All that is returned, in one value. */
function document(name: string, { columns, complete }: Outputs): Outputs {
  const value = derive(columns.map((column) => column.value));
  return { columns: [{ name, value: complete ? value : { ...value, opaque: true } }], complete: true };
}

interface Body {
  readonly outputs: Outputs;
  /** Where ORDER BY finds what is no output; `undefined` when it may name outputs only. */
  readonly inner: Scope | undefined;
}

function bodyOutputs(r: Resolver, query: Query, scope: Scope): Body {
  const { body } = query;
  switch (body.kind) {
    case 'select':
      return selectOutputs(r, body, scope);
    case 'values':
      return { outputs: valuesOutputs(r, body, scope), inner: undefined };
    case 'set-operation':
      return { outputs: setOperation(r, body, scope), inner: undefined };
    case 'opaque':
      r.effects.opaque(body.reason);
      return { outputs: UNKNOWN_OUTPUTS, inner: undefined };
    default:
      return unreachable(body);
  }
}

function selectOutputs(r: Resolver, select: Select, outer: Scope): Body {
  const scope = openScope(outer);
  const windows = new Map(select.windows.map((item) => [item.name, item.window]));
  nameWindows(scope, windows);
  scope.namespaces.push(...fromClause(r, select.from, outer));
  if (select.where !== undefined) r.condition(select.where, scope);
  r.selectFilters.set(select, select.from.length === 0 ? 'none' : filterOf(r, select.where, scope));
  const outputs = selectList(r, select, scope);
  resolveWindows(r, windows, scope);
  const after = outputScope(r, outputs, scope, windows);
  for (const expression of select.groupBy) groupBy(r, expression, outputs, after);
  if (select.having !== undefined) r.condition(select.having, after);
  if (select.distinct !== undefined) distinct(r, select.distinct, outputs, scope);
  return { outputs, inner: after };
}

/** Where the names of outputs may stand inside expressions, a name means an output as well as a column. */
function outputScope(r: Resolver, outputs: Outputs, scope: Scope, windows: NamedWindows): Scope {
  if (r.options.rules.outputNamesInside !== true) return scope;
  const wider = openScope(scope.parent);
  nameWindows(wider, windows);
  const named = outputs.columns.filter((column) => column.name !== '');
  wider.namespaces.push(...scope.namespaces, { ranges: [], visible: named.map(offer) });
  return wider;
}

function selectList(r: Resolver, select: Select, scope: Scope): Outputs {
  const items = select.items.map((item) => item.expression);
  const outputs = expandList(r, items, scope, (at) => select.items[at]?.name ?? '');
  r.spend(outputs.columns.length);
  return outputs;
}

function position(expression: Expression): number | undefined {
  return expression.kind === 'literal' && expression.type === 'integer' ? Number(expression.value) : undefined;
}

function bareName(expression: Expression): string | undefined {
  return expression.kind === 'column' && expression.qualifier.length === 0 ? expression.name : undefined;
}

/** The outputs that a position or a bare name in ORDER BY and GROUP BY stands for. */
function outputsNamed(expression: Expression, outputs: Outputs): readonly Column[] {
  const at = position(expression);
  if (at !== undefined) return outputs.columns.slice(at - 1, at);
  const name = bareName(expression);
  return name === undefined ? [] : outputs.columns.filter((column) => column.name === name);
}

function groupBy(r: Resolver, expression: Expression, outputs: Outputs, scope: Scope): void {
  const named = outputsNamed(expression, outputs);
  const name = bareName(expression);
  const columns = scope.namespaces.flatMap((namespace) => (name === undefined ? [] : columnsNamed(namespace.visible, name)));
  // A column of FROM goes before an output of that name, or after it: dialects differ, so both count.
  for (const value of [...named.map((column) => column.value), ...columns.map(read)]) r.effects.use(value, 'group');
  if (named.length === 0 && columns.length === 0 && position(expression) === undefined) r.effects.use(r.value(expression, scope), 'group');
}

function sortBy(r: Resolver, item: OrderItem, outputs: Outputs, inner: Scope | undefined): void {
  r.effects.use(sortValue(r, item.expression, outputs, inner), 'order');
  if (item.using !== undefined && r.options.routines.operator(item.using, 2, r.searchPath) === undefined) {
    r.effects.opaque({ kind: 'unknown-routine', detail: `operator ${item.using.symbol}` });
  }
}

function sortValue(r: Resolver, expression: Expression, outputs: Outputs, inner: Scope | undefined): Value {
  const found = outputsNamed(expression, outputs);
  if (found.length > 0) return derive(found.map((column) => column.value));
  if (inner !== undefined) return position(expression) === undefined ? r.value(expression, inner) : NOTHING;
  if (position(expression) !== undefined) return NOTHING;
  // Behind a set operation only outputs are known; by the names of the first part, so that a relation of it may stand before them.
  const named = expression.kind === 'column' ? { ...expression, qualifier: [] } : expression;
  const scope = openScope(undefined);
  scope.namespaces.push({ ranges: [], visible: outputs.columns.map(offer), ...(outputs.complete ? {} : { more: OPAQUE }) });
  return r.value(named, scope);
}

function distinct(r: Resolver, on: readonly Expression[], outputs: Outputs, scope: Scope): void {
  if (on.length === 0) for (const column of outputs.columns) r.effects.use(column.value, 'group');
  for (const expression of on) {
    const named = outputsNamed(expression, outputs);
    const value = named.length > 0 ? derive(named.map((column) => column.value)) : r.value(expression, scope);
    r.effects.use(value, 'group');
  }
}

function valuesOutputs(r: Resolver, values: Values, scope: Scope): Outputs {
  const rows = values.rows.map((row) => expandList(r, row, scope, () => ''));
  const [first] = rows;
  if (first === undefined) return UNKNOWN_OUTPUTS;
  // Columns of one row per row are collected first: merging pair by pair would be quadratic.
  const columns = first.columns.map((_, at): Column => {
    const all = rows.flatMap((row) => row.columns[at]?.value ?? []);
    return { name: r.options.rules.valuesColumn?.(at) ?? `column${at + 1}`, value: stacked(all) };
  });
  noteMixtures(r, values.rows, rows);
  return underOneAnother(columns, rows);
}

/** A chain `a UNION b UNION c …` leans to the left and may be long: walked, not recursed into, and merged at once. */
function setOperation(r: Resolver, operation: SetOperation, scope: Scope): Outputs {
  const spine: SetOperation[] = [operation];
  for (let { left } = operation; left.body.kind === 'set-operation' && isBare(left); { left } = left.body) spine.push(left.body);
  spine.reverse();
  const [innermost] = spine;
  if (innermost === undefined) return UNKNOWN_OUTPUTS;
  const first = r.query(innermost.left, scope);
  const branches = [first, ...spine.map((step) => r.query(step.right, scope))];
  const compared = spine.findLastIndex((step) => step.operator !== 'union' || !step.all);
  if (compared >= 0)
    for (const branch of branches.slice(0, compared + 2)) for (const { value } of branch.columns) r.effects.use(value, 'group');
  const columns = first.columns.map((column, at): Column => {
    const values = branches.flatMap((branch, index) => branchValue(branch, at, spine[index - 1]?.operator));
    for (const value of values) r.spend(value.origins.size + value.via.length + 1);
    return { name: column.name, value: stacked(values) };
  });
  noteMixtures(r, [innermost.left, ...spine.map((step) => step.right)].map(itemsOf), branches);
  return underOneAnother(columns, branches);
}

/** The expressions behind the columns of a query, as far as each is one. */
function itemsOf({ body }: Query): readonly Expression[] {
  const items = body.kind === 'select' ? body.items.map(({ expression }) => expression) : [];
  const star = items.findIndex(({ kind }) => kind === 'star' || kind === 'field-star');
  return star === -1 ? items : items.slice(0, star);
}

/** Values that stand under one another become of one type. */
function noteMixtures(r: Resolver, items: readonly (readonly Expression[])[], rows: readonly Outputs[]): void {
  if (r.options.routines.mixes === undefined) return;
  for (const at of rows[0]?.columns.keys() ?? []) {
    const values = rows.map((row) => row.columns[at]?.value ?? OPAQUE);
    noteMixture(
      r,
      undefined,
      items.map((list) => list[at]),
      values,
    );
  }
}

/** Rows stand under one another by position: where that is not known, any column may hold what was not seen. */
function underOneAnother(columns: readonly Column[], branches: readonly Outputs[]): Outputs {
  const open = branches.filter((branch) => !branch.complete);
  if (open.length === 0) return { columns, complete: true };
  const placed = Math.min(...open.map((branch) => branch.placed ?? 0));
  const all = columns.map((column, at) => (at < placed ? column : { ...column, value: { ...column.value, opaque: true } }));
  return { columns: all, complete: false, placed };
}

/** EXCEPT returns values of the left; which ones are left tells about the right. */
function branchValue(branch: Outputs, at: number, operator: SetOperation['operator'] | undefined): Value[] {
  const value = branch.columns[at]?.value;
  if (value === undefined) return [];
  return [operator === 'except' ? derive([value]) : value];
}

function isBare(query: Query): boolean {
  return (
    query.with === undefined &&
    query.orderBy.length === 0 &&
    query.limit === undefined &&
    query.offset === undefined &&
    query.locks.length === 0
  );
}
