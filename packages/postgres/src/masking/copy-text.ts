import type { CellMask } from '@sqlwarden/core';
import { checkCount, CopyFormatError, type LineOptions, type LineSyntax, NEWLINE, sameBytes } from './copy-format.js';
import { GrowingBytes } from './growing-bytes.js';

/** The text format (documentation of COPY, "Text Format"): a newline within a value is always written as `\n`. */
export function textLine(options: LineOptions): LineSyntax {
  return {
    findEnd: (bytes, from) => bytes.indexOf(NEWLINE, from),
    rewrite: (row, cells, out) => rewriteRow(row, cells, out, options),
  };
}

const BACKSLASH = 0x5c;

function rewriteRow(row: Uint8Array, cells: readonly (CellMask | null)[], out: GrowingBytes, options: LineOptions): number {
  if (cells.length === 0 && row.length === 0) return 0;
  let masked = 0;
  let field = 0;
  let start = 0;
  for (;;) {
    const end = fieldEnd(row, start, options.delimiter);
    if (field > 0) out.appendByte(options.delimiter);
    if (writeField(row.subarray(start, end), cells[field] ?? null, out, options)) masked++;
    field++;
    if (end === row.length) break;
    start = end + 1;
  }
  checkCount(field, cells.length);
  return masked;
}

function fieldEnd(row: Uint8Array, start: number, delimiter: number): number {
  let at = start;
  while (at < row.length && row[at] !== delimiter) at += row[at] === BACKSLASH ? 2 : 1;
  if (at > row.length) throw new CopyFormatError('a row of the copy ends in a backslash');
  return at;
}

/** True when the field was masked. */
function writeField(raw: Uint8Array, mask: CellMask | null, out: GrowingBytes, options: LineOptions): boolean {
  if (mask === null || sameBytes(raw, options.nullText)) {
    out.append(raw);
    return false;
  }
  const cell = mask(unescape(raw));
  if (cell === null) out.append(options.nullText);
  else escapeInto(cell, out, options.delimiter);
  return true;
}

/** The letters that stand for control characters after a backslash. */
const LETTERS: ReadonlyMap<number, number> = new Map([
  [0x62, 0x08], // b
  [0x66, 0x0c], // f
  [0x6e, 0x0a], // n
  [0x72, 0x0d], // r
  [0x74, 0x09], // t
  [0x76, 0x0b], // v
]);
const CONTROLS: ReadonlyMap<number, number> = new Map([...LETTERS].map(([letter, control]) => [control, letter]));

function unescape(raw: Uint8Array): Uint8Array {
  if (!raw.includes(BACKSLASH)) return raw;
  const out = new GrowingBytes();
  for (let at = 0; at < raw.length; at++) {
    const byte = raw[at] ?? 0;
    if (byte !== BACKSLASH) {
      out.appendByte(byte);
      continue;
    }
    const next = raw[++at] ?? BACKSLASH;
    out.appendByte(LETTERS.get(next) ?? next);
  }
  return out.view();
}

function escapeInto(cell: Uint8Array, out: GrowingBytes, delimiter: number): void {
  for (const byte of cell) {
    const letter = CONTROLS.get(byte);
    if (letter !== undefined || byte === BACKSLASH || byte === delimiter) out.appendByte(BACKSLASH);
    out.appendByte(letter ?? byte);
  }
}
