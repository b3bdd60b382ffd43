import { packed, type TypeCodec, viewOf } from './type-codec.js';

const INTEGER = /^-?\d{1,20}$/;

/** Whole numbers of 2, 4 or 8 bytes. */
export function integerCodec(bytes: 2 | 4 | 8, signed: boolean): TypeCodec {
  const bits = BigInt(bytes * 8);
  const fit = (text: string): bigint | undefined => {
    if (!INTEGER.test(text)) return undefined;
    const value = BigInt(text);
    const kept = signed ? BigInt.asIntN(Number(bits), value) : BigInt.asUintN(Number(bits), value);
    return kept === value ? value : undefined;
  };
  return {
    family: 'integer',
    binaryBytes: bytes,
    zeroText: '0',
    zeroBinary: new Uint8Array(bytes),
    readText: (text) => fit(text)?.toString(),
    readBinary: (cell) => (cell.length === bytes ? integerText(cell, signed) : undefined),
    writeText: (text) => fit(text)?.toString(),
    writeBinary: (text) => {
      const value = fit(text);
      return value === undefined ? undefined : integerCell(value, bytes);
    },
  };
}

function integerText(cell: Uint8Array, signed: boolean): string {
  let value = 0n;
  for (const byte of cell) value = (value << 8n) | BigInt(byte);
  return (signed ? BigInt.asIntN(cell.length * 8, value) : value).toString();
}

function integerCell(value: bigint, bytes: number): Uint8Array {
  const cell = new Uint8Array(bytes);
  let rest = BigInt.asUintN(bytes * 8, value);
  for (let at = bytes - 1; at >= 0; at--, rest >>= 8n) cell[at] = Number(rest & 0xffn);
  return cell;
}

/** `real` and `double precision`. Infinities and NaN are not read. */
export function floatCodec(bytes: 4 | 8): TypeCodec {
  const fit = (text: string): number | undefined => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    const kept = bytes === 4 ? Math.fround(value) : value;
    return Number.isFinite(kept) ? kept : undefined;
  };
  return {
    family: 'float',
    binaryBytes: bytes,
    zeroText: '0',
    zeroBinary: new Uint8Array(bytes),
    readText: (text) => text,
    readBinary: (cell) => (cell.length === bytes ? String(floatOf(cell)) : undefined),
    writeText: (text) => (fit(text) === undefined ? undefined : text),
    writeBinary: (text) => {
      const value = fit(text);
      if (value === undefined) return undefined;
      return packed(bytes, (view) => (bytes === 4 ? view.setFloat32(0, value) : view.setFloat64(0, value)));
    },
  };
}

function floatOf(cell: Uint8Array): number {
  return cell.length === 4 ? viewOf(cell).getFloat32(0) : viewOf(cell).getFloat64(0);
}

const NUMERIC_HEADER = 8;
const POSITIVE = 0x0000;
const NEGATIVE = 0x4000;
/** Groups of four digits; more are not read, which leaves them to the type's zero. */
const MAX_GROUPS = 300;
const DECIMAL = /^(-?)(\d{1,1200})(?:\.(\d{0,1200}))?$/;

/** `numeric(precision, scale)`. The binary form is in base 10000 (`numeric_send`). NaN and infinities are not read. */
export function numericCodec(precision?: number, scale = 0): TypeCodec {
  const integerDigits = precision === undefined ? undefined : Math.max(precision - scale, 0);
  const fit = (text: string): RegExpExecArray | undefined => {
    const match = DECIMAL.exec(text);
    const digits = trimZeros(match?.[2] ?? '').length;
    return match === null || (integerDigits !== undefined && digits > integerDigits) ? undefined : match;
  };
  const zeroText = scale > 0 ? `0.${'0'.repeat(scale)}` : '0';
  return {
    family: 'numeric',
    zeroText,
    zeroBinary: numericCell('', '0', '0'.repeat(Math.max(scale, 0))),
    readText: (text) => text,
    readBinary: numericText,
    writeText: (text) => (fit(text) === undefined ? undefined : text),
    writeBinary: (text) => {
      const match = fit(text);
      return match === undefined ? undefined : numericCell(match[1] ?? '', match[2] ?? '', match[3] ?? '');
    },
    ...(integerDigits === undefined ? {} : { integerDigits }),
  };
}

function trimZeros(digits: string): string {
  let start = 0;
  while (digits[start] === '0') start++;
  return digits.slice(start);
}

function numericCell(sign: string, whole: string, fraction: string): Uint8Array {
  const padded = whole.padStart(Math.ceil(whole.length / 4) * 4, '0') + fraction.padEnd(Math.ceil(fraction.length / 4) * 4, '0');
  const groups: number[] = [];
  for (let at = 0; at < padded.length; at += 4) groups.push(Number(padded.slice(at, at + 4)));
  let weight = Math.ceil(whole.length / 4) - 1;
  while (groups[0] === 0) {
    groups.shift();
    weight--;
  }
  while (groups.at(-1) === 0) groups.pop();
  const zero = groups.length === 0;
  return packed(NUMERIC_HEADER + 2 * groups.length, (view) => {
    view.setUint16(0, groups.length);
    view.setInt16(2, zero ? 0 : weight);
    view.setUint16(4, sign === '-' && !zero ? NEGATIVE : POSITIVE);
    view.setUint16(6, fraction.length);
    for (const [at, group] of groups.entries()) view.setUint16(NUMERIC_HEADER + 2 * at, group);
  });
}

function numericText(cell: Uint8Array): string | undefined {
  if (cell.length < NUMERIC_HEADER) return undefined;
  const view = viewOf(cell);
  const count = view.getUint16(0);
  const weight = view.getInt16(2);
  const sign = view.getUint16(4);
  const scale = view.getUint16(6);
  if (cell.length !== NUMERIC_HEADER + 2 * count || Math.abs(weight) > MAX_GROUPS || scale > 4 * MAX_GROUPS) return undefined;
  if (sign !== POSITIVE && sign !== NEGATIVE) return undefined;
  const group = (at: number): string => (at >= 0 && at < count ? view.getUint16(NUMERIC_HEADER + 2 * at) : 0).toString().padStart(4, '0');
  let whole = '';
  for (let at = 0; at <= weight; at++) whole += group(at);
  let fraction = '';
  for (let at = weight + 1; fraction.length < scale; at++) fraction += group(at);
  const text = trimZeros(whole) || '0';
  return `${sign === NEGATIVE ? '-' : ''}${text}${scale === 0 ? '' : `.${fraction.slice(0, scale)}`}`;
}
