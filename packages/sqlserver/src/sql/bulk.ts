import type { Copy, NameParts, Statement } from '@sqlwarden/core';
import { parseColumnDefinition } from './create-column.js';
import type { TokenCursor } from './cursor.js';
import { parseColumnNames, parseRelationName } from './names.js';
import { skipParentheses, skipWithOptions } from './skip.js';

/** Rows from files and from the client's stream: BULK INSERT, INSERT BULK, COPY INTO. */

function load(
  cursor: TokenCursor,
  start: number,
  name: NameParts,
  columns: readonly string[] | undefined,
  endpoint: Copy['endpoint']['kind'],
): Copy {
  return {
    kind: 'copy',
    span: cursor.spanFrom(start),
    direction: 'from',
    what: { kind: 'relation', name, ...(columns !== undefined && { columns }) },
    endpoint: { kind: endpoint },
    options: [],
  };
}

/** `BULK INSERT relation FROM 'file' [WITH (options)]` ("BULK INSERT"): the file is one that the server reads. */
export function parseBulkInsert(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  cursor.expectWord('insert');
  const name = parseRelationName(cursor);
  cursor.expectWord('from');
  skipFile(cursor);
  skipWithOptions(cursor);
  return load(cursor, start, name, undefined, 'file');
}

/** A string, or a word or number that stands for its own text. */
function skipFile(cursor: TokenCursor): void {
  if (!cursor.isString() && !cursor.isIdentifier() && cursor.peek().kind !== 'integer') throw cursor.fail('expected a file');
  cursor.next();
}

/** `INSERT BULK relation (columns) [WITH (options)]` ([MS-TDS] 2.2.6.1): the client sends the rows next. */
export function parseInsertBulk(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  cursor.expectWord('bulk');
  const name = parseRelationName(cursor);
  const columns = cursor.isSymbol('(') ? bulkColumns(cursor) : undefined;
  skipWithOptions(cursor);
  return load(cursor, start, name, columns, 'stream');
}

/** `(name type [COLLATE …], …)`. */
function bulkColumns(cursor: TokenCursor): string[] {
  return cursor.parenthesised((inside) => inside.list(parseColumnDefinition)).map((column) => column.definition.name);
}

/** `COPY INTO relation [(columns)] FROM 'address', … [WITH (…)]` (Azure Synapse). */
export function parseCopyInto(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  cursor.expectWord('into');
  const name = parseRelationName(cursor);
  const columns = cursor.isSymbol('(') ? copyColumns(cursor) : undefined;
  cursor.expectWord('from');
  cursor.list(skipFile);
  if (cursor.acceptWord('with')) skipParentheses(cursor);
  return load(cursor, start, name, columns, 'file');
}

/** `(name [DEFAULT value] [field number], …)`: with values among them every column may be written. */
function copyColumns(cursor: TokenCursor): string[] | undefined {
  if (cursor.isIdentifier(1) && (cursor.isSymbol(',', 2) || cursor.isSymbol(')', 2))) return parseColumnNames(cursor);
  skipParentheses(cursor);
  return undefined;
}
