import type { CellValue } from '../protocol/cell-value.js';
import type { Collation } from '../protocol/collation.js';
import { DATA_TYPE, type DataTypeName } from '../protocol/data-types.js';
import type { TypeInfo } from '../protocol/type-info.js';

/** A TYPE_INFO with values of it, not NULL. */
export interface CellSample {
  readonly type: TypeInfo;
  readonly values: readonly CellValue[];
}

const LATIN: Collation = { lcid: 1033, flags: 0x0d, version: 0, sortId: 52 };
const UTF8: Collation = { lcid: 1033, flags: 0x4d, version: 2, sortId: 0 };

const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 37 + length) & 0xff);

function of(name: DataTypeName, form: TypeInfo['form'], rest: Omit<TypeInfo, 'type' | 'name' | 'form'>): TypeInfo {
  return { type: DATA_TYPE[name], name, form, ...rest };
}

function fixed(name: DataTypeName, length: number): CellSample[] {
  return [{ type: of(name, 'fixed', { maxLength: length }), values: [{ bytes: length === 0 ? null : bytes(length) }] }];
}

function sized(
  name: DataTypeName,
  form: 'byte-length' | 'ushort-length',
  rest: Omit<TypeInfo, 'type' | 'name' | 'form'>,
  lengths: readonly number[],
): CellSample {
  return { type: of(name, form, rest), values: lengths.map((length) => ({ bytes: bytes(length) })) };
}

function perLength(name: DataTypeName, lengths: readonly number[]): CellSample[] {
  return lengths.map((length) => sized(name, 'byte-length', { maxLength: length }, [length]));
}

function decimals(name: DataTypeName): CellSample[] {
  return [
    sized(name, 'byte-length', { maxLength: 17, precision: 38, scale: 10 }, [5, 9, 13, 17]),
    sized(name, 'byte-length', { maxLength: 5, precision: 9, scale: 0 }, [5]),
  ];
}

function times(name: DataTypeName, date: number): CellSample[] {
  return [0, 1, 2, 3, 4, 5, 6, 7].map((scale) => {
    const length = (scale <= 2 ? 3 : scale <= 4 ? 4 : 5) + date;
    return sized(name, 'byte-length', { maxLength: length, scale }, [length]);
  });
}

function strings(name: DataTypeName, collated: boolean): CellSample[] {
  return (collated ? [{ collation: LATIN }, { collation: UTF8 }] : [{}]).map((rest) =>
    sized(name, 'ushort-length', { maxLength: 8000, ...rest }, [0, 2, 400, 8000]),
  );
}

const PLP_VALUES: readonly CellValue[] = [
  { bytes: bytes(0), plp: { total: 0, sizes: [] } },
  { bytes: bytes(10), plp: { total: 10, sizes: [10] } },
  { bytes: bytes(10), plp: { total: undefined, sizes: [4, 1, 5] } },
  { bytes: bytes(0), plp: { total: undefined, sizes: [] } },
  { bytes: bytes(20_000), plp: { total: 20_000, sizes: [8000, 8000, 4000] } },
];

function long(name: DataTypeName, rest: Partial<TypeInfo>): CellSample {
  return { type: { type: DATA_TYPE[name], name, form: 'plp', maxLength: undefined, ...rest }, values: PLP_VALUES };
}

function texts(name: DataTypeName, collated: boolean): CellSample[] {
  const textPointer = { pointer: bytes(16), timestamp: bytes(8) };
  const values = [0, 7, 9000].map((length) => ({ bytes: bytes(length), textPointer }));
  return [{ type: of(name, 'text-pointer', { maxLength: 0x7fff_ffff, ...(collated ? { collation: LATIN } : {}) }), values }];
}

const UDT = {
  maxBytes: 0xffff,
  database: 'hr',
  schema: 'sys',
  type: 'geography',
  assembly: 'Microsoft.SqlServer.Types.SqlGeography, Version=11.0.0.0',
};

/** Every type that a result set can have. The compiler demands every name of a type; TABLE is only in requests, JSON and VECTOR are refused. */
export const CELL_SAMPLES: Readonly<Record<Exclude<DataTypeName, 'TABLE' | 'JSON' | 'VECTOR'>, readonly CellSample[]>> = {
  NULL: fixed('NULL', 0),
  INT1: fixed('INT1', 1),
  BIT: fixed('BIT', 1),
  INT2: fixed('INT2', 2),
  INT4: fixed('INT4', 4),
  INT8: fixed('INT8', 8),
  DATETIM4: fixed('DATETIM4', 4),
  DATETIME: fixed('DATETIME', 8),
  FLT4: fixed('FLT4', 4),
  FLT8: fixed('FLT8', 8),
  MONEY4: fixed('MONEY4', 4),
  MONEY: fixed('MONEY', 8),
  GUID: perLength('GUID', [16]),
  INTN: perLength('INTN', [1, 2, 4, 8]),
  BITN: perLength('BITN', [1]),
  FLTN: perLength('FLTN', [4, 8]),
  MONEYN: perLength('MONEYN', [4, 8]),
  DATETIMN: perLength('DATETIMN', [4, 8]),
  DECIMAL: decimals('DECIMAL'),
  NUMERIC: decimals('NUMERIC'),
  DECIMALN: decimals('DECIMALN'),
  NUMERICN: decimals('NUMERICN'),
  CHAR: perLength('CHAR', [255]),
  VARCHAR: perLength('VARCHAR', [7]),
  BINARY: perLength('BINARY', [3]),
  VARBINARY: perLength('VARBINARY', [255]),
  DATEN: [sized('DATEN', 'byte-length', { maxLength: 3 }, [3])],
  TIMEN: times('TIMEN', 0),
  DATETIME2N: times('DATETIME2N', 3),
  DATETIMEOFFSETN: times('DATETIMEOFFSETN', 5),
  BIGVARBINARY: [...strings('BIGVARBINARY', false), long('BIGVARBINARY', {})],
  BIGVARCHAR: [...strings('BIGVARCHAR', true), long('BIGVARCHAR', { collation: LATIN }), long('BIGVARCHAR', { collation: UTF8 })],
  BIGBINARY: strings('BIGBINARY', false),
  BIGCHAR: strings('BIGCHAR', true),
  NVARCHAR: [...strings('NVARCHAR', true), long('NVARCHAR', { collation: LATIN })],
  NCHAR: strings('NCHAR', true),
  TEXT: texts('TEXT', true),
  NTEXT: texts('NTEXT', true),
  IMAGE: texts('IMAGE', false),
  SSVARIANT: [{ type: of('SSVARIANT', 'long-length', { maxLength: 8009 }), values: [{ bytes: bytes(6) }, { bytes: bytes(8016) }] }],
  UDT: [long('UDT', { udt: UDT })],
  XML: [long('XML', { xml: {} }), long('XML', { xml: { collection: { database: 'hr', schema: 'dbo', name: 'orders' } } })],
};
