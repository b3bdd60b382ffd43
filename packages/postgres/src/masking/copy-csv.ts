import type { CellMask } from '@sqlwarden/core';
import { maskedBytes } from './cell-edits.js';
import { CopyFormatError, equalBytes, type LineOptions, NEWLINE } from './copy-format.js';
import { LineScan } from './copy-lines.js';

const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
/** `\.` alone on a line would end the data for some readers. */
const END_OF_DATA = new Uint8Array([0x5c, 0x2e]);

const DELIMITER_MARK = 1;
const NEWLINE_MARK = 2;
const QUOTE_MARK = 3;

/**
 * The CSV format (documentation of COPY, "CSV Format"), as the server writes it: a field is quoted whole or not at all, and a value that
 * equals the null marker is quoted, so that NULL is never in doubt.
 */
export class CsvScan extends LineScan {
  /** Of each byte: what it means outside of quotes; 0 for data. */
  readonly #marks = new Uint8Array(256);
  /** Of each byte: 1 when a cell with it has to be quoted. */
  readonly #wantsQuotes = new Uint8Array(256);
  readonly #isOnlyColumn: boolean;
  /** Where the field at hand is: before or outside of quotes, within them, or behind the closing one. */
  #place: 'open' | 'quoted' | 'closed' = 'open';

  constructor(options: LineOptions, cells: readonly (CellMask | null)[], maxRowBytes: number) {
    super(options, cells, maxRowBytes);
    this.#marks[options.delimiter] = DELIMITER_MARK;
    this.#marks[NEWLINE] = NEWLINE_MARK;
    this.#marks[options.quote] = QUOTE_MARK;
    for (const byte of [options.delimiter, options.quote, options.escape, NEWLINE, CARRIAGE_RETURN]) this.#wantsQuotes[byte] = 1;
    this.#isOnlyColumn = cells.length === 1;
  }

  scan(buffer: Uint8Array, end: number): void {
    const marks = this.#marks;
    let at = this.#place === 'quoted' ? this.#quotedEnd(buffer, this.at, end) : this.at;
    while (at < end && this.#place !== 'quoted') {
      const mark = marks[buffer[at] as number];
      if (mark === 0 && this.#place === 'open') {
        do at++;
        while (at < end && marks[buffer[at] as number] === 0);
      } else if (mark === QUOTE_MARK && this.#place === 'open' && at === this.fieldStart) {
        this.#place = 'quoted';
        this.quoted = true;
        at = this.#quotedEnd(buffer, at + 1, end);
      } else if (mark === DELIMITER_MARK || mark === NEWLINE_MARK) {
        this.#place = 'open';
        this.endField(buffer, at);
        if (mark === NEWLINE_MARK) this.endRow(buffer, at);
        at++;
      } else throw new CopyFormatError('a row of the copy has quotes where none belong');
    }
    this.at = at;
    this.checkLength(end);
  }

  /** Reads on within quotes: the offset behind the closing one, or of what cannot be told yet. */
  #quotedEnd(buffer: Uint8Array, from: number, end: number): number {
    const { quote, escape } = this.options;
    let at = from;
    while (at < end) {
      const byte = buffer[at];
      if (byte === escape) {
        // An escape, or the closing quote: the next byte tells.
        if (at + 1 === end) return at;
        if (buffer[at + 1] === quote || buffer[at + 1] === escape) {
          this.escaped = true;
          at += 2;
          continue;
        }
      }
      at++;
      if (byte === quote) {
        this.#place = 'closed';
        return at;
      }
    }
    return at;
  }

  protected rewritten(buffer: Uint8Array, from: number, to: number, mask: CellMask, escaped: boolean): Uint8Array {
    const edge = to > from && buffer[from] === this.options.quote ? 1 : 0;
    const cell = escaped ? mask(this.#unescaped(buffer, from + edge, to - edge)) : maskedBytes(mask, buffer, from + edge, to - edge);
    if (cell === null) return this.options.nullText;
    return this.#needsQuotes(cell) ? this.#quoted(cell) : cell;
  }

  #unescaped(buffer: Uint8Array, from: number, to: number): Uint8Array {
    const { quote, escape } = this.options;
    const bytes = new Uint8Array(to - from);
    let length = 0;
    for (let at = from; at < to; at++) {
      const next = buffer[at + 1];
      if (buffer[at] === escape && at + 1 < to && (next === quote || next === escape)) at++;
      bytes[length++] = buffer[at] as number;
    }
    return bytes.subarray(0, length);
  }

  #needsQuotes(cell: Uint8Array): boolean {
    const wants = this.#wantsQuotes;
    for (let at = 0; at < cell.length; at++) if (wants[cell[at] as number] === 1) return true;
    if (cell[0] === SPACE || cell[cell.length - 1] === SPACE) return true;
    return equalBytes(this.options.nullText, cell, 0, cell.length) || (this.#isOnlyColumn && equalBytes(END_OF_DATA, cell, 0, cell.length));
  }

  #quoted(cell: Uint8Array): Uint8Array {
    const { quote, escape } = this.options;
    let more = 2;
    for (let at = 0; at < cell.length; at++) if (cell[at] === quote || cell[at] === escape) more++;
    const bytes = new Uint8Array(cell.length + more);
    let length = 0;
    bytes[length++] = quote;
    for (let at = 0; at < cell.length; at++) {
      const byte = cell[at] as number;
      if (byte === quote || byte === escape) bytes[length++] = escape;
      bytes[length++] = byte;
    }
    bytes[length] = quote;
    return bytes;
  }
}
