import type { CellType } from '@sqlwarden/core';
import { constantType, packed, viewOf } from './cell-type-parts.js';

const INTEGER = /^-?\d{1,255}$/;

/** TINYINT, which has no sign, SMALLINT, INT and BIGINT. */
export function integerType(bytes: 1 | 2 | 4 | 8): CellType {
  const unsigned = bytes === 1;
  const wrap = (value: bigint): bigint => (unsigned ? BigInt.asUintN(bytes * 8, value) : BigInt.asIntN(bytes * 8, value));
  const zero = new Uint8Array(bytes);
  return {
    family: 'integer',
    binaryBytes: bytes,
    zero: () => zero,
    toText: (cell) => (cell.length === bytes ? wrap(magnitude(cell, 0)).toString() : undefined),
    fromText: (text) => {
      if (!INTEGER.test(text)) return undefined;
      const value = BigInt(text);
      return wrap(value) === value ? magnitudeBytes(BigInt.asUintN(bytes * 8, value), bytes) : undefined;
    },
  };
}

/** BIT. */
export const bitType: CellType = constantType('boolean', new Uint8Array(1));

/** The little-endian number that begins at `from`. */
function magnitude(cell: Uint8Array, from: number): bigint {
  let value = 0n;
  for (let at = cell.length - 1; at >= from; at--) value = (value << 8n) | BigInt(cell[at] as number);
  return value;
}

function magnitudeBytes(value: bigint, bytes: number): Uint8Array {
  const cell = new Uint8Array(bytes);
  for (let at = 0, rest = value; at < bytes; at++, rest >>= 8n) cell[at] = Number(rest & 0xffn);
  return cell;
}

const FLOAT = /^-?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:e[+-]?\d{1,4})?$/i;

/** REAL and FLOAT. Canonical is the shortest text that reads back as the same number. */
export function floatType(bytes: 4 | 8): CellType {
  const zero = new Uint8Array(bytes);
  return {
    family: 'float',
    binaryBytes: bytes,
    zero: () => zero,
    toText: (cell) => {
      if (cell.length !== bytes) return undefined;
      const value = bytes === 4 ? viewOf(cell).getFloat32(0, true) : viewOf(cell).getFloat64(0, true);
      return Number.isFinite(value) ? shortest(value, bytes) : undefined;
    },
    fromText: (text) => {
      if (!FLOAT.test(text)) return undefined;
      const value = bytes === 4 ? Math.fround(Number(text)) : Number(text);
      if (!Number.isFinite(value)) return undefined;
      return packed(bytes, (view) => (bytes === 4 ? view.setFloat32(0, value, true) : view.setFloat64(0, value, true)));
    },
  };
}

const SINGLE_DIGITS = 9;

function shortest(value: number, bytes: 4 | 8): string {
  for (let digits = 6; bytes === 4 && digits < SINGLE_DIGITS; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(bytes === 4 ? Number(value.toPrecision(SINGLE_DIGITS)) : value);
}

const DECIMAL = /^(-?)0{0,255}(\d{1,255}?)(?:\.(\d{0,255}))?$/;

/** The number as so many units of its last digit; `undefined` when it is none, or has more digits behind the point. */
function unitsOf(text: string, scale: number): bigint | undefined {
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = ''] = match;
  if (/[1-9]/.test(fraction.slice(scale))) return undefined;
  const units = BigInt(whole + fraction.slice(0, scale).padEnd(scale, '0'));
  return sign === '' ? units : -units;
}

function textOf(units: bigint, scale: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return units < 0n ? `-${text}` : text;
}

const MONEY_SCALE = 4;

/** SMALLMONEY and MONEY: whole numbers of ten-thousandths, of which MONEY has the more significant half first ([MS-TDS] section 2.2.5.5.1.3). */
export function moneyType(bytes: 4 | 8): CellType {
  const bits = bytes * 8;
  const zero = new Uint8Array(bytes);
  return {
    family: 'numeric',
    integerDigits: bytes === 4 ? 5 : 14,
    zero: () => zero,
    toText: (cell) => {
      if (cell.length !== bytes) return undefined;
      const view = viewOf(cell);
      const units =
        bytes === 4 ? BigInt(view.getInt32(0, true)) : (BigInt(view.getInt32(0, true)) << 32n) | BigInt(view.getUint32(4, true));
      return textOf(units, MONEY_SCALE);
    },
    fromText: (text) => {
      const units = unitsOf(text, MONEY_SCALE);
      if (units === undefined || BigInt.asIntN(bits, units) !== units) return undefined;
      return packed(bytes, (view) => {
        if (bytes === 4) return view.setInt32(0, Number(units), true);
        view.setInt32(0, Number(units >> 32n), true);
        view.setUint32(4, Number(units & 0xffff_ffffn), true);
      });
    },
  };
}

/** Bytes of a decimal's number by its precision, and of the longest. */
const SIZES: readonly (readonly [number, number])[] = [
  [9, 4],
  [19, 8],
  [28, 12],
  [38, 16],
];
const LONGEST = 16;

/** DECIMAL and NUMERIC: a byte of the sign, 1 for positive, and the number without its point. Precision 0: not known. */
export function decimalType(precision: number, scale: number): CellType {
  const limit = 10n ** BigInt(precision === 0 ? 38 : precision);
  const size = SIZES.find(([digits]) => precision > 0 && precision <= digits)?.[1] ?? LONGEST;
  const cellOf = (units: bigint): Uint8Array => {
    const cell = new Uint8Array(1 + size);
    cell[0] = units < 0n ? 0 : 1;
    cell.set(magnitudeBytes(units < 0n ? -units : units, size), 1);
    return cell;
  };
  const zero = cellOf(0n);
  return {
    family: 'numeric',
    ...(precision === 0 ? {} : { integerDigits: precision - scale }),
    zero: () => zero,
    toText: (cell) => {
      if (cell.length < 2 || cell.length > 1 + LONGEST || (cell[0] as number) > 1) return undefined;
      const units = magnitude(cell, 1);
      return textOf(cell[0] === 0 ? -units : units, scale);
    },
    fromText: (text) => {
      const units = unitsOf(text, scale);
      return units === undefined || units >= limit || units <= -limit ? undefined : cellOf(units);
    },
  };
}
