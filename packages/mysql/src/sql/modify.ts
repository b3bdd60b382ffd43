import type {
  Assignment,
  DataModification,
  Delete,
  Expression,
  FromItem,
  JoinedDelete,
  JoinedUpdate,
  OrderItem,
  QueryStatement,
} from '@sqlwarden/core';
import type { NameParts, Returning, Target, Update, With } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { startsQuery } from './expression-parenthesis.js';
import { parseOrderBy } from './expression-window.js';
import { parseFrom, parsePointInTime } from './from.js';
import { parseInsert } from './insert.js';
import { parseAssignments } from './modify-assignment.js';
import { foldRelation, readName, readSchemaName } from './names.js';
import { parseQueryStatement, parseWith } from './query.js';
import { parseCount } from './query-tail.js';
import { parseReturningItems } from './select.js';

export { parseAssignments };

/** Data-modifying statements. MySQL Reference Manual, "UPDATE Statement", "DELETE Statement"; MariaDB, "UPDATE", "DELETE". */

/** Parses a query with INTO, or INSERT, REPLACE, UPDATE or DELETE, also behind WITH; `undefined` when none of them stands here. */
export function parseDataStatement(cursor: TokenCursor): QueryStatement | DataModification | undefined {
  const { start } = cursor.peek();
  if (cursor.isWord('with')) {
    const withClause = parseWith(cursor);
    return parseModification(cursor, withClause, start) ?? parseQueryStatement(cursor, withClause, start);
  }
  if (cursor.isSymbol('(') || startsQuery(cursor)) return parseQueryStatement(cursor);
  return parseModification(cursor);
}

/** Parses INSERT, REPLACE, UPDATE or DELETE; `undefined` when none stands here. `withClause`: what stood before it, from `start` on. */
export function parseModification(cursor: TokenCursor, withClause?: With, start = cursor.peek().start): DataModification | undefined {
  const before = withClause === undefined ? {} : { with: withClause };
  if (cursor.accept('update')) return parseUpdate(cursor, start, before);
  if (cursor.accept('delete')) return parseDelete(cursor, start, before);
  const word = withClause === undefined && !cursor.isSymbol('(', 1) ? cursor.acceptOneOf('insert', 'replace') : undefined;
  return word === undefined ? undefined : parseInsert(cursor, start, word === 'replace');
}

type Before = { readonly with?: With };

interface Tail {
  readonly where?: Expression;
  readonly orderBy?: readonly OrderItem[];
  readonly limit?: Expression;
  readonly returning?: Returning;
}

function parseTail(cursor: TokenCursor): Tail {
  const where = cursor.accept('where') ? { where: cursor.grammar.expression(cursor) } : {};
  const orderBy = parseOrderBy(cursor);
  const limit = cursor.accept('limit') ? { limit: parseCount(cursor) } : {};
  const returning = cursor.isMariaDb && cursor.accept('returning') ? { returning: { items: parseReturningItems(cursor) } } : {};
  return { ...where, ...(orderBy.length > 0 ? { orderBy } : {}), ...limit, ...returning };
}

/** The one table that FROM items are, when nothing but its name and alias is said of it. */
function asTarget(items: readonly FromItem[]): Target | undefined {
  const [only] = items;
  if (only === undefined || items.length > 1 || only.kind !== 'relation' || only.sample !== undefined) return undefined;
  return { name: only.name, only: false, ...(only.alias === undefined ? {} : { alias: only.alias }) };
}

// ---------------------------------------------------------------- UPDATE

function parseUpdate(cursor: TokenCursor, start: number, before: Before): Update | JoinedUpdate {
  cursor.accept('low_priority');
  cursor.accept('ignore');
  const from = parseFrom(cursor);
  cursor.expect('set');
  const set = parseAssignments(cursor);
  const tail = parseTail(cursor);
  const span = cursor.spanFrom(start);
  const target = asTarget(from);
  if (target === undefined) return { kind: 'joined-update', span, ...before, from, set, ...tail };
  return { kind: 'update', span, ...before, target, set: set.map(withoutQualifiers), from: [], ...tail };
}

/** Where one table is written, every assignment means that one. */
function withoutQualifiers({ targets, value }: Assignment): Assignment {
  return { targets: targets.map(({ column, path }) => ({ column, path })), value };
}

// ---------------------------------------------------------------- DELETE

function parseDelete(cursor: TokenCursor, start: number, before: Before): Delete | JoinedDelete {
  while (cursor.acceptOneOf('low_priority', 'quick', 'ignore') !== undefined);
  if (cursor.isMariaDb && cursor.areWords('history', 'from')) cursor.next();
  if (!cursor.accept('from')) {
    const targets = cursor.list(() => readDeleteTarget(cursor).name);
    cursor.expect('from');
    return joinedDelete(cursor, start, before, targets);
  }
  // Behind FROM, a name may be the table whose rows are deleted, or (with USING) an alias of one.
  if (isTargetList(cursor)) {
    const targets = cursor.list(() => readDeleteTarget(cursor).name);
    cursor.expect('using');
    return joinedDelete(cursor, start, before, targets);
  }
  const from = parseFrom(cursor);
  const history = cursor.accept('before') ? { where: parseHistoryPoint(cursor) } : {};
  const target = asTarget(from);
  if (target !== undefined)
    return { kind: 'delete', ...before, target, using: [], ...history, ...parseTail(cursor), span: cursor.spanFrom(start) };
  const [first] = from;
  if (first?.kind !== 'relation' || from.length > 1) return cursor.fail('one table');
  return {
    kind: 'joined-delete',
    ...before,
    targets: [first.alias === undefined ? first.name : [first.alias.name]],
    from,
    ...parseTail(cursor),
    span: cursor.spanFrom(start),
  };
}

function joinedDelete(cursor: TokenCursor, start: number, before: Before, targets: readonly NameParts[]): JoinedDelete {
  return { kind: 'joined-delete', ...before, targets, from: parseFrom(cursor), ...parseTail(cursor), span: cursor.spanFrom(start) };
}

/** `a, b.*` and USING stand here. */
function isTargetList(cursor: TokenCursor): boolean {
  for (let ahead = 0; ; ahead += 1) {
    const { kind, text } = cursor.peek(ahead);
    if (kind === 'word' && text === 'using') return true;
    if (kind === 'operator' ? text !== '.' && text !== '*' && text !== ',' : kind !== 'word' && kind !== 'name') return false;
    if (kind === 'word' && TABLE_TAIL.has(text)) return false;
  }
}

/** Words behind the one table of a DELETE. */
const TABLE_TAIL: ReadonlySet<string> = new Set(['where', 'order', 'limit', 'returning', 'partition', 'for', 'as']);

/** `t`, `s.t`, `t.*`. */
function readDeleteTarget(cursor: TokenCursor): { readonly name: NameParts } {
  if (cursor.acceptSymbol('.')) return { name: [foldRelation(readName(cursor), cursor.state)] };
  const name = [readSchemaName(cursor)];
  while (cursor.acceptSymbol('.')) {
    if (cursor.acceptSymbol('*')) break;
    name.push(foldRelation(readName(cursor), cursor.state));
  }
  return { name };
}

/** `SYSTEM_TIME x`, behind BEFORE: a condition on when rows were deleted. */
function parseHistoryPoint(cursor: TokenCursor): Expression {
  cursor.expect('system_time');
  return { kind: 'construct', name: 'before system_time', operands: [parsePointInTime(cursor)] };
}
