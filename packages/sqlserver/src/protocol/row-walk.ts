import type { CellForm } from './data-types.js';
import { ProtocolError } from './protocol-error.js';
import type { Column } from './server-token.js';

/** {@link CellForm} as a number, for the loops that walk over rows. */
export const FORM = { FIXED: 0, BYTE: 1, USHORT: 2, LONG: 3, TEXT: 4, PLP: 5 } as const;

const NUMBERS: Readonly<Record<CellForm, number>> = {
  fixed: FORM.FIXED,
  'byte-length': FORM.BYTE,
  'ushort-length': FORM.USHORT,
  'long-length': FORM.LONG,
  'text-pointer': FORM.TEXT,
  plp: FORM.PLP,
};

/** How the cells of a row lie: one form per column, and the bytes of those of fixed length. */
export interface RowLayout {
  readonly count: number;
  readonly forms: Uint8Array;
  readonly fixed: Int32Array;
}

export function rowLayout(columns: readonly Pick<Column, 'type'>[]): RowLayout {
  return {
    count: columns.length,
    forms: Uint8Array.from(columns, ({ type }) => NUMBERS[type.form]),
    fixed: Int32Array.from(columns, ({ type }) => (type.form === 'fixed' ? (type.maxLength ?? 0) : 0)),
  };
}

/** The length of a USHORT-prefixed value that is NULL. */
export const USHORT_NULL = 0xffff;
/** The longest sql_variant: 8000 bytes of value and what describes it. */
const MAX_VARIANT = 8100;
/** Behind a text pointer. */
export const TIMESTAMP = 8;
const MAX_LONG = 0x7fff_ffff;
/** Upper half of the two lengths of PLP that are no lengths. */
const NO_LENGTH = 0xffff_ffff;
const PLP_UNKNOWN = 0xffff_fffe;
const MAX_PLP_HIGH = 0x1f_ffff;

/** What {@link cellEnd} and {@link rowEnd} give when a cell reaches beyond the bytes at hand. */
export const NOT_WHOLE = -1;

/** Where the cell at `at` ends, if it lies in `bytes` up to `end`; else {@link NOT_WHOLE}. Throws a {@link ProtocolError}. */
export function cellEnd(bytes: Uint8Array, at: number, end: number, form: number, fixed: number): number {
  let next: number;
  switch (form) {
    case FORM.FIXED:
      next = at + fixed;
      break;
    case FORM.BYTE:
      if (at >= end) return NOT_WHOLE;
      next = at + 1 + (bytes[at] as number);
      break;
    case FORM.USHORT: {
      if (end - at < 2) return NOT_WHOLE;
      const length = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
      next = at + 2 + (length === USHORT_NULL ? 0 : length);
      break;
    }
    case FORM.LONG:
      if (end - at < 4) return NOT_WHOLE;
      next = at + 4 + variantLength(uint4(bytes, at));
      break;
    case FORM.TEXT:
      return textEnd(bytes, at, end);
    default:
      return plpEnd(bytes, at, end);
  }
  return next > end ? NOT_WHOLE : next;
}

function textEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return NOT_WHOLE;
  const pointer = bytes[at] as number;
  if (pointer === 0) return at + 1;
  const lengthAt = at + 1 + pointer + TIMESTAMP;
  if (end - lengthAt < 4) return NOT_WHOLE;
  const next = lengthAt + 4 + longLength(uint4(bytes, lengthAt));
  return next > end ? NOT_WHOLE : next;
}

function plpEnd(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < 8) return NOT_WHOLE;
  const total = plpLength(uint4(bytes, at), uint4(bytes, at + 4));
  let next = at + 8;
  if (total === PLP_NULL) return next;
  let sum = 0;
  for (;;) {
    if (end - next < 4) return NOT_WHOLE;
    const length = uint4(bytes, next);
    next += 4;
    if (length === 0) break;
    sum += length;
    checkPlp(sum, total);
    next += length;
    if (next > end) return NOT_WHOLE;
  }
  checkPlpEnd(sum, total);
  return next;
}

/** Where the row whose cells begin at `at` ends; {@link NOT_WHOLE}. `nulls`: where the null bitmap of an NBCROW begins, or -1. */
export function rowEnd(bytes: Uint8Array, at: number, end: number, row: RowLayout, nulls: number): number {
  const { count, forms, fixed } = row;
  let next = at;
  for (let i = 0; i < count; i++) {
    if (nulls >= 0 && isNullBit(bytes, nulls, i)) continue;
    next = cellEnd(bytes, next, end, forms[i] as number, fixed[i] as number);
    if (next < 0) return NOT_WHOLE;
  }
  return next;
}

/** Bit of a column in the null bitmap of an NBCROW that begins at `start` ([MS-TDS] 2.2.7.15). */
export function isNullBit(bytes: Uint8Array, start: number, column: number): boolean {
  return (((bytes[start + (column >> 3)] as number) >> (column & 7)) & 1) === 1;
}

/** Bytes of the null bitmap of an NBCROW. */
export function nullBitmapBytes(columns: number): number {
  return (columns + 7) >> 3;
}

/** Little-endian, unsigned. */
export function uint4(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)) >>> 0
  );
}

/** The length of a sql_variant: 0 is NULL. */
export function variantLength(length: number): number {
  if (length > MAX_VARIANT) throw new ProtocolError('length', 'a sql_variant is longer than it can be');
  return length;
}

/** The length of TEXT, NTEXT or IMAGE behind its text pointer. */
export function longLength(length: number): number {
  if (length > MAX_LONG) throw new ProtocolError('length', 'a text is longer than it can be');
  return length;
}

export const PLP_NULL = -1;
export const PLP_OPEN = -2;

/** The length at the head of a partially length-prefixed value, of its two halves; {@link PLP_NULL} or {@link PLP_OPEN}, when it is not known. */
export function plpLength(low: number, high: number): number {
  if (high === NO_LENGTH) {
    if (low === NO_LENGTH) return PLP_NULL;
    if (low === PLP_UNKNOWN) return PLP_OPEN;
  }
  if (high > MAX_PLP_HIGH) throw new ProtocolError('length', 'a value is longer than it can be');
  return high * 0x1_0000_0000 + low;
}

/** Throws when the chunks so far are more than was announced. */
export function checkPlp(sum: number, total: number): void {
  if (total >= 0 && sum > total) throw new ProtocolError('length', 'a value has more bytes than it says');
}

export function checkPlpEnd(sum: number, total: number): void {
  if (total >= 0 && sum !== total) throw new ProtocolError('length', 'a value has fewer bytes than it says');
}
