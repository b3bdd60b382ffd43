import type { Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseIdentifier } from './names.js';
import { skipTail } from './skip.js';

/** OPEN and CLOSE of keys: what the session can decrypt ("OPEN SYMMETRIC KEY", "OPEN MASTER KEY"). */

/** `OPEN {SYMMETRIC KEY name | MASTER KEY} DECRYPTION BY …`. */
export function parseOpenKey(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  const isMaster = cursor.expectOneOf('symmetric', 'master') === 'master';
  cursor.expectWord('key');
  const name = isMaster ? undefined : parseIdentifier(cursor);
  cursor.expectWord('decryption', 'by');
  skipTail(cursor);
  return key(cursor, start, isMaster, name);
}

/** `CLOSE {SYMMETRIC KEY name | ALL SYMMETRIC KEYS | MASTER KEY}`. */
export function parseCloseKey(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  if (cursor.acceptPhrase('all', 'symmetric', 'keys')) return key(cursor, start, false, undefined);
  const isMaster = cursor.expectOneOf('symmetric', 'master') === 'master';
  cursor.expectWord('key');
  return key(cursor, start, isMaster, isMaster ? undefined : parseIdentifier(cursor));
}

function key(cursor: TokenCursor, start: number, isMaster: boolean, name: string | undefined): Statement {
  return {
    kind: 'schema',
    span: cursor.spanFrom(start),
    operation: 'alter',
    objectKind: isMaster ? 'master key' : 'symmetric key',
    names: name === undefined ? [] : [[name]],
    expressions: [],
    privileges: true,
  };
}
