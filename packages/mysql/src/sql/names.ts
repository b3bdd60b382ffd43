import type { NameParts } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { isReserved } from './keywords.js';
import type { LexicalState } from './lexical-state.js';
import { ParseError } from './parse-error.js';

/**
 * Names as the model has them. MySQL Reference Manual, "Identifier Case Sensitivity": names of columns, indexes, routines, events, cursors,
 * variables and aliases of columns are the same in any letter case; those of schemas, tables, views, triggers and aliases of tables when
 * lower_case_table_names says so.
 */

/** Letters whose lower case is not the same for the servers and for Unicode. */
const DISPUTED_LETTERS = /[\u0130\u0131\u017f\u03f4\u1e9e\u2126\u212a\u212b]/;

/** Folds the name of a column, routine, index, or any other that is the same in any letter case. */
export function foldName(name: string): string {
  return name.toLowerCase();
}

/** Folds the name of a schema, table, view, trigger, or the alias of a table. */
export function foldRelation(name: string, state: LexicalState): string {
  return state.lowerCaseTableNames === 0 ? name : name.toLowerCase();
}

/** A name can stand here: it is quoted, or no reserved word. */
export function isName(cursor: TokenCursor, ahead = 0): boolean {
  const token = cursor.peek(ahead);
  return token.kind === 'name' || (token.kind === 'word' && !isReserved(cursor, ahead));
}

/** Reads one name as it is written, without quotes. */
export function readName(cursor: TokenCursor): string {
  if (!isName(cursor)) cursor.fail('a name');
  return rawName(cursor);
}

/** Reads one name that may be a reserved word, too: what stands behind `@@`, and names of options. */
export function readAnyName(cursor: TokenCursor): string {
  const { kind } = cursor.peek();
  if (kind !== 'name' && kind !== 'word') cursor.fail('a name');
  return rawName(cursor);
}

function rawName(cursor: TokenCursor): string {
  const token = cursor.next();
  const name = token.kind === 'word' ? cursor.text.slice(token.start, token.end) : token.text;
  if (DISPUTED_LETTERS.test(name)) throw new ParseError('limit', 'a name has a letter whose lower case is disputed', token.start);
  return name;
}

/** The name of a column, alias of a column, index, variable of a routine, label, cursor: folded. */
export function readColumnName(cursor: TokenCursor): string {
  return foldName(readName(cursor));
}

/** The name of a schema, or the alias of a table: folded where the server folds it. */
export function readSchemaName(cursor: TokenCursor): string {
  return foldRelation(readName(cursor), cursor.state);
}

/** `table`, `schema.table`, and the older `.table`. */
export function readRelationName(cursor: TokenCursor): NameParts {
  if (cursor.acceptSymbol('.')) return [foldRelation(readName(cursor), cursor.state)];
  const first = readSchemaName(cursor);
  if (!cursor.acceptSymbol('.')) return [first];
  return [first, foldRelation(readName(cursor), cursor.state)];
}

/** `routine`, `schema.routine`; the name itself is the same in any letter case. */
export function readRoutineName(cursor: TokenCursor): NameParts {
  const first = readName(cursor);
  if (!cursor.acceptSymbol('.')) return [foldName(first)];
  return [foldRelation(first, cursor.state), foldName(readName(cursor))];
}

/** `(a, b)`, folded. */
export function readColumnList(cursor: TokenCursor): string[] {
  return cursor.parenthesised(() => cursor.list(() => readColumnName(cursor)));
}
