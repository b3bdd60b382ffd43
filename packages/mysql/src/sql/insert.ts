import type { Alias, Assignment, AssignmentTarget, Expression, Insert, OnConflict, Query, Target } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { startsQuery } from './expression-parenthesis.js';
import { PROPOSED_ROW } from './expression-special.js';
import { parseTableAlias, skipPartitions } from './from.js';
import { parseAssignments, readAssignmentTarget } from './modify-assignment.js';
import { readRelationName } from './names.js';
import { parseReturningItems } from './select.js';

/** INSERT and REPLACE. MySQL Reference Manual, "INSERT Statement", "INSERT … ON DUPLICATE KEY UPDATE", "REPLACE Statement"; MariaDB, "INSERT". */

/** The rest of INSERT or REPLACE, behind that word; `start` is where the statement begins. */
export function parseInsert(cursor: TokenCursor, start: number, replaces: boolean): Insert {
  cursor.acceptOneOf('low_priority', 'delayed', 'high_priority');
  const isIgnoring = cursor.accept('ignore');
  cursor.accept('into');
  const target: Target = { name: readRelationName(cursor), only: false };
  skipPartitions(cursor);
  const { columns, source } = parseContent(cursor);
  const alias = parseRowAlias(cursor);
  const onConflict =
    parseOnDuplicateKey(cursor, alias) ?? (isIgnoring ? ({ target: [], action: { kind: 'nothing' } } as const) : undefined);
  const returning = cursor.isMariaDb && cursor.accept('returning') ? { returning: { items: parseReturningItems(cursor) } } : {};
  return {
    kind: 'insert',
    span: cursor.spanFrom(start),
    target,
    ...(columns === undefined ? {} : { columns }),
    source,
    ...(replaces ? { replaces } : {}),
    ...(onConflict === undefined ? {} : { onConflict }),
    ...returning,
  };
}

interface Content {
  readonly columns: readonly AssignmentTarget[] | undefined;
  readonly source: Insert['source'];
}

function parseContent(cursor: TokenCursor): Content {
  if (cursor.accept('set')) return contentOf(parseAssignments(cursor));
  const columns = cursor.isSymbol('(') && !opensQuery(cursor) ? parseColumns(cursor) : undefined;
  return { columns, source: parseSource(cursor) };
}

/** `INSERT … SET a = 1` is a row with a column list. */
function contentOf(assignments: readonly Assignment[]): Content {
  const columns = assignments.flatMap((assignment) => assignment.targets.map(({ column, path }) => ({ column, path })));
  return { columns, source: { kind: 'query', query: valuesQuery([assignments.map((assignment) => assignment.value)]) } };
}

function valuesQuery(rows: readonly (readonly Expression[])[]): Query {
  return { kind: 'query', body: { kind: 'values', rows }, orderBy: [], locks: [] };
}

/** What begins with a parenthesis is a query, and no column list. */
function opensQuery(cursor: TokenCursor): boolean {
  let ahead = 1;
  while (cursor.isSymbol('(', ahead)) ahead += 1;
  return ahead > 1 || startsQuery(cursor, ahead);
}

function parseColumns(cursor: TokenCursor): AssignmentTarget[] {
  return cursor.parenthesised(() => {
    if (cursor.isSymbol(')')) return [];
    return cursor.list(() => {
      const { column, path } = readAssignmentTarget(cursor);
      return { column, path };
    });
  });
}

function parseSource(cursor: TokenCursor): Insert['source'] {
  const word = cursor.isWord('value') || cursor.isWord('values') ? cursor.next() : undefined;
  if (word === undefined) return { kind: 'query', query: cursor.grammar.query(cursor) };
  const rows = cursor.list(() => parseRow(cursor));
  return rows.every((row) => row.length === 0) ? { kind: 'default-values' } : { kind: 'query', query: valuesQuery(rows) };
}

function parseRow(cursor: TokenCursor): Expression[] {
  if (!cursor.isMariaDb) cursor.accept('row');
  return cursor.parenthesised(() => (cursor.isSymbol(')') ? [] : cursor.list(() => parseValue(cursor))));
}

/** IGNORE is another word for DEFAULT in MariaDB. */
function parseValue(cursor: TokenCursor): Expression {
  return cursor.isMariaDb && cursor.accept('ignore') ? { kind: 'default' } : cursor.grammar.expression(cursor);
}

/** `AS new(a, b)`: a name for the row that was to be inserted. */
function parseRowAlias(cursor: TokenCursor): Alias | undefined {
  return cursor.isMariaDb || !cursor.isWord('as') ? undefined : parseTableAlias(cursor).alias;
}

function parseOnDuplicateKey(cursor: TokenCursor, alias: Alias | undefined): OnConflict | undefined {
  if (!cursor.acceptWords('on', 'duplicate', 'key')) return undefined;
  cursor.expect('update');
  const outside = cursor.inDuplicateKey;
  cursor.inDuplicateKey = true;
  const set = parseAssignments(cursor).map(({ targets, value }) => ({
    targets: targets.map(({ column, path }) => ({ column, path })),
    value,
  }));
  cursor.inDuplicateKey = outside;
  const proposedColumns = alias === undefined || alias.columns.length === 0 ? {} : { proposedColumns: alias.columns };
  return { target: [], proposed: alias?.name ?? PROPOSED_ROW, ...proposedColumns, action: { kind: 'update', set } };
}
