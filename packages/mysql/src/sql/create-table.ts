import type {
  AlterAction,
  ColumnDefinition,
  CreateTable,
  CreateTableAs,
  Expression,
  ForeignKey,
  NameParts,
  Query,
  Statement,
} from '@sqlwarden/core';
import { isTableConstraint, readColumnDefinition, readTableConstraint } from './create-column.js';
import { readPartitioning } from './create-partition.js';
import { readTableOptions } from './create-table-options.js';
import type { TokenCursor } from './cursor.js';
import { readRelationName } from './names.js';
import { asQuery, wholeTable } from './query.js';
import { acceptIfNotExists, dropFirst, inSequence } from './statement-parts.js';

/** CREATE TABLE. MySQL Reference Manual, "CREATE TABLE Statement" and the sections below it; MariaDB, "CREATE TABLE". */

export interface CreateTableWords {
  readonly temporary: boolean;
  /** OR REPLACE: a table of that name is dropped first. */
  readonly replace: boolean;
}

/** What the parentheses of CREATE TABLE hold. */
interface TableContent {
  readonly columns: ColumnDefinition[];
  readonly expressions: Expression[];
  readonly foreignKeys: ForeignKey[];
}

/** Reads a CREATE TABLE behind the word TABLE. */
export function parseCreateTable(cursor: TokenCursor, start: number, words: CreateTableWords): Statement {
  const ifNotExists = acceptIfNotExists(cursor);
  const name = readRelationName(cursor);
  const statements: Statement[] = [];
  if (words.replace) statements.push(dropFirst(cursor, start, name));
  const like = readLike(cursor);
  if (like === undefined) statements.push(...readTable(cursor, start, name, { ...words, ifNotExists }));
  else statements.push(createTable(cursor, start, name, emptyContent(), { temporary: words.temporary, ifNotExists, columnsOf: [like] }));
  return inSequence(cursor, start, statements);
}

/** A table that is made of the rows of another. */
export function createFrom(cursor: TokenCursor, start: number, name: NameParts, from: NameParts): CreateTableAs {
  return createOfQuery(cursor, start, name, emptyContent(), { temporary: false, ifNotExists: false }, asQuery(wholeTable(from)));
}

/** `LIKE t`, `(LIKE t)`. */
function readLike(cursor: TokenCursor): NameParts | undefined {
  if (cursor.isSymbol('(') && cursor.isWord('like', 1)) {
    return cursor.parenthesised(() => {
      cursor.expect('like');
      return readRelationName(cursor);
    });
  }
  return cursor.accept('like') ? readRelationName(cursor) : undefined;
}

interface TableWords {
  readonly temporary: boolean;
  readonly ifNotExists: boolean;
  readonly columnsOf?: readonly NameParts[];
  readonly isForeign?: boolean;
}

function createTable(cursor: TokenCursor, start: number, name: NameParts, content: TableContent, words: TableWords): CreateTable {
  return {
    kind: 'create-table',
    span: cursor.spanFrom(start),
    name,
    objectKind: words.isForeign === true ? 'foreign table' : 'table',
    columns: content.columns,
    columnsOf: words.columnsOf ?? [],
    expressions: content.expressions,
    ...(content.foreignKeys.length > 0 && { foreignKeys: content.foreignKeys }),
    references: [],
    ifNotExists: words.ifNotExists,
    temporary: words.temporary,
  };
}

/** Storage engines whose tables show what lies outside of the server. */
const FOREIGN_ENGINES: ReadonlySet<string> = new Set(['federated', 'federatedx', 'connect', 'spider', 's3']);

function readTable(cursor: TokenCursor, start: number, name: NameParts, words: TableWords): Statement[] {
  const content = isSource(cursor) ? emptyContent() : readContent(cursor);
  const options = readTableOptions(cursor);
  if (cursor.acceptWords('partition', 'by')) content.expressions.push(...readPartitioning(cursor));
  const isForeign = options.engine !== undefined && FOREIGN_ENGINES.has(options.engine);
  const statements: Statement[] = [];
  cursor.acceptOneOf('ignore', 'replace');
  const hasAs = cursor.accept('as');
  if (hasAs || isSource(cursor)) statements.push(createTableAs(cursor, start, name, content, words));
  else statements.push(createTable(cursor, start, name, content, { ...words, isForeign }));
  if (isForeign && statements[0]?.kind === 'create-table-as') {
    statements.push(createTable(cursor, start, name, emptyContent(), { ...words, ifNotExists: true, isForeign }));
  }
  const children = attachments(options.union);
  if (children.length > 0) statements.push(alter(cursor, start, name, children));
  return statements;
}

function emptyContent(): TableContent {
  return { columns: [], expressions: [], foreignKeys: [] };
}

const QUERY_WORDS: ReadonlySet<string> = new Set(['select', 'with', 'values', 'table']);

/** A query stands here, alone or in parentheses; WITH may also begin WITH SYSTEM VERSIONING. */
function isSource(cursor: TokenCursor): boolean {
  let at = 0;
  while (cursor.isSymbol('(', at)) at += 1;
  return cursor.isWordOf(QUERY_WORDS, at) && !(at === 0 && cursor.areWords('with', 'system'));
}

function readContent(cursor: TokenCursor): TableContent {
  const content = emptyContent();
  if (!cursor.isSymbol('(')) return content;
  cursor.parenthesised(() => cursor.list(() => readElement(cursor, content)));
  return content;
}

function readElement(cursor: TokenCursor, content: TableContent): void {
  if (!isTableConstraint(cursor)) {
    content.columns.push(readColumnDefinition(cursor));
    return;
  }
  const { expressions, foreignKeys } = readTableConstraint(cursor);
  content.expressions.push(...expressions);
  content.foreignKeys.push(...foreignKeys);
}

/** A table that is made from a query, with columns of its own in front of those of the query. */
function createTableAs(cursor: TokenCursor, start: number, name: NameParts, content: TableContent, words: TableWords): CreateTableAs {
  return createOfQuery(cursor, start, name, content, words, cursor.grammar.query(cursor));
}

function createOfQuery(
  cursor: TokenCursor,
  start: number,
  name: NameParts,
  content: TableContent,
  words: TableWords,
  query: Query,
): CreateTableAs {
  return {
    kind: 'create-table-as',
    span: cursor.spanFrom(start),
    objectKind: 'table',
    name,
    columns: [],
    ...(content.columns.length > 0 && { definitions: content.columns }),
    ...(content.expressions.length > 0 && { expressions: content.expressions }),
    ...(content.foreignKeys.length > 0 && { foreignKeys: content.foreignKeys }),
    source: { kind: 'query', query },
    ifNotExists: words.ifNotExists,
    temporary: words.temporary,
    withData: true,
  };
}

function alter(cursor: TokenCursor, start: number, name: NameParts, actions: readonly AlterAction[]): Statement {
  return { kind: 'alter-relation', span: cursor.spanFrom(start), objectKind: 'table', name, actions, ifExists: false };
}

/** The tables of UNION=(…) show their rows through this one: the MERGE storage engine. */
export function attachments(union: readonly NameParts[]): AlterAction[] {
  return union.map((relation) => ({ kind: 'attach', relation, as: 'child' }));
}

/** Consumes `WAIT n` and `NOWAIT` of MariaDB: how long to wait for locks. */
export function skipWait(cursor: TokenCursor): void {
  if (cursor.accept('wait')) cursor.next();
  else cursor.accept('nowait');
}
