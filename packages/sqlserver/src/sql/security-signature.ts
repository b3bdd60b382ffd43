import type { NameParts, Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseName } from './names.js';
import { parseSecurable } from './securable.js';
import { skipTail, skipWithOptions } from './skip.js';

/** Signatures of modules, which give them rights ("ADD SIGNATURE"), and labels of columns ("ADD SENSITIVITY CLASSIFICATION"). */

/** `ADD {[COUNTER] SIGNATURE TO module BY … | SENSITIVITY CLASSIFICATION TO columns WITH (…)}`. */
export function parseAddSignature(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  if (cursor.acceptPhrase('sensitivity', 'classification')) {
    cursor.expectWord('to');
    return sensitivity(cursor, start);
  }
  cursor.acceptWord('counter');
  cursor.expectWord('signature', 'to');
  return signature(cursor, start);
}

/** Behind `[COUNTER] SIGNATURE`. */
export function parseDropSignature(cursor: TokenCursor, start: number): Statement {
  cursor.expectWord('from');
  return signature(cursor, start);
}

function signature(cursor: TokenCursor, start: number): Statement {
  const { name } = parseSecurable(cursor);
  cursor.expectWord('by');
  skipTail(cursor);
  return {
    kind: 'schema',
    span: cursor.spanFrom(start),
    operation: 'alter',
    objectKind: 'signature',
    names: [name],
    expressions: [],
    privileges: true,
  };
}

/** Behind `SENSITIVITY CLASSIFICATION`. */
export function parseDropSensitivity(cursor: TokenCursor, start: number): Statement {
  cursor.expectWord('from');
  return sensitivity(cursor, start);
}

/** `relation.column, … [WITH (…)]`. */
function sensitivity(cursor: TokenCursor, start: number): Statement {
  const columns: NameParts[] = cursor.list((column) => parseName(column));
  skipWithOptions(cursor);
  return {
    kind: 'schema',
    span: cursor.spanFrom(start),
    operation: 'alter',
    objectKind: 'sensitivity classification',
    names: columns,
    expressions: [],
    relations: columns.map((column) => column.slice(0, -1)).filter((relation) => relation.length > 0),
    privileges: true,
  };
}
