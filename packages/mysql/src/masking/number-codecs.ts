import { packed, type TypeCodec, viewOf } from './type-codec.js';

const INTEGER = /^-?\d{1,255}$/;

/** What a column definition says of a number. */
export interface NumberType {
  readonly unsigned: boolean;
  /** Characters that ZEROFILL fills with zeros; 0 without it. */
  readonly zeroFill: number;
}

/** Whole numbers. `valueBytes`: 3 for MEDIUMINT, which stands in 4. */
export function integerCodec(valueBytes: 1 | 2 | 3 | 4 | 8, { unsigned, zeroFill }: NumberType): TypeCodec {
  const bits = valueBytes * 8;
  return wholeNumber(valueBytes, valueBytes === 3 ? 4 : valueBytes, unsigned, zeroFill, (value) =>
    unsigned ? BigInt.asUintN(bits, value) === value : BigInt.asIntN(bits, value) === value,
  );
}

/**
 * YEAR: a number of 2 bytes in binary rows. Keyed masks have nothing to give that is a year: with one byte for the value what they give is
 * never one, so that all years become 0.
 */
export function yearCodec(): TypeCodec {
  return wholeNumber(1, 2, true, 4, (value) => value === 0n || (value >= 1901n && value <= 2155n));
}

function wholeNumber(
  valueBytes: number,
  cellBytes: 1 | 2 | 4 | 8,
  unsigned: boolean,
  zeroFill: number,
  holds: (value: bigint) => boolean,
): TypeCodec {
  const fit = (text: string): bigint | undefined => {
    if (!INTEGER.test(text)) return undefined;
    const value = BigInt(text);
    return holds(value) ? value : undefined;
  };
  return {
    family: 'integer',
    binaryBytes: valueBytes,
    zeroText: '0'.padStart(zeroFill, '0'),
    readText: (text) => fit(text)?.toString(),
    writeText: (text) => fit(text)?.toString().padStart(zeroFill, '0'),
    binary: {
      zero: new Uint8Array(cellBytes),
      read: (cell) => (cell.length === cellBytes ? integerText(cell, unsigned) : undefined),
      write: (text) => {
        const value = fit(text);
        return value === undefined ? undefined : integerCell(value, cellBytes);
      },
    },
  };
}

function integerText(cell: Uint8Array, unsigned: boolean): string {
  let value = 0n;
  for (let at = cell.length - 1; at >= 0; at--) value = (value << 8n) | BigInt(cell[at] as number);
  return (unsigned ? value : BigInt.asIntN(cell.length * 8, value)).toString();
}

function integerCell(value: bigint, bytes: number): Uint8Array {
  const cell = new Uint8Array(bytes);
  let rest = BigInt.asUintN(bytes * 8, value);
  for (let at = 0; at < bytes; at++, rest >>= 8n) cell[at] = Number(rest & 0xffn);
  return cell;
}

const FLOAT = /^-?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:e[+-]?\d{1,4})?$/i;
/** `decimals` of numbers without a fixed number of digits behind the point is this, or more. */
const NOT_FIXED = 31;
/** Digits that FLOAT is written with. */
const FLOAT_DIGITS = 6;

/**
 * FLOAT and DOUBLE. The texts of both formats are the same: those with the digits that the server writes, so that what a number of single precision
 * has beyond them plays no part in what it is masked as.
 */
export function floatCodec(bytes: 4 | 8, columnLength: number, decimals: number, { unsigned, zeroFill }: NumberType): TypeCodec {
  // FLOAT(M,D) has M digits.
  const limit = decimals < NOT_FIXED ? 10 ** Math.max(columnLength - decimals, 0) : Number.POSITIVE_INFINITY;
  const fit = (text: string): number | undefined => {
    if (!FLOAT.test(text)) return undefined;
    const rounded = decimals < NOT_FIXED ? Number(Number(text).toFixed(decimals)) : Number(text);
    const value = bytes === 4 ? Math.fround(rounded) : rounded;
    return Math.abs(value) < limit && !(unsigned && value < 0) ? value : undefined;
  };
  const canonical = (value: number): string => {
    if (decimals < NOT_FIXED) return String(Number(value.toFixed(decimals)));
    return bytes === 4 ? String(Number(value.toPrecision(FLOAT_DIGITS))) : String(value);
  };
  const shown = (value: number): string => {
    const text = decimals < NOT_FIXED ? value.toFixed(decimals) : canonical(value);
    return text.replace('e+', 'e').padStart(zeroFill, '0');
  };
  return {
    family: 'float',
    binaryBytes: bytes,
    zeroText: shown(0),
    readText: (text) => mapped(fit(text), canonical),
    writeText: (text) => mapped(fit(text), shown),
    binary: {
      zero: new Uint8Array(bytes),
      read: (cell) => {
        if (cell.length !== bytes) return undefined;
        const value = bytes === 4 ? viewOf(cell).getFloat32(0, true) : viewOf(cell).getFloat64(0, true);
        return Number.isFinite(value) ? canonical(value) : undefined;
      },
      write: (text) =>
        mapped(fit(text), (value) =>
          packed(bytes, (view) => (bytes === 4 ? view.setFloat32(0, value, true) : view.setFloat64(0, value, true))),
        ),
    },
  };
}

function mapped<A, B>(value: A | undefined, to: (value: A) => B): B | undefined {
  return value === undefined ? undefined : to(value);
}

/** Of MariaDB; MySQL has 30. */
const MAX_SCALE = 38;
const DECIMAL = /^(-?)0{0,255}(\d{1,255}?)(?:\.(\d{0,255}))?$/;

/** DECIMAL, a text in both formats, with all of its `decimals`. `columnLength`: in characters, with sign and point. */
export function decimalCodec(columnLength: number, decimals: number, { unsigned, zeroFill }: NumberType): TypeCodec {
  const isFixed = decimals <= MAX_SCALE;
  const scale = isFixed ? decimals : 0;
  const precision = columnLength - (unsigned ? 0 : 1) - (scale > 0 ? 1 : 0);
  const integerDigits = isFixed ? Math.max(precision - scale, 0) : undefined;
  const fit = (text: string): string | undefined => {
    const match = DECIMAL.exec(text);
    if (match === null) return undefined;
    const [, sign = '', whole = '', fraction = ''] = match;
    if (unsigned && sign !== '') return undefined;
    if (integerDigits !== undefined && whole !== '0' && whole.length > integerDigits) return undefined;
    if (!isFixed) return fraction === '' ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
    if (/[1-9]/.test(fraction.slice(scale))) return undefined;
    return scale === 0 ? `${sign}${whole}` : `${sign}${whole}.${fraction.slice(0, scale).padEnd(scale, '0')}`;
  };
  return {
    family: 'numeric',
    zeroText: (fit('0') ?? '0').padStart(zeroFill, '0'),
    readText: fit,
    writeText: (text) => fit(text)?.padStart(zeroFill, '0'),
    ...(integerDigits === undefined ? {} : { integerDigits }),
  };
}
