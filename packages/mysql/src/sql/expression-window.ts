import type { Expression, OrderItem, Window } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { isName, readColumnName } from './names.js';

/** `ORDER BY a, b DESC`, when it stands here. */
export function parseOrderBy(cursor: TokenCursor): OrderItem[] {
  if (!cursor.isWord('order')) return [];
  cursor.expect('order', 'by');
  return cursor.list(() => parseOrderItem(cursor));
}

/** `a DESC`: an item of ORDER BY, and of GROUP BY on servers that allow a direction there. */
export function parseOrderItem(cursor: TokenCursor): OrderItem {
  const expression = cursor.grammar.expression(cursor);
  cursor.acceptOneOf('asc', 'desc');
  return { expression };
}

/** `OVER w`, `OVER (…)`, behind OVER. MySQL Reference Manual, "Window Function Concepts and Syntax". */
export function parseOver(cursor: TokenCursor): Window {
  if (cursor.isSymbol('(')) return parseWindow(cursor);
  return { reference: readColumnName(cursor), partitionBy: [], orderBy: [], frame: [] };
}

/** A window in parentheses. */
export function parseWindow(cursor: TokenCursor): Window {
  return cursor.parenthesised(() => {
    const reference = isName(cursor) && !cursor.isWord('rows') && !cursor.isWord('groups') ? { reference: readColumnName(cursor) } : {};
    const partitionBy = cursor.acceptWords('partition', 'by') ? cursor.list(() => cursor.grammar.expression(cursor)) : [];
    return { ...reference, partitionBy, orderBy: parseOrderBy(cursor), frame: parseFrame(cursor) };
  });
}

function parseFrame(cursor: TokenCursor): Expression[] {
  if (cursor.acceptOneOf('rows', 'range', 'groups') === undefined) return [];
  const frame: Expression[] = [];
  if (cursor.accept('between')) {
    parseFrameBound(cursor, frame);
    cursor.expect('and');
  }
  parseFrameBound(cursor, frame);
  if (cursor.accept('exclude') && !cursor.acceptWords('current', 'row') && !cursor.acceptWords('no', 'others')) {
    if (cursor.acceptOneOf('group', 'ties') === undefined) cursor.fail('what is excluded');
  }
  return frame;
}

function parseFrameBound(cursor: TokenCursor, frame: Expression[]): void {
  if (cursor.acceptWords('current', 'row')) return;
  if (!cursor.accept('unbounded')) frame.push(cursor.grammar.operand(cursor));
  if (cursor.acceptOneOf('preceding', 'following') === undefined) cursor.fail('PRECEDING or FOLLOWING');
}
