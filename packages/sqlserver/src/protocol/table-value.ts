import { type CellValue, readCell, writeCell } from './cell-value.js';
import { NO_METADATA, readColumn, writeColumn } from './column-metadata.js';
import { DATA_TYPE } from './data-types.js';
import type { PayloadReader } from './payload-reader.js';
import type { PayloadWriter } from './payload-writer.js';
import { ProtocolError } from './protocol-error.js';
import type { Column } from './server-token.js';
import type { VersionLayout } from './tds-version.js';

/** A table-valued parameter: TVP_TYPE_INFO with its rows ([MS-TDS] 2.2.5.5.5). */
export interface TableValue {
  readonly typeName: { readonly database: string; readonly schema: string; readonly type: string };
  /** `undefined`: NULL, which is the table without rows. */
  readonly columns: readonly Column[] | undefined;
  /** TVP_ORDER_UNIQUE and TVP_COLUMN_ORDERING as they came, in order. */
  readonly metadata: readonly TableMetadata[];
  /** Columns with the flag `TABLE_DEFAULT` have no value: NULL stands for them here. */
  readonly rows: readonly (readonly CellValue[])[];
}

export type TableMetadata =
  | { readonly kind: 'TVP_ORDER_UNIQUE'; readonly columns: readonly { readonly column: number; readonly flags: number }[] }
  | { readonly kind: 'TVP_COLUMN_ORDERING'; readonly columns: readonly number[] };

/** Flag of a column of a table-valued parameter: no value is sent, the server takes its default. */
export const TABLE_DEFAULT = 0x0200;

const TVP_ROW = 0x01;
const TVP_ORDER_UNIQUE = 0x10;
const TVP_COLUMN_ORDERING = 0x11;
const END = 0x00;
const MAX_COLUMNS = 1024;
const MAX_ROWS = 1_000_000;

/** Reads a table-valued parameter from its type byte on. Throws a {@link ProtocolError}. */
export function readTableValue(reader: PayloadReader, layout: VersionLayout): TableValue {
  if (!layout.dateTypes) throw new ProtocolError('invalid-value', 'the version of the protocol has no table-valued parameters');
  reader.skip(1);
  const typeName = { database: reader.byteText(), schema: reader.byteText(), type: reader.byteText() };
  const count = reader.int2();
  if (count !== NO_METADATA && count > MAX_COLUMNS) throw new ProtocolError('length', 'a table-valued parameter has too many columns');
  const columns = count === NO_METADATA ? undefined : Array.from({ length: count }, () => readColumn(reader, layout, 'table-value'));
  const metadata = readMetadata(reader);
  return { typeName, columns, metadata, rows: readRows(reader, columns ?? []) };
}

function readMetadata(reader: PayloadReader): readonly TableMetadata[] {
  const metadata: TableMetadata[] = [];
  for (let type = reader.int1(); type !== END; type = reader.int1()) {
    if (metadata.some(({ kind }) => METADATA[kind] === type))
      throw new ProtocolError('invalid-value', 'a table-valued parameter says something twice');
    if (type === TVP_ORDER_UNIQUE) {
      const columns = Array.from({ length: reader.int2() }, () => ({ column: reader.int2(), flags: reader.int1() }));
      metadata.push({ kind: 'TVP_ORDER_UNIQUE', columns });
    } else if (type === TVP_COLUMN_ORDERING) {
      metadata.push({ kind: 'TVP_COLUMN_ORDERING', columns: Array.from({ length: reader.int2() }, () => reader.int2()) });
    } else throw new ProtocolError('unknown-message', 'the token is not one of table-valued parameters');
  }
  return metadata;
}

const METADATA: Readonly<Record<TableMetadata['kind'], number>> = { TVP_ORDER_UNIQUE, TVP_COLUMN_ORDERING };
const NULL: CellValue = { bytes: null };

function readRows(reader: PayloadReader, columns: readonly Column[]): readonly (readonly CellValue[])[] {
  const rows: (readonly CellValue[])[] = [];
  for (let type = reader.int1(); type !== END; type = reader.int1()) {
    if (type !== TVP_ROW || columns.length === 0)
      throw new ProtocolError('unknown-message', 'the token is not one of table-valued parameters');
    if (rows.length === MAX_ROWS) throw new ProtocolError('too-large', `a table-valued parameter has at most ${MAX_ROWS} rows`);
    rows.push(columns.map((column) => (isDefault(column) ? NULL : readCell(reader, column.type, 'parameter'))));
  }
  return rows;
}

function isDefault({ flags }: Column): boolean {
  return (flags & TABLE_DEFAULT) !== 0;
}

export function writeTableValue(writer: PayloadWriter, { typeName, columns, metadata, rows }: TableValue, layout: VersionLayout): void {
  writer.int1(DATA_TYPE.TABLE).byteText(typeName.database).byteText(typeName.schema).byteText(typeName.type);
  writer.int2(columns === undefined ? NO_METADATA : columns.length);
  for (const column of columns ?? []) writeColumn(writer, column, layout, 'table-value');
  for (const entry of metadata) {
    writer.int1(METADATA[entry.kind]).int2(entry.columns.length);
    if (entry.kind === 'TVP_ORDER_UNIQUE') for (const { column, flags } of entry.columns) writer.int2(column).int1(flags);
    else for (const column of entry.columns) writer.int2(column);
  }
  writer.int1(END);
  for (const row of rows) {
    writer.int1(TVP_ROW);
    columns?.forEach((column, i) => {
      if (!isDefault(column)) writeCell(writer, column.type, row[i] ?? NULL, 'parameter');
    });
  }
  writer.int1(END);
}
