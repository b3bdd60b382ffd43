import type { Expression } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';

/** "SELECT - GROUP BY (Transact-SQL)". All expressions of all grouping sets are one list. */
export function parseGroupBy(cursor: TokenCursor): Expression[] {
  cursor.expectWord('group', 'by');
  cursor.acceptWord('all');
  const keys = cursor.list(groupingItem).flat();
  if (cursor.isWord('with') && cursor.isWordAt(1, 'rollup', 'cube')) {
    cursor.next();
    cursor.next();
  }
  if (cursor.isWord('with') && cursor.isSymbol('(', 1) && cursor.isWordAt(2, 'distributed_agg')) {
    for (let count = 0; count < 4; count += 1) cursor.next();
  }
  return keys;
}

function groupingItem(cursor: TokenCursor): Expression[] {
  if (cursor.isSymbol('(') && cursor.isSymbol(')', 1)) {
    cursor.expectSymbol('()');
    return [];
  }
  if (cursor.isWord('rollup', 'cube') && cursor.isSymbol('(', 1)) {
    cursor.next();
    return cursor.parenthesised((inner) => inner.list(groupingSet).flat());
  }
  if (cursor.isPhrase('grouping', 'sets') && cursor.isSymbol('(', 2)) {
    cursor.acceptPhrase('grouping', 'sets');
    return cursor.parenthesised((inner) => inner.list(groupingSet).flat());
  }
  return [cursor.grammar.expression(cursor)];
}

/** An element of ROLLUP, CUBE or GROUPING SETS: an expression, several in parentheses, or another of these. */
function groupingSet(cursor: TokenCursor): Expression[] {
  if (!cursor.isSymbol('(')) return groupingItem(cursor);
  return cursor.parenthesised((inner) => (inner.isSymbol(')') ? [] : inner.list(groupingSet).flat()));
}
