import { ProtocolError } from './protocol-error.js';

/** Codes of types ([MS-TDS] 2.2.5.4). Those that SQL Server no longer sends, but that clients may, are here as well. */
export const DATA_TYPE = {
  NULL: 0x1f,
  IMAGE: 0x22,
  TEXT: 0x23,
  GUID: 0x24,
  VARBINARY: 0x25,
  INTN: 0x26,
  VARCHAR: 0x27,
  DATEN: 0x28,
  TIMEN: 0x29,
  DATETIME2N: 0x2a,
  DATETIMEOFFSETN: 0x2b,
  BINARY: 0x2d,
  CHAR: 0x2f,
  INT1: 0x30,
  BIT: 0x32,
  INT2: 0x34,
  DECIMAL: 0x37,
  INT4: 0x38,
  DATETIM4: 0x3a,
  FLT4: 0x3b,
  MONEY: 0x3c,
  DATETIME: 0x3d,
  FLT8: 0x3e,
  NUMERIC: 0x3f,
  SSVARIANT: 0x62,
  NTEXT: 0x63,
  BITN: 0x68,
  DECIMALN: 0x6a,
  NUMERICN: 0x6c,
  FLTN: 0x6d,
  MONEYN: 0x6e,
  DATETIMN: 0x6f,
  MONEY4: 0x7a,
  INT8: 0x7f,
  BIGVARBINARY: 0xa5,
  BIGVARCHAR: 0xa7,
  BIGBINARY: 0xad,
  BIGCHAR: 0xaf,
  NVARCHAR: 0xe7,
  NCHAR: 0xef,
  UDT: 0xf0,
  XML: 0xf1,
  /** A table-valued parameter: only in RPC requests. */
  TABLE: 0xf3,
  JSON: 0xf4,
  VECTOR: 0xf5,
} as const;

export type DataTypeName = keyof typeof DATA_TYPE;

/**
 * How the cells of a type lie: so many bytes (`fixed`), with a BYTE, USHORT or LONG of length in front, as TEXT with a text pointer, or partially
 * length-prefixed (PLP), [MS-TDS] 2.2.5.2.3.
 */
export type CellForm = 'fixed' | 'byte-length' | 'ushort-length' | 'long-length' | 'text-pointer' | 'plp';

const NAMES: ReadonlyMap<number, DataTypeName> = new Map(Object.entries(DATA_TYPE).map(([name, code]) => [code, name as DataTypeName]));

/** Throws `invalid-value` for a code that is no type, and `unsupported` for those that are refused by name. */
export function dataTypeName(code: number): DataTypeName {
  const name = NAMES.get(code);
  if (name === undefined) throw new ProtocolError('invalid-value', 'a column or parameter has a type that the protocol does not define');
  if (name === 'JSON' || name === 'VECTOR')
    throw new ProtocolError('unsupported', `the type ${name} was not agreed on at login and is refused`);
  return name;
}

/** Bytes of a type that always has the same. */
export const FIXED_LENGTHS: Readonly<Partial<Record<DataTypeName, number>>> = {
  NULL: 0,
  INT1: 1,
  BIT: 1,
  INT2: 2,
  INT4: 4,
  DATETIM4: 4,
  FLT4: 4,
  MONEY4: 4,
  MONEY: 8,
  DATETIME: 8,
  FLT8: 8,
  INT8: 8,
};
