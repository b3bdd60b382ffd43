import type { CellMask } from '@sqlwarden/core';
import { checkCount, CopyFormatError, equalBytes, type LineFormat, type LineOptions } from './copy-format.js';
import { CopyScan } from './copy-scan.js';
import { utf8 } from './type-codec.js';

/** What the text and the CSV format have in common: rows are lines, cells are fields between delimiters. */
export abstract class LineScan extends CopyScan {
  protected readonly options: LineOptions;
  readonly #columns: number;
  readonly #cells: readonly (CellMask | null)[];
  /** The masks of the row at hand: none for the names in the header. */
  #masks: readonly (CellMask | null)[];
  #isHeader: boolean;
  /** The field at hand. */
  #column = 0;
  protected fieldStart = 0;
  /** The field at hand holds escapes. */
  protected escaped = false;
  /** The field at hand is quoted, and so never NULL. */
  protected quoted = false;

  constructor(options: LineOptions, cells: readonly (CellMask | null)[], maxRowBytes: number) {
    super(false, maxRowBytes);
    this.options = options;
    this.#columns = cells.length;
    this.#cells = cells;
    this.#isHeader = options.header;
    this.#masks = options.header ? cells.map(() => null) : cells;
  }

  end(held: number): void {
    if (held > 0) throw new CopyFormatError('the copy ended within a row');
  }

  protected movedField(by: number): void {
    this.fieldStart -= by;
  }

  /** The bytes in place of the field `buffer[from, to)`. */
  protected abstract rewritten(buffer: Uint8Array, from: number, to: number, mask: CellMask, escaped: boolean): Uint8Array;

  /** The field at hand ends before `at`, where its delimiter or the newline stands. */
  protected endField(buffer: Uint8Array, at: number): void {
    const mask = this.#masks[this.#column++];
    if (mask !== null && mask !== undefined && (this.quoted || !equalBytes(this.options.nullText, buffer, this.fieldStart, at)))
      this.edits.mark(this.fieldStart, at, mask, this.escaped);
    this.fieldStart = at + 1;
    this.escaped = false;
    this.quoted = false;
  }

  /** The last field has ended and a newline stands at `at`. */
  protected endRow(buffer: Uint8Array, at: number): void {
    this.checkLength(at);
    const isEmpty = at === this.rowStart && this.#columns === 0;
    checkCount(isEmpty ? 0 : this.#column, this.#columns);
    const { edits } = this;
    for (let index = edits.settled; index < edits.marked; index++) {
      const from = edits.from[index] as number;
      edits.settle(
        this.rewritten(buffer, from, edits.to[index] as number, edits.masks[index] as CellMask, edits.escaped[index] as boolean),
      );
    }
    if (this.#isHeader) {
      this.#isHeader = false;
      this.#masks = this.#cells;
    } else this.rows++;
    this.#column = 0;
    this.rowStart = at + 1;
  }
}

const TEXT_NULL = String.raw`\N`;

/** Throws a {@link CopyFormatError} when the options cannot be masked under. */
export function lineOptions(format: LineFormat): LineOptions {
  const csv = format.format === 'csv';
  const quote = oneByte(format.quote ?? '"', 'quote');
  const nullText = format.nullText ?? (csv ? '' : TEXT_NULL);
  // In the text format a value that equals another marker looks like NULL, so that the marker would tell which cells hold it.
  if (!csv && nullText !== TEXT_NULL && nullText !== '')
    throw new CopyFormatError(String.raw`use "\N" or an empty text as the null marker of a copy that is masked`);
  const delimiter = oneByte(format.delimiter ?? (csv ? ',' : '\t'), 'delimiter');
  if (csv && delimiter === quote) throw new CopyFormatError('the delimiter and the quote of a copy must differ');
  const escape = format.escape === undefined ? quote : oneByte(format.escape, 'escape');
  return { delimiter, nullText: utf8(nullText), quote, escape, header: format.header === true };
}

const BACKSLASH_OR_NEWLINE = /[\\\r\n]/;

function oneByte(text: string, option: string): number {
  const code = text.codePointAt(0) ?? 0;
  // CSV may escape by a backslash; as a delimiter it would make text ambiguous.
  const forbidden = option === 'escape' ? text === '\n' || text === '\r' : BACKSLASH_OR_NEWLINE.test(text);
  if (text.length !== 1 || code === 0 || code > 0x7f || forbidden)
    throw new CopyFormatError(`the ${option} of a copy that is masked must be one plain character`);
  return code;
}
