import type { CellMask } from '@sqlwarden/core';
import { copyBytes, put32 } from '../protocol/raw-bytes.js';

/**
 * The masked cells of the rows of one chunk: which bytes of it go, and what comes in their place. A cell is marked when its end is seen and
 * settled when its row is complete, so that no mask is given a cell of a row that may turn out to be malformed, and what a mask returns
 * is used before the bytes under it move.
 */
export class CellEdits {
  /** Where the bytes of a cell begin and end (exclusive). */
  readonly from: number[] = [];
  readonly to: number[] = [];
  readonly masks: CellMask[] = [];
  /** The cell holds escapes. */
  readonly escaped: boolean[] = [];
  readonly #shown: (Uint8Array | null)[] = [];
  /** The new cells are written with their lengths before them, as the binary format has it. */
  readonly #withLengths: boolean;
  /** Marked cells; those up to `settled` are of rows that are complete. */
  marked = 0;
  settled = 0;
  /** How much longer the settled cells are than what they replace. */
  growth = 0;

  constructor(withLengths: boolean) {
    this.#withLengths = withLengths;
  }

  mark(from: number, to: number, mask: CellMask, escaped: boolean): void {
    const index = this.marked++;
    this.from[index] = from;
    this.to[index] = to;
    this.masks[index] = mask;
    this.escaped[index] = escaped;
  }

  /** Settles the next marked cell. `null` (NULL) is for the binary format only. */
  settle(shown: Uint8Array | null): void {
    const index = this.settled++;
    this.#shown[index] = shown;
    const length = (shown === null ? 0 : shown.length) + (this.#withLengths ? 4 : 0);
    this.growth += length - ((this.to[index] as number) - (this.from[index] as number));
  }

  /** Writes `source[from, end)` with the settled cells replaced to `target` at `to`: `end - from + growth` bytes. */
  write(source: Uint8Array, from: number, end: number, target: Uint8Array, to: number): void {
    let read = from;
    let written = to;
    for (let index = 0; index < this.settled; index++) {
      const until = this.from[index] as number;
      copyBytes(source, read, until, target, written);
      written += until - read;
      const shown = this.#shown[index] as Uint8Array | null;
      if (this.#withLengths) {
        put32(target, written, shown === null ? -1 : shown.length);
        written += 4;
      }
      if (shown !== null) {
        copyBytes(shown, 0, shown.length, target, written);
        written += shown.length;
      }
      read = this.to[index] as number;
    }
    copyBytes(source, read, end, target, written);
  }

  /** Forgets the settled cells; the bytes of the others have moved down by `moved`. */
  forgetSettled(moved: number): void {
    const rest = this.marked - this.settled;
    for (let index = 0; index < rest; index++) {
      const old = index + this.settled;
      this.from[index] = (this.from[old] as number) - moved;
      this.to[index] = (this.to[old] as number) - moved;
      this.masks[index] = this.masks[old] as CellMask;
      this.escaped[index] = this.escaped[old] as boolean;
    }
    this.marked = rest;
    this.settled = 0;
    this.growth = 0;
  }
}

/** The mask's answer for `buffer[from, to)`. */
export function maskedBytes(mask: CellMask, buffer: Uint8Array, from: number, to: number): Uint8Array | null {
  return mask.over === undefined ? mask(buffer.subarray(from, to)) : mask.over(buffer, from, to);
}
