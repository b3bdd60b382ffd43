import type { CellMask } from '@sqlwarden/core';
import { BinaryScan } from './copy-binary.js';
import { CsvScan } from './copy-csv.js';
import { CopyFormatError, type CopyFormat } from './copy-format.js';
import { lineOptions } from './copy-lines.js';
import type { CopyScan } from './copy-scan.js';
import { TextScan } from './copy-text.js';
import { GrowingBytes } from './growing-bytes.js';

/** What a chunk of a copy became. After an error every answer is that error. */
export type CopyMasked =
  /** `bytes`: how many were written; 0 while no row is complete. */
  | { readonly kind: 'bytes'; readonly bytes: number; readonly rows: number; readonly maskedCells: number }
  /** Nothing more may be delivered. `reason` is for people and holds nothing of the data. */
  | { readonly kind: 'error'; readonly reason: string };

/** Where masked rows are written: room for `length` bytes from `start` on, all of which are then filled. */
export interface CopyRoom {
  reserve(length: number): { readonly buffer: Uint8Array; readonly start: number };
}

/** Masks the rows of one copy as they stream. Sans-I/O; never throws for what the server sent. */
export interface CopyMasker {
  /**
   * Takes the payload of a CopyData message, `buffer[start, end)`, and writes the rows that it completes, masked, in one piece. Rows may be
   * split over messages in any way; where the server sends one row per message, so does what is written.
   */
  push(buffer: Uint8Array, start: number, end: number, room: CopyRoom): CopyMasked;
  /** The copy is done: an error when it ended within a row. */
  end(): CopyMasked;
}

export type CopyMaskerAnswer =
  | { readonly kind: 'masker'; readonly masker: CopyMasker }
  /** The options do not let cells be told apart with certainty: the statement has to be refused. */
  | { readonly kind: 'unmaskable'; readonly reason: string };

/**
 * A masker for one COPY TO STDOUT whose client encoding is UTF-8. `cells` has one entry per column, in order, compiled for the format
 * (`text` for CSV too); `null` passes as it is. `maxRowBytes` bounds what is held of a row that is not complete.
 */
export function createCopyMasker(format: CopyFormat, cells: readonly (CellMask | null)[], maxRowBytes: number): CopyMaskerAnswer {
  try {
    return { kind: 'masker', masker: new StreamMasker(scanOf(format, cells, maxRowBytes)) };
  } catch (error) {
    if (error instanceof CopyFormatError) return { kind: 'unmaskable', reason: error.message };
    throw error;
  }
}

function scanOf(format: CopyFormat, cells: readonly (CellMask | null)[], maxRowBytes: number): CopyScan {
  if (format.format === 'binary') return new BinaryScan(cells, maxRowBytes);
  const options = lineOptions(format);
  return format.format === 'csv' ? new CsvScan(options, cells, maxRowBytes) : new TextScan(options, cells, maxRowBytes);
}

class StreamMasker implements CopyMasker {
  readonly #scan: CopyScan;
  /** The row that is not complete. */
  readonly #held = new GrowingBytes();
  #failed: CopyMasked | undefined;

  constructor(scan: CopyScan) {
    this.#scan = scan;
  }

  push(buffer: Uint8Array, start: number, end: number, room: CopyRoom): CopyMasked {
    if (this.#failed !== undefined) return this.#failed;
    try {
      return this.#held.length === 0 ? this.#maskChunk(buffer, start, end, room) : this.#maskHeld(buffer, start, end, room);
    } catch (error) {
      return this.#fail(error);
    }
  }

  end(): CopyMasked {
    if (this.#failed !== undefined) return this.#failed;
    try {
      this.#scan.end(this.#held.length);
      return { kind: 'bytes', bytes: 0, rows: 0, maskedCells: 0 };
    } catch (error) {
      return this.#fail(error);
    }
  }

  #maskChunk(buffer: Uint8Array, start: number, end: number, room: CopyRoom): CopyMasked {
    const scan = this.#scan;
    scan.moved(-start);
    scan.scan(buffer, end);
    const done = scan.rowStart;
    const masked = this.#write(buffer, start, room);
    if (done < end) this.#held.append(buffer.subarray(done, end));
    return masked;
  }

  #maskHeld(buffer: Uint8Array, start: number, end: number, room: CopyRoom): CopyMasked {
    const scan = this.#scan;
    const held = this.#held;
    held.append(buffer.subarray(start, end));
    const view = held.view();
    scan.scan(view, view.length);
    const done = scan.rowStart;
    const masked = this.#write(view, 0, room);
    if (done > 0) held.drop(done);
    return masked;
  }

  /** Writes the rows that are complete; the next one begins at 0 then. */
  #write(source: Uint8Array, from: number, room: CopyRoom): CopyMasked {
    const scan = this.#scan;
    const { edits, rows, rowStart } = scan;
    const bytes = rowStart - from + edits.growth;
    if (bytes > 0) {
      const { buffer, start } = room.reserve(bytes);
      edits.write(source, from, rowStart, buffer, start);
    }
    const maskedCells = edits.settled;
    scan.moved(rowStart);
    return { kind: 'bytes', bytes, rows, maskedCells };
  }

  #fail(error: unknown): CopyMasked {
    // Whatever went wrong, nothing of this row may pass.
    this.#failed = { kind: 'error', reason: error instanceof CopyFormatError ? error.message : 'the row could not be masked' };
    return this.#failed;
  }
}
