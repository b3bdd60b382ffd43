import { unreachable } from '../../unreachable.js';
import type {
  Alias,
  ConstructItem,
  Expression,
  FromItem,
  JoinItem,
  NameParts,
  OpaqueItem,
  RelationItem,
  RoutineItem,
  SubqueryItem,
} from '../model.js';
import { joinName, splitName } from '../names.js';
import { resolveCall, type ResolvedCall } from './call.js';
import { referenceCommonTable } from './common-table.js';
import { joinColumns } from './condition.js';
import type { BodyResult, ResolvedRelation, Resolver } from './context.js';
import { combine } from './expression.js';
import { pivotItem, unpivotItem } from './pivot.js';
import { findCommonTable, type Namespace, namespaceOf, openScope, type Range, rangeOf, type Scope, shown } from './scope.js';
import {
  type Column,
  derive,
  either,
  extended,
  NOTHING,
  offer,
  OPAQUE,
  type Outputs,
  read,
  renamed,
  type ScopeColumn,
  UNKNOWN_OUTPUTS,
  type Value,
} from './value.js';

/** FROM items: what each adds to the scope of its select. `siblings` are the items on its left, for LATERAL. */
export function fromItem(r: Resolver, item: FromItem, outer: Scope, siblings: readonly Namespace[]): Namespace {
  return r.nested(() => {
    switch (item.kind) {
      case 'relation':
        return relationItem(r, item, outer, siblings);
      case 'subquery':
        return subqueryItem(r, item, outer, siblings);
      case 'routine':
        return routineItem(r, item, lateralScope(outer, siblings));
      case 'construct':
        return constructItem(r, item, lateralScope(outer, siblings));
      case 'join':
        return joinItem(r, item, outer, siblings);
      case 'pivot':
        return pivotItem(r, item, fromItem(r, item.source, outer, siblings), outer);
      case 'unpivot':
        return unpivotItem(r, item, fromItem(r, item.source, outer, siblings), outer);
      case 'modification':
        r.effects.modifiesInside = true;
        return aliased(r, item.alias?.name, r.modify(item.statement, outer), item.alias?.columns ?? []);
      case 'opaque':
        return opaqueItem(r, item, lateralScope(outer, siblings));
      default:
        return unreachable(item);
    }
  });
}

/** The whole FROM clause. */
export function fromClause(r: Resolver, items: readonly FromItem[], outer: Scope): Namespace[] {
  const namespaces: Namespace[] = [];
  for (const item of items) namespaces.push(fromItem(r, item, outer, [...namespaces]));
  return namespaces;
}

function lateralScope(outer: Scope, siblings: readonly Namespace[]): Scope {
  const scope = openScope(outer);
  scope.namespaces.push(...siblings);
  return scope;
}

function relationItem(r: Resolver, item: RelationItem, outer: Scope, siblings: readonly Namespace[]): Namespace {
  for (const argument of item.sample ?? []) r.effects.use(r.value(argument, lateralScope(outer, siblings)), 'predicate-other');
  const [bare] = item.name.length === 1 ? item.name : [];
  const common = bare === undefined ? undefined : findCommonTable(outer, bare);
  const name = item.alias?.name ?? item.name.at(-1);
  const names = item.alias?.columns ?? [];
  if (common !== undefined) return aliased(r, name, referenceCommonTable(r, common), names);
  if (item.locks === true) r.effects.locks = true;
  const relation = readNamed(r, item.name);
  if (relation === undefined) return aliased(r, name, UNKNOWN_OUTPUTS, names);
  const schema = item.alias === undefined ? splitName(relation.name)[0] : undefined;
  r.spend(relation.outputs.columns.length);
  return namespaceOf(
    rangeOf(name, extended(relation.outputs, names, OPAQUE), {
      systemColumns: relation.systemColumns,
      ...(schema === undefined ? {} : { schema }),
    }),
  );
}

function aliased(r: Resolver, name: string | undefined, outputs: Outputs, names: readonly string[]): Namespace {
  r.spend(outputs.columns.length);
  return namespaceOf(rangeOf(name, extended(outputs, names, NOTHING)));
}

/** Records that the rows of the relation of that name are read; `undefined` when there is none. */
function readNamed(r: Resolver, name: NameParts): ResolvedRelation | undefined {
  const relation = r.relation(name);
  if (relation !== undefined) {
    readRelation(r, relation);
    return relation;
  }
  r.effects.reads.add(joinName(...name));
  r.effects.opaque({ kind: 'unknown-relation', detail: joinName(...name) });
  return undefined;
}

/** Records that the rows of a relation are read. */
export function readRelation(r: Resolver, relation: ResolvedRelation): void {
  r.effects.reads.add(relation.name);
  if (relation.effects !== undefined) r.effects.addStored(relation.effects);
  if (relation.opaque !== undefined) r.effects.opaque(relation.opaque);
}

function subqueryItem(r: Resolver, item: SubqueryItem, outer: Scope, siblings: readonly Namespace[]): Namespace {
  const outputs = r.query(item.query, item.lateral ? lateralScope(outer, siblings) : outer);
  return aliased(r, item.alias?.name, outputs, item.alias?.columns ?? []);
}

function routineItem(r: Resolver, item: RoutineItem, scope: Scope): Namespace {
  const parts = item.calls.map((call) => routineColumns(r, call, item.alias, scope));
  const columns = parts.flatMap((part) => part.outputs.columns);
  const more = parts.flatMap((part) => (part.more === undefined ? [] : [part.more]));
  if (item.ordinality) columns.push({ name: 'ordinality', value: derive(columns.map((column) => column.value)) });
  const open = more.length === 0 ? undefined : derive(more);
  const outputs = extended({ columns, complete: open?.opaque !== true }, item.alias?.columns ?? [], open ?? OPAQUE);
  const [first] = item.calls;
  const name = item.alias?.name ?? (first?.call.kind === 'call' ? first.call.name.at(-1) : undefined);
  const range: Range = { name, columns: outputs.columns.map(offer), systemColumns: false, ...(open === undefined ? {} : { more: open }) };
  return namespaceOf(range);
}

interface RoutineColumns {
  readonly outputs: Outputs;
  /** What columns derive from that are not known by name (it may return a row type). */
  readonly more?: Value;
}

function routineColumns(r: Resolver, item: RoutineItem['calls'][number], alias: Alias | undefined, scope: Scope): RoutineColumns {
  const { call } = item;
  const resolved: Pick<ResolvedCall, 'facts' | 'value' | 'body'> & Partial<ResolvedCall> =
    call.kind === 'call' ? resolveCall(r, call, scope) : { facts: undefined, value: r.value(call, scope) };
  // How many rows come back is decided by the arguments.
  r.effects.use(resolved.body === undefined ? resolved.value : derive(resolved.arguments ?? []), 'predicate-other');
  const value = derive([resolved.value]);
  const all = (names: readonly string[]): Outputs => ({ columns: names.map((name) => ({ name, value })), complete: true });
  if (item.columns !== undefined) return { outputs: all(item.columns.map((column) => column.name)) };
  if (resolved.body !== undefined && resolved.facts?.rowOf === undefined) return bodyColumns(resolved.body, alias, call);
  if (call.kind === 'call' && resolved.facts === undefined)
    return { outputs: { columns: [], complete: false }, more: { ...value, opaque: true } };
  if (resolved.facts?.rowOf !== undefined) return { outputs: rowOfRelation(r, resolved.facts.rowOf, value) };
  if (resolved.facts?.columns !== undefined) return { outputs: all(resolved.facts.columns) };
  if (resolved.facts?.rowOfArgument !== undefined && call.kind === 'call')
    return rowOfArgument(r, call.arguments[resolved.facts.rowOfArgument]?.expression, resolved.arguments ?? [], value);
  if (call.kind === 'call' && r.options.rules.functionsInFromAreTables === true) {
    return { outputs: { columns: [], complete: false }, more: { ...value, opaque: true } };
  }
  const own = call.kind === 'call' ? call.name.at(-1) : undefined;
  return { outputs: all([alias?.name ?? own ?? '?column?']), more: value };
}

/** The columns of the type that an argument is cast to, or of the row that it is. */
function rowOfArgument(r: Resolver, argument: Expression | undefined, values: readonly Value[], value: Value): RoutineColumns {
  if (argument?.kind === 'cast' && !argument.type.array) {
    const relation = r.relation(argument.type.name);
    if (relation !== undefined) return { outputs: rowOfRelation(r, relation.name, value) };
  }
  const fields = values.find(({ fields: own }) => own !== undefined)?.fields;
  if (fields === undefined) return { outputs: UNKNOWN_OUTPUTS, more: { ...value, opaque: true } };
  return { outputs: { columns: fields.map(({ name }): Column => ({ name, value })), complete: !value.opaque } };
}

/** The rows that the body of a routine returns, or its value as a row of one column. */
function bodyColumns({ outputs, value }: BodyResult, alias: Alias | undefined, call: Expression): RoutineColumns {
  if (outputs !== undefined) return { outputs, ...(outputs.complete ? {} : { more: OPAQUE }) };
  const own = call.kind === 'call' ? call.name.at(-1) : undefined;
  return { outputs: { columns: [{ name: alias?.name ?? own ?? '?column?', value }], complete: true }, more: value };
}

function rowOfRelation(r: Resolver, name: string, value: Value): Outputs {
  const relation = r.relation(splitName(name));
  if (relation === undefined) return UNKNOWN_OUTPUTS;
  const columns = relation.outputs.columns.map((column): Column => ({ name: column.name, value: derive([value, column.value]) }));
  return { columns, complete: relation.outputs.complete };
}

function constructItem(r: Resolver, item: ConstructItem, scope: Scope): Namespace {
  const value = combine(
    r,
    item.operands.map((operand) => r.value(operand, scope)),
  );
  r.effects.use(value, 'predicate-other');
  const columns = item.columns.map((name): Column => ({ name, value }));
  return namespaceOf(rangeOf(item.alias?.name ?? item.name, renamed({ columns, complete: true }, item.alias?.columns ?? [])));
}

function opaqueItem(r: Resolver, item: OpaqueItem, scope: Scope): Namespace {
  for (const name of item.relations ?? []) readNamed(r, name);
  for (const operand of item.operands) r.effects.use(r.value(operand, scope), 'predicate-other');
  r.effects.opaque(item.reason);
  return aliased(r, item.alias?.name, UNKNOWN_OUTPUTS, item.alias?.columns ?? []);
}

function joinItem(r: Resolver, item: JoinItem, outer: Scope, siblings: readonly Namespace[]): Namespace {
  const left = fromItem(r, item.left, outer, siblings);
  const right = fromItem(r, item.right, outer, [...siblings, left]);
  const shared = sharedNames(r, item, left, right);
  const merged = shared.map((name) => mergeColumn(r, name, left, right));
  const rest = [...left.visible, ...right.visible].filter((column) => !shared.includes(column.name));
  const visible = [...merged, ...rest];
  const more = [left, right].flatMap((side) => (side.more === undefined ? [] : [side.more]));
  const open = more.length === 0 ? {} : { more: derive(more) };
  if (item.on !== undefined) {
    const scope = openScope(outer);
    scope.namespaces.push(left, right);
    r.condition(item.on, scope);
  }
  r.spend(visible.length);
  if (item.alias !== undefined) return aliasedJoin(item.alias, visible, open);
  const using: Range[] = item.usingAlias === undefined ? [] : [{ name: item.usingAlias, columns: merged, systemColumns: false }];
  return { ranges: [...left.ranges, ...right.ranges, ...using], visible, ...open };
}

function aliasedJoin(alias: Alias, visible: readonly ScopeColumn[], open: { readonly more?: Value }): Namespace {
  const placed = open.more?.opaque !== true || alias.columns.length === 0;
  const columns = visible.map((column, at) => ({
    ...column,
    name: alias.columns[at] ?? column.name,
    value: placed ? column.value : { ...column.value, opaque: true },
  }));
  return namespaceOf({ name: alias.name, columns, systemColumns: false, ...open });
}

/** The columns that the join merges, in the order in which `*` shows them. */
function sharedNames(r: Resolver, { using, natural }: JoinItem, left: Namespace, right: Namespace): readonly string[] {
  if (using === undefined) return natural ? commonNames(r, left, right) : [];
  if (r.options.rules.mergesInTableOrder !== true) return using;
  const ofTable = left.visible.map((column) => column.name).filter((name) => using.includes(name));
  return [...new Set([...ofTable, ...using])];
}

function commonNames(r: Resolver, left: Namespace, right: Namespace): string[] {
  if (left.more !== undefined || right.more !== undefined) {
    r.effects.opaque({ kind: 'unknown-column', detail: 'the columns of a natural join' });
  }
  const names = new Set(shown(right.visible).map((column) => column.name));
  return [...new Set(shown(left.visible).map((column) => column.name))].filter((name) => names.has(name));
}

function mergeColumn(r: Resolver, name: string, left: Namespace, right: Namespace): ScopeColumn {
  const [a, b] = [left, right].map((side) => sideColumn(r, name, side));
  if (a === undefined || b === undefined) return offer({ name, value: OPAQUE });
  joinColumns(r, a, b);
  return offer({ name, value: either([a, b]) });
}

function sideColumn(r: Resolver, name: string, side: Namespace): Value {
  const column = side.visible.find((candidate) => candidate.name === name);
  if (column !== undefined) return read(column);
  if (side.more === undefined || side.more.opaque) r.effects.opaque({ kind: 'unknown-column', detail: joinName(name) });
  return side.more ?? OPAQUE;
}
