import type { Argument, Call, Expression } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseOver, parseOrderBy } from './expression-window.js';
import { parseName, parseTypeName } from './names.js';

/** Calls of functions: the arguments, and what may stand behind them. */

/** Functions whose first argument is the name of a part of a date, no column ("DATEADD (Transact-SQL)" and its kin). */
const DATE_PART_FUNCTIONS = new Set([
  'dateadd',
  'date_bucket',
  'datediff',
  'datediff_big',
  'datename',
  'datepart',
  'datetrunc',
  'timestampadd',
  'timestampdiff',
]);
const COUNTS = new Set(['count', 'count_big']);

/** The arguments at the cursor, as a call of `name`. */
export function parseCalled(cursor: TokenCursor, name: readonly string[]): Call {
  return cursor.parenthesised((inner) => {
    if (inner.isSymbol(')')) return { kind: 'call', name, arguments: [] };
    const only = name.length === 1 ? (name[0] ?? '') : '';
    if (inner.isSymbol('*')) return starCall(inner, name, only);
    const distinct = inner.acceptWord('distinct');
    if (!distinct) inner.acceptWord('all');
    const first = DATE_PART_FUNCTIONS.has(only) ? datePart(inner) : undefined;
    const list = first === undefined ? parseArguments(inner) : [first, ...(inner.acceptSymbol(',') ? parseArguments(inner) : [])];
    const orderBy = inner.isPhrase('order', 'by') ? parseOrderBy(inner) : undefined;
    skipModifiers(inner);
    if (inner.acceptPhrase('use', 'model')) list.push(...modelArguments(inner));
    return { kind: 'call', name, arguments: list, ...(distinct && { distinct }), ...(orderBy && { orderBy }) };
  });
}

/** `USE MODEL name [PARAMETERS value]` of AI_GENERATE_EMBEDDINGS. */
function modelArguments(cursor: TokenCursor): Argument[] {
  parseName(cursor);
  return cursor.acceptWord('parameters') ? parseArguments(cursor) : [];
}

/** `count(*)` counts rows; `CHECKSUM(*)` reads every column. */
function starCall(cursor: TokenCursor, name: readonly string[], only: string): Call {
  cursor.expectSymbol('*');
  if (COUNTS.has(only)) return { kind: 'call', name, arguments: [], star: true };
  return { kind: 'call', name, arguments: [{ expression: { kind: 'star', qualifier: [] } }] };
}

function datePart(cursor: TokenCursor): Argument | undefined {
  if (!cursor.isIdentifier() || !cursor.isSymbol(',', 1)) return undefined;
  return { expression: { kind: 'literal', type: 'other', value: cursor.next().text } };
}

/** Expressions, and the `key : value` of JSON_OBJECTAGG. */
function parseArguments(cursor: TokenCursor): Argument[] {
  const list: Argument[] = [];
  do {
    list.push({ expression: cursor.grammar.expression(cursor) });
    if (cursor.isSymbol(':') && cursor.acceptSymbol(':')) list.push({ expression: cursor.grammar.expression(cursor) });
  } while (cursor.acceptSymbol(','));
  return list;
}

/** Options of JSON functions, which change the form of the result and nothing it derives from. */
const MODIFIERS: readonly (readonly string[])[] = [
  ['null', 'on', 'null'],
  ['absent', 'on', 'null'],
  ['null', 'on', 'error'],
  ['error', 'on', 'error'],
  ['null', 'on', 'empty'],
  ['error', 'on', 'empty'],
  ['with', 'array', 'wrapper'],
  ['with', 'wrapper'],
  ['with', 'unconditional', 'array', 'wrapper'],
  ['without', 'array', 'wrapper'],
  ['without', 'wrapper'],
];

export function skipModifiers(cursor: TokenCursor): void {
  for (;;) {
    if (cursor.acceptWord('returning')) parseTypeName(cursor);
    else if (!MODIFIERS.some((words) => cursor.acceptPhrase(...words))) return;
  }
}

/** `WITHIN GROUP (ORDER BY …)`, `IGNORE NULLS`, `OVER (…)` behind the arguments. */
export function callEnding(cursor: TokenCursor, call: Call): Call {
  let ended = call;
  if (cursor.isPhrase('within', 'group') && cursor.isSymbol('(', 2)) {
    cursor.acceptPhrase('within', 'group');
    // `WITHIN GROUP (GRAPH PATH)`: along the path of a graph query.
    const orderBy = cursor.parenthesised((inner) => (inner.acceptPhrase('graph', 'path') ? undefined : parseOrderBy(inner)));
    if (orderBy !== undefined) ended = { ...ended, orderBy };
  }
  if (!cursor.acceptPhrase('ignore', 'nulls')) cursor.acceptPhrase('respect', 'nulls');
  if (cursor.isWord('over') && cursor.acceptWord('over')) ended = { ...ended, over: parseOver(cursor) };
  return ended;
}

/** The expressions of a call, for what is no call in the model. */
export function operandsOf(call: Call): Expression[] {
  return call.arguments.map((argument) => argument.expression);
}
