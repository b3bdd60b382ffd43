import type { ColumnDefinition, CreateTable, NameParts, Statement, TypeName } from '@sqlwarden/core';
import type { TableElements } from './create-element.js';
import { parseTableElements } from './create-table-elements.js';
import type { TokenCursor } from './cursor.js';
import { parseColumnNames } from './names.js';
import { parseConstant } from './execute-constant.js';
import { skipQueryHints } from './hints.js';
import { parseNewName, parseObjectName } from './object-name.js';
import { skipParentheses } from './skip.js';
import { skipStorage } from './skip-storage.js';

/** CREATE TABLE in its forms, and CREATE EXTERNAL TABLE. */

const NO_ELEMENTS: TableElements = { columns: [], expressions: [], foreignKeys: [] };

/** Behind `CREATE TABLE`. */
export function parseCreateTable(cursor: TokenCursor, start: number): Statement {
  const name = parseNewName(cursor);
  if (cursor.isWord('with') || isNameList(cursor)) return parseCreateTableAs(cursor, start, name);
  const clone = cursor.acceptPhrase('as', 'clone', 'of');
  const columnsOf = clone ? [parseObjectName(cursor)] : [];
  if (clone && cursor.acceptWord('at')) parseConstant(cursor);
  const elements = cursor.isSymbol('(') ? parseTableElements(cursor) : NO_ELEMENTS;
  const options = parseTableOptions(cursor);
  if (cursor.isWord('as')) throw cursor.limit('this form of CREATE TABLE AS is not understood');
  const columns = [...options.columns, ...elements.columns];
  return createTable(cursor, start, name, { ...elements, columns }, options.relations, columnsOf);
}

const IDENTIFIER: TypeName = { name: ['nvarchar'], array: false };

/** "Graph edge table", "FileTables": what `*` begins with. The server makes the identifiers of nodes and edges itself. */
const SPECIAL_COLUMNS: Readonly<Record<string, readonly ColumnDefinition[]>> = {
  node: [{ name: '$node_id', type: IDENTIFIER, implicit: true }],
  edge: [
    { name: '$edge_id', type: IDENTIFIER, implicit: true },
    { name: '$from_id', type: IDENTIFIER },
    { name: '$to_id', type: IDENTIFIER },
  ],
  filetable:
    `stream_id file_stream name path_locator parent_path_locator file_type cached_file_size creation_time last_write_time last_access_time
    is_directory is_offline is_hidden is_readonly is_archive is_system is_temporary`
      .split(/\s+/)
      .map((name) => ({ name, type: { name: ['unknown'], array: false } })),
};

function createTable(
  cursor: TokenCursor,
  start: number,
  name: NameParts,
  elements: TableElements,
  references: readonly NameParts[],
  columnsOf: readonly NameParts[],
): CreateTable {
  return {
    kind: 'create-table',
    span: cursor.spanFrom(start),
    name,
    objectKind: 'table',
    columns: elements.columns,
    columnsOf,
    expressions: elements.expressions,
    ...(elements.foreignKeys.length > 0 && { foreignKeys: elements.foreignKeys }),
    references,
    ifNotExists: false,
    temporary: isTemporary(name),
  };
}

function isTemporary(name: NameParts): boolean {
  return name.at(-1)?.startsWith('#') === true;
}

/** `(a, b, c)`: names without types, as only CREATE TABLE … AS SELECT has them. */
function isNameList(cursor: TokenCursor): boolean {
  if (!cursor.isSymbol('(') || !cursor.isIdentifier(1) || cursor.isWordAt(1, 'timestamp', 'rowversion')) return false;
  return cursor.isSymbol(',', 2) || cursor.isSymbol(')', 2);
}

/** `CREATE TABLE t [(names)] WITH (…) AS SELECT …` (Azure Synapse). */
function parseCreateTableAs(cursor: TokenCursor, start: number, name: NameParts): Statement {
  const columns = cursor.isSymbol('(') ? parseColumnNames(cursor) : [];
  parseTableOptions(cursor);
  cursor.expectWord('as');
  const query = cursor.grammar.query(cursor);
  skipQueryHints(cursor);
  return {
    kind: 'create-table-as',
    span: cursor.spanFrom(start),
    objectKind: 'table',
    name,
    columns,
    source: { kind: 'query', query },
    ifNotExists: false,
    temporary: isTemporary(name),
    withData: true,
  };
}

interface TableOptions {
  /** Tables that the options name. */
  readonly relations: readonly NameParts[];
  /** Columns that stand before those of the text. */
  readonly columns: readonly ColumnDefinition[];
}

/** What follows the parentheses: storage, `AS NODE | EDGE | FILETABLE`, WITH. */
function parseTableOptions(cursor: TokenCursor): TableOptions {
  const relations: NameParts[] = [];
  let columns: readonly ColumnDefinition[] = [];
  for (;;) {
    skipStorage(cursor);
    if (cursor.isWord('as') && cursor.isWordAt(1, 'node', 'edge', 'filetable')) {
      cursor.next();
      columns = SPECIAL_COLUMNS[cursor.next().text] ?? [];
    } else if (cursor.isWord('with') && cursor.isSymbol('(', 1)) {
      cursor.next();
      relations.push(...parseOptionRelations(cursor));
    } else return { relations, columns };
  }
}

/** Options in parentheses; those that name a relation (`HISTORY_TABLE = t`, `LEDGER_VIEW = v (…)`) give it. */
export function parseOptionRelations(cursor: TokenCursor): NameParts[] {
  const relations: NameParts[] = [];
  let depth = 0;
  do {
    if (cursor.isWord('history_table', 'ledger_view') && cursor.isSymbol('=', 1)) {
      cursor.next();
      cursor.next();
      relations.push(parseObjectName(cursor));
      continue;
    }
    if (cursor.isSymbol('(')) depth += 1;
    else if (cursor.isSymbol(')')) depth -= 1;
    else if (cursor.isWord('select', 'exec', 'execute') || cursor.isSymbol(';') || cursor.atEnd) throw cursor.fail('expected )');
    cursor.next();
  } while (depth > 0);
  return relations;
}

/** Behind `CREATE EXTERNAL TABLE`: rows that stand elsewhere; with AS SELECT they are written there. */
export function parseCreateExternalTable(cursor: TokenCursor, start: number): Statement {
  const name = parseNewName(cursor);
  const named = isNameList(cursor);
  if (named) parseColumnNames(cursor);
  const elements = !named && cursor.isSymbol('(') ? parseTableElements(cursor) : NO_ELEMENTS;
  cursor.expectWord('with');
  skipParentheses(cursor);
  const table = { ...createTable(cursor, start, name, elements, [], []), objectKind: 'foreign table' as const };
  if (!cursor.acceptWord('as')) return table;
  const query = cursor.grammar.query(cursor);
  skipQueryHints(cursor);
  const span = cursor.spanFrom(start);
  const exported: Statement = {
    kind: 'copy',
    span,
    direction: 'to',
    what: { kind: 'statement', statement: { kind: 'select', span, query } },
    endpoint: { kind: 'file' },
    options: [],
  };
  return { kind: 'block', span, statements: [exported, { ...table, span }], handlers: [] };
}
