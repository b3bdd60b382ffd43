import type { PacketWriter } from './packet-writer.js';
import { lenientText, type PayloadReader } from './payload-reader.js';
import { ProtocolError } from './protocol-error.js';

/** "Protocol::ColumnDefinition41". */
export interface ColumnDefinition41 {
  /** `def`. */
  readonly catalog: string;
  readonly schema: string;
  /** The alias of the table. */
  readonly table: string;
  readonly orgTable: string;
  /** The alias of the column. */
  readonly name: string;
  readonly orgName: string;
  /** A collation id. */
  readonly collation: number;
  /** In bytes of the charset of `collation`. */
  readonly columnLength: number;
  /** A code of FIELD_TYPE. */
  readonly type: number;
  /** Bits of COLUMN_FLAG. */
  readonly flags: number;
  readonly decimals: number;
  /** Only in the answer to COM_FIELD_LIST; `null`: NULL. A view: copy to keep. */
  readonly defaultValue?: Uint8Array | null;
}

const FIXED_FIELDS = 12;

/**
 * Reads a column definition whole, without MariaDB's extended metadata, which is never agreed on. `decode` decodes names, which are in the charset of
 * results. Throws a {@link ProtocolError}.
 */
export function readColumnDefinition(
  reader: PayloadReader,
  isFieldList: boolean,
  decode: (bytes: Uint8Array) => string = lenientText,
): ColumnDefinition41 {
  const catalog = decode(reader.lenencBytes());
  const schema = decode(reader.lenencBytes());
  const table = decode(reader.lenencBytes());
  const orgTable = decode(reader.lenencBytes());
  const name = decode(reader.lenencBytes());
  const orgName = decode(reader.lenencBytes());
  if (reader.lenencInt() !== FIXED_FIELDS) throw new ProtocolError('invalid-value', 'a column definition has 12 bytes of fixed fields');
  const collation = reader.int2();
  const columnLength = reader.int4();
  const type = reader.int1();
  const flags = reader.int2();
  const decimals = reader.int1();
  reader.skip(2);
  const column = { catalog, schema, table, orgTable, name, orgName, collation, columnLength, type, flags, decimals };
  const definition = isFieldList ? { ...column, defaultValue: reader.nullableBytes() } : column;
  reader.finish();
  return definition;
}

/** Writes the payload; names as UTF-8. */
export function writeColumnDefinition(writer: PacketWriter, column: ColumnDefinition41): void {
  writer.lenencText(column.catalog).lenencText(column.schema).lenencText(column.table).lenencText(column.orgTable);
  writer.lenencText(column.name).lenencText(column.orgName).lenencInt(FIXED_FIELDS);
  writer.int2(column.collation).int4(column.columnLength).int1(column.type).int2(column.flags).int1(column.decimals).zeros(2);
  if (column.defaultValue !== undefined) writer.nullableBytes(column.defaultValue);
}
