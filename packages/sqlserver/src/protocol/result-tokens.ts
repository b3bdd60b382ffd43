import { readParts, readTyped, writeParts, writeTyped } from './column-metadata.js';
import type { PayloadReader } from './payload-reader.js';
import type { PayloadWriter } from './payload-writer.js';
import { ProtocolError } from './protocol-error.js';
import type { ColInfo, ColInfoColumn, Done, ErrorOrInfo, Order, ReturnValue, TabName } from './server-token.js';
import type { VersionLayout } from './tds-version.js';

/** COLINFO: the name of the base column follows. */
const DIFFERENT_NAME = 0x20;

/** ERROR and INFO ([MS-TDS] 2.2.7.10, 2.2.7.13), behind the length. */
export function readErrorOrInfo(reader: PayloadReader, kind: ErrorOrInfo['kind'], layout: VersionLayout): ErrorOrInfo {
  return {
    kind,
    number: reader.signed4(),
    state: reader.int1(),
    class: reader.int1(),
    message: reader.ushortText(),
    serverName: reader.byteText(),
    procedureName: reader.byteText(),
    line: layout.isYukon ? reader.signed4() : reader.int2(),
  };
}

export function writeErrorOrInfo(writer: PayloadWriter, error: ErrorOrInfo, layout: VersionLayout): void {
  writer.signed4(error.number).int1(error.state).int1(error.class);
  writer.ushortText(error.message).byteText(error.serverName).byteText(error.procedureName);
  if (layout.isYukon) writer.signed4(error.line);
  else writer.int2(error.line);
}

/** DONE and its kin ([MS-TDS] 2.2.7.6 to 2.2.7.8), behind the type. */
export function readDone(reader: PayloadReader, kind: Done['kind'], layout: VersionLayout): Done {
  const status = reader.int2();
  const currentCommand = reader.int2();
  return { kind, status, currentCommand, rowCount: layout.longRowCount ? reader.int8() : BigInt(reader.int4()) };
}

export function writeDone(writer: PayloadWriter, done: Done, layout: VersionLayout): void {
  writer.int2(done.status).int2(done.currentCommand);
  if (layout.longRowCount) writer.int8(done.rowCount);
  else writer.int4(Number(done.rowCount));
}

/** TABNAME ([MS-TDS] 2.2.7.21), behind the length, to the end of `reader`. */
export function readTabName(reader: PayloadReader): TabName {
  const tables: (readonly string[])[] = [];
  while (reader.remaining > 0) tables.push(readParts(reader));
  return { kind: 'TABNAME', tables };
}

export function writeTabName(writer: PayloadWriter, { tables }: TabName): void {
  for (const parts of tables) writeParts(writer, parts);
}

/** COLINFO ([MS-TDS] 2.2.7.3), behind the length, to the end of `reader`. */
export function readColInfo(reader: PayloadReader): ColInfo {
  const columns: ColInfoColumn[] = [];
  while (reader.remaining > 0) {
    const head = { column: reader.int1(), table: reader.int1(), status: reader.int1() };
    columns.push((head.status & DIFFERENT_NAME) === 0 ? head : { ...head, name: reader.byteText() });
  }
  return { kind: 'COLINFO', columns };
}

export function writeColInfo(writer: PayloadWriter, { columns }: ColInfo): void {
  for (const { column, table, status, name } of columns) {
    if ((name !== undefined) !== ((status & DIFFERENT_NAME) !== 0))
      throw new ProtocolError('invalid-value', 'a column has a name of its own or not');
    writer.int1(column).int1(table).int1(status);
    if (name !== undefined) writer.byteText(name);
  }
}

/** ORDER ([MS-TDS] 2.2.7.17), behind the length, to the end of `reader`. */
export function readOrder(reader: PayloadReader): Order {
  const columns: number[] = [];
  while (reader.remaining > 0) columns.push(reader.int2());
  return { kind: 'ORDER', columns };
}

/** RETURNVALUE ([MS-TDS] 2.2.7.19), behind the type, without the value. */
export function readReturnValue(reader: PayloadReader, layout: VersionLayout): ReturnValue {
  const head = { ordinal: reader.int2(), name: reader.byteText(), status: reader.int1() };
  return { kind: 'RETURNVALUE', ...head, ...readTyped(reader, layout, 'server') };
}

export function writeReturnValue(writer: PayloadWriter, value: ReturnValue, layout: VersionLayout): void {
  writer.int2(value.ordinal).byteText(value.name).int1(value.status);
  writeTyped(writer, value, layout);
}
