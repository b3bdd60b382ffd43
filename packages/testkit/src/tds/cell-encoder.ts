import { ByteWriter } from './byte-writer.js';
import type { CannedValue } from './canned-answers.js';
import { COLLATIONS, decimalSize, valueBytes } from './cell-values.js';
import { parseType, type ColumnType, type TypeName } from './column-type.js';
import { isAtLeast, type TdsVersion } from './tds-version.js';

/** How values of (MAX) types are cut. */
export interface PlpForm {
  readonly chunkBytes: number;
  readonly unknownLength: boolean;
}

/** [MS-TDS] section 2.2.5.4: the code of the type that may be NULL, that of its fixed length, and the bytes of a value. */
const CODES: Readonly<Record<TypeName, { readonly code: number; readonly fixed?: number; readonly size?: number }>> = {
  tinyint: { code: 0x26, fixed: 0x30, size: 1 },
  smallint: { code: 0x26, fixed: 0x34, size: 2 },
  int: { code: 0x26, fixed: 0x38, size: 4 },
  bigint: { code: 0x26, fixed: 0x7f, size: 8 },
  bit: { code: 0x68, fixed: 0x32, size: 1 },
  real: { code: 0x6d, fixed: 0x3b, size: 4 },
  float: { code: 0x6d, fixed: 0x3e, size: 8 },
  smallmoney: { code: 0x6e, fixed: 0x7a, size: 4 },
  money: { code: 0x6e, fixed: 0x3c, size: 8 },
  smalldatetime: { code: 0x6f, fixed: 0x3a, size: 4 },
  datetime: { code: 0x6f, fixed: 0x3d, size: 8 },
  decimal: { code: 0x6a },
  numeric: { code: 0x6c },
  uniqueidentifier: { code: 0x24, size: 16 },
  date: { code: 0x28 },
  time: { code: 0x29 },
  datetime2: { code: 0x2a },
  datetimeoffset: { code: 0x2b },
  char: { code: 0xaf },
  varchar: { code: 0xa7 },
  nchar: { code: 0xef },
  nvarchar: { code: 0xe7 },
  binary: { code: 0xad },
  varbinary: { code: 0xa5 },
  text: { code: 0x23 },
  ntext: { code: 0x63 },
  image: { code: 0x22 },
  xml: { code: 0xf1 },
  sql_variant: { code: 0x62 },
  udt: { code: 0xf0 },
  json: { code: 0xf4 },
};

/** The longest sql_variant: 8,000 bytes of a value with what describes it. */
const VARIANT_BYTES = 8_009;

/** The type that stands for it in an older version of the protocol: [MS-TDS] section 2.2.5.4, and "Data type changes" of SQL Server's clients. */
export function typeIn(type: ColumnType, version: TdsVersion): ColumnType {
  const older = downLevel(type, version);
  return older === undefined ? type : { ...type, ...older };
}

function downLevel({ name, size, scale }: ColumnType, version: TdsVersion): { name: TypeName; size: number } | undefined {
  const zone = name === 'datetimeoffset' ? 7 : 0;
  if (!isAtLeast(version, '7.3A')) {
    if (name === 'date') return { name: 'nvarchar', size: 10 };
    if (name === 'time') return { name: 'nvarchar', size: 8 + (scale === 0 ? 0 : scale + 1) };
    if (name === 'datetime2' || name === 'datetimeoffset') return { name: 'nvarchar', size: 19 + zone + (scale === 0 ? 0 : scale + 1) };
  }
  if (isAtLeast(version, '7.2')) return undefined;
  if (name === 'xml') return { name: 'ntext', size: 0 };
  if (name === 'udt') return { name: 'image', size: 0 };
  if (size !== Infinity) return undefined;
  return { name: name === 'varchar' ? 'text' : name === 'nvarchar' ? 'ntext' : 'image', size: 0 };
}

/** Whether TYPE_INFO has no length and values have none: the type of fixed length. */
function isFixed(type: ColumnType): boolean {
  return !type.nullable && CODES[type.name].fixed !== undefined;
}

function isPlp({ name, size }: ColumnType): boolean {
  return size === Infinity || name === 'xml' || name === 'udt' || name === 'json';
}

export function isLongText(name: TypeName): boolean {
  return name === 'text' || name === 'ntext' || name === 'image';
}

/** TYPE_INFO, [MS-TDS] section 2.2.5.6. `isColumn`: of COLMETADATA, where a UDT says its assembly. */
export function writeTypeInfo(writer: ByteWriter, type: ColumnType, isColumn: boolean): void {
  const { code, fixed, size } = CODES[type.name];
  if (isFixed(type) && fixed !== undefined) {
    writer.uint8(fixed);
    return;
  }
  writer.uint8(code);
  if (size !== undefined) writer.uint8(size);
  else if (type.name === 'decimal' || type.name === 'numeric') {
    writer.uint8(decimalSize(type.precision)).uint8(type.precision).uint8(type.scale);
  } else if (type.name === 'time' || type.name === 'datetime2' || type.name === 'datetimeoffset') writer.uint8(type.scale);
  else if (isLongText(type.name)) {
    writer.uint32(type.name === 'ntext' ? 0x7ffffffe : 0x7fffffff);
    if (type.name !== 'image') writer.raw(collationOf(type));
  } else if (type.name === 'sql_variant') writer.uint32(VARIANT_BYTES);
  else if (type.name === 'xml') writer.uint8(0);
  else if (type.name === 'udt') writeUdtInfo(writer, type, isColumn);
  else if (type.name !== 'date' && type.name !== 'json') {
    writer.uint16(type.size === Infinity ? 0xffff : type.size * (type.name.startsWith('n') ? 2 : 1));
    if (type.name.endsWith('char')) writer.raw(collationOf(type));
  }
}

function collationOf(type: ColumnType): Buffer {
  return type.utf8 ? COLLATIONS.utf8 : COLLATIONS.latin1;
}

function writeUdtInfo(writer: ByteWriter, { typeName }: ColumnType, isColumn: boolean): void {
  if (isColumn) writer.uint16(0xffff);
  for (const part of typeName) writer.bVarchar(part);
  if (isColumn) writer.usVarchar(`${typeName[2]}, an assembly`);
}

/** A value with its length, as ROW and RETURNVALUE have it: [MS-TDS] section 2.2.5.2.3. `isColumn`: TEXT, NTEXT and IMAGE have a text pointer. */
export function writeCell(writer: ByteWriter, type: ColumnType, value: CannedValue, plp: PlpForm, isColumn: boolean): void {
  if (isPlp(type)) writePlp(writer, value === null ? null : valueBytes(type, value), plp);
  else if (isLongText(type.name)) writeLongText(writer, value === null ? null : valueBytes(type, value), isColumn);
  else if (type.name === 'sql_variant') writeVariant(writer, value);
  else if (value === null) writeNull(writer, type);
  else {
    const bytes = valueBytes(type, value);
    if (isFixed(type)) writer.raw(bytes);
    else if (isShort(type)) writer.uint16(bytes.length).raw(bytes);
    else writer.uint8(bytes.length).raw(bytes);
  }
}

function isShort({ name }: ColumnType): boolean {
  return /char$|binary$/.test(name);
}

function writeNull(writer: ByteWriter, type: ColumnType): void {
  if (isFixed(type)) throw new Error(`NULL in a column that is ${type.name} not null`);
  if (isShort(type)) writer.uint16(0xffff);
  else writer.uint8(0);
}

function writePlp(writer: ByteWriter, bytes: Buffer | null, { chunkBytes, unknownLength }: PlpForm): void {
  if (bytes === null) {
    writer.uint64(0xffffffffffffffffn);
    return;
  }
  writer.uint64(unknownLength ? 0xfffffffffffffffen : bytes.length);
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const chunk = bytes.subarray(at, at + chunkBytes);
    writer.uint32(chunk.length).raw(chunk);
  }
  writer.uint32(0);
}

function writeLongText(writer: ByteWriter, bytes: Buffer | null, isColumn: boolean): void {
  if (!isColumn) {
    writer.uint32(bytes === null ? 0xffffffff : bytes.length).raw(bytes ?? Buffer.alloc(0));
  } else if (bytes === null) writer.uint8(0);
  else writer.bVarbyte(Buffer.from('a text pointer..')).raw(Buffer.from('then....')).uint32(bytes.length).raw(bytes);
}

/** [MS-TDS] section 2.2.5.5.4: the type, what it has of properties, the value. */
function writeVariant(writer: ByteWriter, value: CannedValue): void {
  if (value === null) {
    writer.uint32(0);
    return;
  }
  const plain = typeof value === 'object' && 'type' in value ? value : { type: guessType(value), value };
  if (plain.value === null) throw new Error('a NULL in a sql_variant has no type');
  const type = parseType(`${plain.type} not null`);
  const bytes = valueBytes(type, plain.value);
  const properties = variantProperties(type, bytes.length);
  const { code, fixed } = CODES[type.name];
  writer
    .uint32(2 + properties.length + bytes.length)
    .uint8(fixed ?? code)
    .bVarbyte(properties)
    .raw(bytes);
}

function guessType(value: string | number | bigint | boolean | Uint8Array): string {
  if (typeof value === 'string') return `nvarchar(${Math.max(1, value.length)})`;
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  if (typeof value === 'bigint') return 'bigint';
  return typeof value === 'boolean' ? 'bit' : `varbinary(${Math.max(1, value.length)})`;
}

function variantProperties(type: ColumnType, length: number): Buffer {
  const writer = new ByteWriter();
  if (type.name === 'decimal' || type.name === 'numeric') writer.uint8(type.precision).uint8(type.scale);
  else if (type.name === 'time' || type.name === 'datetime2' || type.name === 'datetimeoffset') writer.uint8(type.scale);
  else if (type.name.endsWith('char')) writer.raw(collationOf(type)).uint16(length);
  else if (type.name.endsWith('binary')) writer.uint16(length);
  return writer.bytes;
}
