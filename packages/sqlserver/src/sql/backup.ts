import type { Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { skipTail } from './skip.js';

/**
 * BACKUP, RESTORE, and DUMP and LOAD as they were called: everything goes to a file, or comes from one. That is data out of sight, whatever the
 * options are.
 */
export function parseBackup(cursor: TokenCursor): Statement {
  const { start, text } = cursor.next();
  const what = cursor.peek();
  if (what.kind !== 'word') throw cursor.fail(`expected what to ${text}`);
  cursor.next();
  skipTail(cursor);
  return {
    kind: 'opaque',
    span: cursor.spanFrom(start),
    action: 'copy',
    reason: { kind: 'foreign-data', detail: `${text} ${what.text}` },
  };
}
