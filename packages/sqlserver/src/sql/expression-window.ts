import type { Expression, OrderItem, Window } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseIdentifier } from './names.js';

/** "OVER Clause (Transact-SQL)", "WINDOW (Transact-SQL)". */

/** Behind OVER: a name, or a definition in parentheses. */
export function parseOver(cursor: TokenCursor): Window {
  if (cursor.isIdentifier()) return { reference: parseIdentifier(cursor), partitionBy: [], orderBy: [], frame: [] };
  return cursor.parenthesised(parseWindow);
}

/** What stands in the parentheses. */
export function parseWindow(cursor: TokenCursor): Window {
  const isReference = cursor.isIdentifier() && !cursor.isWord('partition', 'rows', 'range');
  const reference = isReference ? parseIdentifier(cursor) : undefined;
  const partitionBy = cursor.acceptPhrase('partition', 'by') ? cursor.list((inner) => inner.grammar.expression(inner)) : [];
  const orderBy = cursor.isPhrase('order', 'by') ? parseOrderBy(cursor) : [];
  return { ...(reference !== undefined && { reference }), partitionBy, orderBy, frame: parseFrame(cursor) };
}

/** `ORDER BY a DESC, b`. */
export function parseOrderBy(cursor: TokenCursor): OrderItem[] {
  cursor.expectWord('order', 'by');
  return cursor.list((inner) => {
    const expression = inner.grammar.expression(inner);
    if (!inner.acceptWord('asc')) inner.acceptWord('desc');
    return { expression };
  });
}

function parseFrame(cursor: TokenCursor): Expression[] {
  if (!cursor.isWord('rows', 'range')) return [];
  cursor.next();
  if (!cursor.acceptWord('between')) return parseBound(cursor);
  const from = parseBound(cursor);
  cursor.expectWord('and');
  return [...from, ...parseBound(cursor)];
}

function parseBound(cursor: TokenCursor): Expression[] {
  if (cursor.acceptPhrase('current', 'row')) return [];
  const offset = cursor.acceptWord('unbounded') ? [] : [cursor.grammar.value(cursor)];
  cursor.expectOneOf('preceding', 'following');
  return offset;
}
