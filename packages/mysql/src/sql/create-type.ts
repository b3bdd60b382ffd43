import type { TypeName } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { readAnyName } from './names.js';

/** Types of columns, parameters and variables. MySQL Reference Manual, "Data Types"; MariaDB, "Data Types". */

/** Words that go on a type of several words, by its first. */
const CONTINUATIONS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  double: [['precision']],
  char: [['varying']],
  character: [['varying']],
  nchar: [['varying'], ['varchar']],
  varchar: [],
  national: [['char', 'varying'], ['character', 'varying'], ['char'], ['character'], ['varchar'], ['varcharacter']],
  long: [['char', 'varying'], ['character', 'varying'], ['varchar'], ['varcharacter'], ['varbinary'], ['byte']],
};

const MODIFIERS: ReadonlySet<string> = new Set(['unsigned', 'signed', 'zerofill', 'ascii', 'unicode', 'byte', 'binary']);

/** Reads a type with its length, sign and character set. A collation is an attribute of the column. */
export function readType(cursor: TokenCursor): TypeName {
  const name: string[] = [];
  if (!cursor.isMariaDb || !readReferredType(cursor, name)) readTypeWords(cursor, name);
  const modified = cursor.isSymbol('(');
  if (modified) skipArguments(cursor);
  readModifiers(cursor);
  return { name: [name.join(' ')], array: false, ...(modified && { modified }) };
}

function readTypeWords(cursor: TokenCursor, name: string[]): void {
  const first = readAnyName(cursor).toLowerCase();
  name.push(first);
  if (cursor.isMariaDb && cursor.acceptSymbol('.')) name.push(readAnyName(cursor).toLowerCase());
  const continuations = Object.hasOwn(CONTINUATIONS, first) ? CONTINUATIONS[first] : undefined;
  const found = continuations?.find((words) => cursor.acceptWords(...words));
  if (found !== undefined) name.push(...found);
}

/** MariaDB: `TYPE OF t.a`, `ROW TYPE OF t`: the type of something else. */
function readReferredType(cursor: TokenCursor, name: string[]): boolean {
  const isRow = cursor.areWords('row', 'type', 'of');
  if (!isRow && !cursor.areWords('type', 'of')) return false;
  if (isRow) cursor.next();
  cursor.expect('type', 'of');
  do readAnyName(cursor);
  while (cursor.acceptSymbol('.'));
  name.push(isRow ? 'row type of' : 'type of');
  return true;
}

/** Lengths, the members of ENUM and SET, the fields of a ROW: there are no expressions in them. */
function skipArguments(cursor: TokenCursor): void {
  cursor.parenthesised(() => {
    while (!cursor.isSymbol(')')) {
      if (cursor.isSymbol('(')) cursor.nested(() => skipArguments(cursor));
      else if (cursor.isSymbol(';')) cursor.fail('")"');
      else cursor.next();
    }
  });
}

function readModifiers(cursor: TokenCursor): void {
  for (;;) {
    if (cursor.isWordOf(MODIFIERS)) cursor.next();
    else if (!acceptCharacterSet(cursor)) return;
  }
}

/** `CHARACTER SET [=] x`, `CHARSET [=] x`. */
export function acceptCharacterSet(cursor: TokenCursor): boolean {
  const isLong = cursor.acceptWords('character', 'set') || cursor.acceptWords('char', 'set');
  if (!isLong && !(cursor.isWord('charset') && cursor.accept('charset'))) return false;
  cursor.acceptSymbol('=');
  readNameOrString(cursor);
  return true;
}

/** A name that may be written as a string: of a character set, a collation, an engine, a plugin. Reserved words too (`binary`, `default`). */
export function readNameOrString(cursor: TokenCursor): string {
  return cursor.peek().kind === 'string' ? cursor.next().text : readAnyName(cursor);
}
