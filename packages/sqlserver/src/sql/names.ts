import type { NameParts, TypeName } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';

/** Names of T-SQL: one to four parts (`server.database.schema.object`), of which those in the middle may be empty ("Database Identifiers"). */

const MAX_PARTS = 4;

/**
 * A name as the model has it: lower case, without the blanks at its end, which comparing ignores. Under a collation that tells cases apart two
 * objects may fall together; facts then claim both. The catalogue folds with the same function.
 */
export function foldName(name: string): string {
  return name.replace(/ +$/, '').toLowerCase();
}

/** An identifier: a word that is not reserved, or a quoted one. */
export function parseIdentifier(cursor: TokenCursor): string {
  if (!cursor.isIdentifier()) throw cursor.fail('expected a name');
  return foldName(cursor.next().text);
}

/** An identifier that names a relation or an alias of one: `[@t]` would be taken for the variable `@t`, and is refused. */
export function parseRelationIdentifier(cursor: TokenCursor): string {
  const name = parseIdentifier(cursor);
  if (name.startsWith('@')) throw cursor.limit('rename what begins with @ as if it were a variable');
  return name;
}

/** The parts of a name up to where no dot follows: `a`, `a.b`, `a..b`, `..b`; empty parts in the middle are `''`. */
export function parseName(cursor: TokenCursor, part: (cursor: TokenCursor) => string = parseIdentifier): NameParts {
  const parts: string[] = [];
  while (cursor.acceptSymbol('.')) {
    // Parts that are left out at the beginning are those of the session, as if no dot were there.
  }
  for (;;) {
    parts.push(part(cursor));
    if (parts.length > MAX_PARTS) throw cursor.fail('expected a name of at most four parts');
    if (!cursor.acceptSymbol('.')) return parts;
    while (cursor.acceptSymbol('.')) parts.push('');
  }
}

/**
 * The name of a table, view, synonym or routine. Temporary tables keep their `#`, table variables their `@`; `db..t` is `['db', '', 't']`.
 */
export function parseRelationName(cursor: TokenCursor): NameParts {
  if (cursor.isVariable()) return [cursor.next().text];
  return parseName(cursor, parseRelationIdentifier);
}

/** A variable without its mark: `@x` is `x`. */
export function parseVariableName(cursor: TokenCursor): string {
  if (!cursor.isVariable()) throw cursor.fail('expected a variable');
  return cursor.next().text.slice(1);
}

/** A name of a column, also `$node_id` and its kin. */
export function parseColumnName(cursor: TokenCursor): string {
  const { kind, text } = cursor.peek();
  if (kind === 'word' && text.startsWith('$')) return cursor.next().text;
  return parseIdentifier(cursor);
}

/** `(a, b)`. */
export function parseColumnNames(cursor: TokenCursor): string[] {
  return cursor.parenthesised((inner) => inner.list((each) => each.bind(parseColumnName(each))));
}

/** Types that cut or round a value when they are written without a length: `CAST(x AS varchar)` keeps 30 characters. */
const CUTTING_TYPES = new Set(['char', 'character', 'varchar', 'nchar', 'nvarchar', 'binary', 'varbinary', 'decimal', 'dec', 'numeric']);

/** A data type ("Data types (Transact-SQL)") with its length, and the spellings of several words. */
export function parseTypeName(cursor: TokenCursor): TypeName {
  const name = typeWords(cursor) ?? parseName(cursor);
  const arguments_ = cursor.isSymbol('(') ? typeArguments(cursor) : undefined;
  const last = name.at(-1) ?? '';
  const modified = arguments_ === undefined ? name.length === 1 && CUTTING_TYPES.has(last) : !arguments_.includes('max');
  return { name, array: false, ...(modified && { modified }) };
}

/** `NATIONAL CHARACTER VARYING`, `DOUBLE PRECISION`, `CHAR VARYING`, `BINARY VARYING`, `CURSOR`. */
function typeWords(cursor: TokenCursor): NameParts | undefined {
  if (cursor.acceptWord('double')) {
    cursor.expectWord('precision');
    return ['float'];
  }
  if (cursor.acceptWord('cursor')) return ['cursor'];
  const national = cursor.acceptWord('national');
  if (!national && !cursor.isWordAt(1, 'varying')) return undefined;
  const base = cursor.expectOneOf('char', 'character', 'nchar', 'binary', 'text');
  const varying = cursor.acceptWord('varying');
  if (base === 'text') return ['ntext'];
  if (base === 'binary') return ['varbinary'];
  const letter = national || base === 'nchar' ? 'n' : '';
  return [varying ? `${letter}varchar` : `${letter}char`];
}

/** Lengths, and what describes XML: `(10, 2)`, `(max)`, `(CONTENT schema.collection)`. A query in parentheses is no part of the type. */
function typeArguments(cursor: TokenCursor): string[] {
  return cursor.parenthesised((inner) => inner.list(typeArgument));
}

function typeArgument(cursor: TokenCursor): string {
  if (cursor.peek().kind === 'integer') return cursor.next().text;
  if (cursor.isWord('content', 'document') && cursor.isIdentifier(1)) cursor.next();
  if (!cursor.isIdentifier()) throw cursor.fail('expected the length of a type');
  return parseName(cursor).join('.');
}
