import type { CommonTable, CreateTableAs, Expression, NameParts, Query, QueryStatement, SetOperation, Values, With } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseOrderBy } from './expression-window.js';
import { skipQueryHints } from './hints.js';
import { parseColumnNames, parseRelationIdentifier } from './names.js';
import { parseFor } from './query-for.js';
import { parseSelect, type SelectIntent } from './select.js';

/** "SELECT (Transact-SQL)", "Set Operators", "WITH common_table_expression". */

/** A query expression, without INTO and without OPTION. */
export function parseQuery(cursor: TokenCursor): Query {
  return cursor.descend((inner) => {
    const common = inner.isWord('with') ? parseWith(inner) : undefined;
    const query = queryTail(inner, setExpression(inner, undefined));
    return common === undefined ? query : { ...query, with: common };
  });
}

/** The rest of a query whose first operand, in parentheses of its own, is `first`. */
export function parseContinuedQuery(cursor: TokenCursor, first: Query): Query {
  return queryTail(cursor, setExpression(cursor, undefined, first));
}

/** SELECT as a statement; `common` is the WITH that was read in front of it, `start` where the statement begins. */
export function parseSelectStatement(cursor: TokenCursor, common?: With, start = cursor.start): QueryStatement | CreateTableAs {
  const intent: SelectIntent = { assigns: false };
  const plain = queryTail(cursor, setExpression(cursor, intent));
  const query = common === undefined ? plain : { ...plain, with: common };
  skipQueryHints(cursor);
  const span = cursor.spanFrom(start);
  if (intent.into !== undefined) return tableOf(query, intent.into, span);
  return { kind: 'select', span, query, ...(intent.assigns && { into: { kind: 'assignments' } }) };
}

function tableOf(query: Query, name: NameParts, span: CreateTableAs['span']): CreateTableAs {
  const temporary = name.at(-1)?.startsWith('#') ?? false;
  const source = { kind: 'query', query } as const;
  return { kind: 'create-table-as', span, objectKind: 'table', name, columns: [], source, ifNotExists: false, temporary, withData: true };
}

/** `WITH XMLNAMESPACES (…), name (columns) AS (query), …`: a table may refer to itself. The word is at the cursor. */
export function parseWith(cursor: TokenCursor): With {
  cursor.expectWord('with');
  const tables: CommonTable[] = [];
  do {
    if (cursor.isWord('xmlnamespaces', 'change_tracking_context') && cursor.isSymbol('(', 1)) skipDeclaration(cursor);
    else tables.push(commonTable(cursor));
  } while (cursor.acceptSymbol(','));
  return { recursive: 'itself', tables };
}

/** Names of namespaces, and the context of change tracking: constants, and a variable. */
function skipDeclaration(cursor: TokenCursor): void {
  cursor.next();
  cursor.parenthesised((inner) => {
    while (!inner.isSymbol(')')) {
      const known = inner.isString() || inner.isIdentifier() || inner.isVariable() || inner.isWord('as', 'default') || inner.isSymbol(',');
      if (!known && inner.peek().kind !== 'binary') throw inner.fail('expected a namespace');
      inner.next();
    }
  });
}

function commonTable(cursor: TokenCursor): CommonTable {
  const name = cursor.bind(parseRelationIdentifier(cursor));
  const columns = cursor.isSymbol('(') ? parseColumnNames(cursor) : [];
  cursor.expectWord('as');
  return { name, columns, body: cursor.parenthesised(parseQuery) };
}

/** ORDER BY, OFFSET, FETCH, FOR behind the operands. */
function queryTail(cursor: TokenCursor, operands: Query): Query {
  let query = operands;
  if (cursor.isPhrase('order', 'by')) query = { ...query, orderBy: [...query.orderBy, ...parseOrderBy(cursor)] };
  if (cursor.isWord('offset') && query.orderBy.length > 0) query = { ...query, ...offsetAndFetch(cursor) };
  else if (cursor.isPhrase('fetch', 'approximate')) query = { ...query, limit: fetched(cursor) };
  const document = parseFor(cursor);
  return document === undefined ? query : { ...query, document };
}

function offsetAndFetch(cursor: TokenCursor): Pick<Query, 'offset' | 'limit'> {
  cursor.expectWord('offset');
  const offset = cursor.grammar.value(cursor);
  cursor.expectOneOf('row', 'rows');
  if (!cursor.isWord('fetch') || !cursor.isWordAt(1, 'first', 'next') || fetchesCursor(cursor)) return { offset };
  return { offset, limit: fetched(cursor) };
}

/** `FETCH [APPROXIMATE] NEXT 10 ROWS ONLY`. */
function fetched(cursor: TokenCursor): Expression {
  cursor.expectWord('fetch');
  cursor.acceptWord('approximate');
  cursor.expectOneOf('first', 'next');
  const limit = cursor.grammar.value(cursor);
  cursor.expectOneOf('row', 'rows');
  cursor.expectWord('only');
  return limit;
}

/** `FETCH NEXT FROM cursor` is the next statement. */
function fetchesCursor(cursor: TokenCursor): boolean {
  return cursor.isWordAt(2, 'from');
}

type Operator = Pick<SetOperation, 'operator' | 'all'>;

/** UNION and EXCEPT from the left; INTERSECT binds closer. Only the first operand may do what `intent` says. */
function setExpression(cursor: TokenCursor, intent: SelectIntent | undefined, first?: Query): Query {
  const intersection = (from: Query): Query => chain(cursor, from, acceptIntersect, () => term(cursor, undefined));
  const left = intersection(first ?? term(cursor, intent));
  return chain(cursor, left, acceptUnionOrExcept, () => intersection(term(cursor, undefined)));
}

function acceptIntersect(cursor: TokenCursor): Operator | undefined {
  return cursor.acceptWord('intersect') ? { operator: 'intersect', all: cursor.acceptWord('all') } : undefined;
}

function acceptUnionOrExcept(cursor: TokenCursor): Operator | undefined {
  if (cursor.acceptWord('union')) return { operator: 'union', all: cursor.acceptWord('all') };
  return cursor.acceptWord('except') ? { operator: 'except', all: cursor.acceptWord('all') } : undefined;
}

/** Operands of one level. A run of the same operator (but EXCEPT) is a balanced tree, which means the same and stays flat. */
function chain(cursor: TokenCursor, first: Query, accept: (cursor: TokenCursor) => Operator | undefined, operand: () => Query): Query {
  let run = [first];
  let current: Operator | undefined;
  for (;;) {
    const next = accept(cursor);
    const isSame = next !== undefined && next.operator === current?.operator && next.all === current.all && next.operator !== 'except';
    if (current !== undefined && !isSame) run = [balanced(current, run)];
    if (next === undefined) return balanced(next, run);
    run.push(operand());
    current = next;
  }
}

function balanced(operator: Operator | undefined, run: readonly Query[]): Query {
  const [only] = run;
  if (only !== undefined && (run.length === 1 || operator === undefined)) return only;
  if (operator === undefined) throw new TypeError('a set operation without operands');
  const middle = Math.ceil(run.length / 2);
  const left = balanced(operator, run.slice(0, middle));
  const right = balanced(operator, run.slice(middle));
  return wrapped({ kind: 'set-operation', ...operator, left, right });
}

function wrapped(body: Query['body'], limit?: Expression): Query {
  return { kind: 'query', body, orderBy: [], ...(limit && { limit }), locks: [] };
}

/** One operand: SELECT, VALUES, or a query in parentheses. */
function term(cursor: TokenCursor, intent: SelectIntent | undefined): Query {
  if (cursor.isSymbol('(')) {
    return cursor.parenthesised((inner) => (inner.isWord('with') ? parseQuery(inner) : queryTail(inner, setExpression(inner, intent))));
  }
  if (cursor.isWord('values')) return wrapped(parseValues(cursor));
  const { select, limit } = parseSelect(cursor, intent);
  return wrapped(select, limit);
}

/** `VALUES (1, 2), (3, DEFAULT)`. */
function parseValues(cursor: TokenCursor): Values {
  cursor.expectWord('values');
  return { kind: 'values', rows: cursor.list((row) => row.parenthesised((inner) => inner.list(inner.grammar.expression))) };
}
