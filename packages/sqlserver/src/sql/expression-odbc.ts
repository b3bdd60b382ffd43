import type { Expression } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { operandsOf, parseCalled } from './expression-call.js';

/** Escapes of ODBC ("ODBC Escape Sequences"), which the server understands itself: `{d '…'}`, `{fn name(…)}`. */

/** Functions whose names are reserved, or which take other arguments in an escape: `{fn CONVERT(value, SQL_INTEGER)}`. */
const RESERVED = ['convert', 'database', 'insert', 'truncate'];
const LITERALS = ['d', 't', 'ts', 'guid'];

export function parseOdbcEscape(cursor: TokenCursor): Expression {
  cursor.expectSymbol('{');
  if (cursor.isWord(...LITERALS)) {
    cursor.next();
    if (!cursor.isString()) throw cursor.fail('expected a string');
    const { text } = cursor.next();
    cursor.expectSymbol('}');
    return { kind: 'literal', type: 'string', value: text };
  }
  cursor.expectWord('fn');
  const value = cursor.descend(functionOfOdbc);
  cursor.expectSymbol('}');
  return value;
}

function functionOfOdbc(cursor: TokenCursor): Expression {
  if (!cursor.isWord(...RESERVED)) return cursor.grammar.expression(cursor);
  const name = cursor.next().text;
  return { kind: 'construct', name, operands: operandsOf(parseCalled(cursor, [name])) };
}
