import type { CellMask } from '@sqlwarden/core';
import type { GrowingBytes } from './growing-bytes.js';

/** How the server writes the rows of `COPY … TO STDOUT` (documentation: "COPY", "File Formats"). Absent options are the server's defaults. */
export type CopyFormat =
  | { readonly format: 'binary' }
  | {
      readonly format: 'text' | 'csv';
      /** One byte. Default: tab in text, comma in CSV. */
      readonly delimiter?: string;
      /** Default: `\N` in text, nothing in CSV. */
      readonly nullText?: string;
      /** CSV only; one byte, default `"`. */
      readonly quote?: string;
      /** CSV only; one byte, default: the quote. */
      readonly escape?: string;
      /** The first row holds the names of the columns. */
      readonly header?: boolean;
    };

/** What a format does with the bytes; errors are thrown as {@link CopyFormatError} and become values in {@link CopyMasker}. */
export interface CopyRows {
  push(chunk: Uint8Array): { readonly bytes: Uint8Array; readonly rows: number; readonly maskedCells: number };
  end(): void;
}

/** The bytes are not what the format and the options say. */
export class CopyFormatError extends Error {
  override readonly name = 'CopyFormatError';
}

/** The options as bytes. */
export interface LineOptions {
  readonly delimiter: number;
  readonly nullText: Uint8Array;
  readonly quote: number;
  readonly escape: number;
}

/** How one line format finds the end of a row and rewrites its fields. */
export interface LineSyntax {
  /** Offset of the newline that ends the row, or -1. Carries on from the last call: call with every byte once, in order. */
  findEnd(bytes: Uint8Array, from: number): number;
  /** Writes the row without its newline to `out`; returns how many cells were masked. Throws a {@link CopyFormatError}. */
  rewrite(row: Uint8Array, cells: readonly (CellMask | null)[], out: GrowingBytes): number;
}

export const NEWLINE = 0x0a;

/** Refuses a row whose fields are not as many as the columns that were bound. */
export function checkCount(found: number, columns: number): void {
  if (found !== columns) throw new CopyFormatError(`a row of the copy has ${found} fields where ${columns} columns were expected`);
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
