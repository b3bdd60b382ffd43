import type { CellMask } from '@sqlwarden/core';
import { maskedBytes } from './cell-edits.js';
import { CopyFormatError, type LineOptions, NEWLINE } from './copy-format.js';
import { LineScan } from './copy-lines.js';

const BACKSLASH = 0x5c;

/** The letters that stand for control characters after a backslash. */
const LETTERS: ReadonlyMap<number, number> = new Map([
  [0x62, 0x08], // b
  [0x66, 0x0c], // f
  [0x6e, 0x0a], // n
  [0x72, 0x0d], // r
  [0x74, 0x09], // t
  [0x76, 0x0b], // v
]);

const DELIMITER_MARK = 1;
const NEWLINE_MARK = 2;
const BACKSLASH_MARK = 3;

/** The text format (documentation of COPY, "Text Format"): a newline within a value is always written as `\n`. */
export class TextScan extends LineScan {
  /** Of each byte: what it means between fields and within them; 0 for data. */
  readonly #marks = new Uint8Array(256);
  /** Of each byte: what is written behind a backslash in its place; 0 when it stands for itself. */
  readonly #escapes = new Uint8Array(256);

  constructor(options: LineOptions, cells: readonly (CellMask | null)[], maxRowBytes: number) {
    super(options, cells, maxRowBytes);
    this.#marks[options.delimiter] = DELIMITER_MARK;
    this.#marks[NEWLINE] = NEWLINE_MARK;
    this.#marks[BACKSLASH] = BACKSLASH_MARK;
    this.#escapes[options.delimiter] = options.delimiter;
    this.#escapes[BACKSLASH] = BACKSLASH;
    for (const [letter, control] of LETTERS) this.#escapes[control] = letter;
  }

  scan(buffer: Uint8Array, end: number): void {
    const marks = this.#marks;
    let { at } = this;
    while (at < end) {
      const mark = marks[buffer[at] as number];
      if (mark === 0) {
        at++;
      } else if (mark === BACKSLASH_MARK) {
        if (at + 1 === end) break;
        if (buffer[at + 1] === NEWLINE) throw new CopyFormatError('a row of the copy ends in a backslash');
        this.escaped = true;
        at += 2;
      } else {
        this.endField(buffer, at);
        if (mark === NEWLINE_MARK) this.endRow(buffer, at);
        at++;
      }
    }
    this.at = at;
    this.checkLength(end);
  }

  protected rewritten(buffer: Uint8Array, from: number, to: number, mask: CellMask, escaped: boolean): Uint8Array {
    const cell = escaped ? mask(unescaped(buffer, from, to)) : maskedBytes(mask, buffer, from, to);
    return cell === null ? this.options.nullText : this.#escaped(cell);
  }

  #escaped(cell: Uint8Array): Uint8Array {
    const escapes = this.#escapes;
    let more = 0;
    for (let at = 0; at < cell.length; at++) if (escapes[cell[at] as number] !== 0) more++;
    if (more === 0) return cell;
    const bytes = new Uint8Array(cell.length + more);
    let length = 0;
    for (let at = 0; at < cell.length; at++) {
      const byte = cell[at] as number;
      const letter = escapes[byte] as number;
      if (letter !== 0) bytes[length++] = BACKSLASH;
      bytes[length++] = letter === 0 ? byte : letter;
    }
    return bytes;
  }
}

function unescaped(buffer: Uint8Array, from: number, to: number): Uint8Array {
  const bytes = new Uint8Array(to - from);
  let length = 0;
  for (let at = from; at < to; at++) {
    let byte = buffer[at] as number;
    if (byte === BACKSLASH) {
      byte = buffer[++at] as number;
      byte = LETTERS.get(byte) ?? byte;
    }
    bytes[length++] = byte;
  }
  return bytes.subarray(0, length);
}
