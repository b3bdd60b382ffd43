import { other, type Alteration, type ReadAction } from './alter-table-action.js';
import { readPartitioning, readPartitions } from './create-partition.js';
import type { TokenCursor } from './cursor.js';
import { readName, readRelationName } from './names.js';
import { acceptIfExists, acceptIfNotExists, atStatementEnd } from './statement-parts.js';

/** Partitions and tablespaces in ALTER TABLE. MySQL Reference Manual, "ALTER TABLE Partition Operations". */

export const PARTITION_ACTIONS: Readonly<Record<string, ReadAction>> = {
  partition: (cursor, alteration) => {
    cursor.expect('by');
    other(alteration, 'partition', { expressions: readPartitioning(cursor) });
  },
  exchange: (cursor, alteration) => {
    cursor.expect('partition');
    readName(cursor);
    cursor.expect('with', 'table');
    alteration.actions.push({ kind: 'exchange', relation: readRelationName(cursor) });
    if (cursor.acceptOneOf('with', 'without') !== undefined) cursor.expect('validation');
  },
  truncate: (cursor, alteration) => {
    cursor.expect('partition');
    readPartitionNames(cursor);
    other(alteration, 'truncate partition');
    alteration.deletesRows = true;
  },
  reorganize: (cursor, alteration) => {
    cursor.expect('partition');
    acceptNoLog(cursor);
    if (atStatementEnd(cursor)) return;
    cursor.list(() => readName(cursor));
    cursor.expect('into');
    other(alteration, 'partition', { expressions: readPartitions(cursor) });
  },
  coalesce: (cursor, alteration) => {
    cursor.expect('partition');
    acceptNoLog(cursor);
    cursor.next();
    other(alteration, 'partition');
  },
  remove: (cursor, alteration) => {
    cursor.expect('partitioning');
    other(alteration, 'partition');
  },
  upgrade: (cursor, alteration) => {
    cursor.expect('partitioning');
    other(alteration, 'partition');
  },
  analyze: readReport,
  check: readReport,
  optimize: readReport,
  rebuild: readMaintenance,
  repair: readReport,
  discard: readTablespace,
  import: readTablespace,
};

function acceptNoLog(cursor: TokenCursor): void {
  cursor.acceptOneOf('no_write_to_binlog', 'local');
}

function readPartitionNames(cursor: TokenCursor): void {
  if (!cursor.accept('all')) cursor.list(() => readName(cursor));
}

const CHECK_WORDS: ReadonlySet<string> = new Set(['quick', 'fast', 'medium', 'extended', 'changed', 'for', 'upgrade', 'use_frm']);

function readMaintenance(cursor: TokenCursor, alteration: Alteration): void {
  cursor.expect('partition');
  acceptNoLog(cursor);
  readPartitionNames(cursor);
  while (cursor.isWordOf(CHECK_WORDS)) cursor.next();
  other(alteration, 'partition');
}

function readReport(cursor: TokenCursor, alteration: Alteration): void {
  alteration.reports = true;
  readMaintenance(cursor, alteration);
}

/** DISCARD and IMPORT of a tablespace: the rows are replaced by those of a file. */
function readTablespace(cursor: TokenCursor, alteration: Alteration): void {
  if (cursor.accept('partition')) readPartitionNames(cursor);
  cursor.expect('tablespace');
  other(alteration, 'tablespace');
  alteration.deletesRows = true;
}

/** ADD PARTITION, behind these words. */
export function addPartition(cursor: TokenCursor, alteration: Alteration): void {
  acceptIfNotExists(cursor);
  acceptNoLog(cursor);
  if (cursor.accept('partitions')) {
    cursor.next();
    other(alteration, 'partition');
  } else other(alteration, 'partition', { expressions: readPartitions(cursor) });
}

/** DROP PARTITION, behind these words. */
export function dropPartition(cursor: TokenCursor, alteration: Alteration): void {
  acceptIfExists(cursor);
  readPartitionNames(cursor);
  alteration.deletesRows = true;
  other(alteration, 'drop partition');
}
