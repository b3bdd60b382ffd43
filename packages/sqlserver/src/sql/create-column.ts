import type { ColumnDefinition, Expression, ForeignKey, TypeName } from '@sqlwarden/core';
import { parseCheck, parseForeignKey, parseIndexDefinition, parseKeyConstraint, parseReferences } from './create-constraint.js';
import type { TokenCursor } from './cursor.js';
import { parseColumnName, parseIdentifier, parseTypeName } from './names.js';
import { skipParentheses } from './skip.js';

/** Columns of tables and table types ("CREATE TABLE": column_definition, computed_column_definition). */

interface Column {
  readonly cursor: TokenCursor;
  readonly name: string;
  notNull: boolean;
  /** IDENTITY, or computed. */
  implicit: boolean;
  hidden: boolean;
  sparse: boolean;
  columnSet: boolean;
  default?: Expression;
  readonly expressions: Expression[];
  readonly foreignKeys: ForeignKey[];
}

/** A column, and whether it is SPARSE or `COLUMN_SET FOR ALL_SPARSE_COLUMNS`: what that means the other columns of the table decide. */
interface ParsedColumn {
  readonly definition: ColumnDefinition;
  readonly sparse: boolean;
  readonly columnSet: boolean;
}

/** What a computed column has instead of a type. */
const COMPUTED: TypeName = { name: ['computed'], array: false };

/** `name type options`, `name AS expression options`; `timestamp` alone is a column of that name and type. */
export function parseColumnDefinition(cursor: TokenCursor): ParsedColumn {
  const name = cursor.bind(parseColumnName(cursor));
  const flags = { notNull: false, implicit: false, hidden: false, sparse: false, columnSet: false };
  const column: Column = { cursor, ...flags, name, expressions: [], foreignKeys: [] };
  const type = columnType(column, name);
  while (option(column));
  const { sparse, columnSet } = column;
  return { definition: definitionOf(name, type, column), sparse, columnSet };
}

function definitionOf(name: string, type: TypeName, column: Column): ColumnDefinition {
  const { expressions, foreignKeys } = column;
  return {
    name,
    type,
    ...(column.notNull && { notNull: true }),
    ...(column.hidden && { hidden: true }),
    ...(column.implicit && { implicit: true }),
    ...(expressions.length > 0 && { expressions }),
    ...(column.default !== undefined && { default: column.default }),
    ...(foreignKeys.length > 0 && { foreignKeys }),
  };
}

function columnType(column: Column, name: string): TypeName {
  const { cursor } = column;
  if (cursor.acceptWord('as')) {
    column.default = cursor.grammar.expression(cursor);
    column.expressions.push(column.default);
    column.implicit = true;
    cursor.acceptWord('persisted');
    return COMPUTED;
  }
  if (cursor.isIdentifier() || cursor.isWord('national', 'double')) return parseTypeName(cursor);
  if (name !== 'timestamp') throw cursor.fail('expected a type');
  return { name: [name], array: false };
}

type ParseOption = (column: Column) => unknown;

const skipWord: ParseOption = () => undefined;

/** Each behind its first word. */
const OPTIONS: ReadonlyMap<string, ParseOption> = new Map<string, ParseOption>([
  ['null', skipWord],
  ['not', notOption],
  ['collate', ({ cursor }) => parseIdentifier(cursor)],
  ['sparse', (column) => (column.sparse = true)],
  ['filestream', skipWord],
  ['persisted', skipWord],
  ['rowguidcol', skipWord],
  ['hidden', (column) => (column.hidden = true)],
  ['enforced', skipWord],
  ['identity', identity],
  ['masked', ({ cursor }) => optionalParentheses(cursor, 'with')],
  ['encrypted', ({ cursor }) => optionalParentheses(cursor, 'with')],
  ['generated', ({ cursor }) => skipGenerated(cursor)],
  ['column_set', markColumnSet],
  ['constraint', ({ cursor }) => parseIdentifier(cursor)],
  ['default', defaultValue],
  ['primary', ({ cursor }) => key(cursor)],
  ['unique', ({ cursor }) => parseKeyConstraint(cursor)],
  ['check', (column) => column.expressions.push(parseCheck(column.cursor))],
  ['foreign', foreignKey],
  ['references', (column) => column.foreignKeys.push(parseReferences(column.cursor, [column.name]))],
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
function identity(column: Column): void {
  column.implicit = true;
  if (column.cursor.isSymbol('(')) skipParentheses(column.cursor);
}

function markColumnSet(column: Column): void {
  column.cursor.expectWord('for', 'all_sparse_columns');
  column.columnSet = true;
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
  column.foreignKeys.push(parseForeignKey(cursor, [column.name]));
}
