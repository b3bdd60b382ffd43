import type { CellMask } from '@sqlwarden/core';
import { checkCount, CopyFormatError, type LineOptions, type LineSyntax, NEWLINE, sameBytes } from './copy-format.js';
import { GrowingBytes } from './growing-bytes.js';

/**
 * The CSV format (documentation of COPY, "CSV Format"), as the server writes it: a field is quoted whole or not at all, and a value that
 * equals the null marker is quoted, so that NULL is never in doubt.
 */
export function csvLine(options: LineOptions): LineSyntax {
  const { quote, escape } = options;
  let quoted = false;
  let escaped = false;
  return {
    findEnd(bytes, from) {
      for (let at = from; at < bytes.length; at++) {
        const byte = bytes[at];
        if (escaped) escaped = false;
        else if (quoted && byte === escape && escape !== quote) escaped = true;
        // A doubled quote leaves the quotes and enters them again: no newline can stand between.
        else if (byte === quote) quoted = !quoted;
        else if (byte === NEWLINE && !quoted) return at;
      }
      return -1;
    },
    rewrite: (row, cells, out) => rewriteRow(row, cells, out, options),
  };
}

function rewriteRow(row: Uint8Array, cells: readonly (CellMask | null)[], out: GrowingBytes, options: LineOptions): number {
  if (cells.length === 0 && row.length === 0) return 0;
  let masked = 0;
  let field = 0;
  let start = 0;
  for (;;) {
    const end = fieldEnd(row, start, options);
    if (end < row.length && row[end] !== options.delimiter) throw malformed();
    if (field > 0) out.appendByte(options.delimiter);
    if (writeField(row.subarray(start, end), cells[field] ?? null, out, options, cells.length)) masked++;
    field++;
    if (end === row.length) break;
    start = end + 1;
  }
  checkCount(field, cells.length);
  return masked;
}

function malformed(): CopyFormatError {
  return new CopyFormatError('a row of the copy has quotes where none belong');
}

/** The offset behind a field: of a delimiter or the end of the row, if the field is well formed. */
function fieldEnd(row: Uint8Array, start: number, { delimiter, quote, escape }: LineOptions): number {
  if (row[start] !== quote) {
    let at = start;
    for (; at < row.length && row[at] !== delimiter; at++) if (row[at] === quote) throw malformed();
    return at;
  }
  for (let at = start + 1; at < row.length; at++) {
    const isEscape = row[at] === escape && (row[at + 1] === quote || row[at + 1] === escape);
    if (isEscape) at++;
    else if (row[at] === quote) return at + 1;
  }
  throw malformed();
}

/** True when the field was masked. */
function writeField(raw: Uint8Array, mask: CellMask | null, out: GrowingBytes, options: LineOptions, columns: number): boolean {
  const isQuoted = raw.length > 0 && raw[0] === options.quote;
  if (mask === null || (!isQuoted && sameBytes(raw, options.nullText))) {
    out.append(raw);
    return false;
  }
  const cell = mask(isQuoted ? unquote(raw, options) : raw);
  if (cell === null) out.append(options.nullText);
  else if (needsQuotes(cell, options, columns)) quoteInto(cell, out, options);
  else out.append(cell);
  return true;
}

function unquote(raw: Uint8Array, { quote, escape }: LineOptions): Uint8Array {
  const out = new GrowingBytes();
  for (let at = 1; at < raw.length - 1; at++) {
    const next = raw[at + 1];
    if (raw[at] === escape && at + 1 < raw.length - 1 && (next === quote || next === escape)) at++;
    out.appendByte(raw[at] ?? 0);
  }
  return out.view();
}

const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
/** `\.` alone on a line would end the data for some readers. */
const END_OF_DATA = new Uint8Array([0x5c, 0x2e]);

function needsQuotes(cell: Uint8Array, { delimiter, quote, escape, nullText }: LineOptions, columns: number): boolean {
  if (sameBytes(cell, nullText) || (columns === 1 && sameBytes(cell, END_OF_DATA))) return true;
  if (cell[0] === SPACE || cell[cell.length - 1] === SPACE) return true;
  for (const byte of cell)
    if (byte === delimiter || byte === quote || byte === escape || byte === NEWLINE || byte === CARRIAGE_RETURN) return true;
  return false;
}

function quoteInto(cell: Uint8Array, out: GrowingBytes, { quote, escape }: LineOptions): void {
  out.appendByte(quote);
  for (const byte of cell) {
    if (byte === quote || byte === escape) out.appendByte(escape);
    out.appendByte(byte);
  }
  out.appendByte(quote);
}
