import type { CellMask } from '@sqlwarden/core';
import { checkCount, CopyFormatError, type CopyRows, sameBytes } from './copy-format.js';
import { GrowingBytes } from './growing-bytes.js';
import { hexBytes, packed, viewOf } from './type-codec.js';

/** `PGCOPY\n\377\r\n\0` (documentation of COPY, "Binary Format"). */
const SIGNATURE = hexBytes('5047434f50590aff0d0a00');
/** Signature, flags, length of the extension. */
const HEADER_BYTES = SIGNATURE.length + 8;
const TRAILER = -1;
const NULL_LENGTH = -1;

/** What the next bytes are. */
type Expecting = { readonly kind: 'header' | 'count' | 'length' | 'end' } | { readonly kind: 'value'; readonly bytes: number };

/** Tuples of the binary format. */
export function createBinaryRows(cells: readonly (CellMask | null)[], maxRowBytes: number): CopyRows {
  return new BinaryRows(cells, maxRowBytes);
}

class BinaryRows implements CopyRows {
  readonly #cells: readonly (CellMask | null)[];
  readonly #maxRowBytes: number;
  readonly #input = new GrowingBytes();
  /** The row that is being rewritten. */
  readonly #row = new GrowingBytes();
  readonly #out = new GrowingBytes();
  #expecting: Expecting = { kind: 'header' };
  /** The next column of the row. */
  #column = 0;
  /** Bytes of the row as the server sent it. */
  #rowBytes = 0;
  #rows = 0;
  #maskedCells = 0;

  constructor(cells: readonly (CellMask | null)[], maxRowBytes: number) {
    this.#cells = cells;
    this.#maxRowBytes = maxRowBytes;
  }

  push(chunk: Uint8Array): { bytes: Uint8Array; rows: number; maskedCells: number } {
    this.#input.append(chunk);
    this.#rows = 0;
    this.#maskedCells = 0;
    const input = this.#input.view();
    let at = 0;
    for (let needed = this.#needed(); at + needed <= input.length; needed = this.#needed()) {
      if (this.#expecting.kind === 'end') break;
      this.#step(input.subarray(at, at + needed));
      at += needed;
    }
    if (this.#expecting.kind === 'end' && at < input.length) throw new CopyFormatError('the copy goes on behind its end');
    if (at > 0) this.#input.drop(at);
    return { bytes: this.#out.take(), rows: this.#rows, maskedCells: this.#maskedCells };
  }

  end(): void {
    if (this.#expecting.kind !== 'end') throw new CopyFormatError('the copy ended before its trailer');
  }

  #needed(): number {
    switch (this.#expecting.kind) {
      case 'header':
        return HEADER_BYTES;
      case 'count':
        return 2;
      case 'length':
        return 4;
      case 'value':
        return this.#expecting.bytes;
      case 'end':
        return 0;
    }
  }

  #step(bytes: Uint8Array): void {
    switch (this.#expecting.kind) {
      case 'header':
        return this.#header(bytes);
      case 'count':
        return this.#count(bytes);
      case 'length':
        return this.#length(bytes);
      case 'value':
        return this.#value(bytes);
      case 'end':
        return;
    }
  }

  #header(bytes: Uint8Array): void {
    const view = viewOf(bytes);
    // Flags and extensions are all zero in what any known server sends; another one could mean another layout of the rows.
    const plain = view.getUint32(SIGNATURE.length) === 0 && view.getUint32(SIGNATURE.length + 4) === 0;
    if (!plain || !sameBytes(bytes.subarray(0, SIGNATURE.length), SIGNATURE))
      throw new CopyFormatError('the header of the binary copy is not one that is known');
    this.#out.append(bytes);
    this.#expecting = { kind: 'count' };
  }

  #count(bytes: Uint8Array): void {
    const count = viewOf(bytes).getInt16(0);
    if (count === TRAILER) {
      this.#out.append(bytes);
      this.#expecting = { kind: 'end' };
      return;
    }
    checkCount(count, this.#cells.length);
    this.#row.append(bytes);
    this.#rowBytes = bytes.length;
    this.#column = 0;
    this.#nextColumn();
  }

  #length(bytes: Uint8Array): void {
    const length = viewOf(bytes).getInt32(0);
    if (length < NULL_LENGTH) throw new CopyFormatError('a length in the binary copy is negative');
    this.#rowBytes += bytes.length + Math.max(length, 0);
    if (this.#rowBytes > this.#maxRowBytes) throw new CopyFormatError('a row of the copy is longer than the limit');
    if (length === NULL_LENGTH) {
      this.#row.append(bytes);
      this.#column++;
      this.#nextColumn();
      return;
    }
    this.#expecting = { kind: 'value', bytes: length };
  }

  #value(bytes: Uint8Array): void {
    const mask = this.#cells[this.#column] ?? null;
    const cell = mask === null ? bytes : mask(bytes);
    if (mask !== null) this.#maskedCells++;
    this.#row.append(packed(4, (view) => view.setInt32(0, cell === null ? NULL_LENGTH : cell.length)));
    if (cell !== null) this.#row.append(cell);
    this.#column++;
    this.#nextColumn();
  }

  #nextColumn(): void {
    if (this.#column < this.#cells.length) {
      this.#expecting = { kind: 'length' };
      return;
    }
    this.#out.append(this.#row.view());
    this.#row.clear();
    this.#rows++;
    this.#expecting = { kind: 'count' };
  }
}
