import type { Expression } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { readAnyName, readColumnList, readName } from './names.js';
import { atStatementEnd, skipOne } from './statement-parts.js';

/** PARTITION BY and definitions of partitions: MySQL Reference Manual, "CREATE TABLE and Partitioning"; MariaDB, "Partitioning Types". */

/** Reads what stands behind `PARTITION BY`, and gives its expressions; columns of KEY and COLUMNS lists are columns. */
export function readPartitioning(cursor: TokenCursor): Expression[] {
  const expressions = readMethod(cursor);
  while (cursor.acceptOneOf('partitions', 'subpartitions') !== undefined) skipOne(cursor);
  if (cursor.acceptWords('subpartition', 'by')) {
    expressions.push(...readMethod(cursor));
    while (cursor.acceptOneOf('partitions', 'subpartitions') !== undefined) skipOne(cursor);
  }
  if (cursor.isSymbol('(')) expressions.push(...readPartitions(cursor));
  return expressions;
}

function readMethod(cursor: TokenCursor): Expression[] {
  cursor.accept('linear');
  const method = cursor.acceptOneOf('hash', 'key', 'range', 'list', 'system_time');
  switch (method) {
    case 'hash':
      return [readInParentheses(cursor)];
    case 'key':
      if (cursor.accept('algorithm')) {
        cursor.expectSymbol('=');
        skipOne(cursor);
      }
      return readOptionalColumns(cursor);
    case 'range':
    case 'list':
      return cursor.accept('columns') ? readOptionalColumns(cursor) : [readInParentheses(cursor)];
    case 'system_time':
      return readSystemTime(cursor);
    case undefined:
      return cursor.fail('HASH, KEY, RANGE or LIST');
  }
}

function readInParentheses(cursor: TokenCursor): Expression {
  return cursor.parenthesised(() => cursor.grammar.expression(cursor));
}

function readOptionalColumns(cursor: TokenCursor): Expression[] {
  if (cursor.isSymbol('(') && cursor.isSymbol(')', 1)) {
    cursor.next();
    cursor.next();
    return [];
  }
  return readColumnList(cursor).map((name) => ({ kind: 'column', qualifier: [], name }));
}

const UNITS_END: ReadonlySet<string> = new Set(['starts', 'auto', 'partitions', 'subpartition', 'limit']);

/** `SYSTEM_TIME [INTERVAL n unit [STARTS expression]] [LIMIT n] [AUTO]`. */
function readSystemTime(cursor: TokenCursor): Expression[] {
  const expressions: Expression[] = [];
  if (cursor.accept('interval')) {
    expressions.push(cursor.grammar.expression(cursor));
    if (!cursor.isWordOf(UNITS_END)) readAnyName(cursor);
    if (cursor.accept('starts')) expressions.push(cursor.grammar.expression(cursor));
  }
  if (cursor.accept('limit')) expressions.push(cursor.grammar.expression(cursor));
  cursor.accept('auto');
  return expressions;
}

/** `(PARTITION p VALUES …, …)`: gives the expressions of the bounds. */
export function readPartitions(cursor: TokenCursor): Expression[] {
  return cursor.parenthesised(() => cursor.list(() => readPartition(cursor))).flat();
}

/** One `PARTITION p …`. */
export function readPartition(cursor: TokenCursor): Expression[] {
  cursor.expect('partition');
  readName(cursor);
  const expressions: Expression[] = [];
  if (cursor.accept('values')) expressions.push(...readBounds(cursor));
  else if (cursor.isMariaDb && cursor.acceptOneOf('history', 'current', 'default') === undefined) skipPartitionOptions(cursor);
  skipPartitionOptions(cursor);
  if (cursor.isSymbol('(')) {
    cursor.parenthesised(() =>
      cursor.list(() => {
        cursor.expect('subpartition');
        readNameOrText(cursor);
        skipPartitionOptions(cursor);
      }),
    );
    skipPartitionOptions(cursor);
  }
  return expressions;
}

function readNameOrText(cursor: TokenCursor): void {
  if (cursor.peek().kind === 'string') cursor.next();
  else readName(cursor);
}

function readBounds(cursor: TokenCursor): Expression[] {
  if (cursor.acceptWords('less', 'than')) {
    if (cursor.accept('maxvalue')) return [];
    return readBoundList(cursor);
  }
  cursor.expect('in');
  return readBoundList(cursor);
}

/** `(1, MAXVALUE)`, `((1, 2), (3, 4))`, `(DEFAULT)`. */
function readBoundList(cursor: TokenCursor): Expression[] {
  return cursor
    .parenthesised(() =>
      cursor.list((): Expression[] => {
        if (cursor.acceptOneOf('maxvalue', 'default') !== undefined) return [];
        // A row may hold MAXVALUE, which is no expression.
        if (cursor.isSymbol('(')) return readBoundList(cursor);
        return [cursor.grammar.expression(cursor)];
      }),
    )
    .flat();
}

/** `ENGINE = x COMMENT = 'c' DATA DIRECTORY = 'd' …`. */
function skipPartitionOptions(cursor: TokenCursor): void {
  while (!atStatementEnd(cursor) && !cursor.isSymbol(',') && !cursor.isSymbol(')') && !cursor.isSymbol('(')) cursor.next();
}
