import type { Expression, Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseConstant } from './execute-constant.js';
import { parseIdentifier } from './names.js';
import { setting, settingOf } from './session-setting.js';

/** What names and rights mean from here on: USE, EXECUTE AS, REVERT, SETUSER. */

export function parseUse(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  const database = parseIdentifier(cursor);
  return { kind: 'use', span: cursor.spanFrom(start), database };
}

/** `EXECUTE AS {CALLER | LOGIN = name | USER = name} [WITH {NO REVERT | COOKIE INTO @v}]`: rights become those of another principal. */
export function parseExecuteAs(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  cursor.expectWord('as');
  const principal = executeAsPrincipal(cursor);
  if (cursor.acceptWord('with')) cursor.list(skipRevertOption);
  return settingOf(cursor, start, 'execute_as', principal);
}

function executeAsPrincipal(cursor: TokenCursor): Expression {
  if (cursor.acceptWord('caller')) return { kind: 'literal', type: 'string', value: 'caller' };
  cursor.expectOneOf('login', 'user');
  cursor.expectSymbol('=');
  return cursor.grammar.expression(cursor);
}

/** `NO REVERT`, `COOKIE INTO @v`. */
function skipRevertOption(cursor: TokenCursor): void {
  if (cursor.acceptPhrase('no', 'revert')) return;
  cursor.expectWord('cookie', 'into');
  if (!cursor.isVariable()) throw cursor.fail('expected a variable');
  cursor.next();
}

export function parseRevert(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  if (cursor.acceptPhrase('with', 'cookie')) {
    cursor.expectSymbol('=');
    parseConstant(cursor);
  }
  return setting(cursor, start, 'execute_as', undefined, 'reset');
}

/** `SETUSER ['user' [WITH NORESET]]`, deprecated. */
export function parseSetUser(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  if (!cursor.isString() && !cursor.isVariable()) return setting(cursor, start, 'setuser', undefined, 'reset');
  const { kind, text } = cursor.next();
  cursor.acceptPhrase('with', 'noreset');
  return setting(cursor, start, 'setuser', kind === 'variable' ? undefined : [text]);
}
