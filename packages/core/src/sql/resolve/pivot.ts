import type { PivotItem, UnpivotItem } from '../model.js';
import { callValue } from './call.js';
import type { Resolver } from './context.js';
import { isComplete, type Namespace, namespaceOf, openScope, rangeOf, readAll, type Scope } from './scope.js';
import { type Column, derive, NOTHING, OPAQUE, type Outputs, stacked, type Value } from './value.js';

/** PIVOT and UNPIVOT ("FROM: Using PIVOT and UNPIVOT", Transact-SQL reference). */

/** What the expressions of the clause see. */
function inside(source: Namespace, outer: Scope): Scope {
  const scope = openScope(outer);
  scope.namespaces.push(source);
  return scope;
}

/** The columns that the clause does not name, with those that it adds. */
function around(source: Namespace, named: ReadonlySet<string>, added: readonly Column[], names: readonly string[]): Outputs {
  const kept = readAll(source.visible).filter((column) => !named.has(column.name));
  const columns = [...kept, ...added].map((column, at) => ({ ...column, name: names[at] ?? column.name }));
  return { columns, complete: isComplete(source) };
}

/** Rows are grouped by every column that is kept; each added column has the aggregate over the rows of its value. */
export function pivotItem(r: Resolver, item: PivotItem, source: Namespace, outer: Scope): Namespace {
  const scope = inside(source, outer);
  const key = r.value(item.column, scope);
  r.effects.use(key, key.direct && !key.opaque ? 'predicate-equality' : 'predicate-other');
  const value = derive([callValue(r, item.aggregate, scope), key]);
  const named = new Set([item.column.name]);
  for (const { expression } of item.aggregate.arguments) if (expression.kind === 'column') named.add(expression.name);
  const added = item.values.map((name): Column => ({ name, value }));
  const outputs = around(source, named, added, item.alias?.columns ?? []);
  for (const column of outputs.columns.slice(0, outputs.columns.length - added.length)) r.effects.use(column.value, 'group');
  return namespaceOf(rangeOf(item.alias?.name, outputs));
}

/** The columns stand under one another in one; those of them that are null have no row. */
export function unpivotItem(r: Resolver, item: UnpivotItem, source: Namespace, outer: Scope): Namespace {
  const scope = inside(source, outer);
  const values = item.columns.map((column): Value => r.value(column, scope));
  for (const value of values) r.effects.use(value, 'predicate-other');
  const value = values.length === 0 ? OPAQUE : stacked(values);
  const added: Column[] = [
    { name: item.value, value },
    { name: item.name, value: NOTHING },
  ];
  return namespaceOf(
    rangeOf(item.alias?.name, around(source, new Set(item.columns.map(({ name }) => name)), added, item.alias?.columns ?? [])),
  );
}
