import type { Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { readColumnList, readRelationName } from './names.js';
import { acceptIfExists, acceptIfNotExists } from './statement-parts.js';

/** Reads CREATE VIEW and ALTER VIEW behind the word VIEW. MySQL Reference Manual, "CREATE VIEW Statement". */
export function parseView(cursor: TokenCursor, start: number, replace: boolean): Statement {
  acceptIfNotExists(cursor);
  acceptIfExists(cursor);
  const name = readRelationName(cursor);
  const columns = cursor.isSymbol('(') ? readColumnList(cursor) : [];
  cursor.expect('as');
  const query = cursor.grammar.query(cursor);
  if (cursor.accept('with')) {
    cursor.acceptOneOf('cascaded', 'local');
    cursor.expect('check', 'option');
  }
  return { kind: 'create-view', span: cursor.spanFrom(start), name, columns, query, replace, temporary: false };
}
