import type { Argument, Call, Expression, NameParts, OrderItem, Window } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseTypeName } from './expression-type.js';
import { parseOrderBy, parseOver } from './expression-window.js';
import { isName, readColumnName } from './names.js';

/** Calls in the form `name(arguments)`, and what may stand behind them. */

/** Aggregates that take ORDER BY and, in places, LIMIT inside. */
const ORDERED: ReadonlySet<string> = new Set(['group_concat', 'json_arrayagg']);

/** MariaDB's dynamic columns: a type may stand behind an argument. */
const TYPED_ARGUMENTS: ReadonlySet<string> = new Set(['column_create', 'column_add', 'column_get']);

/** The call of a name that was read; the cursor stands at its parenthesis. */
export function parseCall(cursor: TokenCursor, name: NameParts, builtIn: boolean): Call {
  const own = name.at(-1) ?? '';
  const inside = cursor.parenthesised(() => parseInside(cursor, own, builtIn));
  return { kind: 'call', name, ...inside, ...(builtIn ? { builtIn } : {}), ...parseTail(cursor, own, inside.orderBy) };
}

/** A call of a function that is written in a form of its own. */
export function builtInCall(name: string, operands: readonly Expression[]): Call {
  return { kind: 'call', name: [name], arguments: operands.map((expression) => ({ expression })), builtIn: true };
}

function parseInside(cursor: TokenCursor, name: string, builtIn: boolean): Pick<Call, 'arguments' | 'star' | 'distinct' | 'orderBy'> {
  if (cursor.isSymbol(')')) return { arguments: [] };
  if (builtIn && name === 'count' && cursor.acceptSymbol('*')) return { arguments: [], star: true };
  const distinct = cursor.acceptOneOf('distinct', 'all') === 'distinct';
  const items = cursor.list(() => parseArgument(cursor, name));
  const orderBy = ORDERED.has(name) ? parseOrdered(cursor) : [];
  return { arguments: items, ...(distinct ? { distinct } : {}), ...(orderBy.length > 0 ? { orderBy } : {}) };
}

/** An argument. Loadable functions may be told a name for it: `f(a AS b)`. */
function parseArgument(cursor: TokenCursor, name: string): Argument {
  const expression = cursor.grammar.expression(cursor);
  const isMarked = cursor.accept('as');
  if (isMarked && TYPED_ARGUMENTS.has(name)) parseTypeName(cursor);
  else if (cursor.peek().kind === 'string') cursor.next();
  else if (isMarked || (isName(cursor) && !cursor.isWord('separator'))) readColumnName(cursor);
  return { expression };
}

/** `ORDER BY … SEPARATOR ',' LIMIT n` of GROUP_CONCAT. */
function parseOrdered(cursor: TokenCursor): OrderItem[] {
  const orderBy = parseOrderBy(cursor);
  if (cursor.accept('separator')) {
    const { kind } = cursor.next();
    if (kind !== 'string' && kind !== 'hexadecimal' && kind !== 'bits') cursor.fail('a string');
  }
  if (cursor.accept('limit')) {
    cursor.grammar.operand(cursor);
    if (cursor.acceptSymbol(',') || cursor.accept('offset')) cursor.grammar.operand(cursor);
  }
  return orderBy;
}

/** `WITHIN GROUP (ORDER BY x)`, `FROM LAST`, `IGNORE NULLS`, `OVER w`. */
function parseTail(
  cursor: TokenCursor,
  name: string,
  inner: readonly OrderItem[] | undefined,
): { readonly orderBy?: readonly OrderItem[]; readonly over?: Window } {
  const within = cursor.acceptWords('within', 'group') ? cursor.parenthesised(() => parseOrderBy(cursor)) : [];
  const orderBy = [...(inner ?? []), ...within];
  if (name === 'nth_value' && !cursor.acceptWords('from', 'first')) cursor.acceptWords('from', 'last');
  if (!cursor.acceptWords('ignore', 'nulls')) cursor.acceptWords('respect', 'nulls');
  const over = cursor.accept('over') ? { over: parseOver(cursor) } : {};
  return { ...(orderBy.length > 0 ? { orderBy } : {}), ...over };
}
