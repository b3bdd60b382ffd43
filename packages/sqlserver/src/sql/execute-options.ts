import type { TokenCursor } from './cursor.js';
import { parseName } from './names.js';
import { skipParentheses } from './skip.js';

/** What may follow the arguments of EXECUTE. */

/** `AT linked_server`, `AT DATA_SOURCE name`. */
export function parseAtServer(cursor: TokenCursor): string | undefined {
  if (!cursor.acceptWord('at')) return undefined;
  if (cursor.isWord('data_source') && cursor.isIdentifier(1)) cursor.next();
  return parseName(cursor).join('.');
}

/** `WITH RECOMPILE, RESULT SETS {NONE | UNDEFINED | (…)}`: what is known of the results' shapes. */
export function skipExecuteOptions(cursor: TokenCursor): void {
  if (!cursor.acceptWord('with')) return;
  cursor.list((option) => {
    if (option.acceptWord('recompile')) return;
    option.expectWord('result', 'sets');
    if (option.isSymbol('(')) skipParentheses(option);
    else option.expectOneOf('none', 'undefined');
  });
}
