import { ByteReader, unsigned } from './byte-reader.js';
import type { DecodedValue } from './canned-answers.js';
import { latin1Text } from './cell-values.js';
import { DAYS_TO_1900, dateText, offsetText, TICKS_A_DAY, timeText, timeSize } from './time-values.js';
// A sql_variant has a type of its own in each value.
// oxlint-disable-next-line import/no-cycle
import { readTypeInfo, type DecodedType } from './type-decoder.js';

/** A value that is not NULL, without its length. */
export function scalarValue(type: DecodedType, bytes: Buffer): DecodedValue {
  const name = type.declaration.replace(/\(.*/s, '');
  switch (name) {
    case 'tinyint':
      return bytes.readUInt8();
    case 'smallint':
    case 'int':
      return bytes.readIntLE(0, bytes.length);
    case 'bigint':
      return bytes.readBigInt64LE();
    case 'bit':
      return bytes[0] !== 0;
    case 'real':
      return bytes.readFloatLE();
    case 'float':
      return bytes.readDoubleLE();
    case 'smallmoney':
      return decimalText(BigInt(bytes.readInt32LE()), 4);
    case 'money':
      return decimalText((BigInt(bytes.readInt32LE(0)) << 32n) | BigInt(bytes.readUInt32LE(4)), 4);
    case 'decimal':
    case 'numeric':
      return decimalText(bytes[0] === 0 ? -unsigned(bytes.subarray(1)) : unsigned(bytes.subarray(1)), type.scale);
    case 'uniqueidentifier':
      return guidText(bytes);
    case 'nchar':
    case 'nvarchar':
    case 'ntext':
    case 'xml':
      return bytes.toString('utf16le');
    case 'char':
    case 'varchar':
    case 'text':
    case 'json':
      return type.utf8 ? bytes.toString('utf8') : latin1Text(bytes);
    case 'sql_variant':
      return variantValue(bytes);
    case 'binary':
    case 'varbinary':
    case 'image':
    case 'udt':
      return Buffer.from(bytes);
    default:
      return timeValue(name, type.scale, bytes);
  }
}

function decimalText(value: bigint, scale: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const sign = value < 0n ? '-' : '';
  return scale === 0 ? `${sign}${digits}` : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

function guidText(bytes: Buffer): string {
  const groups = [bytes.subarray(0, 4), bytes.subarray(4, 6), bytes.subarray(6, 8)].map((group) => Buffer.from(group).reverse());
  return [...groups, bytes.subarray(8, 10), bytes.subarray(10)]
    .map((group) => group.toString('hex'))
    .join('-')
    .toUpperCase();
}

function timeValue(name: string, scale: number, bytes: Buffer): string {
  const reader = new ByteReader(bytes);
  if (name === 'smalldatetime') return `${dateText(reader.uint16() + DAYS_TO_1900)} ${timeText(BigInt(reader.uint16()) * 600_000_000n, 0)}`;
  if (name === 'datetime') {
    const day = dateText(Number(reader.int(4)) + DAYS_TO_1900);
    return `${day} ${timeText((BigInt(reader.uint32()) * 100_000n) / 3n + 5_000n, 3)}`;
  }
  const ticks = name === 'date' ? 0n : unsigned(reader.raw(timeSize(scale))) * 10n ** BigInt(7 - scale);
  if (name === 'time') return timeText(ticks, scale);
  const days = Number(unsigned(reader.raw(3)));
  if (name === 'date') return dateText(days);
  if (name === 'datetime2') return `${dateText(days)} ${timeText(ticks, scale)}`;
  const minutes = Number(reader.int(2));
  const local = BigInt(days) * TICKS_A_DAY + ticks + BigInt(minutes) * 600_000_000n;
  return `${dateText(Number(local / TICKS_A_DAY))} ${timeText(local % TICKS_A_DAY, scale)} ${offsetText(minutes)}`;
}

/** [MS-TDS] section 2.2.5.5.4: the properties say what TYPE_INFO says elsewhere, but for lengths that they leave out. */
function variantValue(bytes: Buffer): DecodedValue {
  const reader = new ByteReader(bytes);
  const code = reader.uint8();
  const properties = reader.raw(reader.uint8());
  const lengths: Readonly<Record<number, string>> = { 0x24: '10', 0x6a: '11', 0x6c: '11' };
  const character = properties.length === 7 ? Buffer.concat([properties.subarray(5), properties.subarray(0, 5)]) : properties;
  const info = Buffer.concat([Buffer.of(code), Buffer.from(lengths[code] ?? '', 'hex'), character]);
  return scalarValue(readTypeInfo(new ByteReader(info)), reader.raw(reader.left));
}
