import type { CommonTable, CommonTableBody, Expression, Query, QueryBody, RowLock, SelectItem, Values, With } from '@sqlwarden/core';
import { isStar } from './normalise-expression.js';
import { relationName } from './normalise-names.js';
import { orderItems, window } from './normalise-window.js';
import { maybeExpression, type Normaliser } from './normaliser.js';
import { outputName } from './output-name.js';
import { UnknownNodeError, type Shape } from './tree.js';

/** Hears of the INTO of a query, which stands in its first SELECT. */
export type TakeInto = (clause: Shape) => void;

/** SelectStmt: SELECT, VALUES, TABLE and set operations. INTO makes it another statement: without `takeInto` it is not understood. */
export function query(normaliser: Normaliser, shape: Shape, takeInto?: TakeInto): Query {
  const into = takeInto && shape.inline('intoClause', 'IntoClause');
  if (into !== undefined) takeInto?.(into);
  if (shape.name !== 'SelectStmt') throw new UnknownNodeError(`${shape.name} where a query was expected`);
  shape.skip('limitOption');
  const common = withClause(normaliser, shape);
  const [limit] = maybeExpression(normaliser, shape, 'limitCount');
  const [offset] = maybeExpression(normaliser, shape, 'limitOffset');
  return {
    kind: 'query',
    ...common,
    body: body(normaliser, shape, takeInto),
    orderBy: orderItems(normaliser, shape, 'sortClause'),
    ...(limit && { limit }),
    ...(offset && { offset }),
    locks: shape.list('lockingClause').map(rowLock),
  };
}

function body(normaliser: Normaliser, shape: Shape, takeInto: TakeInto | undefined): QueryBody {
  const operation = shape.text('op');
  if (operation !== '' && operation !== 'SETOP_NONE') return setOperation(normaliser, shape, operation, takeInto);
  shape.skip('all');
  if (shape.has('valuesLists')) return values(normaliser, shape);
  return select(normaliser, shape);
}

const SET_OPERATIONS: Readonly<Record<string, 'union' | 'intersect' | 'except'>> = {
  SETOP_UNION: 'union',
  SETOP_INTERSECT: 'intersect',
  SETOP_EXCEPT: 'except',
};

function setOperation(normaliser: Normaliser, shape: Shape, operation: string, takeInto: TakeInto | undefined): QueryBody {
  const operator = SET_OPERATIONS[operation];
  const left = shape.inline('larg', 'SelectStmt');
  const right = shape.inline('rarg', 'SelectStmt');
  if (operator === undefined || left === undefined || right === undefined) throw new UnknownNodeError(`SelectStmt ${operation}`);
  return {
    kind: 'set-operation',
    operator,
    all: shape.flag('all'),
    left: query(normaliser, left, takeInto),
    right: query(normaliser, right),
  };
}

function values(normaliser: Normaliser, shape: Shape): Values {
  const rows = shape.list('valuesLists').map((row) => row.list('items').map((item) => normaliser.expression(item)));
  return { kind: 'values', rows };
}

function select(normaliser: Normaliser, shape: Shape): QueryBody {
  shape.skip('groupDistinct');
  const [where] = maybeExpression(normaliser, shape, 'whereClause');
  const [having] = maybeExpression(normaliser, shape, 'havingClause');
  return {
    kind: 'select',
    ...distinct(normaliser, shape),
    items: shape.list('targetList').map((target) => normaliser.selectItem(target)),
    from: shape.list('fromClause').map((item) => normaliser.fromItem(item)),
    ...(where && { where }),
    groupBy: shape.list('groupClause').flatMap((item) => grouping(normaliser, item)),
    ...(having && { having }),
    windows: shape.list('windowClause').map((definition) => {
      const name = definition.text('name');
      const { reference, ...rest } = window(normaliser, definition);
      // `WINDOW w AS (…)`: the name is its own, not one that it refers to.
      const refers = definition.has('refname') && reference !== undefined ? { reference } : {};
      return { name, window: { ...refers, ...rest } };
    }),
  };
}

/** `DISTINCT` is a list of one empty node. */
function distinct(normaliser: Normaliser, shape: Shape): { readonly distinct?: Expression[] } {
  if (!shape.has('distinctClause')) return {};
  const keys = shape.list('distinctClause').filter((key) => key.name !== '');
  return { distinct: keys.map((key) => normaliser.expression(key)) };
}

/** The expressions of one item of GROUP BY; ROLLUP and the like hold several. */
function grouping(normaliser: Normaliser, item: Shape): Expression[] {
  if (item.name !== 'GroupingSet') return [normaliser.expression(item)];
  item.skip('kind');
  return item.list('content').flatMap((inner) => grouping(normaliser, inner));
}

const LOCK_STRENGTHS: Readonly<Record<string, string>> = {
  LCS_FORKEYSHARE: 'for key share',
  LCS_FORSHARE: 'for share',
  LCS_FORNOKEYUPDATE: 'for no key update',
  LCS_FORUPDATE: 'for update',
};

function rowLock(clause: Shape): RowLock {
  const strength = LOCK_STRENGTHS[clause.text('strength')];
  if (strength === undefined) throw new UnknownNodeError(`LockingClause ${clause.text('strength')}`);
  clause.skip('waitPolicy');
  const of = clause.list('lockedRels').map((range) => {
    range.skip('inh');
    return relationName(range);
  });
  return { strength, of };
}

/** The WITH of a statement, as a property to spread. */
export function withClause(normaliser: Normaliser, shape: Shape): { readonly with?: With } {
  const clause = shape.inline('withClause', 'WithClause');
  if (clause === undefined) return {};
  return { with: { recursive: clause.flag('recursive'), tables: clause.list('ctes').map((table) => commonTable(normaliser, table)) } };
}

function commonTable(normaliser: Normaliser, shape: Shape): CommonTable {
  if (shape.name !== 'CommonTableExpr') throw new UnknownNodeError(`${shape.name} in WITH`);
  shape.skip('ctematerialized', 'cterecursive', 'cterefcount');
  const inner = shape.child('ctequery');
  if (inner === undefined) throw new UnknownNodeError('CommonTableExpr without a query');
  const addedColumns = added(normaliser, shape);
  return {
    name: shape.text('ctename'),
    columns: shape.names('aliascolnames'),
    body: commonTableBody(normaliser, inner),
    ...(addedColumns.length > 0 && { addedColumns }),
  };
}

function commonTableBody(normaliser: Normaliser, shape: Shape): CommonTableBody {
  if (shape.name === 'SelectStmt') return normaliser.query(shape);
  const statement = normaliser.statement(shape);
  switch (statement.kind) {
    case 'insert':
    case 'update':
    case 'delete':
    case 'merge':
      return statement;
    default:
      throw new UnknownNodeError(`${shape.name} in WITH`);
  }
}

/** The columns that SEARCH and CYCLE add. Their values are made of the columns that they list, and of constants. */
function added(normaliser: Normaliser, shape: Shape): string[] {
  const search = shape.inline('search_clause', 'CTESearchClause');
  search?.skip('search_breadth_first');
  search?.names('search_col_list');
  const cycle = shape.inline('cycle_clause', 'CTECycleClause');
  cycle?.names('cycle_col_list');
  for (const field of ['cycle_mark_value', 'cycle_mark_default']) if (cycle) maybeExpression(normaliser, cycle, field);
  cycle?.skip('cycle_mark_type', 'cycle_mark_typmod', 'cycle_mark_collation', 'cycle_mark_neop');
  const columns = [search?.text('search_seq_column'), cycle?.text('cycle_mark_column'), cycle?.text('cycle_path_column')];
  return columns.filter((column) => column !== undefined);
}

/** A ResTarget of a select list or RETURNING. */
export function selectItem(normaliser: Normaliser, shape: Shape): SelectItem {
  const value = shape.child('val');
  if (shape.name !== 'ResTarget' || value === undefined) throw new UnknownNodeError(`${shape.name} in a select list`);
  const name = shape.optionalText('name') ?? outputName(shape.peek('val'));
  const item = normaliser.expression(value);
  return { expression: item, name: isStar(item) ? '*' : name };
}

/** A list field of ResTargets with values. */
export function selectItems(normaliser: Normaliser, shape: Shape, field: string): SelectItem[] {
  return shape.list(field).map((target) => normaliser.selectItem(target));
}
