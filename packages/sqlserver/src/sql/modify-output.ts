import type { OutputInto, Returning } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseColumnNames, parseRelationName } from './names.js';
import { parseSelectItem } from './select-items.js';

/** "OUTPUT Clause (Transact-SQL)". There may be two: one that writes the rows, and one that returns them. */
export function parseOutput(cursor: TokenCursor): { readonly returning?: Returning; readonly outputInto?: OutputInto } {
  let parsed: { readonly returning?: Returning; readonly outputInto?: OutputInto } = {};
  while (cursor.isWord('output')) {
    cursor.next();
    const returning: Returning = { items: cursor.list(parseSelectItem), old: 'deleted', new: 'inserted' };
    if (cursor.isWord('into')) {
      if (parsed.outputInto !== undefined) throw cursor.fail('expected one OUTPUT INTO');
      parsed = { ...parsed, outputInto: parseInto(cursor, returning) };
    } else {
      if (parsed.returning !== undefined) throw cursor.fail('expected one OUTPUT that returns rows');
      parsed = { ...parsed, returning };
    }
  }
  return parsed;
}

function parseInto(cursor: TokenCursor, returning: Returning): OutputInto {
  cursor.expectWord('into');
  const into = parseRelationName(cursor);
  const hasColumns = cursor.isSymbol('(') && !cursor.isWordAt(1, 'select') && !cursor.isSymbol('(', 1);
  return { ...returning, into, ...(hasColumns && { columns: parseColumnNames(cursor) }) };
}
