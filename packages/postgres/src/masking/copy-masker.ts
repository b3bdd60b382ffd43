import type { CellMask } from '@sqlwarden/core';
import { createBinaryRows } from './copy-binary.js';
import { CopyFormatError, type CopyFormat, type CopyRows } from './copy-format.js';
import { createLineRows } from './copy-lines.js';

/** What a chunk of a copy became. `bytes` is the caller's; empty while no row is complete. After an error every answer is that error. */
export type CopyMasked =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly rows: number; readonly maskedCells: number }
  /** Nothing more may be delivered. `reason` is for people and holds nothing of the data. */
  | { readonly kind: 'error'; readonly reason: string };

/** Masks the rows of one copy as they stream. Sans-I/O; never throws for what the server sent. */
export interface CopyMasker {
  /**
   * Takes the payload of a CopyData message and returns the rows that it completes, masked. Rows may be split over messages in any way;
   * where the server sends one row per message, so does what comes back.
   */
  push(chunk: Uint8Array): CopyMasked;
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
    const rows = format.format === 'binary' ? createBinaryRows(cells, maxRowBytes) : createLineRows(format, cells, maxRowBytes);
    return { kind: 'masker', masker: guarded(rows) };
  } catch (error) {
    if (error instanceof CopyFormatError) return { kind: 'unmaskable', reason: error.message };
    throw error;
  }
}

function guarded(rows: CopyRows): CopyMasker {
  let failed: CopyMasked | undefined;
  const run = (step: () => CopyMasked): CopyMasked => {
    if (failed !== undefined) return failed;
    try {
      return step();
    } catch (error) {
      // Whatever went wrong, nothing of this row may pass.
      failed = { kind: 'error', reason: error instanceof CopyFormatError ? error.message : 'the row could not be masked' };
      return failed;
    }
  };
  return {
    push: (chunk) => run(() => ({ kind: 'bytes', ...rows.push(chunk) })),
    end: () =>
      run(() => {
        rows.end();
        return { kind: 'bytes', bytes: new Uint8Array(0), rows: 0, maskedCells: 0 };
      }),
  };
}
