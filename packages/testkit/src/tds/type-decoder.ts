import type { ByteReader } from './byte-reader.js';
import type { CannedParameter, CannedTableValue, DecodedValue } from './canned-answers.js';
// oxlint-disable-next-line import/no-cycle
import { scalarValue } from './value-decoder.js';

/** TYPE_INFO of a parameter or of a column of a bulk load. */
export interface DecodedType {
  readonly code: number;
  /** As T-SQL declares it. */
  readonly declaration: string;
  readonly form: CannedParameter['form'];
  /** Of the types of fixed length. */
  readonly size: number;
  readonly scale: number;
  readonly utf8: boolean;
  readonly table?: TableType;
}

interface TableType {
  readonly typeName: string;
  readonly columns: readonly { readonly name: string; readonly type: DecodedType; readonly isDefault: boolean }[];
}

/** [MS-TDS] section 2.2.5.4.1: bytes and name. */
const FIXED: Readonly<Record<number, readonly [number, string]>> = {
  0x1f: [0, 'null'],
  0x30: [1, 'tinyint'],
  0x32: [1, 'bit'],
  0x34: [2, 'smallint'],
  0x38: [4, 'int'],
  0x3a: [4, 'smalldatetime'],
  0x3b: [4, 'real'],
  0x3c: [8, 'money'],
  0x3d: [8, 'datetime'],
  0x3e: [8, 'float'],
  0x7a: [4, 'smallmoney'],
  0x7f: [8, 'bigint'],
};

/** Section 2.2.5.4.2: names by the length that TYPE_INFO gives. */
const BY_LENGTH: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  0x24: { 0x10: 'uniqueidentifier' },
  0x26: { 1: 'tinyint', 2: 'smallint', 4: 'int', 8: 'bigint' },
  0x68: { 1: 'bit' },
  0x6d: { 4: 'real', 8: 'float' },
  0x6e: { 4: 'smallmoney', 8: 'money' },
  0x6f: { 4: 'smalldatetime', 8: 'datetime' },
};

const USHORT: Readonly<Record<number, string>> = {
  0xa5: 'varbinary',
  0xa7: 'varchar',
  0xad: 'binary',
  0xaf: 'char',
  0xe7: 'nvarchar',
  0xef: 'nchar',
};

const LONG: Readonly<Record<number, string>> = { 0x22: 'image', 0x23: 'text', 0x62: 'sql_variant', 0x63: 'ntext' };

/** @throws Error for a type code that [MS-TDS] does not have. */
export function readTypeInfo(reader: ByteReader): DecodedType {
  const code = reader.uint8();
  const plain = { code, size: 0, scale: 0, utf8: false };
  const fixed = FIXED[code];
  if (fixed !== undefined) return { ...plain, size: fixed[0], declaration: fixed[1], form: 'fixed' };
  const byLength = BY_LENGTH[code];
  if (byLength !== undefined) return { ...plain, declaration: named(byLength, reader.uint8()), form: 'byte length' };
  const ushort = USHORT[code];
  if (ushort !== undefined) return readUshort(reader, ushort, code);
  const long = LONG[code];
  if (long !== undefined) {
    reader.uint32();
    const utf8 = code === 0x23 || code === 0x63 ? isUtf8(reader.raw(5)) : false;
    return { ...plain, utf8, declaration: long, form: 'long length' };
  }
  return readOther(reader, code);
}

function named(names: Readonly<Record<number, string>>, length: number): string {
  const name = names[length];
  if (name === undefined) throw new Error(`a type of ${length} bytes, which there is not`);
  return name;
}

function readUshort(reader: ByteReader, name: string, code: number): DecodedType {
  const size = reader.uint16();
  const utf8 = name.endsWith('char') ? isUtf8(reader.raw(5)) : false;
  const plain = { code, size: 0, scale: 0, utf8 };
  if (size === 0xffff) return { ...plain, declaration: `${name}(max)`, form: 'PLP' };
  return { ...plain, declaration: `${name}(${name.startsWith('n') ? size / 2 : size})`, form: 'ushort length' };
}

/** The bit of [MS-TDS] section 2.2.5.1.2. */
function isUtf8(collation: Buffer): boolean {
  return (collation.readUInt32LE(0) & 0x0400_0000) !== 0;
}

function readOther(reader: ByteReader, code: number): DecodedType {
  const plain = { code, size: 0, scale: 0, utf8: false };
  switch (code) {
    case 0x28:
      return { ...plain, declaration: 'date', form: 'byte length' };
    case 0x29:
    case 0x2a:
    case 0x2b: {
      const scale = reader.uint8();
      const name = { 0x29: 'time', 0x2a: 'datetime2', 0x2b: 'datetimeoffset' }[code];
      return { ...plain, scale, declaration: `${name}(${scale})`, form: 'byte length' };
    }
    case 0x6a:
    case 0x6c: {
      reader.uint8();
      const [precision, scale] = [reader.uint8(), reader.uint8()];
      return { ...plain, scale, declaration: `${code === 0x6a ? 'decimal' : 'numeric'}(${precision},${scale})`, form: 'byte length' };
    }
    case 0xf0: {
      const parts = [reader.bVarchar(), reader.bVarchar(), reader.bVarchar()];
      return { ...plain, declaration: `udt(${parts.join('.')})`, form: 'PLP' };
    }
    case 0xf1:
      if (reader.uint8() !== 0) {
        reader.bVarchar();
        reader.bVarchar();
        reader.usVarchar();
      }
      return { ...plain, declaration: 'xml', form: 'PLP' };
    case 0xf3: {
      const table = readTableType(reader);
      return { ...plain, declaration: table.typeName, form: 'table', table };
    }
    case 0xf4:
      return { ...plain, utf8: true, declaration: 'json', form: 'PLP' };
    default:
      throw new Error(`a type of code ${code}, which this server does not know`);
  }
}

/** TVP_TYPE_INFO, [MS-TDS] section 2.2.5.5.5.1, to the token that ends it. */
function readTableType(reader: ByteReader): TableType {
  const parts = [reader.bVarchar(), reader.bVarchar(), reader.bVarchar()];
  const count = reader.uint16();
  const columns = Array.from({ length: count === 0xffff ? 0 : count }, () => {
    reader.uint32();
    const flags = reader.uint16();
    const type = readTypeInfo(reader);
    return { name: reader.bVarchar(), type, isDefault: (flags & 0x0200) !== 0 };
  });
  for (let token = reader.uint8(); token !== 0; token = reader.uint8()) {
    if (token !== 0x10 && token !== 0x11) throw new Error(`a token ${token} in the metadata of a table-valued parameter`);
    const entries = reader.uint16();
    reader.raw(entries * (token === 0x10 ? 3 : 2));
  }
  return { typeName: parts.filter((part) => part !== '').join('.'), columns };
}

/** A value with its length. `hasTextPointer`: TEXT, NTEXT and IMAGE in the rows of a bulk load. */
export function readValue(reader: ByteReader, type: DecodedType, hasTextPointer = false): DecodedValue {
  switch (type.form) {
    case 'fixed':
      return type.code === 0x1f ? null : scalarValue(type, reader.raw(type.size));
    case 'byte length': {
      const length = reader.uint8();
      return length === 0 ? null : scalarValue(type, reader.raw(length));
    }
    case 'ushort length': {
      const length = reader.uint16();
      return length === 0xffff ? null : scalarValue(type, reader.raw(length));
    }
    case 'long length':
      return readLong(reader, type, hasTextPointer);
    case 'PLP': {
      const bytes = readPlp(reader);
      return bytes === null ? null : scalarValue(type, bytes);
    }
    case 'table':
      return readTable(reader, type.table ?? { typeName: '', columns: [] });
    default:
      throw new Error(`unexpected ${String(type.form satisfies never)}`);
  }
}

function readLong(reader: ByteReader, type: DecodedType, hasTextPointer: boolean): DecodedValue {
  if (type.code === 0x62) {
    const length = reader.uint32();
    return length === 0 ? null : scalarValue(type, reader.raw(length));
  }
  if (hasTextPointer) {
    const pointer = reader.uint8();
    if (pointer === 0) return null;
    reader.raw(pointer + 8);
  }
  const length = reader.uint32();
  return length === 0xffffffff ? null : scalarValue(type, reader.raw(length));
}

/** [MS-TDS] section 2.2.5.2.3. */
function readPlp(reader: ByteReader): Buffer | null {
  const total = reader.uint64();
  if (total === 0xffffffffffffffffn) return null;
  const chunks: Buffer[] = [];
  for (let length = reader.uint32(); length !== 0; length = reader.uint32()) chunks.push(reader.raw(length));
  const bytes = Buffer.concat(chunks);
  if (total !== 0xfffffffffffffffen && BigInt(bytes.length) !== total) throw new Error(`a value of ${total} bytes has ${bytes.length}`);
  return bytes;
}

/** TVP_ROW tokens, to the token that ends them. */
function readTable(reader: ByteReader, { typeName, columns }: TableType): CannedTableValue {
  const rows: DecodedValue[][] = [];
  for (let token = reader.uint8(); token !== 0; token = reader.uint8()) {
    if (token !== 1) throw new Error(`a token ${token} among the rows of a table-valued parameter`);
    rows.push(columns.map(({ type, isDefault }) => (isDefault ? null : readValue(reader, type))));
  }
  return { typeName, columns: columns.map(({ name, type }) => ({ name, type: type.declaration })), rows };
}
