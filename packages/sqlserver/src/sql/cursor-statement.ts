import type { DeclareCursor, Expression, Into, Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseConstant } from './execute-constant.js';
import { skipQueryHints } from './hints.js';
import { parseIdentifier, parseVariableName } from './names.js';
import { parseCloseKey, parseOpenKey } from './security-key.js';

/** Cursors of T-SQL ("Cursors (Transact-SQL)"). The name of one that a variable holds is that of the variable with its `@`. */

const CURSOR_OPTIONS = [
  'local',
  'global',
  'forward_only',
  'scroll',
  'static',
  'keyset',
  'dynamic',
  'fast_forward',
  'read_only',
  'scroll_locks',
  'optimistic',
  'type_warning',
  'insensitive',
];

/** What follows the name, or `SET @c =`: `CURSOR options FOR query [FOR READ ONLY | UPDATE [OF columns]]`. */
export function parseCursorDefinition(cursor: TokenCursor, start: number, name: string): DeclareCursor {
  cursor.bind(name);
  while (cursor.isWord(...CURSOR_OPTIONS)) cursor.next();
  cursor.expectWord('cursor');
  while (cursor.isWord(...CURSOR_OPTIONS)) cursor.next();
  cursor.expectWord('for');
  const query = cursor.grammar.query(cursor);
  skipQueryHints(cursor);
  if (!cursor.acceptPhrase('for', 'read', 'only') && !cursor.acceptPhrase('for', 'read_only') && cursor.acceptPhrase('for', 'update')) {
    if (cursor.acceptWord('of')) cursor.list((column) => column.next());
  }
  skipQueryHints(cursor);
  return { kind: 'declare', span: cursor.spanFrom(start), name, query, hold: true };
}

/** `[GLOBAL] name`, or a variable. One that is asked for as GLOBAL is not the one that is declared last where a LOCAL one has its name: nobody knows it. */
function cursorName(cursor: TokenCursor): string {
  if (cursor.isWord('global') && (cursor.isIdentifier(1) || cursor.isVariable(1))) {
    cursor.next();
    return `global ${parseIdentifier(cursor)}`;
  }
  return cursor.isVariable() ? cursor.next().text : parseIdentifier(cursor);
}

export function parseOpen(cursor: TokenCursor): Statement {
  if (cursor.isWordAt(1, 'symmetric', 'master')) return parseOpenKey(cursor);
  const { start } = cursor.next();
  const name = cursorName(cursor);
  return { kind: 'open', span: cursor.spanFrom(start), cursor: name };
}

export function parseClose(cursor: TokenCursor): Statement {
  if (cursor.isWordAt(1, 'symmetric', 'master', 'all')) return parseCloseKey(cursor);
  const { start } = cursor.next();
  const name = cursorName(cursor);
  return { kind: 'close', span: cursor.spanFrom(start), cursor: name, keeps: true };
}

/** Judged as CLOSE: after both there is nothing to fetch from. */
export function parseDeallocate(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  cursor.acceptWord('cursor');
  const name = cursorName(cursor);
  return { kind: 'close', span: cursor.spanFrom(start), cursor: name };
}

/** `FETCH [NEXT | PRIOR | FIRST | LAST | ABSOLUTE n | RELATIVE n] [FROM] cursor [INTO variables]`. */
export function parseFetch(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  const { forward, position } = direction(cursor);
  const name = cursorName(cursor);
  const into = cursor.acceptWord('into') ? cursor.list(intoVariable) : undefined;
  const count = forward ? 1 : null;
  const which = { ...(position !== undefined && { position }), ...(into !== undefined && { into }) };
  return { kind: 'fetch', span: cursor.spanFrom(start), cursor: name, move: false, count, ...which };
}

/** Whether it is the next row, and the number of another. */
function direction(cursor: TokenCursor): { readonly forward: boolean; readonly position?: Expression } {
  const isDirection = !cursor.isWordAt(1, 'into') || cursor.isWordAt(2, 'from');
  let forward = true;
  let position: Expression | undefined;
  if (isDirection && cursor.isWord('absolute', 'relative') && !isLast(cursor)) {
    cursor.next();
    position = parseConstant(cursor);
    forward = false;
  } else if (isDirection && cursor.isWord('next', 'prior', 'first', 'last') && !isLast(cursor)) {
    forward = cursor.next().text === 'next';
  }
  cursor.acceptWord('from');
  return { forward, ...(position !== undefined && { position }) };
}

/** A cursor may be called `next`. */
function isLast(cursor: TokenCursor): boolean {
  const { kind } = cursor.peek(1);
  return kind === 'end' || cursor.isSymbol(';', 1) || cursor.isWordAt(1, 'into');
}

function intoVariable(cursor: TokenCursor): Into {
  return { kind: 'variable', scope: 'local', name: parseVariableName(cursor) };
}
