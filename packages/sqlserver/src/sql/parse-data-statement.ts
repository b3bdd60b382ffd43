import type { Statement, With } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseModification } from './modify.js';
import { parseSelectStatement, parseWith } from './query.js';

/** SELECT (also in parentheses), INSERT, UPDATE, DELETE, MERGE, each with its WITH; `undefined` when none begins at the cursor. */
export function parseDataStatement(cursor: TokenCursor): Statement | undefined {
  const { start } = cursor;
  if (cursor.isWord('with')) {
    const common = parseWith(cursor);
    const statement = withoutCommon(cursor, start, common.tables.length > 0 ? common : undefined);
    if (statement === undefined) throw cursor.fail('expected SELECT, INSERT, UPDATE, DELETE or MERGE');
    return statement;
  }
  return withoutCommon(cursor, start, undefined);
}

function withoutCommon(cursor: TokenCursor, start: number, common: With | undefined): Statement | undefined {
  if (cursor.isWord('select') || cursor.isSymbol('(')) return parseSelectStatement(cursor, common, start);
  const isMerge = cursor.isWord('merge');
  const statement = parseModification(cursor, common, start);
  // "A MERGE statement must be terminated by a semicolon."
  if (isMerge && !cursor.isSymbol(';')) throw cursor.fail('expected ; behind MERGE');
  return statement;
}
