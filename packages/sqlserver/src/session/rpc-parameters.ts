import type { BoundParameter } from '@sqlwarden/core';
import { DATA_TYPE, type DataTypeName } from '../protocol/data-types.js';
import { decodeUtf16 } from '../protocol/payload-reader.js';
import { PARAMETER_STATUS, type RpcParameter } from '../protocol/rpc-request.js';
import { type CallArgument, tableTypeText } from './statement-text.js';

/** What parameters of RPCs hold ([MS-TDS] section 2.2.6.6 "ParameterData"). */

const UNICODE: ReadonlySet<DataTypeName> = new Set(['NVARCHAR', 'NCHAR', 'NTEXT']);
const INTEGERS: ReadonlySet<DataTypeName> = new Set(['INT1', 'INT2', 'INT4', 'INT8', 'INTN']);

/** The Unicode text in a parameter; `null` for NULL, `undefined` when it is no such text. */
export function unicodeIn(parameter: RpcParameter | undefined): string | null | undefined {
  if (parameter?.kind !== 'value' || !UNICODE.has(parameter.type.name) || isDefault(parameter)) return undefined;
  const { bytes } = parameter.value;
  return bytes === null ? null : decodeUtf16(bytes);
}

/** The integer in a parameter; `undefined` when it holds none. */
export function integerIn(parameter: RpcParameter | undefined): number | undefined {
  if (parameter?.kind !== 'value' || !INTEGERS.has(parameter.type.name) || isDefault(parameter)) return undefined;
  const { bytes } = parameter.value;
  if (bytes === null || bytes.length === 0) return undefined;
  const unsigned = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return Number(bytes.length === 1 ? unsigned : BigInt.asIntN(bytes.length * 8, unsigned));
}

export function isByReference({ status }: RpcParameter): boolean {
  return (status & PARAMETER_STATUS.BY_REFERENCE) !== 0;
}

export function isDefault({ status }: RpcParameter): boolean {
  return (status & PARAMETER_STATUS.DEFAULT_VALUE) !== 0;
}

export function isEncrypted({ status }: RpcParameter): boolean {
  return (status & PARAMETER_STATUS.ENCRYPTED) !== 0;
}

/** As units have them; a table has no one value. */
export function boundParameter(parameter: RpcParameter): BoundParameter {
  if (parameter.kind === 'table') return { typeId: DATA_TYPE.TABLE, format: 'binary', value: null };
  return { typeId: parameter.type.type, format: 'binary', value: parameter.value.bytes };
}

export function callArgument(parameter: RpcParameter): CallArgument {
  const isTable = parameter.kind === 'table';
  return {
    name: parameter.name,
    isOutput: isByReference(parameter),
    isDefault: isDefault(parameter),
    isTable,
    type: isTable ? tableTypeText(parameter.table.typeName) : TYPE_TEXTS[parameter.type.name],
  };
}

/** How a variable of the type is declared; lengths do not matter to what it derives from. */
const TYPE_TEXTS: Readonly<Record<DataTypeName, string>> = {
  NULL: 'int',
  IMAGE: 'varbinary(max)',
  TEXT: 'varchar(max)',
  GUID: 'uniqueidentifier',
  VARBINARY: 'varbinary(max)',
  INTN: 'bigint',
  VARCHAR: 'varchar(max)',
  DATEN: 'date',
  TIMEN: 'time',
  DATETIME2N: 'datetime2',
  DATETIMEOFFSETN: 'datetimeoffset',
  BINARY: 'varbinary(max)',
  CHAR: 'varchar(max)',
  INT1: 'tinyint',
  BIT: 'bit',
  INT2: 'smallint',
  DECIMAL: 'decimal(38, 10)',
  INT4: 'int',
  DATETIM4: 'smalldatetime',
  FLT4: 'real',
  MONEY: 'money',
  DATETIME: 'datetime',
  FLT8: 'float',
  NUMERIC: 'numeric(38, 10)',
  SSVARIANT: 'sql_variant',
  NTEXT: 'nvarchar(max)',
  BITN: 'bit',
  DECIMALN: 'decimal(38, 10)',
  NUMERICN: 'numeric(38, 10)',
  FLTN: 'float',
  MONEYN: 'money',
  DATETIMN: 'datetime',
  MONEY4: 'smallmoney',
  INT8: 'bigint',
  BIGVARBINARY: 'varbinary(max)',
  BIGVARCHAR: 'varchar(max)',
  BIGBINARY: 'varbinary(max)',
  BIGCHAR: 'varchar(max)',
  NVARCHAR: 'nvarchar(max)',
  NCHAR: 'nvarchar(max)',
  UDT: 'sql_variant',
  XML: 'xml',
  TABLE: 'sql_variant',
  JSON: 'nvarchar(max)',
  VECTOR: 'varbinary(max)',
};
