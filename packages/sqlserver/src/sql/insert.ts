import type { AssignmentTarget, Insert } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseOutput } from './modify-output.js';
import { parseTarget } from './modify-target.js';
import { foldName } from './names.js';
import { parseModificationTop } from './select.js';

/** "INSERT (Transact-SQL)". The word is at the cursor. */
export function parseInsert(cursor: TokenCursor): Insert {
  const { start } = cursor;
  cursor.expectWord('insert');
  const limit = parseModificationTop(cursor);
  cursor.acceptWord('into');
  const target = parseTarget(cursor, 'insert');
  const columns = columnListFollows(cursor) ? parseInsertColumns(cursor) : undefined;
  const output = parseOutput(cursor);
  const source = parseSource(cursor);
  const span = cursor.spanFrom(start);
  return { kind: 'insert', span, target, ...(columns && { columns }), source, ...(limit && { limit }), ...output };
}

/** A parenthesis with a query inside is the source. */
function columnListFollows(cursor: TokenCursor): boolean {
  return cursor.isSymbol('(') && !cursor.isSymbol('(', 1) && !cursor.isWordAt(1, 'select', 'with', 'values');
}

/** `(a, t.b, $from_id)`: the last part is the column. */
export function parseInsertColumns(cursor: TokenCursor): AssignmentTarget[] {
  return cursor.parenthesised((inner) =>
    inner.list((each) => {
      let column = each.isSymbol('.') ? '' : columnPart(each);
      while (each.acceptSymbol('.')) if (!each.isSymbol('.')) column = columnPart(each);
      return { column, path: [] };
    }),
  );
}

function columnPart(cursor: TokenCursor): string {
  const token = cursor.peek();
  const isPseudo = token.kind === 'word' && (token.text.startsWith('$') || token.text === 'identitycol' || token.text === 'rowguidcol');
  if (!isPseudo && !cursor.isIdentifier()) throw cursor.fail('expected a column');
  return foldName(cursor.next().text);
}

function parseSource(cursor: TokenCursor): Insert['source'] {
  if (cursor.acceptPhrase('default', 'values')) return { kind: 'default-values' };
  if (cursor.isWord('exec', 'execute')) return { kind: 'statement', statement: cursor.grammar.execute(cursor) };
  if (!cursor.isWord('select', 'with', 'values') && !cursor.isSymbol('(')) throw cursor.fail('expected VALUES or SELECT');
  return { kind: 'query', query: cursor.grammar.query(cursor) };
}
