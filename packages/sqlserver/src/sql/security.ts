import type { Privilege, Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { foldName, parseColumnNames, parseIdentifier } from './names.js';
import { parseSecurable, type Securable } from './securable.js';

/** GRANT, DENY and REVOKE ("GRANT (Transact-SQL)"): `permissions [ON [class::]name [(columns)]] {TO | FROM} principals …`. */

export function parseGrant(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  const securable = permissionsAndSecurable(cursor);
  cursor.expectWord('to');
  principals(cursor);
  cursor.acceptPhrase('with', 'grant', 'option');
  asPrincipal(cursor);
  return privilege(cursor, start, 'grant', securable);
}

export function parseDeny(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  const securable = permissionsAndSecurable(cursor);
  cursor.expectWord('to');
  principals(cursor);
  cursor.acceptWord('cascade');
  asPrincipal(cursor);
  return privilege(cursor, start, 'deny', securable);
}

export function parseRevoke(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  cursor.acceptPhrase('grant', 'option', 'for');
  const securable = permissionsAndSecurable(cursor);
  cursor.expectOneOf('to', 'from');
  principals(cursor);
  cursor.acceptWord('cascade');
  asPrincipal(cursor);
  return privilege(cursor, start, 'revoke', securable);
}

function privilege(cursor: TokenCursor, start: number, operation: Privilege['operation'], securable: Securable | undefined): Privilege {
  const objectClass = securable?.objectClass ?? 'database';
  return {
    kind: 'privilege',
    span: cursor.spanFrom(start),
    operation,
    objectKind: objectClass === 'object' ? 'table' : objectClass,
    names: securable === undefined ? [] : [securable.name],
  };
}

/** Permissions are words, some of them reserved, each perhaps with columns. What can only be executed is a routine. */
function permissionsAndSecurable(cursor: TokenCursor): Securable | undefined {
  const executes = cursor.isWord('exec', 'execute') && cursor.isWordAt(1, 'on');
  do {
    if (cursor.peek().kind !== 'word') throw cursor.fail('expected a permission');
    while (cursor.peek().kind === 'word' && !cursor.isWord('on', 'to', 'from')) cursor.next();
    while (cursor.isSymbol('(')) parseColumnNames(cursor);
  } while (cursor.acceptSymbol(',') || (cursor.peek().kind === 'word' && !cursor.isWord('on', 'to', 'from')));
  if (!cursor.acceptWord('on')) return undefined;
  const securable = parseSecurable(cursor);
  if (cursor.isSymbol('(')) parseColumnNames(cursor);
  return executes && securable.objectClass === 'object' ? { ...securable, objectClass: 'routine' } : securable;
}

function principals(cursor: TokenCursor): string[] {
  return cursor.list((principal) => {
    if (principal.isWord('public', 'null')) return principal.next().text;
    return foldName(parseIdentifier(principal));
  });
}

function asPrincipal(cursor: TokenCursor): void {
  if (cursor.acceptWord('as')) parseIdentifier(cursor);
}
