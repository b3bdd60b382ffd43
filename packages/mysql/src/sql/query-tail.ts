import type { Expression, Into, QueryStatement, RowLock } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { literal } from './expression-parenthesis.js';
import { readAnyName, readColumnName, readRelationName } from './names.js';
import { parsePrimary, variableName } from './expression-primary.js';

/** What stands behind the body of a query. MySQL Reference Manual, "SELECT … INTO Statement", "Locking Reads"; MariaDB, "LIMIT", "SELECT … FETCH". */

/** Where INTO of a query is put, which may stand at several places of it. A subquery has none. */
export interface IntoSink {
  into?: NonNullable<QueryStatement['into']>;
}

interface Limits {
  readonly limit?: Expression;
  readonly offset?: Expression;
}

/** `LIMIT 10 OFFSET 5`, `LIMIT 5, 10`, `LIMIT ROWS EXAMINED 100`, `OFFSET 5 ROWS FETCH FIRST 10 ROWS ONLY`. */
export function parseLimit(cursor: TokenCursor): Limits {
  if (cursor.accept('limit')) return parseLimitCounts(cursor);
  if (!cursor.isMariaDb) return {};
  const offset = cursor.accept('offset') ? parseRows(cursor) : undefined;
  const limit = cursor.accept('fetch') ? parseFetch(cursor) : undefined;
  return { ...(limit === undefined ? {} : { limit }), ...(offset === undefined ? {} : { offset }) };
}

function parseLimitCounts(cursor: TokenCursor): Limits {
  if (acceptExamined(cursor)) return {};
  const first = parseCount(cursor);
  const isOffset = cursor.acceptSymbol(',');
  const second = isOffset || cursor.accept('offset') ? parseCount(cursor) : undefined;
  acceptExamined(cursor);
  if (second === undefined) return { limit: first };
  return isOffset ? { limit: second, offset: first } : { limit: first, offset: second };
}

/** A number, a parameter, or the local variable of a routine. */
export function parseCount(cursor: TokenCursor): Expression {
  const { kind, text } = cursor.peek();
  const isCount =
    kind === 'integer' || kind === 'hexadecimal' || kind === 'word' || kind === 'name' || (kind === 'operator' && text === '?');
  return isCount ? parsePrimary(cursor) : cursor.fail('a number of rows');
}

function acceptExamined(cursor: TokenCursor): boolean {
  if (!cursor.isMariaDb || !cursor.acceptWords('rows', 'examined')) return false;
  parseCount(cursor);
  return true;
}

function parseRows(cursor: TokenCursor): Expression {
  const count = parseCount(cursor);
  cursor.acceptOneOf('row', 'rows');
  return count;
}

/** `FIRST 10 ROWS ONLY`, `NEXT ROW WITH TIES`, behind FETCH. */
function parseFetch(cursor: TokenCursor): Expression {
  if (cursor.acceptOneOf('first', 'next') === undefined) cursor.fail('FIRST or NEXT');
  const count = cursor.isWord('row') || cursor.isWord('rows') ? literal('integer', '1') : parseCount(cursor);
  if (cursor.acceptOneOf('row', 'rows') === undefined) cursor.fail('ROWS');
  if (!cursor.accept('only')) cursor.expect('with', 'ties');
  return count;
}

/** `PROCEDURE ANALYSE(10, 100)`: its result tells of the rows what they hold, in columns that have the values of others; not read. */
export function skipProcedure(cursor: TokenCursor): void {
  if (cursor.isWord('procedure')) cursor.refuse('PROCEDURE ANALYSE is not read');
}

/** FOR UPDATE, FOR SHARE, LOCK IN SHARE MODE, any number of them. */
export function parseLocks(cursor: TokenCursor): RowLock[] {
  const locks: RowLock[] = [];
  for (;;) {
    let strength: string;
    if (cursor.acceptWords('for', 'update')) strength = 'update';
    else if (cursor.acceptWords('for', 'share') || cursor.acceptWords('lock', 'in', 'share', 'mode')) strength = 'share';
    else return locks;
    const of = cursor.accept('of') ? cursor.list(() => readRelationName(cursor)) : [];
    if (!cursor.accept('nowait') && !cursor.acceptWords('skip', 'locked') && cursor.accept('wait')) parseCount(cursor);
    locks.push({ strength, of });
  }
}

/** INTO, when it stands here. */
export function parseInto(cursor: TokenCursor, sink: IntoSink | undefined): void {
  if (!cursor.isWord('into')) return;
  if (sink === undefined || sink.into !== undefined) cursor.fail('no INTO here');
  cursor.next();
  if (cursor.acceptOneOf('outfile', 'dumpfile') !== undefined) {
    if (cursor.next().kind !== 'string') cursor.fail('the name of a file');
    skipFileFormat(cursor);
    sink.into = { kind: 'file' };
  } else sink.into = { kind: 'variables', variables: cursor.list(() => parseTarget(cursor)) };
}

/** `@a`, or the local variable of a routine: `a`, and in MariaDB the field `a.b` of a row. */
export function parseTarget(cursor: TokenCursor): Into {
  const token = cursor.peek();
  if (token.kind === 'variable') {
    cursor.next();
    return { kind: 'variable', scope: 'session', name: variableName(cursor, token) };
  }
  const first = readColumnName(cursor);
  if (!cursor.acceptSymbol('.')) return { kind: 'column', qualifier: [], name: first };
  return { kind: 'column', qualifier: [first], name: readColumnName(cursor) };
}

/** `CHARACTER SET x FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '"' ESCAPED BY '\\' LINES STARTING BY '' TERMINATED BY '\n'`. */
export function skipFileFormat(cursor: TokenCursor): void {
  if (cursor.accept('charset') || cursor.acceptWords('character', 'set') || cursor.acceptWords('char', 'set')) {
    if (cursor.peek().kind === 'string') cursor.next();
    else readAnyName(cursor);
  }
  if (cursor.acceptOneOf('fields', 'columns') !== undefined) skipMarks(cursor);
  if (cursor.accept('lines')) skipMarks(cursor);
}

function skipMarks(cursor: TokenCursor): void {
  for (;;) {
    if (cursor.accept('optionally')) cursor.expect('enclosed');
    else if (cursor.acceptOneOf('terminated', 'enclosed', 'escaped', 'starting') === undefined) return;
    cursor.expect('by');
    const { kind } = cursor.next();
    if (kind !== 'string' && kind !== 'hexadecimal' && kind !== 'bits') cursor.fail('a string');
  }
}
