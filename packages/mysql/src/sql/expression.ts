import type { ComparisonTest, Expression } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { literal, parseParenthesis, unwrapOperand } from './expression-parenthesis.js';
import { parsePrimary } from './expression-primary.js';

/**
 * Expressions by precedence climbing. MySQL Reference Manual, "Operator Precedence"; MariaDB, "Operator Precedence". Where the servers'
 * grammars differ in what they refuse (`a LIKE b + c`), the wider one is read.
 */

const POWER = {
  lowest: 0,
  or: 10,
  xor: 20,
  and: 30,
  not: 40,
  comparison: 50,
  predicate: 60,
  bitOr: 70,
  bitAnd: 72,
  shift: 74,
  sum: 76,
  product: 78,
  bitXor: 80,
  concatenation: 84,
  sign: 86,
  binary: 88,
  collate: 90,
  arrow: 95,
} as const;

/** Chains up to this length keep the shape of the text; longer ones become balanced, so that nothing that reads them runs deep. */
const MAX_LEFT_DEEP = 16;

/** How many comparisons and conditions may follow one another without parentheses. */
const MAX_CHAIN = 32;

interface Infix {
  readonly power: number;
  readonly parse: (cursor: TokenCursor, left: Expression) => Expression;
}

export function parseExpression(cursor: TokenCursor): Expression {
  return parseAt(cursor, POWER.lowest);
}

/** An expression without comparisons and conditions: what stands beside LIKE, in POSITION(… IN …), in frames. */
export function parseOperand(cursor: TokenCursor): Expression {
  return parseAt(cursor, POWER.bitOr);
}

export function continueExpression(cursor: TokenCursor, first: Expression): Expression {
  return climb(cursor, first, POWER.lowest);
}

function parseAt(cursor: TokenCursor, power: number): Expression {
  return climb(cursor, parsePrefix(cursor), power);
}

function climb(cursor: TokenCursor, first: Expression, power: number): Expression {
  let left = first;
  for (let length = 0; ; length += 1) {
    const infix = infixAt(cursor);
    if (infix === undefined || infix.power < power) return left;
    if (length >= MAX_CHAIN) cursor.refuse(`more than ${MAX_CHAIN} operators follow one another without parentheses`);
    left = infix.parse(cursor, left);
  }
}

// ---------------------------------------------------------------- prefix operators

function parsePrefix(cursor: TokenCursor): Expression {
  const { kind, text } = cursor.peek();
  if (kind === 'operator') {
    if (text === '-' || text === '+' || text === '~') return cursor.nested(() => parseSigned(cursor));
    if (text === '!') return cursor.nested(() => parseNot(cursor, POWER.sign));
  } else if (kind === 'word') {
    if (text === 'not') return cursor.nested(() => parseNot(cursor, cursor.state.highNotPrecedence ? POWER.sign : POWER.not));
    if (text === 'binary') return cursor.nested(() => parseBinary(cursor));
  }
  return parsePrimary(cursor);
}

function parseSigned(cursor: TokenCursor): Expression {
  const symbol = cursor.next().text;
  const operand = parseAt(cursor, POWER.concatenation);
  if (symbol === '+') return operand;
  const isNumber = operand.kind === 'literal' && (operand.type === 'integer' || operand.type === 'number');
  if (isNumber && symbol === '-' && typeof operand.value === 'string' && !operand.value.startsWith('-')) {
    return literal(operand.type, `-${operand.value}`);
  }
  return { kind: 'operator', operator: { symbol }, operands: [operand] };
}

function parseNot(cursor: TokenCursor, power: number): Expression {
  cursor.next();
  return { kind: 'not', operand: parseAt(cursor, power) };
}

function parseBinary(cursor: TokenCursor): Expression {
  cursor.next();
  return { kind: 'construct', name: 'binary', operands: [parseAt(cursor, POWER.binary)] };
}

// ---------------------------------------------------------------- infix operators

function infixAt(cursor: TokenCursor): Infix | undefined {
  const { kind, text } = cursor.peek();
  if (kind === 'operator') {
    if (text === '||') return cursor.state.pipesAsConcat ? CONCATENATION : OR;
    return SYMBOLS.get(text);
  }
  if (kind !== 'word') return undefined;
  if (text === 'not') return cursor.isWordOf(NEGATABLE, 1) ? NEGATED : undefined;
  if (text === 'member') return cursor.isWord('of', 1) ? WORDS.get(text) : undefined;
  if (text === 'sounds') return cursor.isWord('like', 1) ? WORDS.get(text) : undefined;
  return WORDS.get(text);
}

const OR: Infix = { power: POWER.or, parse: (cursor, left) => parseLogical(cursor, left, 'or') };
const AND: Infix = { power: POWER.and, parse: (cursor, left) => parseLogical(cursor, left, 'and') };
const CONCATENATION = chain(POWER.concatenation);
const REGEXP: Infix = { power: POWER.predicate, parse: (cursor, left) => parseRegexp(cursor, left) };

const NEGATABLE: ReadonlySet<string> = new Set(['in', 'like', 'between', 'regexp', 'rlike']);
const NEGATED: Infix = { power: POWER.predicate, parse: parseNegated };

const SYMBOLS: ReadonlyMap<string, Infix> = new Map<string, Infix>([
  ['&&', AND],
  ['=', comparison('equal')],
  ['<=>', comparison('not-distinct')],
  ['<>', comparison('not-equal')],
  ['!=', comparison('not-equal')],
  ['<', comparison('less')],
  ['<=', comparison('less-or-equal')],
  ['>', comparison('greater')],
  ['>=', comparison('greater-or-equal')],
  ['|', chain(POWER.bitOr)],
  ['&', chain(POWER.bitAnd)],
  ['<<', chain(POWER.shift)],
  ['>>', chain(POWER.shift)],
  ['+', chain(POWER.sum)],
  ['-', chain(POWER.sum)],
  ['*', chain(POWER.product)],
  ['/', chain(POWER.product)],
  ['%', chain(POWER.product)],
  ['^', chain(POWER.bitXor)],
  ['->', { power: POWER.arrow, parse: parseArrow }],
  ['->>', { power: POWER.arrow, parse: parseArrow }],
]);

const WORDS: ReadonlyMap<string, Infix> = new Map<string, Infix>([
  ['or', OR],
  ['xor', chain(POWER.xor)],
  ['and', AND],
  ['is', { power: POWER.comparison, parse: parseIs }],
  ['in', { power: POWER.predicate, parse: (cursor, left) => parseIn(cursor, left, false) }],
  ['like', { power: POWER.predicate, parse: parseLike }],
  ['between', { power: POWER.predicate, parse: parseBetween }],
  ['regexp', REGEXP],
  ['rlike', REGEXP],
  ['sounds', { power: POWER.predicate, parse: parseSoundsLike }],
  ['member', { power: POWER.predicate, parse: parseMemberOf }],
  ['div', chain(POWER.product)],
  ['mod', chain(POWER.product)],
  ['collate', { power: POWER.collate, parse: parseCollate }],
]);

function operator(symbol: string, ...operands: readonly Expression[]): Expression {
  return { kind: 'operator', operator: { symbol }, operands };
}

function parseLogical(cursor: TokenCursor, left: Expression, kind: 'and' | 'or'): Expression {
  const own = kind === 'and' ? AND : OR;
  const operands = [left];
  while (infixAt(cursor) === own) {
    cursor.next();
    operands.push(parseAt(cursor, own.power + 1));
  }
  return { kind: 'logical', operator: kind, operands };
}

/** Operators of one precedence, from left to right. */
function chain(power: number): Infix {
  return {
    power,
    parse: (cursor, left) => {
      const operands = [left];
      const symbols: string[] = [];
      while (infixAt(cursor)?.power === power) {
        symbols.push(cursor.next().text);
        operands.push(parseAt(cursor, power + 1));
      }
      return symbols.length > MAX_LEFT_DEEP ? balanced(operands, symbols, 0, symbols.length) : leftDeep(operands, symbols);
    },
  };
}

function leftDeep(operands: readonly Expression[], symbols: readonly string[]): Expression {
  return operands.reduce((left, right, at) => operator(symbols[at - 1] ?? '', left, right));
}

/** Operands `from` to `to` (inclusive) as a tree of small depth. What they derive from is the same whatever its shape. */
function balanced(operands: readonly Expression[], symbols: readonly string[], from: number, to: number): Expression {
  const only = operands[from];
  if (only !== undefined && from === to) return only;
  const middle = (from + to) >> 1;
  return operator(symbols[middle] ?? '', balanced(operands, symbols, from, middle), balanced(operands, symbols, middle + 1, to));
}

function comparison(test: ComparisonTest): Infix {
  return {
    power: POWER.comparison,
    parse: (cursor, left) => {
      const symbol = cursor.next().text;
      const quantifier = cursor.isSymbol('(', 1) ? cursor.acceptOneOf('any', 'some', 'all') : undefined;
      if (quantifier === undefined)
        return { kind: 'comparison', test, operator: { symbol }, left, right: parseAt(cursor, POWER.comparison + 1) };
      const inner = parseParenthesis(cursor);
      if (inner.kind !== 'query') return cursor.fail('a subquery');
      const right = { kind: 'query', query: inner.query } as const;
      return { kind: 'quantified', test, operator: { symbol }, quantifier: quantifier === 'all' ? 'all' : 'any', left, right };
    },
  };
}

function parseIs(cursor: TokenCursor, left: Expression): Expression {
  cursor.next();
  const negated = cursor.accept('not');
  if (cursor.accept('null')) return { kind: 'null-test', operand: left, negated };
  const test = cursor.acceptOneOf('true', 'false', 'unknown');
  return test === undefined ? cursor.fail('NULL, TRUE, FALSE or UNKNOWN') : { kind: 'boolean-test', operand: left, test, negated };
}

function parseNegated(cursor: TokenCursor, left: Expression): Expression {
  cursor.next();
  if (cursor.isWord('in')) return parseIn(cursor, left, true);
  const infix = infixAt(cursor);
  return infix === undefined ? cursor.fail('a condition') : { kind: 'not', operand: infix.parse(cursor, left) };
}

function parseIn(cursor: TokenCursor, left: Expression, negated: boolean): Expression {
  cursor.next();
  const inner = parseParenthesis(cursor);
  const base = { operator: { symbol: '=' }, operand: left, negated };
  if (inner.kind === 'query') return { kind: 'in-query', ...base, query: inner.query };
  return { kind: 'in-list', ...base, list: inner.expressions };
}

function parseLike(cursor: TokenCursor, left: Expression): Expression {
  cursor.next();
  const pattern = parseOperand(cursor);
  return cursor.accept('escape') ? operator('like', left, pattern, parseOperand(cursor)) : operator('like', left, pattern);
}

function parseBetween(cursor: TokenCursor, left: Expression): Expression {
  cursor.next();
  const low = parseOperand(cursor);
  cursor.expect('and');
  return operator('between', left, low, parseOperand(cursor));
}

function parseRegexp(cursor: TokenCursor, left: Expression): Expression {
  cursor.next();
  return operator('regexp', left, parseOperand(cursor));
}

function parseSoundsLike(cursor: TokenCursor, left: Expression): Expression {
  cursor.expect('sounds', 'like');
  return operator('sounds like', left, parseOperand(cursor));
}

function parseMemberOf(cursor: TokenCursor, left: Expression): Expression {
  cursor.expect('member', 'of');
  const inner = parseParenthesis(cursor);
  return operator('member of', left, unwrapOperand(inner));
}

function parseCollate(cursor: TokenCursor, left: Expression): Expression {
  cursor.next();
  const { kind } = cursor.next();
  if (kind !== 'word' && kind !== 'name' && kind !== 'string') cursor.fail('the name of a collation');
  return { kind: 'construct', name: 'collate', operands: [left] };
}

/** `column->'$.path'`, `column->>'$.path'`. */
function parseArrow(cursor: TokenCursor, left: Expression): Expression {
  const symbol = cursor.next().text;
  if (left.kind !== 'column' || cursor.peek().kind !== 'string') cursor.fail('a column and the path in it');
  return operator(symbol, left, literal('string', cursor.next().text));
}
