import type { TypeName } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { readAnyName } from './names.js';

/** Words that stand behind a type and belong to it. */
const ATTRIBUTES: ReadonlySet<string> = new Set(['unsigned', 'signed', 'zerofill', 'binary', 'ascii', 'unicode', 'byte', 'array']);

/** Types of several words: the first word, and those that may follow it. */
const LONGER: ReadonlyMap<string, readonly (readonly string[])[]> = new Map([
  ['double', [['precision']]],
  ['character', [['varying'], ['large', 'object']]],
  ['char', [['varying'], ['byte']]],
  ['nchar', [['varying'], ['varchar'], ['varcharacter']]],
  ['national', [['character', 'varying'], ['char', 'varying'], ['varchar'], ['varcharacter'], ['character'], ['char']]],
  ['long', [['varchar'], ['varbinary'], ['char', 'varying'], ['character', 'varying'], ['char'], ['character']]],
  ['binary', [['varying'], ['large', 'object']]],
  ['signed', [['integer'], ['int']]],
  ['unsigned', [['integer'], ['int']]],
  ['interval', [['day_second']]],
]);

/**
 * A data type as columns, parameters, variables and casts name it, with length, sign, character set and collation. MySQL Reference Manual,
 * "Data Types"; MariaDB, "Data Types". `TYPE OF` and `ROW` types of MariaDB's routines are types of those names.
 */
export function parseTypeName(cursor: TokenCursor): TypeName {
  const name = readAnyName(cursor).toLowerCase();
  for (const words of LONGER.get(name) ?? []) if (cursor.acceptWords(...words)) break;
  if ((name === 'type' || name === 'row') && acceptAnchor(cursor)) return { name: [name], array: false };
  const modified = cursor.isSymbol('(');
  if (modified) skipParentheses(cursor);
  const array = parseAttributes(cursor);
  return { name: [name], array, ...(modified ? { modified } : {}) };
}

/** `TYPE OF t.a`, `ROW TYPE OF t`. */
function acceptAnchor(cursor: TokenCursor): boolean {
  if (!cursor.acceptWords('type', 'of') && !cursor.accept('of')) return false;
  readAnyName(cursor);
  while (cursor.acceptSymbol('.')) readAnyName(cursor);
  return true;
}

/** Lengths, the values of ENUM and SET, the fields of ROW. */
function skipParentheses(cursor: TokenCursor): void {
  cursor.parenthesised(() => {
    while (!cursor.isSymbol(')')) {
      if (cursor.isSymbol('(')) skipParentheses(cursor);
      else cursor.next();
    }
  });
}

/** Whether the type is one of arrays: `CAST(… AS UNSIGNED ARRAY)`. */
function parseAttributes(cursor: TokenCursor): boolean {
  for (let array = false; ; ) {
    if (cursor.isWord('array')) array = true;
    if (cursor.isWordOf(ATTRIBUTES)) cursor.next();
    else if (cursor.accept('charset') || cursor.acceptWords('character', 'set') || cursor.acceptWords('char', 'set')) readCharset(cursor);
    else if (cursor.accept('collate')) readCharset(cursor);
    else return array;
  }
}

function readCharset(cursor: TokenCursor): void {
  if (cursor.peek().kind === 'string') cursor.next();
  else readAnyName(cursor);
}
