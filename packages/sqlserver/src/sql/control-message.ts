import type { Expression, Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { atStatementEnd } from './skip.js';

/** PRINT, RAISERROR and THROW: what is told to the client. */

function message(cursor: TokenCursor, start: number, what: string, values: readonly Expression[]): Statement {
  return { kind: 'message', span: cursor.spanFrom(start), what, values };
}

export function parsePrint(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  const value = cursor.grammar.expression(cursor);
  return message(cursor, start, 'print', [value]);
}

/** `THROW number, message, state`; without arguments it throws again what was caught. */
export function parseThrow(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  const values = atStatementEnd(cursor) ? [] : cursor.list((each) => each.grammar.expression(each));
  return message(cursor, start, 'throw', values);
}

/** `RAISERROR (message, severity, state, …) WITH …`, and `RAISERROR number message` of old. */
export function parseRaiserror(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  const values: Expression[] = [];
  if (cursor.isSymbol('(')) values.push(...cursor.parenthesised((inside) => inside.list((each) => each.grammar.expression(each))));
  else {
    values.push(cursor.grammar.expression(cursor));
    if (cursor.acceptSymbol(',') || !atStatementEnd(cursor)) values.push(...cursor.list((each) => each.grammar.expression(each)));
  }
  if (cursor.acceptWord('with')) cursor.list((option) => option.expectOneOf('log', 'nowait', 'seterror'));
  return message(cursor, start, 'raiserror', values);
}
