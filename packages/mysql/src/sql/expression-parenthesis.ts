import type { Expression, Literal, Query } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';

/** What stands in parentheses: a query, or expressions. */
export type Parenthesis =
  | { readonly kind: 'query'; readonly query: Query }
  | { readonly kind: 'list'; readonly expressions: readonly Expression[] };

/** Words after which a query in parentheses goes on as a query. */
const QUERY_TAIL: ReadonlySet<string> = new Set(['union', 'intersect', 'except', 'order', 'limit', 'for', 'lock', 'offset', 'fetch']);

export function literal(type: Literal['type'], value: Literal['value']): Literal {
  return { kind: 'literal', type, value };
}

/** A query begins at `ahead`: SELECT, WITH, TABLE, VALUES. Behind ON DUPLICATE KEY UPDATE, VALUES is a function. */
export function startsQuery(cursor: TokenCursor, ahead = 0): boolean {
  const { kind, text } = cursor.peek(ahead);
  if (kind !== 'word') return false;
  if (text === 'values') return cursor.isWord('row', ahead + 1) || (cursor.isMariaDb && !cursor.inDuplicateKey);
  return text === 'select' || text === 'with' || text === 'table';
}

/** A query in parentheses was read, and goes on as a query. */
export function continuesQuery(cursor: TokenCursor): boolean {
  return cursor.isWordOf(QUERY_TAIL);
}

/**
 * What stands in parentheses, with them. Whether `((…` begins a query or an expression is only known behind the inner ones: `((SELECT 1) UNION
 * SELECT 2)`, `((SELECT 1) + 1)`, so that the inner part is read first and then continued as what it turns out to be.
 */
export function parseParenthesis(cursor: TokenCursor): Parenthesis {
  return cursor.parenthesised(() => {
    if (startsQuery(cursor)) return { kind: 'query', query: cursor.grammar.query(cursor) };
    if (!cursor.isSymbol('(')) return { kind: 'list', expressions: cursor.list(() => cursor.grammar.expression(cursor)) };
    const inner = parseParenthesis(cursor);
    if (inner.kind === 'query' && cursor.isSymbol(')')) return inner;
    if (inner.kind === 'query' && continuesQuery(cursor)) return { kind: 'query', query: cursor.grammar.query(cursor, inner.query) };
    const expressions = [cursor.grammar.continueExpression(cursor, unwrapOperand(inner))];
    while (cursor.acceptSymbol(',')) expressions.push(cursor.grammar.expression(cursor));
    return { kind: 'list', expressions };
  });
}

/** What parentheses mean as an operand: a subquery, a row, or what stands in them. */
export function unwrapOperand(inner: Parenthesis): Expression {
  if (inner.kind === 'query') return { kind: 'scalar-query', query: inner.query };
  const [only] = inner.expressions;
  return only !== undefined && inner.expressions.length === 1 ? only : { kind: 'row', fields: inner.expressions };
}
