import type { ComparisonTest, Expression, Query } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { binary, parseOperand } from './expression-operand.js';
import { setOperationFollows } from './query-words.js';

/**
 * Expressions and conditions, by "Operator Precedence (Transact-SQL)". The server tells values from conditions; here both are one grammar, so that
 * a parenthesis needs no lookahead: `((a + 1)) = 2` and `((a = 1))` begin alike.
 */

/** A condition, or a value. Long chains of AND and OR are one node. */
export function parseExpression(cursor: TokenCursor): Expression {
  return logical(cursor, 'or', (inner) => logical(inner, 'and', parseNegation));
}

function logical(cursor: TokenCursor, operator: 'and' | 'or', operand: (cursor: TokenCursor) => Expression): Expression {
  const first = operand(cursor);
  if (!cursor.isWord(operator)) return first;
  const operands = [first];
  while (cursor.acceptWord(operator)) operands.push(operand(cursor));
  return { kind: 'logical', operator, operands };
}

function parseNegation(cursor: TokenCursor): Expression {
  let negations = 0;
  while (cursor.acceptWord('not')) negations += 1;
  const condition = parsePredicate(cursor);
  // Two of them cancel out, in three-valued logic too.
  return negations % 2 === 1 ? { kind: 'not', operand: condition } : condition;
}

/** A value, with the comparisons behind it. */
function parsePredicate(cursor: TokenCursor): Expression {
  const left = parseValue(cursor);
  const test = acceptComparison(cursor);
  if (test !== undefined) return comparison(cursor, left, test);
  if (cursor.acceptWord('is')) return isTest(cursor, left);
  const negated = cursor.isWord('not') && cursor.isWordAt(1, 'like', 'between', 'in') && cursor.acceptWord('not');
  if (cursor.acceptWord('in')) return membership(cursor, left, negated);
  const worded = wordedOperator(cursor, left);
  if (worded === undefined) return left;
  return negated ? { kind: 'not', operand: worded } : worded;
}

function wordedOperator(cursor: TokenCursor, left: Expression): Expression | undefined {
  if (cursor.acceptWord('like')) {
    const pattern = parseValue(cursor);
    return { kind: 'operator', operator: { symbol: 'like' }, operands: [left, pattern, ...escapeOfLike(cursor)] };
  }
  if (cursor.acceptWord('between')) {
    const low = parseValue(cursor);
    cursor.expectWord('and');
    return { kind: 'operator', operator: { symbol: 'between' }, operands: [left, low, parseValue(cursor)] };
  }
  return undefined;
}

/** `ESCAPE '!'`, `{ESCAPE '!'}` ("ODBC Escape Sequences"). */
function escapeOfLike(cursor: TokenCursor): Expression[] {
  const braced = cursor.isSymbol('{') && cursor.isWordAt(1, 'escape') && cursor.acceptSymbol('{');
  if (!cursor.acceptWord('escape')) return [];
  const escape = parseValue(cursor);
  if (braced) cursor.expectSymbol('}');
  return [escape];
}

/** Symbols of comparison, longest first; `!<` is `>=`. Blanks may stand inside. */
const COMPARISONS: readonly (readonly [string, ComparisonTest])[] = [
  ['<>', 'not-equal'],
  ['!=', 'not-equal'],
  ['<=', 'less-or-equal'],
  ['>=', 'greater-or-equal'],
  ['!<', 'greater-or-equal'],
  ['!>', 'less-or-equal'],
  ['=', 'equal'],
  ['<', 'less'],
  ['>', 'greater'],
];

interface Test {
  readonly symbol: string;
  readonly test: ComparisonTest;
}

function acceptComparison(cursor: TokenCursor): Test | undefined {
  if (cursor.peek().kind !== 'symbol') return undefined;
  for (const [symbol, test] of COMPARISONS) if (cursor.acceptSymbol(symbol)) return { symbol, test };
  return undefined;
}

/** Behind the operator: a value, or `ANY | SOME | ALL (query)`. */
function comparison(cursor: TokenCursor, left: Expression, { symbol, test }: Test): Expression {
  if (cursor.isWord('any', 'some', 'all') && cursor.isSymbol('(', 1)) {
    const quantifier = cursor.next().text === 'all' ? 'all' : 'any';
    const query = cursor.parenthesised(parseQueryInside);
    return { kind: 'quantified', test, operator: { symbol }, quantifier, left, right: { kind: 'query', query } };
  }
  return { kind: 'comparison', test, operator: { symbol }, left, right: parseValue(cursor) };
}

const DISTINCT: Test = { symbol: 'is distinct from', test: 'distinct' };
const NOT_DISTINCT: Test = { symbol: 'is not distinct from', test: 'not-distinct' };

function isTest(cursor: TokenCursor, operand: Expression): Expression {
  const negated = cursor.acceptWord('not');
  if (cursor.acceptWord('null')) return { kind: 'null-test', operand, negated };
  cursor.expectWord('distinct', 'from');
  return comparison(cursor, operand, negated ? NOT_DISTINCT : DISTINCT);
}

function membership(cursor: TokenCursor, operand: Expression, negated: boolean): Expression {
  const content = cursor.parenthesised(parseContent);
  const operator = { symbol: '=' };
  if (content.kind === 'query') return { kind: 'in-query', operator, operand, query: content.query, negated };
  const [only, ...others] = content.list;
  if (only?.kind === 'scalar-query' && others.length === 0) return { kind: 'in-query', operator, operand, query: only.query, negated };
  return { kind: 'in-list', operator, operand, list: content.list, negated };
}

/** A query where nothing else may stand, perhaps with parentheses of its own around it. */
function parseQueryInside(cursor: TokenCursor): Query {
  const content = parseContent(cursor);
  if (content.kind === 'query') return content.query;
  const [only, ...others] = content.list;
  if (only?.kind !== 'scalar-query' || others.length > 0) throw cursor.fail('expected a query');
  return only.query;
}

type Content = { readonly kind: 'query'; readonly query: Query } | { readonly kind: 'list'; readonly list: readonly Expression[] };

/** What stands in parentheses: a query, or expressions. `((SELECT 1) UNION SELECT 2)` is only known to be a query behind its first operand. */
function parseContent(cursor: TokenCursor): Content {
  if (cursor.isWord('select', 'with')) return { kind: 'query', query: cursor.grammar.query(cursor) };
  const first = parseExpression(cursor);
  if (first.kind === 'scalar-query' && setOperationFollows(cursor)) {
    return { kind: 'query', query: cursor.grammar.continuedQuery(cursor, first.query) };
  }
  const list = [first];
  while (cursor.acceptSymbol(',')) list.push(parseExpression(cursor));
  return { kind: 'list', list };
}

/** `(…)` as a value: the parenthesis is at the cursor. */
export function parseParenthesis(cursor: TokenCursor): Expression {
  const content = cursor.parenthesised(parseContent);
  if (content.kind === 'query') return { kind: 'scalar-query', query: content.query };
  const [only, ...others] = content.list;
  if (only === undefined || others.length > 0) throw cursor.fail('expected one value in parentheses');
  return only;
}

/** The level of `+ - & ^ | || << >>` over that of `* / %`; no comparison, no AND, OR or NOT. */
export function parseValue(cursor: TokenCursor): Expression {
  let value = product(cursor);
  for (;;) {
    const symbol = additiveSymbol(cursor);
    if (symbol === undefined) return value;
    cursor.acceptSymbol(symbol);
    value = binary(symbol, value, product(cursor));
  }
}

function product(cursor: TokenCursor): Expression {
  let value = parseOperand(cursor);
  for (;;) {
    const token = cursor.peek();
    if (token.kind !== 'symbol' || !'*/%'.includes(token.text) || cursor.isSymbol('=', 1)) return value;
    cursor.next();
    value = binary(token.text, value, parseOperand(cursor));
  }
}

/** The operator at the cursor, unless it is the first half of a compound assignment: `@a += 1`. */
function additiveSymbol(cursor: TokenCursor): string | undefined {
  const token = cursor.peek();
  if (token.kind !== 'symbol' || !'+-&^|<>'.includes(token.text)) return undefined;
  const double = ['||', '<<', '>>'].find((symbols) => cursor.isSymbol(symbols));
  if (double === undefined && '<>'.includes(token.text)) return undefined;
  const symbol = double ?? token.text;
  return cursor.isSymbol('=', symbol.length) ? undefined : symbol;
}
