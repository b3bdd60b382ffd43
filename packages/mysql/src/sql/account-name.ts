import type { TokenCursor } from './cursor.js';
import { readAnyName } from './names.js';

/** Names of accounts and roles. MySQL Reference Manual, "Specifying Account Names", "Specifying Role Names". */

/** `user`, `'user'@'host'`, `user@host`, CURRENT_USER[()], USER(), in one string; without a host the name alone. */
export function readAccountName(cursor: TokenCursor): string {
  const isUserCall = cursor.isWord('user') && cursor.isSymbol('(', 1);
  if (isUserCall || cursor.isWord('current_user') || cursor.isWord('current_role')) {
    cursor.next();
    if (cursor.acceptSymbol('(')) cursor.expectSymbol(')');
    return 'current_user';
  }
  const user = cursor.peek().kind === 'string' ? cursor.next().text : readAnyName(cursor);
  const host = readHost(cursor);
  return host === undefined ? user : `${user}@${host}`;
}

/** The lexer reads `@host` as one token; what stands apart from the `@` is one of its own. */
function readHost(cursor: TokenCursor): string | undefined {
  const token = cursor.peek();
  if (token.kind !== 'variable') return undefined;
  cursor.next();
  if (token.text !== '' || token.end - token.start > 1) return token.text;
  return cursor.peek().kind === 'string' ? cursor.next().text : readAnyName(cursor);
}

/** Skips `DEFINER = account`, which may also be a role. */
export function acceptDefiner(cursor: TokenCursor): boolean {
  if (!cursor.accept('definer')) return false;
  cursor.expectSymbol('=');
  readAccountName(cursor);
  return true;
}
