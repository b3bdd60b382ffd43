import type { NameParts, Privilege, Statement } from '@sqlwarden/core';
import { readAccountName } from './account-name.js';
import type { TokenCursor } from './cursor.js';
import { foldSchema, isName, readAnyName, readColumnList, readRelationName, readRoutineName } from './names.js';
import { acceptIfExists, atStatementEnd, skipOne } from './statement-parts.js';

/** GRANT and REVOKE. MySQL Reference Manual, "GRANT Statement", "REVOKE Statement"; MariaDB, "GRANT", "REVOKE". */

type Operation = 'grant' | 'revoke';

/** Reads a GRANT or REVOKE behind its first word. */
export function parseGrant(cursor: TokenCursor, start: number, operation: Operation): Statement {
  if (operation === 'revoke') acceptIfExists(cursor);
  const words = readRights(cursor);
  const target = cursor.accept('on') ? readTarget(cursor, words) : undefined;
  const end = operation === 'grant' ? 'to' : 'from';
  if (target === undefined && !cursor.isWord(end)) cursor.fail('ON');
  cursor.expect(end);
  cursor.list(() => readGrantee(cursor));
  skipConditions(cursor);
  return privilege(cursor, start, operation, target ?? roles(words));
}

interface Target {
  readonly objectKind: string;
  readonly names: readonly NameParts[];
}

function privilege(cursor: TokenCursor, start: number, operation: Operation, { objectKind, names }: Target): Privilege {
  return { kind: 'privilege', span: cursor.spanFrom(start), operation, objectKind, names };
}

/** The rights or roles in front of ON, TO or FROM: whether they are one or the other is told by what follows. */
function readRights(cursor: TokenCursor): string[] {
  return cursor.list(() => readRight(cursor));
}

const RIGHT_ENDS: ReadonlySet<string> = new Set(['on', 'to', 'from']);

/** `SELECT`, `CREATE TEMPORARY TABLES`, `UPDATE (a, b)`, `'role'@'host'`, `ADMIN OPTION FOR role`. */
function readRight(cursor: TokenCursor): string {
  if (!isWordLike(cursor)) return readAccountName(cursor);
  const first = readAccountName(cursor);
  const words = [first];
  while (cursor.peek().kind === 'word' && !cursor.isWordOf(RIGHT_ENDS)) words.push(readAnyName(cursor));
  if (cursor.isSymbol('(')) readColumnList(cursor);
  return words
    .join(' ')
    .toLowerCase()
    .replace(/^(?:admin|grant) option for /, '');
}

function isWordLike(cursor: TokenCursor): boolean {
  return cursor.peek().kind === 'word';
}

/** What stands behind ON. */
function readTarget(cursor: TokenCursor, rights: readonly string[]): Target {
  if (rights[0] === 'proxy') return { objectKind: 'role', names: [[readAccountName(cursor)]] };
  const routine =
    isName(cursor, 1) || cursor.isWord('body', 1) ? cursor.acceptOneOf('function', 'procedure', 'package', 'library') : undefined;
  if (routine !== undefined) {
    if (routine === 'package') cursor.accept('body');
    return { objectKind: routine, names: [readRoutineName(cursor)] };
  }
  if (cursor.isWord('table') && (isName(cursor, 1) || cursor.isSymbol('*', 1))) cursor.next();
  if (cursor.acceptSymbol('*')) {
    if (!cursor.acceptSymbol('.')) return { objectKind: 'schema', names: [] };
    cursor.expectSymbol('*');
    return { objectKind: 'all schemas', names: [] };
  }
  if (cursor.isSymbol('.', 1) && cursor.isSymbol('*', 2)) {
    const schema = foldSchema(readAnyName(cursor), cursor.state);
    cursor.expectSymbol('.');
    cursor.expectSymbol('*');
    return { objectKind: 'schema', names: [[schema]] };
  }
  return { objectKind: 'table', names: [readRelationName(cursor)] };
}

/** Without ON: roles, or `ALL PRIVILEGES, GRANT OPTION`. */
function roles(rights: readonly string[]): Target {
  if (rights[0] === 'all' || rights[0] === 'all privileges') return { objectKind: 'all schemas', names: [] };
  return { objectKind: 'role', names: rights.map((role) => [role]) };
}

/** An account, with the way in which it logs in where GRANT may make it: `IDENTIFIED BY 'x'`, `IDENTIFIED VIA plugin USING 'x' OR …`. */
function readGrantee(cursor: TokenCursor): void {
  readAccountName(cursor);
  if (!cursor.accept('identified')) return;
  if (cursor.acceptOneOf('by', 'with', 'via') === undefined) cursor.fail('BY');
  while (!atStatementEnd(cursor) && !cursor.isSymbol(',') && !cursor.isWord('require') && !cursor.isWord('with')) skipOne(cursor);
}

const CONDITIONS: ReadonlySet<string> = new Set(['require', 'with', 'as', 'ignore']);

/** `REQUIRE …`, `WITH GRANT OPTION`, `AS user WITH ROLE …`, `IGNORE UNKNOWN USER`: options without expressions. */
function skipConditions(cursor: TokenCursor): void {
  if (!atStatementEnd(cursor) && !cursor.isWordOf(CONDITIONS)) cursor.fail('the end of the statement');
  while (!atStatementEnd(cursor)) skipOne(cursor);
}
