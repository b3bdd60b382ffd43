import type { Expression, Statement } from '@sqlwarden/core';
import { isStringVariable } from './constant-text.js';
import type { TokenCursor } from './cursor.js';
import { parseConstant } from './execute-constant.js';
import { atStatementEnd } from './skip.js';

/** PRINT, RAISERROR and THROW: what is told to the client. */

function message(
  cursor: TokenCursor,
  start: number,
  what: string,
  values: readonly Expression[],
  codes: readonly Expression[] = [],
): Statement {
  return { kind: 'message', span: cursor.spanFrom(start), what, values, ...(codes.length > 0 && { codes }) };
}

export function parsePrint(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  const value = cursor.grammar.expression(cursor);
  return message(cursor, start, 'print', [value]);
}

/** `THROW number, message, state`, each a constant or a variable; without arguments it throws again what was caught. */
export function parseThrow(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  const [number, text, ...state] = atStatementEnd(cursor) ? [] : cursor.list(parseConstant);
  return message(cursor, start, 'throw', listed(text), [...listed(number), ...state]);
}

/** `RAISERROR (message, severity, state, …) WITH …`, and `RAISERROR number message` of old. */
export function parseRaiserror(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  const [told, values, codes] = cursor.isSymbol('(') ? raised(cursor) : raisedOfOld(cursor);
  const options = cursor.acceptWord('with') ? cursor.list((option) => option.expectOneOf('log', 'nowait', 'seterror')) : [];
  const texts = [...listed(told), ...values];
  const isNumber = told !== undefined && !isText(cursor, told);
  // What is logged leaves the server by another way.
  const elsewhere = options.includes('log') ? texts : isNumber ? listed(told) : [];
  return message(cursor, start, 'raiserror', texts, [...elsewhere, ...codes]);
}

/** What is told, what is put into it, and what its codes are. */
type Raised = readonly [Expression | undefined, readonly Expression[], readonly Expression[]];

function raised(cursor: TokenCursor): Raised {
  const [told, severity, state, ...values] = cursor.parenthesised((inside) => inside.list((each) => each.grammar.expression(each)));
  return [told, values, [...listed(severity), ...listed(state)]];
}

function raisedOfOld(cursor: TokenCursor): Raised {
  const number = cursor.grammar.expression(cursor);
  if (!cursor.acceptSymbol(',') && atStatementEnd(cursor)) return [undefined, [], [number]];
  return [undefined, cursor.list((each) => each.grammar.expression(each)), [number]];
}

/** A number chooses a message and is shown with it; a variable may hold one unless it was declared as a text. */
function isText(cursor: TokenCursor, told: Expression): boolean {
  if (told.kind === 'variable') return isStringVariable(cursor, told.name);
  return told.kind === 'literal' ? told.type === 'string' : false;
}

function listed(expression: Expression | undefined): readonly Expression[] {
  return expression === undefined ? [] : [expression];
}
