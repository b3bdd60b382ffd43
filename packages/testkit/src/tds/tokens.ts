import { ByteWriter } from './byte-writer.js';
import type { CannedMessage, CannedSqlServerColumn, CannedValue } from './canned-answers.js';
import { isLongText, typeIn, writeCell, writeTypeInfo, type PlpForm } from './cell-encoder.js';
import { COLLATIONS } from './cell-values.js';
import { parseType, type ColumnType } from './column-type.js';
import { isAtLeast, NUMBERS, type TdsVersion } from './tds-version.js';

/** DONE status bits, [MS-TDS] section 2.2.7.6. */
export const DONE_STATUS = { final: 0, more: 0x1, error: 0x2, inTransaction: 0x4, count: 0x10, attention: 0x20 } as const;
export const DONE_TOKEN = { done: 0xfd, procedure: 0xfe, inProcedure: 0xff } as const;
/** CurCmd of a DONE. */
export const COMMAND = { none: 0, select: 0xc1, insert: 0xc3, execute: 0xe0 } as const;

export interface Done {
  readonly status: number;
  readonly command: number;
  readonly count: number;
}

/** DONE, DONEPROC or DONEINPROC. */
export function done(token: keyof typeof DONE_TOKEN, { status, command, count }: Done, version: TdsVersion): Buffer {
  const writer = new ByteWriter().uint8(DONE_TOKEN[token]).uint16(status).uint16(command);
  return (isAtLeast(version, '7.2') ? writer.uint64(count) : writer.uint32(count)).bytes;
}

/** A column with its type in the version that is spoken. */
export interface SentColumn {
  readonly column: CannedSqlServerColumn;
  readonly type: ColumnType;
}

export function sentColumns(columns: readonly CannedSqlServerColumn[], version: TdsVersion): readonly SentColumn[] {
  return columns.map((column) => ({ column, type: typeIn(parseType(column.type), version) }));
}

/** COLMETADATA, [MS-TDS] section 2.2.7.4; without columns the NoMetaData form. */
export function colmetadata(columns: readonly SentColumn[], version: TdsVersion): Buffer {
  const writer = new ByteWriter().uint8(0x81).uint16(columns.length === 0 ? 0xffff : columns.length);
  for (const { column, type } of columns) {
    writeUserType(writer, version);
    // fNullable; usUpdateable says "unknown", as for a result that no table is behind.
    writer.uint16((type.nullable ? 0x0001 : 0) | 0x0008 | (column.flags ?? 0));
    writeTypeInfo(writer, type, true);
    if (isLongText(type.name)) writeTableName(writer, column.table ?? ['canned'], version);
    writer.bVarchar(column.name);
  }
  return writer.bytes;
}

function writeUserType(writer: ByteWriter, version: TdsVersion): void {
  if (isAtLeast(version, '7.2')) writer.uint32(0);
  else writer.uint16(0);
}

/** Since TDS 7.2 in parts, before in one. */
function writeTableName(writer: ByteWriter, parts: readonly string[], version: TdsVersion): void {
  if (!isAtLeast(version, '7.2')) {
    writer.usVarchar(parts.join('.'));
    return;
  }
  writer.uint8(parts.length);
  for (const part of parts) writer.usVarchar(part);
}

/** ROW, or NBCROW: [MS-TDS] sections 2.2.7.18 and 2.2.7.13. */
export function row(columns: readonly SentColumn[], values: readonly CannedValue[], plp: PlpForm, nullBitmap: boolean): Buffer {
  if (values.length !== columns.length) throw new Error(`a row of ${values.length} cells for ${columns.length} columns`);
  const writer = new ByteWriter().uint8(nullBitmap ? 0xd2 : 0xd1);
  if (nullBitmap) {
    const bitmap = Buffer.alloc(Math.ceil(columns.length / 8));
    for (const [index, value] of values.entries()) if (value === null) bitmap[index >> 3] = (bitmap[index >> 3] ?? 0) | (1 << (index & 7));
    writer.raw(bitmap);
  }
  for (const [index, { type }] of columns.entries()) {
    const value = values[index] ?? null;
    if (!nullBitmap || value !== null) writeCell(writer, type, value, plp, true);
  }
  return writer.bytes;
}

export function order(numbers: readonly number[]): Buffer {
  const body = new ByteWriter();
  for (const number of numbers) body.uint16(number);
  return withLength(0xa9, body);
}

/** TABNAME and COLINFO, [MS-TDS] sections 2.2.7.20 and 2.2.7.3. */
export function browseTokens(columns: readonly SentColumn[], version: TdsVersion): Buffer {
  const tables = [...new Map(columns.flatMap(({ column: { table } }) => (table === undefined ? [] : [[table.join('.'), table]]))).values()];
  const names = new ByteWriter();
  for (const table of tables) writeTableName(names, table, version);
  const infos = new ByteWriter();
  for (const [index, { column }] of columns.entries()) {
    const { table, baseName } = column;
    const number = tables.findIndex((other) => other.join('.') === table?.join('.')) + 1;
    const hidden = ((column.flags ?? 0) & 0x2000) === 0 ? 0 : 0x10;
    infos.uint8(index + 1).uint8(number);
    // EXPRESSION, HIDDEN, DIFFERENT_NAME.
    infos.uint8((number === 0 ? 0x04 : 0) | hidden | (baseName === undefined ? 0 : 0x20));
    if (baseName !== undefined) infos.bVarchar(baseName);
  }
  return Buffer.concat([withLength(0xa4, names), withLength(0xa5, infos)]);
}

/** ERROR or INFO, [MS-TDS] sections 2.2.7.10 and 2.2.7.13. */
export function message(
  kind: 'error' | 'info',
  { number, message: text, ...rest }: CannedMessage,
  server: string,
  version: TdsVersion,
): Buffer {
  const { state = 1, class: severity = kind === 'error' ? 16 : 0, procedure = '', line = 1 } = rest;
  const body = new ByteWriter()
    .uint32(number >>> 0)
    .uint8(state)
    .uint8(severity)
    .usVarchar(text)
    .bVarchar(server)
    .bVarchar(procedure);
  if (isAtLeast(version, '7.2')) body.uint32(line);
  else body.uint16(line);
  return withLength(kind === 'error' ? 0xaa : 0xab, body);
}

export function returnStatus(value: number): Buffer {
  return new ByteWriter().uint8(0x79).uint32(value >>> 0).bytes;
}

/** RETURNVALUE, [MS-TDS] section 2.2.7.19. */
export function returnValue(ordinal: number, name: string, declaration: string, value: CannedValue, version: TdsVersion): Buffer {
  const type = typeIn({ ...parseType(declaration), nullable: true }, version);
  const writer = new ByteWriter().uint8(0xac).uint16(ordinal).bVarchar(name).uint8(0x01);
  writeUserType(writer, version);
  writer.uint16(0x0001);
  writeTypeInfo(writer, type, false);
  writeCell(writer, type, value, { chunkBytes: 8_000, unknownLength: false }, false);
  return writer.bytes;
}

/** ENVCHANGE, [MS-TDS] section 2.2.7.9. */
export const envchange = {
  database: (now: string, before: string): Buffer => envchangeToken(1, new ByteWriter().bVarchar(now).bVarchar(before)),
  language: (now: string): Buffer => envchangeToken(2, new ByteWriter().bVarchar(now).bVarchar('')),
  packetSize: (now: number, before: number): Buffer => envchangeToken(4, new ByteWriter().bVarchar(String(now)).bVarchar(String(before))),
  collation: (): Buffer => envchangeToken(7, new ByteWriter().bVarbyte(COLLATIONS.latin1).bVarbyte(Buffer.alloc(0))),
  begun: (descriptor: bigint): Buffer => envchangeToken(8, new ByteWriter().uint8(8).uint64(descriptor).uint8(0)),
  committed: (descriptor: bigint): Buffer => envchangeToken(9, new ByteWriter().uint8(0).uint8(8).uint64(descriptor)),
  rolledBack: (descriptor: bigint): Buffer => envchangeToken(10, new ByteWriter().uint8(0).uint8(8).uint64(descriptor)),
  reset: (): Buffer => envchangeToken(18, new ByteWriter().uint8(0).uint8(0)),
  routing(host: string, port: number): Buffer {
    const data = new ByteWriter().uint8(0).uint16(port).usVarchar(host).bytes;
    return envchangeToken(20, new ByteWriter().uint16(data.length).raw(data).uint16(0));
  },
};

function envchangeToken(type: number, body: ByteWriter): Buffer {
  return withLength(0xe3, new ByteWriter().uint8(type).raw(body.bytes));
}

/** LOGINACK, [MS-TDS] section 2.2.7.14: the version's bytes, the most significant first. */
export function loginAck(version: TdsVersion, program: string, build: readonly [number, number, number]): Buffer {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(NUMBERS[version]);
  const [major, minor, patch] = build;
  const body = new ByteWriter().uint8(1).raw(number).bVarchar(program).uint8(major).uint8(minor);
  return withLength(0xad, body.uint8(patch >> 8).uint8(patch & 0xff));
}

/** FEATUREEXTACK, [MS-TDS] section 2.2.7.11. */
export function featureExtAck(features: readonly { readonly id: number; readonly data: Uint8Array }[]): Buffer {
  const writer = new ByteWriter().uint8(0xae);
  for (const { id, data } of features) writer.uint8(id).uint32(data.length).raw(data);
  return writer.uint8(0xff).bytes;
}

function withLength(token: number, body: ByteWriter): Buffer {
  const { bytes } = body;
  return new ByteWriter().uint8(token).uint16(bytes.length).raw(bytes).bytes;
}
