import type { CommonTable, Expression, NameParts, Query, QueryBody, QueryStatement, Select, SetOperation, With } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { startsQuery } from './expression-parenthesis.js';
import { parseOrderBy } from './expression-window.js';
import { readColumnList, readColumnName, readRelationName, readTableAlias } from './names.js';
import { parseInto, parseLimit, parseLocks, skipProcedure, type IntoSink } from './query-tail.js';
import { parseSelect } from './select.js';

export { startsQuery };

/**
 * Queries. MySQL Reference Manual, "SELECT Statement", "Set Operations with UNION, INTERSECT, and EXCEPT", "Parenthesized Query Expressions",
 * "WITH (Common Table Expressions)", "VALUES Statement", "TABLE Statement"; MariaDB, "SELECT", "Table Value Constructors".
 */

/** Chains of one set operation up to this length keep the shape of the text; longer ones become balanced. */
const MAX_LEFT_DEEP = 16;

/** How many different set operations may follow one another without parentheses. */
const MAX_MIXED = 100;

/** Parses a query as it stands in a subquery, view or cursor: without INTO. `first`: its first operand, in parentheses, was parsed already. */
export function parseQuery(cursor: TokenCursor, first?: Query): Query {
  return parseQueryInto(cursor, undefined, first);
}

/** Parses a query as a statement: with INTO. `withClause`: the WITH that stands before it was parsed already. */
export function parseQueryStatement(cursor: TokenCursor, withClause?: With, withStart?: number): QueryStatement {
  const start = withStart ?? cursor.peek().start;
  const sink: IntoSink = {};
  const parsed = parseQueryInto(cursor, sink);
  const query = withClause === undefined ? parsed : addWith(parsed, withClause);
  return { kind: 'select', span: cursor.spanFrom(start), query, ...(sink.into === undefined ? {} : { into: sink.into }) };
}

function addWith(query: Query, withClause: With): Query {
  return query.with === undefined ? { ...query, with: withClause } : { ...wrapped(query), with: withClause };
}

function parseQueryInto(cursor: TokenCursor, sink: IntoSink | undefined, first?: Query): Query {
  return cursor.nested(() => {
    const withClause = first === undefined ? parseWith(cursor) : undefined;
    const body = parseSetOperations(cursor, sink, first);
    const orderBy = parseOrderBy(cursor);
    const limits = parseLimit(cursor);
    skipProcedure(cursor);
    parseInto(cursor, sink);
    const locks = parseLocks(cursor);
    parseInto(cursor, sink);
    const isBare = withClause === undefined && orderBy.length === 0 && Object.keys(limits).length === 0 && locks.length === 0;
    if (isBare && body.kind === 'query') return body;
    return { kind: 'query', ...(withClause === undefined ? {} : { with: withClause }), body: bodyOf(body), orderBy, ...limits, locks };
  });
}

/** What can be an operand of a set operation: a query in parentheses, or a body without them. */
type Operand = Query | QueryBody;

export function asQuery(operand: Operand): Query {
  return operand.kind === 'query' ? operand : { kind: 'query', body: operand, orderBy: [], locks: [] };
}

function bodyOf(operand: Operand): QueryBody {
  if (operand.kind !== 'query') return operand;
  const isPlain = operand.with === undefined && operand.orderBy.length === 0 && operand.limit === undefined && operand.offset === undefined;
  return isPlain && operand.locks.length === 0 ? operand.body : wrapped(operand).body;
}

/** A query around one that has clauses of its own. */
function wrapped(query: Query): Query {
  const from = [{ kind: 'subquery', query, lateral: false }] as const;
  return asQuery({ kind: 'select', items: [{ expression: { kind: 'star', qualifier: [] }, name: '' }], from, groupBy: [], windows: [] });
}

// ---------------------------------------------------------------- set operations

interface SetOperator {
  readonly operator: SetOperation['operator'];
  readonly all: boolean;
}

/** INTERSECT binds tighter than the others; those are taken from left to right. */
function parseSetOperations(cursor: TokenCursor, sink: IntoSink | undefined, first: Query | undefined): Operand {
  const operands = [parseIntersections(cursor, sink, first)];
  const operators: SetOperator[] = [];
  for (
    let operator = acceptOperator(cursor, 'union', 'except');
    operator !== undefined;
    operator = acceptOperator(cursor, 'union', 'except')
  ) {
    operators.push(operator);
    operands.push(parseIntersections(cursor, sink));
  }
  return combine(cursor, operands, operators);
}

function parseIntersections(cursor: TokenCursor, sink: IntoSink | undefined, first?: Query): Operand {
  const operands: Operand[] = [first ?? parseOperand(cursor, sink)];
  const operators: SetOperator[] = [];
  for (let operator = acceptOperator(cursor, 'intersect'); operator !== undefined; operator = acceptOperator(cursor, 'intersect')) {
    operators.push(operator);
    operands.push(parseOperand(cursor, sink));
  }
  return combine(cursor, operands, operators);
}

function combine(cursor: TokenCursor, operands: readonly Operand[], operators: readonly SetOperator[]): Operand {
  const [operator] = operators;
  if (operator === undefined || operators.length <= MAX_LEFT_DEEP) return leftDeep(operands, operators);
  const isUniform =
    operator.operator !== 'except' && operators.every((other) => other.operator === operator.operator && other.all === operator.all);
  if (isUniform) return balanced(operands, operator, 0, operators.length);
  if (operators.length > MAX_MIXED) cursor.refuse(`more than ${MAX_MIXED} set operations of different kinds follow one another`);
  return leftDeep(operands, operators);
}

function acceptOperator(cursor: TokenCursor, ...words: readonly SetOperation['operator'][]): SetOperator | undefined {
  const operator = cursor.acceptOneOf(...words);
  if (operator === undefined) return undefined;
  return { operator, all: cursor.acceptOneOf('all', 'distinct') === 'all' };
}

function joinOperands(left: Operand, right: Operand, operator: SetOperator): Operand {
  return { kind: 'set-operation', ...operator, left: asQuery(left), right: asQuery(right) };
}

function leftDeep(operands: readonly Operand[], operators: readonly SetOperator[]): Operand {
  return operands.reduce((left, right, at) => joinOperands(left, right, operators[at - 1] ?? { operator: 'union', all: false }));
}

function balanced(operands: readonly Operand[], operator: SetOperator, from: number, to: number): Operand {
  const only = operands[from];
  if (only !== undefined && from === to) return only;
  const middle = (from + to) >> 1;
  return joinOperands(balanced(operands, operator, from, middle), balanced(operands, operator, middle + 1, to), operator);
}

function parseOperand(cursor: TokenCursor, sink: IntoSink | undefined): Operand {
  if (cursor.isSymbol('(')) return cursor.parenthesised(() => parseQueryInto(cursor, sink));
  if (cursor.accept('select')) return parseSelect(cursor, sink);
  if (cursor.accept('values')) return { kind: 'values', rows: cursor.list(() => parseRow(cursor)) };
  if (cursor.accept('table')) return wholeTable(readRelationName(cursor));
  return cursor.fail('a query');
}

/** `ROW(1, 2)` in MySQL, `(1, 2)` in MariaDB. */
function parseRow(cursor: TokenCursor): Expression[] {
  if (!cursor.isMariaDb) cursor.expect('row');
  return cursor.parenthesised(() => cursor.list(() => cursor.grammar.expression(cursor)));
}

export function wholeTable(name: NameParts): Select {
  const items = [{ expression: { kind: 'star', qualifier: [] }, name: '' }] as const;
  return { kind: 'select', items, from: [{ kind: 'relation', name, only: false }], groupBy: [], windows: [] };
}

// ---------------------------------------------------------------- WITH

/**
 * `WITH [RECURSIVE] a (x) AS (…), b AS (…)`, when it stands here. With RECURSIVE a table of MariaDB may name those behind it; in MySQL such a name is
 * that of a stored table ("WITH (Common Table Expressions)").
 */
export function parseWith(cursor: TokenCursor): With | undefined {
  if (!cursor.accept('with')) return undefined;
  const recursive = cursor.accept('recursive') && (cursor.isMariaDb || 'itself');
  return { recursive, tables: cursor.list(() => parseCommonTable(cursor)) };
}

function parseCommonTable(cursor: TokenCursor): CommonTable {
  const name = readTableAlias(cursor);
  const columns = cursor.isSymbol('(') ? readColumnList(cursor) : [];
  cursor.expect('as');
  const body = cursor.parenthesised(() => parseQuery(cursor));
  if (cursor.accept('cycle')) {
    cursor.list(() => readColumnName(cursor));
    cursor.expect('restrict');
  }
  return { name, columns, body };
}
