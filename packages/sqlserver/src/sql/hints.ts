import type { TokenCursor } from './cursor.js';
import { parseColumnNames, parseIdentifier } from './names.js';

/** "Table Hints (Transact-SQL)", "Query Hints (Transact-SQL)". */

/** Hints that take more or longer locks than a plain read does. */
const LOCKING = new Set(['holdlock', 'paglock', 'repeatableread', 'rowlock', 'serializable', 'tablock', 'tablockx', 'updlock', 'xlock']);
const OTHERS = new Set([
  'fastfirstrow',
  'force_ann_only',
  'forcescan',
  'forceseek',
  'ignore_constraints',
  'ignore_triggers',
  'index',
  'keepdefaults',
  'keepidentity',
  'noexpand',
  'nolock',
  'nowait',
  'readcommitted',
  'readcommittedlock',
  'readpast',
  'readuncommitted',
  'snapshot',
  'spatial_window_max_cells',
]);

/** Whether `(hint, …)` or `WITH (hint, …)` stands at the cursor, and no arguments of a function. */
export function tableHintsFollow(cursor: TokenCursor): boolean {
  if (cursor.isWord('with')) return cursor.isSymbol('(', 1);
  if (!cursor.isSymbol('(')) return false;
  const token = cursor.peek(1);
  if (token.kind !== 'word' || !(LOCKING.has(token.text) || OTHERS.has(token.text))) return false;
  return token.text === 'index' || token.text === 'forceseek' || cursor.isSymbol(')', 2) || cursor.isSymbol(',', 2) || isHint(cursor, 2);
}

function isHint(cursor: TokenCursor, ahead: number): boolean {
  const token = cursor.peek(ahead);
  return token.kind === 'word' && (LOCKING.has(token.text) || OTHERS.has(token.text));
}

/** Reads the hints at the cursor, if there are any; says whether one of them takes locks. */
export function parseTableHints(cursor: TokenCursor): boolean {
  if (!tableHintsFollow(cursor)) return false;
  cursor.acceptWord('with');
  return cursor.parenthesised((inner) => {
    let locks = false;
    do {
      if (!isHint(inner, 0)) throw inner.fail('expected a table hint');
      const { text } = inner.next();
      locks ||= LOCKING.has(text);
      if (text === 'index') indexHint(inner);
      if (text === 'forceseek' && inner.isSymbol('(')) inner.parenthesised(forceSeek);
      if (text === 'spatial_window_max_cells') constant(inner);
    } while (inner.acceptSymbol(',') || !inner.isSymbol(')'));
    return locks;
  });
}

/** `INDEX (1, name)`, `INDEX = name`, `INDEX = (name)`. */
function indexHint(cursor: TokenCursor): void {
  cursor.acceptSymbol('=');
  if (cursor.isSymbol('(')) cursor.parenthesised((inner) => inner.list(indexName));
  else indexName(cursor);
}

function indexName(cursor: TokenCursor): void {
  if (cursor.peek().kind === 'integer') cursor.next();
  else parseIdentifier(cursor);
}

function forceSeek(cursor: TokenCursor): void {
  indexName(cursor);
  parseColumnNames(cursor);
}

function constant(cursor: TokenCursor): void {
  cursor.expectSymbol('=');
  if (cursor.peek().kind !== 'integer') throw cursor.fail('expected a number');
  cursor.next();
}

/** `OPTION (…)` behind a statement: constants and names only, which change how it runs and not what it does. */
export function skipQueryHints(cursor: TokenCursor): void {
  if (!cursor.isWord('option') || !cursor.isSymbol('(', 1)) return;
  cursor.next();
  let depth = 0;
  do {
    if (cursor.isSymbol('(')) depth += 1;
    if (cursor.isSymbol(')')) depth -= 1;
    if (cursor.atEnd || cursor.isWord('select') || cursor.isSymbol(';')) throw cursor.fail('expected a query hint');
    cursor.next();
  } while (depth > 0);
}
