import type { NameParts, SchemaStatement, Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseIdentifier } from './names.js';
import { skipParentheses, skipTail } from './skip.js';

/** ALTER DATABASE ("ALTER DATABASE", "ALTER DATABASE SET Options"). Its options may change rights: TRUSTWORTHY, DB_CHAINING. */

/** Behind `DATABASE`: `{name | CURRENT} clause`. */
export function parseAlterDatabase(cursor: TokenCursor, start: number): Statement {
  const name: NameParts = [cursor.acceptWord('current') ? 'current' : parseIdentifier(cursor)];
  const newName = parseClause(cursor);
  const operation: SchemaStatement['operation'] = newName === undefined ? 'alter' : 'rename';
  return {
    kind: 'schema',
    span: cursor.spanFrom(start),
    operation,
    objectKind: 'database',
    names: [name],
    expressions: [],
    privileges: true,
    ...(newName !== undefined && { newName }),
  };
}

const CLAUSES = ['set', 'add', 'remove', 'modify', 'collate', 'rebuild', 'failover', 'force_failover_allow_data_loss', 'perform_cutover'];

/** Gives the new name, when it is one. */
function parseClause(cursor: TokenCursor): string | undefined {
  if (cursor.acceptPhrase('modify', 'name')) {
    cursor.expectSymbol('=');
    return parseIdentifier(cursor);
  }
  const clause = cursor.expectOneOf(...CLAUSES);
  if (clause === 'modify' && cursor.isSymbol('(')) skipParentheses(cursor);
  skipTail(cursor);
  return undefined;
}
