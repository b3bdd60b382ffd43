import { CellEdits } from './cell-edits.js';
import { CopyFormatError } from './copy-format.js';

/**
 * Reads the rows of a copy as their bytes come, each byte once, and gathers the {@link CellEdits} of its masked cells. One implementation
 * for each format. Errors are thrown as {@link CopyFormatError}.
 */
export abstract class CopyScan {
  readonly edits: CellEdits;
  readonly #maxRowBytes: number;
  /** The next byte to be read. */
  protected at = 0;
  /** Where the row that is not complete begins: what is before it may be delivered once its cells are replaced. */
  rowStart = 0;
  /** Rows that were completed since {@link moved}. */
  rows = 0;

  constructor(withLengths: boolean, maxRowBytes: number) {
    this.edits = new CellEdits(withLengths);
    this.#maxRowBytes = maxRowBytes;
  }

  /** What is before {@link rowStart} is delivered, and the rest will be found `by` bytes further down. */
  moved(by: number): void {
    this.edits.forgetSettled(by);
    this.at -= by;
    this.rowStart -= by;
    this.rows = 0;
    this.movedField(by);
  }

  /** Reads on in `buffer` up to `end`: the same bytes as before from {@link rowStart} on, and more behind them. */
  abstract scan(buffer: Uint8Array, end: number): void;
  /** Throws when the copy may not end here, with `held` bytes behind {@link rowStart}. */
  abstract end(held: number): void;
  protected abstract movedField(by: number): void;

  /** The row reaches to `end`, without what ends it. */
  protected checkLength(end: number): void {
    if (end - this.rowStart > this.#maxRowBytes) throw new CopyFormatError('a row of the copy is longer than the limit');
  }
}
