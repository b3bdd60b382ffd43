import type { Explain, Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { readAnyName } from './names.js';
import { parseTarget } from './query-tail.js';
import { parseDescribe, parseExplainConnection } from './show.js';
import type { ParseStatement } from './statement-parts.js';

/** EXPLAIN, DESCRIBE and ANALYZE of a statement. MySQL Reference Manual, "EXPLAIN Statement"; MariaDB, "EXPLAIN", "ANALYZE Statement". */

const STATEMENT_WORDS: ReadonlySet<string> = new Set(['select', 'with', 'values', 'table', 'insert', 'replace', 'update', 'delete']);

/** A statement that can be explained stands `ahead` places from here. */
export function startsExplained(cursor: TokenCursor, ahead = 0): boolean {
  return cursor.isSymbol('(', ahead) || (cursor.isWordOf(STATEMENT_WORDS, ahead) && !isCall(cursor, ahead));
}

/** `DESCRIBE values` and `DESCRIBE t` are of tables; words that begin statements are reserved but for these. */
function isCall(cursor: TokenCursor, ahead: number): boolean {
  return cursor.isWord('replace', ahead) && cursor.isSymbol('(', ahead + 1);
}

interface Options {
  analyze: boolean;
  format: string | undefined;
  extended: boolean;
  partitions: boolean;
}

/** EXPLAIN, DESCRIBE, DESC, behind that word. */
export const parseExplain: ParseStatement = (cursor, start) => {
  if (cursor.isWord('for') && (cursor.isWord('connection', 1) || cursor.isMariaDb)) return parseExplainConnection(cursor, start);
  const options = readOptions(cursor);
  if (cursor.isWord('for') && options.format !== undefined) return parseExplainConnection(cursor, start);
  if (options.into === undefined && !startsExplained(cursor)) return parseDescribe(cursor, start);
  const explain = parseExplained(cursor, start, options);
  if (options.into === undefined) return explain;
  const { span } = explain;
  const plan = { kind: 'opaque', reason: { kind: 'unknown-node', detail: 'a plan' }, operands: [] } as const;
  return { kind: 'sequence', span, statements: [explain, { kind: 'assign', span, target: options.into, value: plan }] };
};

type ReadOptions = Options & { into: ReturnType<typeof parseTarget> | undefined };

function readOptions(cursor: TokenCursor): ReadOptions {
  const options: ReadOptions = { analyze: false, format: undefined, extended: false, partitions: false, into: undefined };
  for (;;) {
    if (cursor.isWord('extended') && startsExplained(cursor, 1)) options.extended = cursor.accept('extended');
    else if (cursor.isWord('partitions') && startsExplained(cursor, 1)) options.partitions = cursor.accept('partitions');
    else if (cursor.accept('analyze')) options.analyze = true;
    else if (cursor.isWord('format') && cursor.isSymbol('=', 1)) options.format = readFormat(cursor);
    else if (cursor.accept('into')) options.into = parseTarget(cursor);
    else break;
  }
  if (cursor.isWord('for') && !cursor.isWord('connection', 1) && !cursor.isMariaDb) cursor.refuse('EXPLAIN FOR SCHEMA is not read');
  return options;
}

function readFormat(cursor: TokenCursor): string {
  cursor.expect('format');
  cursor.expectSymbol('=');
  return cursor.peek().kind === 'string' ? cursor.next().text.toLowerCase() : readAnyName(cursor).toLowerCase();
}

function parseExplained(cursor: TokenCursor, start: number, options: Options): Explain {
  const statement: Statement = cursor.grammar.statement(cursor);
  const columns = columnsOf(cursor, options);
  return { kind: 'explain', span: cursor.spanFrom(start), analyze: options.analyze, statement, ...(columns !== undefined && { columns }) };
}

function columnsOf(cursor: TokenCursor, { analyze, format, extended, partitions }: Options): Explain['columns'] {
  if (format !== undefined && format !== 'traditional') return ['explain'];
  if (!cursor.isMariaDb) {
    if (analyze) return ['explain'];
    // `explain_format` came with MySQL 8.0.32.
    if (format === undefined && cursor.state.serverVersion >= 80_032) return 'unknown';
    return planColumns({ partitions: true, filtered: true });
  }
  return planColumns({ partitions, filtered: extended });
}

function planColumns({ partitions, filtered }: { readonly partitions: boolean; readonly filtered: boolean }): string[] {
  const middle = ['type', 'possible_keys', 'key', 'key_len', 'ref', 'rows'];
  return ['id', 'select_type', 'table', ...(partitions ? ['partitions'] : []), ...middle, ...(filtered ? ['filtered'] : []), 'extra'];
}

const ANALYZE_COLUMNS = [
  'id',
  'select_type',
  'table',
  'type',
  'possible_keys',
  'key',
  'key_len',
  'ref',
  'rows',
  'r_rows',
  'filtered',
  'r_filtered',
  'extra',
];

/** MariaDB: `ANALYZE [FORMAT = JSON] statement`, which runs it. Behind ANALYZE. */
export const parseAnalyzeStatement: ParseStatement = (cursor, start) => {
  const format = cursor.isWord('format') ? readFormat(cursor) : undefined;
  if (!startsExplained(cursor)) cursor.fail('a statement');
  const statement = cursor.grammar.statement(cursor);
  const columns = format === 'json' ? ['analyze'] : ANALYZE_COLUMNS;
  return { kind: 'explain', span: cursor.spanFrom(start), analyze: true, statement, columns };
};
