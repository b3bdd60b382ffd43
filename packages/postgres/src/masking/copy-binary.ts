import type { CellMask } from '@sqlwarden/core';
import { maskedBytes } from './cell-edits.js';
import { CopyFormatError, checkCount, equalBytes } from './copy-format.js';
import { CopyScan } from './copy-scan.js';
import { hexBytes, viewOf } from './type-codec.js';

/** `PGCOPY\n\377\r\n\0` (documentation of COPY, "Binary Format"). */
const SIGNATURE = hexBytes('5047434f50590aff0d0a00');
/** Signature, flags, length of the extension. */
const HEADER_BYTES = SIGNATURE.length + 8;
const TRAILER = -1;
const NULL_LENGTH = -1;

/** Tuples of the binary format. */
export class BinaryScan extends CopyScan {
  readonly #cells: readonly (CellMask | null)[];
  /** What the next bytes are. */
  #expecting: 'header' | 'count' | 'cell' | 'nothing' = 'header';
  /** The next column of the row. */
  #column = 0;

  constructor(cells: readonly (CellMask | null)[], maxRowBytes: number) {
    super(true, maxRowBytes);
    this.#cells = cells;
  }

  scan(buffer: Uint8Array, end: number): void {
    if (this.#expecting === 'header' && !this.#header(buffer, end)) return;
    while (this.#expecting !== 'nothing' && (this.#expecting === 'cell' || this.#count(buffer, end))) {
      if (this.#expecting === 'cell' && !this.#row(buffer, end)) return;
    }
    if (this.#expecting === 'nothing' && this.at < end) throw new CopyFormatError('the copy goes on behind its end');
  }

  end(): void {
    if (this.#expecting !== 'nothing') throw new CopyFormatError('the copy ended before its trailer');
  }

  protected movedField(): void {}

  #header(buffer: Uint8Array, end: number): boolean {
    if (end - this.at < HEADER_BYTES) return false;
    const view = viewOf(buffer);
    const flags = this.at + SIGNATURE.length;
    // Flags and extensions are all zero in what any known server sends; another one could mean another layout of the rows.
    const plain = view.getUint32(flags) === 0 && view.getUint32(flags + 4) === 0;
    if (!plain || !equalBytes(SIGNATURE, buffer, this.at, flags))
      throw new CopyFormatError('the header of the binary copy is not one that is known');
    this.#pass(this.at + HEADER_BYTES);
    this.#expecting = 'count';
    return true;
  }

  /** True when a count, or the trailer, was there. */
  #count(buffer: Uint8Array, end: number): boolean {
    const { at } = this;
    if (end - at < 2) return false;
    const count = (((buffer[at] as number) << 24) >> 16) | (buffer[at + 1] as number);
    if (count === TRAILER) {
      this.#pass(at + 2);
      this.#expecting = 'nothing';
      return true;
    }
    checkCount(count, this.#cells.length);
    this.at = at + 2;
    this.#column = 0;
    this.#expecting = 'cell';
    return true;
  }

  /** Reads the cells of a row; true when it is complete. */
  #row(buffer: Uint8Array, end: number): boolean {
    const cells = this.#cells;
    let at = this.at;
    let column = this.#column;
    for (; column < cells.length && end - at >= 4; column++) {
      const length = int32(buffer, at);
      if (length < NULL_LENGTH) throw new CopyFormatError('a length in the binary copy is negative');
      const cellEnd = length === NULL_LENGTH ? at + 4 : at + 4 + length;
      this.checkLength(cellEnd);
      if (cellEnd > end) break;
      const mask = cells[column];
      if (mask !== null && mask !== undefined && length !== NULL_LENGTH) this.edits.mark(at, cellEnd, mask, false);
      at = cellEnd;
    }
    this.at = at;
    this.#column = column;
    if (column < cells.length) return false;
    this.#endRow(buffer);
    return true;
  }

  #endRow(buffer: Uint8Array): void {
    const { edits } = this;
    for (let index = edits.settled; index < edits.marked; index++)
      edits.settle(maskedBytes(edits.masks[index] as CellMask, buffer, (edits.from[index] as number) + 4, edits.to[index] as number));
    this.rows++;
    this.#pass(this.at);
    this.#expecting = 'count';
  }

  /** What is before `end` is complete. */
  #pass(end: number): void {
    this.at = end;
    this.rowStart = end;
  }
}

function int32(buffer: Uint8Array, at: number): number {
  return (
    ((buffer[at] as number) << 24) | ((buffer[at + 1] as number) << 16) | ((buffer[at + 2] as number) << 8) | (buffer[at + 3] as number)
  );
}
