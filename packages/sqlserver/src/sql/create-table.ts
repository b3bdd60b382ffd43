import type { CreateTable, NameParts, Statement } from '@sqlwarden/core';
import { parseColumnNames, type TableElements } from './create-element.js';
import { parseTableElements } from './create-table-elements.js';
import type { TokenCursor } from './cursor.js';
import { parseConstant } from './execute-constant.js';
import { skipQueryHints } from './hints.js';
import { parseObjectName } from './object-name.js';
import { skipParentheses } from './skip.js';
import { skipStorage } from './skip-storage.js';

/** CREATE TABLE in its forms, and CREATE EXTERNAL TABLE. */

const NO_ELEMENTS: TableElements = { columns: [], expressions: [], references: [] };

/** Behind `CREATE TABLE`. */
export function parseCreateTable(cursor: TokenCursor, start: number): Statement {
  const name = parseObjectName(cursor);
  if (cursor.isWord('with') || isNameList(cursor)) return parseCreateTableAs(cursor, start, name);
  const clone = cursor.acceptPhrase('as', 'clone', 'of');
  const columnsOf = clone ? [parseObjectName(cursor)] : [];
  if (clone && cursor.acceptWord('at')) parseConstant(cursor);
  const elements = cursor.isSymbol('(') ? parseTableElements(cursor) : NO_ELEMENTS;
  const options = parseTableOptions(cursor);
  if (cursor.isWord('as')) throw cursor.limit('this form of CREATE TABLE AS is not understood');
  return createTable(cursor, start, name, elements, [...elements.references, ...options], columnsOf);
}

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
    references,
    ifNotExists: false,
    temporary: isTemporary(name),
  };
}

export function isTemporary(name: NameParts): boolean {
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

/** What follows the parentheses: storage, `AS NODE | EDGE | FILETABLE`, WITH. Gives the tables that the options name. */
function parseTableOptions(cursor: TokenCursor): NameParts[] {
  const relations: NameParts[] = [];
  for (;;) {
    skipStorage(cursor);
    if (cursor.isWord('as') && cursor.isWordAt(1, 'node', 'edge', 'filetable')) {
      cursor.next();
      cursor.next();
    } else if (cursor.isWord('with') && cursor.isSymbol('(', 1)) {
      cursor.next();
      relations.push(...parseOptionRelations(cursor));
    } else return relations;
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
  const name = parseObjectName(cursor);
  const named = isNameList(cursor);
  if (named) parseColumnNames(cursor);
  const elements = !named && cursor.isSymbol('(') ? parseTableElements(cursor) : NO_ELEMENTS;
  cursor.expectWord('with');
  skipParentheses(cursor);
  const table = { ...createTable(cursor, start, name, elements, elements.references, []), objectKind: 'foreign table' as const };
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
