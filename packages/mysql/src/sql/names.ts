import type { NameParts } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { isReserved } from './keywords.js';
import type { LexicalState } from './lexical-state.js';
import { ParseError } from './parse-error.js';

/**
 * Names as the model has them. MySQL Reference Manual, "Identifier Case Sensitivity": names of columns, indexes, routines, events, cursors,
 * variables and aliases of columns are the same in any letter case; those of schemas, tables, views, triggers and aliases of tables when
 * lower_case_table_names says so. INFORMATION_SCHEMA and its views are the same in any letter case everywhere ("Using INFORMATION_SCHEMA"); the
 * other system schemas are not.
 */

const INFORMATION_SCHEMA = 'information_schema';

/** Letters whose lower case is not the same for the servers and for Unicode. */
const DISPUTED_LETTERS = /[\u0130\u0131\u017f\u03f4\u1e9e\u2126\u212a\u212b]/;

/** Folds the name of a column, routine, index, or any other that is the same in any letter case. */
export function foldName(name: string): string {
  return name.toLowerCase();
}

/** Folds the name of a table, view, trigger, or the alias of a table. */
export function foldRelation(name: string, state: LexicalState): string {
  return state.lowerCaseTableNames === 0 ? name : name.toLowerCase();
}

/** Folds the name of a schema. */
export function foldSchema(name: string, state: LexicalState): string {
  const lower = name.toLowerCase();
  return lower === INFORMATION_SCHEMA ? lower : foldRelation(name, state);
}

/**
 * Folds what stands before the name of a column. A view of INFORMATION_SCHEMA is known by the name that it is written with in FROM: a schema
 * before it tells nothing more ({@link readRelation}).
 */
export function foldQualifier(parts: readonly string[], state: LexicalState): string[] {
  const [schema = '', ...rest] = parts;
  const isSystem = rest.length > 0 && foldSchema(schema, state) === INFORMATION_SCHEMA;
  return (isSystem ? rest : parts).map((part) => foldRelation(part, state));
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

/** The name of a schema: folded where the server folds it. */
export function readSchemaName(cursor: TokenCursor): string {
  return foldSchema(readName(cursor), cursor.state);
}

/** The alias of a table, or the name of a common table: folded where the server folds it. */
export function readTableAlias(cursor: TokenCursor): string {
  return foldRelation(readName(cursor), cursor.state);
}

/** `table`, `schema.table`, and the older `.table`. */
export function readRelationName(cursor: TokenCursor): NameParts {
  return readRelation(cursor).name;
}

/** A relation, and what columns call it by where it has no alias: its own name as it is written. */
export function readRelation(cursor: TokenCursor): { readonly name: NameParts; readonly shown: string } {
  if (cursor.acceptSymbol('.')) return unqualified(cursor, readName(cursor));
  const first = readName(cursor);
  if (!cursor.acceptSymbol('.')) return unqualified(cursor, first);
  const schema = foldSchema(first, cursor.state);
  const shown = foldRelation(readName(cursor), cursor.state);
  return { name: relationIn(schema, shown), shown };
}

/** The name of a relation, folded as others are, in a schema. */
export function relationIn(schema: string, relation: string): NameParts {
  return [schema, schema === INFORMATION_SCHEMA ? relation.toLowerCase() : relation];
}

function unqualified(cursor: TokenCursor, written: string): { readonly name: NameParts; readonly shown: string } {
  const name = foldRelation(written, cursor.state);
  return { name: [name], shown: name };
}

/** `routine`, `schema.routine`; the name itself is the same in any letter case. */
export function readRoutineName(cursor: TokenCursor): NameParts {
  const first = readName(cursor);
  if (!cursor.acceptSymbol('.')) return [foldName(first)];
  return [foldSchema(first, cursor.state), foldName(readName(cursor))];
}

/** `(a, b)`, folded. */
export function readColumnList(cursor: TokenCursor): string[] {
  return cursor.parenthesised(() => cursor.list(() => readColumnName(cursor)));
}
