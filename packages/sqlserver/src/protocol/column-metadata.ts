import { DATA_TYPE } from './data-types.js';
import type { PayloadReader } from './payload-reader.js';
import type { PayloadWriter } from './payload-writer.js';
import { ProtocolError } from './protocol-error.js';
import { type AltColumn, type AltMetadata, type ColMetadata, COLUMN_FLAG, type Column } from './server-token.js';
import type { VersionLayout } from './tds-version.js';
import { readTypeInfo, type TypeInfo, type TypeInfoOf, writeTypeInfo } from './type-info.js';

/** Who describes columns: a server, a client in bulk load, or a client in a table-valued parameter. */
export type ColumnsOf = 'server' | 'bulk-load' | 'table-value';

/** `Count` of a COLMETADATA without metadata. */
export const NO_METADATA = 0xffff;
const MAX_ALT_COLUMNS = 4096;

/** One column of COLMETADATA ([MS-TDS] 2.2.7.4). */
export function readColumn(reader: PayloadReader, layout: VersionLayout, of: ColumnsOf): Column {
  const head = readTyped(reader, layout, of === 'table-value' ? 'client' : 'server');
  if ((head.flags & COLUMN_FLAG.ENCRYPTED) !== 0)
    throw new ProtocolError('unsupported', 'an encrypted column (Always Encrypted) was not agreed on at login and is refused');
  const table = hasTableName(head.type) && of !== 'table-value' ? { tableName: readTableName(reader, layout, of) } : {};
  return { ...head, ...table, name: reader.byteText() };
}

/** `UserType`, `Flags` and TYPE_INFO, as COLMETADATA and RETURNVALUE have them. */
export function readTyped(reader: PayloadReader, layout: VersionLayout, of: TypeInfoOf): Pick<Column, 'userType' | 'flags' | 'type'> {
  const userType = layout.isYukon ? reader.int4() : reader.int2();
  const flags = reader.int2();
  return { userType, flags, type: readTypeInfo(reader, layout, of) };
}

export function writeTyped(writer: PayloadWriter, column: Pick<Column, 'userType' | 'flags' | 'type'>, layout: VersionLayout): void {
  if (layout.isYukon) writer.int4(column.userType);
  else writer.int2(column.userType);
  writer.int2(column.flags);
  writeTypeInfo(writer, column.type);
}

export function writeColumn(writer: PayloadWriter, column: Column, layout: VersionLayout, of: ColumnsOf): void {
  writeTyped(writer, column, layout);
  if (column.tableName !== undefined) writeTableName(writer, column.tableName, layout, of);
  writer.byteText(column.name);
}

function hasTableName({ type }: TypeInfo): boolean {
  return type === DATA_TYPE.TEXT || type === DATA_TYPE.NTEXT || type === DATA_TYPE.IMAGE;
}

// Clients write the name in one piece in bulk load, whatever the version.
function readTableName(reader: PayloadReader, layout: VersionLayout, of: ColumnsOf): readonly string[] {
  return layout.isYukon && of === 'server' ? readParts(reader) : [reader.ushortText()];
}

function writeTableName(writer: PayloadWriter, parts: readonly string[], layout: VersionLayout, of: ColumnsOf): void {
  if (layout.isYukon && of === 'server') writeParts(writer, parts);
  else writer.ushortText(parts.join('.'));
}

/** `NumParts` and its parts. */
export function readParts(reader: PayloadReader): readonly string[] {
  return Array.from({ length: reader.int1() }, () => reader.ushortText());
}

export function writeParts(writer: PayloadWriter, parts: readonly string[]): void {
  writer.int1(parts.length);
  for (const part of parts) writer.ushortText(part);
}

export function readColMetadata(reader: PayloadReader, layout: VersionLayout, of: ColumnsOf): ColMetadata {
  const count = reader.int2();
  if (count === NO_METADATA) return { kind: 'COLMETADATA', columns: undefined };
  const columns: Column[] = [];
  for (let i = 0; i < count; i++) columns.push(readColumn(reader, layout, of));
  return { kind: 'COLMETADATA', columns };
}

export function writeColMetadata(writer: PayloadWriter, { columns }: ColMetadata, layout: VersionLayout, of: ColumnsOf): void {
  writer.int2(columns === undefined ? NO_METADATA : columns.length);
  for (const column of columns ?? []) writeColumn(writer, column, layout, of);
}

/** ALTMETADATA ([MS-TDS] 2.2.7.1). */
export function readAltMetadata(reader: PayloadReader, layout: VersionLayout): AltMetadata {
  const count = reader.int2();
  if (count > MAX_ALT_COLUMNS) throw new ProtocolError('length', 'a COMPUTE clause has too many columns');
  const id = reader.int2();
  const by = Array.from({ length: reader.int1() }, () => reader.int2());
  const columns: AltColumn[] = [];
  for (let i = 0; i < count; i++) {
    const operation = reader.int1();
    const operand = reader.int2();
    columns.push({ operation, operand, ...readColumn(reader, layout, 'server') });
  }
  return { kind: 'ALTMETADATA', id, by, columns };
}

export function writeAltMetadata(writer: PayloadWriter, { id, by, columns }: AltMetadata, layout: VersionLayout): void {
  writer.int2(columns.length).int2(id).int1(by.length);
  for (const column of by) writer.int2(column);
  for (const column of columns) {
    writer.int1(column.operation).int2(column.operand);
    writeColumn(writer, column, layout, 'server');
  }
}
