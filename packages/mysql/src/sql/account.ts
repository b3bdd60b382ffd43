import type { NameParts, Statement } from '@sqlwarden/core';
import { readAccountName } from './account-name.js';
import { schema } from './create-object.js';
import type { TokenCursor } from './cursor.js';
import { acceptIfExists, acceptIfNotExists, atStatementEnd, skipOptions } from './statement-parts.js';

/** Accounts and roles. MySQL Reference Manual, "Account Management Statements"; MariaDB, "Account Management SQL Statements". */

/** Reads CREATE and ALTER USER behind that word. */
export function parseUser(cursor: TokenCursor, start: number, operation: 'create' | 'alter'): Statement {
  const ifNotExists = operation === 'create' && acceptIfNotExists(cursor);
  const ifExists = operation === 'alter' && acceptIfExists(cursor);
  const names: NameParts[] = [];
  do {
    // In `DEFAULT ROLE a, b` a role is taken for one more account.
    names.push([readAccountName(cursor)]);
    skipOptions(cursor);
  } while (cursor.acceptSymbol(','));
  return schema(cursor, start, operation, 'user', names, {
    privileges: true,
    ...(operation === 'create' ? { ifNotExists } : { ifExists }),
  });
}

/** Reads CREATE ROLE behind that word. */
export function parseCreateRole(cursor: TokenCursor, start: number): Statement {
  const ifNotExists = acceptIfNotExists(cursor);
  const names = cursor.list((): NameParts => [readAccountName(cursor)]);
  if (cursor.acceptWords('with', 'admin')) readAccountName(cursor);
  return schema(cursor, start, 'create', 'role', names, { ifNotExists, privileges: true });
}

/** Reads RENAME USER behind that word. */
export function parseRenameUser(cursor: TokenCursor, start: number): Statement {
  const names = cursor.list((): NameParts[] => {
    const from = readAccountName(cursor);
    cursor.expect('to');
    return [[from], [readAccountName(cursor)]];
  });
  if (!atStatementEnd(cursor)) cursor.fail('the end of the statement');
  return schema(cursor, start, 'rename', 'user', names.flat(), { privileges: true });
}
