import type { Assignment, Copy, NameParts, Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseAssignments } from './modify.js';
import { foldName, readAnyName, readColumnName, readName, readRelationName } from './names.js';
import { readNameOrString } from './create-type.js';
import { type ParseStatement, readString } from './statement-parts.js';

/** LOAD DATA and LOAD XML. MySQL Reference Manual, "LOAD DATA Statement", "LOAD XML Statement". */

type Options = { name: string; value: string | undefined }[];

/** Reads `LOAD DATA` and `LOAD XML` behind LOAD. */
export const parseLoadData: ParseStatement = (cursor, start): Statement => {
  const options: Options = [];
  const format = cursor.acceptOneOf('data', 'xml') ?? cursor.fail('DATA');
  if (format === 'xml') options.push({ name: 'format', value: 'xml' });
  cursor.acceptOneOf('low_priority', 'concurrent');
  const isLocal = cursor.accept('local');
  cursor.expect('infile');
  readString(cursor);
  const onDuplicate = cursor.acceptOneOf('replace', 'ignore');
  cursor.expect('into', 'table');
  const name = readRelationName(cursor);
  readPartitions(cursor);
  readFormat(cursor, options);
  const columns = cursor.isSymbol('(') ? readFields(cursor) : undefined;
  const set: readonly Assignment[] = cursor.accept('set') ? parseAssignments(cursor) : [];
  return copy(cursor, start, name, { isLocal, replaces: onDuplicate === 'replace', columns, set, options });
};

interface Parts {
  readonly isLocal: boolean;
  readonly replaces: boolean;
  readonly columns: readonly string[] | undefined;
  readonly set: readonly Assignment[];
  readonly options: Options;
}

function copy(cursor: TokenCursor, start: number, name: NameParts, { isLocal, replaces, columns, set, options }: Parts): Copy {
  return {
    kind: 'copy',
    span: cursor.spanFrom(start),
    direction: 'from',
    what: { kind: 'relation', name, ...(columns !== undefined && { columns }) },
    endpoint: { kind: isLocal ? 'stream' : 'file' },
    ...(set.length > 0 && { set }),
    ...(replaces && { replaces }),
    options,
  };
}

function readPartitions(cursor: TokenCursor): void {
  if (cursor.accept('partition')) cursor.parenthesised(() => cursor.list(() => readName(cursor)));
}

/** Character set, separators, and lines that are left out. */
function readFormat(cursor: TokenCursor, options: Options): void {
  for (;;) {
    if (cursor.acceptWords('character', 'set') || cursor.accept('charset')) {
      options.push({ name: 'character set', value: readNameOrString(cursor) });
    } else if (cursor.acceptWords('rows', 'identified', 'by')) options.push({ name: 'rows identified by', value: readString(cursor) });
    else if (cursor.acceptOneOf('fields', 'columns') !== undefined) readSeparators(cursor, options, 'fields');
    else if (cursor.accept('lines')) readSeparators(cursor, options, 'lines');
    else if (cursor.accept('ignore')) {
      options.push({ name: 'ignore', value: cursor.next().text });
      if (cursor.acceptOneOf('lines', 'rows') === undefined) cursor.fail('LINES');
    } else return;
  }
}

const SEPARATORS: readonly string[] = ['terminated', 'enclosed', 'escaped', 'starting'];

function readSeparators(cursor: TokenCursor, options: Options, what: 'fields' | 'lines'): void {
  cursor.accept('optionally');
  for (;;) {
    const separator = cursor.acceptOneOf(...SEPARATORS);
    if (separator === undefined && !cursor.accept('optionally')) return;
    if (separator === undefined) continue;
    cursor.expect('by');
    if (!['string', 'hexadecimal', 'bits'].includes(cursor.peek().kind)) cursor.fail('a string');
    options.push({ name: `${what} ${separator} by`, value: cursor.next().text });
  }
}

/** `(a, @b, c)`: what is read into variables is written nowhere else. */
function readFields(cursor: TokenCursor): string[] {
  return cursor.parenthesised(() => {
    if (cursor.isSymbol(')')) return [];
    return cursor
      .list(() => {
        if (cursor.peek().kind === 'variable') {
          cursor.next();
          return undefined;
        }
        const first = readColumnName(cursor);
        return cursor.acceptSymbol('.') ? foldName(readLast(cursor)) : first;
      })
      .filter((name) => name !== undefined);
  });
}

function readLast(cursor: TokenCursor): string {
  let last = readAnyName(cursor);
  while (cursor.acceptSymbol('.')) last = readAnyName(cursor);
  return last;
}
