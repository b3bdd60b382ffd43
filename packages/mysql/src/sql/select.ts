import type { Expression, OrderItem, Select, SelectItem, Star, Window } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseOrderItem, parseWindow } from './expression-window.js';
import { parseFrom } from './from.js';
import { foldQualifier, isName, readColumnName, readName } from './names.js';
import { aliasName, outputName } from './output-name.js';
import { parseInto, type IntoSink } from './query-tail.js';

/** SELECT without what may stand behind it. MySQL Reference Manual, "SELECT Statement"; MariaDB, "SELECT". */

const MODIFIERS: ReadonlySet<string> = new Set([
  'all',
  'distinct',
  'distinctrow',
  'high_priority',
  'straight_join',
  'sql_small_result',
  'sql_big_result',
  'sql_buffer_result',
  'sql_calc_found_rows',
  'sql_no_cache',
]);

/** The rest of a SELECT, behind that word. */
export function parseSelect(cursor: TokenCursor, sink: IntoSink | undefined): Select {
  const isDistinct = parseModifiers(cursor);
  const items = parseItems(cursor);
  parseInto(cursor, sink);
  const from = cursor.accept('from') ? parseFrom(cursor) : [];
  const where = cursor.accept('where') ? { where: cursor.grammar.expression(cursor) } : {};
  const groupBy = cursor.acceptWords('group', 'by') ? parseGroupBy(cursor) : [];
  const having = cursor.accept('having') ? { having: cursor.grammar.expression(cursor) } : {};
  const windows = cursor.accept('window') ? cursor.list(() => parseNamedWindow(cursor)) : [];
  return { kind: 'select', ...(isDistinct ? { distinct: [] } : {}), items, from, ...where, groupBy, ...having, windows };
}

function parseModifiers(cursor: TokenCursor): boolean {
  let isDistinct = false;
  while (cursor.isWordOf(MODIFIERS) || isCacheModifier(cursor)) if (cursor.next().text.startsWith('distinct')) isDistinct = true;
  return isDistinct;
}

/** A name in MySQL since 8.0. */
function isCacheModifier(cursor: TokenCursor): boolean {
  return cursor.isWord('sql_cache') && (cursor.isMariaDb || cursor.state.serverVersion < 80_000);
}

function parseItems(cursor: TokenCursor): SelectItem[] {
  if (!cursor.acceptSymbol('*')) return cursor.list(() => parseSelectItem(cursor));
  const all: SelectItem = { expression: { kind: 'star', qualifier: [] }, name: '' };
  return cursor.acceptSymbol(',') ? [all, ...cursor.list(() => parseSelectItem(cursor))] : [all];
}

/** The items of RETURNING. */
export function parseReturningItems(cursor: TokenCursor): SelectItem[] {
  return parseItems(cursor);
}

function parseSelectItem(cursor: TokenCursor): SelectItem {
  const star = acceptQualifiedStar(cursor);
  if (star !== undefined) return { expression: star, name: '' };
  const { start } = cursor.peek();
  const expression = cursor.grammar.expression(cursor);
  const end = cursor.lastEnd;
  return { expression, name: parseAlias(cursor) ?? outputName(cursor.text, start, end, expression) };
}

/** `t.*`, `s.t.*`. */
function acceptQualifiedStar(cursor: TokenCursor): Star | undefined {
  const isOne = cursor.isSymbol('.', 1) && cursor.isSymbol('*', 2);
  if (!isOne && !(cursor.isSymbol('.', 1) && cursor.isSymbol('.', 3) && cursor.isSymbol('*', 4))) return undefined;
  if (!isName(cursor)) return undefined;
  const qualifier = [readName(cursor)];
  cursor.next();
  if (!isOne) {
    qualifier.push(readName(cursor));
    cursor.next();
  }
  cursor.next();
  return { kind: 'star', qualifier: foldQualifier(qualifier, cursor.state) };
}

/** `AS a`, `AS 'a'`, `a`, `'a'`. */
function parseAlias(cursor: TokenCursor): string | undefined {
  const isMarked = cursor.accept('as');
  if (cursor.peek().kind === 'string') return aliasName(cursor.next().text);
  return isMarked || isName(cursor) ? aliasName(readName(cursor)) : undefined;
}

/** `a, b DESC WITH ROLLUP`, `ROLLUP (a, b)`, `ROLLUP a, b`. */
function parseGroupBy(cursor: TokenCursor): Expression[] {
  if (!cursor.isMariaDb && cursor.isWord('rollup') && cursor.isSymbol('(', 1)) {
    cursor.next();
    return cursor.parenthesised(() => cursor.list(() => cursor.grammar.expression(cursor)));
  }
  const items: OrderItem[] = cursor.list(() => parseOrderItem(cursor));
  cursor.acceptWords('with', 'rollup');
  return items.map((item) => item.expression);
}

function parseNamedWindow(cursor: TokenCursor): { readonly name: string; readonly window: Window } {
  const name = readColumnName(cursor);
  cursor.expect('as');
  return { name, window: parseWindow(cursor) };
}
