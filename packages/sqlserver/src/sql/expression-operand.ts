import type { Expression, Literal, Operator } from '@sqlwarden/core';
import { operandsOf, parseCalled } from './expression-call.js';
import { parseNamed } from './expression-name.js';
import { parseOdbcEscape } from './expression-odbc.js';
import { parseKeywordForm } from './expression-keyword.js';
import { relationalValues } from './expression-xquery.js';
import type { TokenCursor } from './cursor.js';
import { foldName } from './names.js';

/** Operands: constants, variables, names, calls, parentheses, and what stands before and behind one of them without an operator between. */

/** `- x`, `~ x`, `x COLLATE c`, `x AT TIME ZONE z`, `x.method()`. */
export function parseOperand(cursor: TokenCursor): Expression {
  const signs: string[] = [];
  while (cursor.isSymbol('-') || cursor.isSymbol('+') || cursor.isSymbol('~')) signs.push(cursor.next().text);
  let value = suffixes(cursor, parsePrimary(cursor));
  // A plus changes nothing, and a minus the sign of a constant.
  for (const sign of signs.reverse()) if (sign !== '+') value = negated(sign, value);
  return value;
}

function negated(sign: string, value: Expression): Expression {
  if (
    sign === '-' &&
    value.kind === 'literal' &&
    (value.type === 'integer' || value.type === 'number') &&
    typeof value.value === 'string'
  ) {
    const { value: text } = value;
    return { ...value, value: text.startsWith('-') ? text.slice(1) : `-${text}` };
  }
  return { kind: 'operator', operator: { symbol: sign }, operands: [value] };
}

export function binary(symbol: string, left: Expression, right: Expression): Operator {
  return { kind: 'operator', operator: { symbol }, operands: [left, right] };
}

function parsePrimary(cursor: TokenCursor): Expression {
  const token = cursor.peek();
  switch (token.kind) {
    case 'string':
    case 'national':
    case 'integer':
    case 'decimal':
    case 'float':
    case 'money':
    case 'binary':
      return literal(cursor);
    case 'variable':
      return variable(cursor);
    case 'symbol':
      return punctuated(cursor);
    case 'word':
      return parseKeywordForm(cursor) ?? parseNamed(cursor);
    case 'quoted':
      return parseNamed(cursor);
    case 'end':
      throw cursor.fail('expected an expression');
  }
}

const NUMBER_TYPES: Readonly<Record<string, Literal['type']>> = {
  integer: 'integer',
  decimal: 'number',
  float: 'number',
  money: 'number',
  binary: 'other',
};

function literal(cursor: TokenCursor): Literal {
  const token = cursor.next();
  return { kind: 'literal', type: NUMBER_TYPES[token.kind] ?? 'string', value: token.text };
}

/** `@x`, `@@x`; `[@t].column` is a name. */
function variable(cursor: TokenCursor): Expression {
  const { text } = cursor.next();
  if (text.startsWith('@@')) return { kind: 'variable', scope: 'system', name: text.slice(2) };
  return { kind: 'variable', scope: 'local', name: text.slice(1) };
}

function punctuated(cursor: TokenCursor): Expression {
  if (cursor.isSymbol('(')) return cursor.grammar.parenthesis(cursor);
  if (cursor.isSymbol('{')) return parseOdbcEscape(cursor);
  if (cursor.isSymbol('.')) return parseNamed(cursor);
  throw cursor.fail('expected an expression');
}

function suffixes(cursor: TokenCursor, primary: Expression): Expression {
  let value = primary;
  for (let count = 0; ; count += 1) {
    const next = suffix(cursor, value);
    if (next === undefined) return value;
    if (count > 100) throw cursor.limit('the expression is nested too deep');
    value = next;
  }
}

function suffix(cursor: TokenCursor, value: Expression): Expression | undefined {
  if (cursor.isWord('collate') && cursor.isIdentifier(1)) {
    cursor.next();
    cursor.next();
    return { kind: 'construct', name: 'collate', operands: [value] };
  }
  if (cursor.isPhrase('at', 'time', 'zone')) {
    cursor.acceptPhrase('at', 'time', 'zone');
    return { kind: 'construct', name: 'at time zone', operands: [value, suffixesOfZone(cursor)] };
  }
  if (cursor.isSymbol('.') && (cursor.peek(1).kind === 'word' || cursor.peek(1).kind === 'quoted')) return member(cursor, value);
  return undefined;
}

function suffixesOfZone(cursor: TokenCursor): Expression {
  return cursor.descend(parsePrimary);
}

/** `x.Method(…)`, `x.Property` of a value that is no name. */
function member(cursor: TokenCursor, operand: Expression): Expression {
  cursor.expectSymbol('.');
  const name = foldName(cursor.next().text);
  if (!cursor.isSymbol('(')) return { kind: 'field', operand, field: name };
  const call = parseCalled(cursor, [name]);
  const operands = operandsOf(call);
  return { kind: 'method', operand, method: name, arguments: [...operands, ...relationalValues(cursor, operands)] };
}
