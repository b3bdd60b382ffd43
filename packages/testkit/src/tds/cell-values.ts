import { littleEndian } from './byte-writer.js';
import type { CannedValue } from './canned-answers.js';
import type { ColumnType } from './column-type.js';
import { DAYS_TO_1900, parseTime, TICKS_A_DAY, timeSize } from './time-values.js';

/** SQL_Latin1_General_CP1_CI_AS, and Latin1_General_100_CI_AS_SC_UTF8: [MS-TDS] section 2.2.5.1.2. */
export const COLLATIONS = { latin1: Buffer.from('0904d00034', 'hex'), utf8: Buffer.from('0904d02400', 'hex') } as const;

/** The bytes of a value of this type, without its length. */
export function valueBytes(type: ColumnType, value: Exclude<CannedValue, null>): Buffer {
  switch (type.name) {
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
      return littleEndian(BigInt(scalar(value)), INTEGER_BYTES[type.name]);
    case 'bit':
      return Buffer.of(value === true || Number(value) === 1 ? 1 : 0);
    case 'real':
    case 'float':
      return floatBytes(type.name, Number(value));
    case 'smallmoney':
      return littleEndian(scaled(value, 4), 4);
    case 'money':
      return moneyBytes(scaled(value, 4));
    case 'decimal':
    case 'numeric':
      return decimalBytes(type.precision, scaled(value, type.scale));
    case 'uniqueidentifier':
      return guidBytes(String(scalar(value)));
    case 'smalldatetime':
    case 'datetime':
    case 'date':
    case 'time':
    case 'datetime2':
    case 'datetimeoffset':
      return timeBytes(type, String(scalar(value)));
    case 'char':
    case 'varchar':
    case 'text':
      return type.utf8 ? Buffer.from(text(type, value)) : latin1Bytes(text(type, value));
    case 'nchar':
    case 'nvarchar':
    case 'ntext':
    case 'xml':
      return Buffer.from(text(type, value), 'utf16le');
    case 'json':
      return Buffer.from(String(scalar(value)));
    case 'binary':
      return Buffer.concat([binary(value), Buffer.alloc(type.size)]).subarray(0, type.size);
    case 'varbinary':
    case 'image':
    case 'udt':
      return binary(value);
    case 'sql_variant':
      throw new Error('a sql_variant is made of a value of another type');
    default:
      return unreachable(type.name);
  }
}

const INTEGER_BYTES = { tinyint: 1, smallint: 2, int: 4, bigint: 8 } as const;

function scalar(value: Exclude<CannedValue, null>): string | number | bigint | boolean {
  if (value instanceof Uint8Array || typeof value === 'object') throw new Error('this type has no binary values');
  return value;
}

function binary(value: Exclude<CannedValue, null>): Buffer {
  if (value instanceof Uint8Array) return Buffer.from(value);
  throw new Error('this type has binary values alone');
}

/** Fixed lengths are filled up with spaces. */
function text(type: ColumnType, value: Exclude<CannedValue, null>): string {
  const own = String(scalar(value));
  return type.name === 'char' || type.name === 'nchar' ? own.padEnd(type.size) : own;
}

function floatBytes(name: 'real' | 'float', value: number): Buffer {
  const bytes = Buffer.alloc(name === 'real' ? 4 : 8);
  if (name === 'real') bytes.writeFloatLE(value);
  else bytes.writeDoubleLE(value);
  return bytes;
}

/** An exact decimal without its point. */
function scaled(value: Exclude<CannedValue, null>, scale: number): bigint {
  const [, sign = '', whole = '0', fraction = ''] = /^(-?)(\d*)(?:\.(\d*))?$/.exec(String(scalar(value))) ?? [];
  const digits = `${whole}${fraction.slice(0, scale).padEnd(scale, '0')}`;
  return BigInt(`${sign}${digits}`);
}

/** Two halves, the more significant first. */
function moneyBytes(value: bigint): Buffer {
  const bytes = littleEndian(value, 8);
  return Buffer.concat([bytes.subarray(4), bytes.subarray(0, 4)]);
}

/** A byte of sign, 1 for what is not negative. */
function decimalBytes(precision: number, value: bigint): Buffer {
  const size = decimalSize(precision) - 1;
  return Buffer.concat([Buffer.of(value < 0n ? 0 : 1), littleEndian(value < 0n ? -value : value, size)]);
}

/** With its sign: [MS-TDS] section 2.2.5.5.1.6. */
export function decimalSize(precision: number): number {
  return precision <= 9 ? 5 : precision <= 19 ? 9 : precision <= 28 ? 13 : 17;
}

/** The first three groups are numbers, least significant byte first. */
export function guidBytes(guid: string): Buffer {
  const bytes = Buffer.from(guid.replaceAll('-', ''), 'hex');
  if (bytes.length !== 16) throw new Error(`no uniqueidentifier: ${guid}`);
  const groups = [bytes.subarray(0, 4), bytes.subarray(4, 6), bytes.subarray(6, 8)].map((group) => Buffer.from(group).reverse());
  return Buffer.concat([...groups, bytes.subarray(8)]);
}

function timeBytes(type: ColumnType, value: string): Buffer {
  const time = parseTime(value);
  const fraction = (ticks: bigint): Buffer => littleEndian(ticks / 10n ** BigInt(7 - type.scale), timeSize(type.scale));
  const days = (count: number): Buffer => littleEndian(BigInt(count), 3);
  if (type.name === 'date') return days(time.days);
  if (type.name === 'time') return fraction(time.ticks);
  if (type.name === 'datetime2') return Buffer.concat([fraction(time.ticks), days(time.days)]);
  if (type.name === 'datetimeoffset') {
    const utc = BigInt(time.days) * TICKS_A_DAY + time.ticks - BigInt(time.offsetMinutes) * 600_000_000n;
    return Buffer.concat([fraction(utc % TICKS_A_DAY), days(Number(utc / TICKS_A_DAY)), littleEndian(BigInt(time.offsetMinutes), 2)]);
  }
  const since1900 = BigInt(time.days - DAYS_TO_1900);
  if (type.name === 'datetime') return Buffer.concat([littleEndian(since1900, 4), littleEndian((time.ticks * 3n + 50_000n) / 100_000n, 4)]);
  return Buffer.concat([littleEndian(since1900, 2), littleEndian(time.ticks / 600_000_000n, 2)]);
}

/** Windows-1252 from 80 to 9F; some versions of Node.js decode it as ISO 8859-1. */
const C1 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';
const CHARACTERS = Array.from(
  { length: 256 },
  (_, byte) => (byte >= 0x80 && byte < 0xa0 ? C1[byte - 0x80] : String.fromCharCode(byte)) ?? '',
);
const LATIN1 = new Map(CHARACTERS.map((character, byte) => [character, byte]));

/** Windows-1252, which that collation has; `?` for what it lacks, as SQL Server gives. */
export function latin1Bytes(value: string): Buffer {
  return Buffer.from(Array.from(value, (character) => LATIN1.get(character) ?? 0x3f));
}

export function latin1Text(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => CHARACTERS[byte] ?? '').join('');
}

function unreachable(value: never): never {
  throw new Error(`unexpected ${String(value)}`);
}
