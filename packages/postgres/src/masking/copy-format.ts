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

export type LineFormat = Exclude<CopyFormat, { format: 'binary' }>;

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
  readonly header: boolean;
}

export const NEWLINE = 0x0a;

/** Refuses a row whose fields are not as many as the columns that were bound. */
export function checkCount(found: number, columns: number): void {
  if (found !== columns) throw new CopyFormatError(`a row of the copy has ${found} fields where ${columns} columns were expected`);
}

/** True when `buffer[from, to)` are the bytes `known`. */
export function equalBytes(known: Uint8Array, buffer: Uint8Array, from: number, to: number): boolean {
  if (known.length !== to - from) return false;
  for (let at = 0; at < known.length; at++) if (known[at] !== buffer[from + at]) return false;
  return true;
}
