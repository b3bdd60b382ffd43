import type { ColumnDefinition, Expression, NameParts, TypeName } from '@sqlwarden/core';
import { parseCheck, parseIndexColumns, parseIndexDefinition, parseKeyConstraint, parseReferences } from './create-constraint.js';
import type { TokenCursor } from './cursor.js';
import { parseColumnName } from './create-element.js';
import { parseIdentifier, parseTypeName } from './names.js';
import { skipParentheses } from './skip.js';

/** Columns of tables and table types ("CREATE TABLE": column_definition, computed_column_definition). */

interface Column {
  readonly cursor: TokenCursor;
  notNull: boolean;
  default?: Expression;
  readonly expressions: Expression[];
  readonly references: NameParts[];
}

/** What a computed column has instead of a type. */
const COMPUTED: TypeName = { name: ['computed'], array: false };

/** `name type options`, `name AS expression options`; `timestamp` alone is a column of that name and type. */
export function parseColumnDefinition(cursor: TokenCursor): ColumnDefinition {
  const name = parseColumnName(cursor);
  const column: Column = { cursor, notNull: false, expressions: [], references: [] };
  const type = columnType(column, name);
  while (option(column));
  const { expressions, references } = column;
  return {
    name,
    type,
    ...(column.notNull && { notNull: true }),
    ...(expressions.length > 0 && { expressions }),
    ...(column.default !== undefined && { default: column.default }),
    ...(references.length > 0 && { references }),
  };
}

function columnType(column: Column, name: string): TypeName {
  const { cursor } = column;
  if (cursor.acceptWord('as')) {
    column.default = cursor.grammar.expression(cursor);
    column.expressions.push(column.default);
    cursor.acceptWord('persisted');
    return COMPUTED;
  }
  if (cursor.isIdentifier() || cursor.isWord('national', 'double')) return parseTypeName(cursor);
  if (name !== 'timestamp') throw cursor.fail('expected a type');
  return { name: [name], array: false };
}

type ParseOption = (column: Column) => void;

const skipWord: ParseOption = () => undefined;

/** Each behind its first word. */
const OPTIONS: ReadonlyMap<string, ParseOption> = new Map<string, ParseOption>([
  ['null', skipWord],
  ['not', notOption],
  ['collate', ({ cursor }) => parseIdentifier(cursor)],
  ['sparse', skipWord],
  ['filestream', skipWord],
  ['persisted', skipWord],
  ['rowguidcol', skipWord],
  ['hidden', skipWord],
  ['enforced', skipWord],
  ['identity', identity],
  ['masked', ({ cursor }) => optionalParentheses(cursor, 'with')],
  ['encrypted', ({ cursor }) => optionalParentheses(cursor, 'with')],
  ['generated', ({ cursor }) => skipGenerated(cursor)],
  ['column_set', ({ cursor }) => cursor.expectWord('for', 'all_sparse_columns')],
  ['constraint', ({ cursor }) => parseIdentifier(cursor)],
  ['default', defaultValue],
  ['primary', ({ cursor }) => key(cursor)],
  ['unique', ({ cursor }) => parseKeyConstraint(cursor)],
  ['check', (column) => column.expressions.push(parseCheck(column.cursor))],
  ['foreign', foreignKey],
  ['references', (column) => column.references.push(parseReferences(column.cursor))],
  ['index', (column) => column.expressions.push(...parseIndexDefinition(column.cursor))],
]);

/** Reads an option of the column when one stands here. */
function option(column: Column): boolean {
  const { cursor } = column;
  const { kind, text } = cursor.peek();
  const parse = kind === 'word' ? OPTIONS.get(text) : undefined;
  if (parse === undefined) return false;
  cursor.next();
  parse(column);
  return true;
}

/** `NOT NULL`, `NOT FOR REPLICATION`, `NOT ENFORCED`. */
function notOption(column: Column): void {
  const { cursor } = column;
  if (cursor.acceptWord('null')) column.notNull = true;
  else if (!cursor.acceptPhrase('for', 'replication')) cursor.expectWord('enforced');
}

/** `IDENTITY [(seed, increment)]`; neither is an expression. */
function identity({ cursor }: Column): void {
  if (cursor.isSymbol('(')) skipParentheses(cursor);
}

function optionalParentheses(cursor: TokenCursor, word: string): void {
  if (cursor.acceptWord(word)) skipParentheses(cursor);
}

/** Behind GENERATED: `ALWAYS AS {ROW | TRANSACTION_ID | SEQUENCE_NUMBER} {START | END}`. */
export function skipGenerated(cursor: TokenCursor): void {
  cursor.expectWord('always', 'as');
  cursor.expectOneOf('row', 'transaction_id', 'sequence_number', 'suser_sid', 'suser_sname');
  cursor.expectOneOf('start', 'end');
}

/** `DEFAULT expression [WITH VALUES]`; FOR names the column where the constraint is added to a table. */
function defaultValue(column: Column): void {
  const { cursor } = column;
  column.default = cursor.grammar.value(cursor);
  column.expressions.push(column.default);
  if (cursor.acceptWord('with')) cursor.expectWord('values');
}

function key(cursor: TokenCursor): void {
  cursor.expectWord('key');
  parseKeyConstraint(cursor);
}

function foreignKey(column: Column): void {
  const { cursor } = column;
  cursor.expectWord('key');
  if (cursor.isSymbol('(')) parseIndexColumns(cursor);
  cursor.expectWord('references');
  column.references.push(parseReferences(cursor));
}
