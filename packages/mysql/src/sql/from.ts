import type { Alias, Expression, FromItem, JoinItem, Query, RelationItem } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { continuesQuery, startsQuery } from './expression-parenthesis.js';
import { parseJsonTable } from './from-json-table.js';
import { isName, readColumnList, readName, readRelation, readTableAlias } from './names.js';

/** FROM items. MySQL Reference Manual, "JOIN Clause", "Index Hints", "Lateral Derived Tables"; MariaDB, "JOIN Syntax", "System-Versioned Tables". */

/** How many tables one chain of joins may have; servers have a limit of 61. */
const MAX_JOINS = 200;

/** `a, b JOIN c …`: the list behind FROM. */
export function parseFrom(cursor: TokenCursor): FromItem[] {
  if (acceptDual(cursor)) return [];
  return cursor.list(() => parseJoined(cursor));
}

/** `FROM DUAL` names no table. */
function acceptDual(cursor: TokenCursor): boolean {
  return !cursor.isSymbol('.', 1) && cursor.accept('dual');
}

// ---------------------------------------------------------------- joins

interface PendingJoin {
  readonly type: JoinItem['type'];
  readonly natural: boolean;
  condition?: Pick<JoinItem, 'on' | 'using'>;
}

/**
 * A chain of joins. A condition belongs to the last join before it that has none, so that in `a JOIN b JOIN c ON x ON y` the first condition
 * joins b and c; inner joins may stay without.
 */
function parseJoined(cursor: TokenCursor, first: FromItem = parseFactor(cursor)): FromItem {
  const items = [first];
  const joins: PendingJoin[] = [];
  for (;;) {
    const join = acceptJoin(cursor);
    if (join !== undefined) {
      if (joins.length >= MAX_JOINS) cursor.refuse(`more than ${MAX_JOINS} tables are joined`);
      joins.push(join);
      items.push(parseFactor(cursor));
      continue;
    }
    const condition = acceptCondition(cursor);
    if (condition === undefined) break;
    const at = joins.findLastIndex((pending) => pending.condition === undefined && !pending.natural);
    const target = joins[at];
    if (target === undefined) return cursor.fail('a join before the condition');
    const right = combine(cursor, items.splice(at + 1), joins.splice(at + 1));
    items.push(right);
    target.condition = condition;
  }
  const open = joins.some((join) => join.condition === undefined && !join.natural && (join.type === 'left' || join.type === 'right'));
  return open ? cursor.fail('ON or USING') : combine(cursor, items, joins);
}

function combine(cursor: TokenCursor, items: readonly FromItem[], joins: readonly PendingJoin[]): FromItem {
  return items.reduce((left, right, at) => {
    const { type, natural, condition } = joins[at - 1] ?? { type: 'cross', natural: false };
    if (natural || condition?.using !== undefined) {
      const merged: JoinItem = { kind: 'join', type, left: operand(cursor, left), right: operand(cursor, right), natural, ...condition };
      return type === 'right' ? turned(merged) : merged;
    }
    return { kind: 'join', type: type === 'inner' && condition === undefined ? 'cross' : type, left, right, natural, ...condition };
  });
}

/**
 * Where columns are merged the servers take a right join for the left join the other way round: `*` has the columns of the right table first. So
 * does MySQL, not MariaDB, for the right joins that such a join is made of.
 */
function turned(join: JoinItem): JoinItem {
  return { ...join, type: 'left', left: join.right, right: join.left };
}

function operand(cursor: TokenCursor, item: FromItem): FromItem {
  if (cursor.isMariaDb || item.kind !== 'join' || item.natural || item.using !== undefined) return item;
  const join: JoinItem = { ...item, left: operand(cursor, item.left), right: operand(cursor, item.right) };
  return join.type === 'right' ? turned(join) : join;
}

function acceptJoin(cursor: TokenCursor): PendingJoin | undefined {
  if (cursor.accept('straight_join') || cursor.accept('join')) return { type: 'inner', natural: false };
  if (cursor.acceptWords('inner', 'join') || cursor.acceptWords('cross', 'join')) return { type: 'inner', natural: false };
  const natural = cursor.accept('natural');
  const side = cursor.acceptOneOf('left', 'right');
  if (side !== undefined) cursor.accept('outer');
  else if (!natural) return undefined;
  else cursor.accept('inner');
  cursor.expect('join');
  return { type: side ?? 'inner', natural };
}

function acceptCondition(cursor: TokenCursor): Pick<JoinItem, 'on' | 'using'> | undefined {
  if (cursor.isWord('on') && !cursor.areWords('on', 'duplicate', 'key')) {
    cursor.next();
    return { on: cursor.grammar.expression(cursor) };
  }
  return cursor.isWord('using') && cursor.isSymbol('(', 1) ? { using: parseUsing(cursor) } : undefined;
}

function parseUsing(cursor: TokenCursor): string[] {
  cursor.next();
  return readColumnList(cursor);
}

// ---------------------------------------------------------------- single items

function parseFactor(cursor: TokenCursor): FromItem {
  if (cursor.isSymbol('(')) return parseParentheses(cursor);
  if (cursor.isSymbol('{')) return parseBraces(cursor);
  if (cursor.isWord('lateral') && cursor.isSymbol('(', 1)) return parseLateral(cursor);
  if (cursor.isWord('json_table') && cursor.isSymbol('(', 1)) return { ...parseJsonTable(cursor), ...parseTableAlias(cursor) };
  return parseRelation(cursor);
}

/** `{OJ a LEFT JOIN b ON …}`: the ODBC escape. */
function parseBraces(cursor: TokenCursor): FromItem {
  return cursor.nested(() => {
    cursor.expectSymbol('{');
    readName(cursor);
    const inner = parseJoined(cursor);
    cursor.expectSymbol('}');
    return inner;
  });
}

function parseLateral(cursor: TokenCursor): FromItem {
  cursor.next();
  return derived(
    cursor,
    cursor.parenthesised(() => cursor.grammar.query(cursor)),
    true,
  );
}

/** A subquery has a name of its own: "Every derived table must have its own alias". */
function derived(cursor: TokenCursor, query: Query, lateral: boolean): FromItem {
  const { alias } = parseTableAlias(cursor);
  return alias === undefined ? cursor.fail('a name for the subquery') : { kind: 'subquery', query, lateral, alias };
}

type Inner = { readonly kind: 'query'; readonly query: Query } | { readonly kind: 'item'; readonly item: FromItem };

function parseParentheses(cursor: TokenCursor): FromItem {
  return itemOf(cursor, parseInner(cursor));
}

function itemOf(cursor: TokenCursor, inner: Inner): FromItem {
  return inner.kind === 'query' ? derived(cursor, inner.query, false) : inner.item;
}

/** What parentheses hold, with them: a subquery, or joined tables. As in expressions, `((…` is known only behind the inner ones. */
function parseInner(cursor: TokenCursor): Inner {
  return cursor.parenthesised(() => {
    if (startsQuery(cursor)) return { kind: 'query', query: cursor.grammar.query(cursor) };
    if (!cursor.isSymbol('(')) return { kind: 'item', item: parseJoinedList(cursor) };
    const inner = parseInner(cursor);
    if (inner.kind === 'query' && cursor.isSymbol(')')) return inner;
    if (inner.kind === 'query' && continuesQuery(cursor)) return { kind: 'query', query: cursor.grammar.query(cursor, inner.query) };
    return { kind: 'item', item: parseJoinedList(cursor, itemOf(cursor, inner)) };
  });
}

/** `a, b JOIN c` in parentheses: commas join, too. */
function parseJoinedList(cursor: TokenCursor, first?: FromItem): FromItem {
  const items = [parseJoined(cursor, first)];
  while (cursor.acceptSymbol(',')) {
    if (items.length > MAX_JOINS) cursor.refuse(`more than ${MAX_JOINS} tables are joined`);
    items.push(parseJoined(cursor));
  }
  return items.reduce((left, right) => ({ kind: 'join', type: 'cross', left, right, natural: false }));
}

/** A table or view with its partitions, time, alias and hints. */
export function parseRelation(cursor: TokenCursor): RelationItem {
  const { name, shown } = readRelation(cursor);
  skipPartitions(cursor);
  const sample = parseSystemTime(cursor);
  const written = parseTableAlias(cursor).alias;
  skipIndexHints(cursor);
  // What columns call it by is not folded where its name is.
  const alias = written ?? (shown === name.at(-1) ? undefined : { name: shown, columns: [] });
  return { kind: 'relation', name, only: false, ...(alias && { alias }), ...(sample.length > 0 ? { sample } : {}) };
}

/** `PARTITION (p0, p1)`. */
export function skipPartitions(cursor: TokenCursor): void {
  if (!cursor.isWord('partition') || !cursor.isSymbol('(', 1)) return;
  cursor.next();
  readColumnList(cursor);
}

/** `FOR SYSTEM_TIME AS OF x`, `BETWEEN x AND y`, `FROM x TO y`, `ALL`; `FOR PORTION OF p FROM x TO y`. */
export function parseSystemTime(cursor: TokenCursor): Expression[] {
  if (cursor.acceptWords('for', 'portion', 'of')) {
    readName(cursor);
    return parseRange(cursor, 'from', 'to');
  }
  if (!cursor.acceptWords('for', 'system_time')) return [];
  if (cursor.accept('all')) return [];
  if (cursor.acceptWords('as', 'of')) return [parsePointInTime(cursor)];
  return cursor.isWord('between') ? parseRange(cursor, 'between', 'and') : parseRange(cursor, 'from', 'to');
}

function parseRange(cursor: TokenCursor, before: string, between: string): Expression[] {
  cursor.expect(before);
  const from = parsePointInTime(cursor);
  cursor.expect(between);
  return [from, parsePointInTime(cursor)];
}

/** `x`, `TIMESTAMP x`, `TRANSACTION x`. */
export function parsePointInTime(cursor: TokenCursor): Expression {
  cursor.accept('transaction');
  if (cursor.isWord('timestamp') && cursor.peek(1).kind !== 'string' && !cursor.isSymbol('(', 1)) cursor.next();
  return cursor.grammar.operand(cursor);
}

/** `AS a (x, y)`, `a`, when it stands here. */
export function parseTableAlias(cursor: TokenCursor): { readonly alias?: Alias } {
  const isMarked = cursor.accept('as');
  const isWindow = cursor.isMariaDb && cursor.isWord('window');
  if (!isMarked && (isWindow || !isName(cursor))) return {};
  const name = readTableAlias(cursor);
  return { alias: { name, columns: cursor.isSymbol('(') ? readColumnList(cursor) : [] } };
}

/** `USE INDEX FOR JOIN (a, b)`, `FORCE KEY (PRIMARY)`, any number of them. */
function skipIndexHints(cursor: TokenCursor): void {
  while (cursor.isWord('use') || cursor.isWord('force') || cursor.isWord('ignore')) {
    if (!cursor.isWord('index', 1) && !cursor.isWord('key', 1)) return;
    cursor.next();
    cursor.next();
    if (cursor.accept('for') && !cursor.accept('join') && !cursor.acceptWords('order', 'by')) cursor.expect('group', 'by');
    cursor.parenthesised(() => {
      if (!cursor.isSymbol(')')) cursor.list(() => (cursor.accept('primary') ? '' : readName(cursor)));
    });
  }
}
