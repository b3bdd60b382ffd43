import type { NameParts } from '@sqlwarden/core';
import { acceptCharacterSet, readNameOrString } from './create-type.js';
import type { TokenCursor } from './cursor.js';
import { isName, readAnyName, readRelationName } from './names.js';
import { skipOne } from './statement-parts.js';

/** Table options. MySQL Reference Manual, "CREATE TABLE Statement", "Table Options"; MariaDB, "CREATE TABLE", "Table Options". */

export interface TableOptions {
  /** The storage engine, in lower case. */
  readonly engine: string | undefined;
  /** The tables of UNION=(…). */
  readonly union: readonly NameParts[];
  /** How many options were read. */
  readonly count: number;
}

/** Options that are read with one value, with or without an equals sign. */
const VALUED: ReadonlySet<string> = new Set([
  'auto_increment',
  'autoextend_size',
  'avg_row_length',
  'checksum',
  'table_checksum',
  'collate',
  'comment',
  'compression',
  'connection',
  'delay_key_write',
  'encryption',
  'engine_attribute',
  'secondary_engine_attribute',
  'secondary_engine',
  'encrypted',
  'encryption_key_id',
  'ietf_quotes',
  'insert_method',
  'key_block_size',
  'max_rows',
  'min_rows',
  'pack_keys',
  'page_checksum',
  'page_compressed',
  'page_compression_level',
  'password',
  'row_format',
  'sequence',
  'stats_auto_recalc',
  'stats_persistent',
  'stats_sample_pages',
  'tablespace',
  'transactional',
]);

/** Reads table options, with or without commas between them. */
export function readTableOptions(cursor: TokenCursor): TableOptions {
  const options: { engine: string | undefined; union: NameParts[]; count: number } = { engine: undefined, union: [], count: 0 };
  while (readOption(cursor, options)) {
    options.count += 1;
    // A comma may also lead to the next action of ALTER TABLE.
    if (cursor.isSymbol(',') && isTableOption(cursor, 1)) cursor.next();
  }
  return options;
}

/** A table option stands `ahead` places from here. */
export function isTableOption(cursor: TokenCursor, ahead = 0): boolean {
  const token = cursor.peek(ahead);
  if (token.kind !== 'word') return token.kind === 'name' && cursor.isMariaDb && cursor.isSymbol('=', ahead + 1);
  switch (token.text) {
    case 'engine':
    case 'type':
    case 'charset':
    case 'union':
      return true;
    case 'character':
    case 'char':
      return cursor.isWord('set', ahead + 1);
    case 'default':
      return cursor.peek(ahead + 1).kind === 'word';
    case 'data':
    case 'index':
      return cursor.isWord('directory', ahead + 1);
    case 'start':
      return cursor.isWord('transaction', ahead + 1);
    case 'storage':
      return true;
    case 'with':
      return cursor.isWord('system', ahead + 1);
    case 'algorithm':
    case 'lock':
      return false;
    default:
      return VALUED.has(token.text) || (cursor.isMariaDb && isName(cursor, ahead) && cursor.isSymbol('=', ahead + 1));
  }
}

function readOption(cursor: TokenCursor, options: { engine: string | undefined; union: NameParts[] }): boolean {
  if (!isTableOption(cursor)) return false;
  if (acceptCharacterSet(cursor)) return true;
  const option = readAnyName(cursor).toLowerCase();
  switch (option) {
    case 'engine':
    case 'type':
      cursor.acceptSymbol('=');
      options.engine = readNameOrString(cursor).toLowerCase();
      return true;
    case 'union':
      cursor.acceptSymbol('=');
      options.union.push(...readUnion(cursor));
      return true;
    case 'default':
      return readDefault(cursor);
    case 'data':
    case 'index':
      cursor.expect('directory');
      break;
    case 'start':
      cursor.expect('transaction');
      return true;
    case 'with':
      cursor.expect('system', 'versioning');
      return true;
    default:
  }
  cursor.acceptSymbol('=');
  readValue(cursor);
  return true;
}

function readDefault(cursor: TokenCursor): boolean {
  if (acceptCharacterSet(cursor)) return true;
  cursor.expect('collate');
  cursor.acceptSymbol('=');
  readNameOrString(cursor);
  return true;
}

/** A name, string or number: also `tablespace t STORAGE DISK`, `page_compressed = 1`. */
function readValue(cursor: TokenCursor): void {
  if (isName(cursor) || cursor.isWord('default')) readAnyName(cursor);
  else skipOne(cursor);
}

function readUnion(cursor: TokenCursor): NameParts[] {
  return cursor.parenthesised(() => (cursor.isSymbol(')') ? [] : cursor.list(() => readRelationName(cursor))));
}
