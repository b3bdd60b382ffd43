import type { CellMask } from '@sqlwarden/core';
import { csvLine } from './copy-csv.js';
import { CopyFormatError, type CopyFormat, type CopyRows, type LineOptions, NEWLINE } from './copy-format.js';
import { textLine } from './copy-text.js';
import { GrowingBytes } from './growing-bytes.js';
import { utf8 } from './type-codec.js';

type LineFormat = Exclude<CopyFormat, { format: 'binary' }>;

const TEXT_NULL = String.raw`\N`;

/** Rows of the text and CSV formats. Throws a {@link CopyFormatError} when the options cannot be masked under. */
export function createLineRows(format: LineFormat, cells: readonly (CellMask | null)[], maxRowBytes: number): CopyRows {
  const options = readOptions(format);
  const syntax = format.format === 'csv' ? csvLine(options) : textLine(options);
  const namesOnly = cells.map(() => null);
  const pending = new GrowingBytes();
  const out = new GrowingBytes();
  let header = format.header === true;

  const hold = (bytes: Uint8Array): void => {
    if (pending.length + bytes.length > maxRowBytes) throw new CopyFormatError('a row of the copy is longer than the limit');
    pending.append(bytes);
  };

  return {
    push(chunk) {
      let rows = 0;
      let maskedCells = 0;
      let at = 0;
      for (;;) {
        const end = syntax.findEnd(chunk, at);
        hold(chunk.subarray(at, end < 0 ? chunk.length : end));
        if (end < 0) return { bytes: out.take(), rows, maskedCells };
        maskedCells += syntax.rewrite(pending.view(), header ? namesOnly : cells, out);
        out.appendByte(NEWLINE);
        pending.clear();
        if (!header) rows++;
        header = false;
        at = end + 1;
      }
    },
    end() {
      if (pending.length > 0) throw new CopyFormatError('the copy ended within a row');
    },
  };
}

function readOptions(format: LineFormat): LineOptions {
  const csv = format.format === 'csv';
  const quote = oneByte(format.quote ?? '"', 'quote');
  const nullText = format.nullText ?? (csv ? '' : TEXT_NULL);
  // In the text format a value that equals another marker looks like NULL, so that the marker would tell which cells hold it.
  if (!csv && nullText !== TEXT_NULL && nullText !== '')
    throw new CopyFormatError(String.raw`use "\N" or an empty text as the null marker of a copy that is masked`);
  const delimiter = oneByte(format.delimiter ?? (csv ? ',' : '\t'), 'delimiter');
  if (csv && delimiter === quote) throw new CopyFormatError('the delimiter and the quote of a copy must differ');
  return { delimiter, nullText: utf8(nullText), quote, escape: format.escape === undefined ? quote : oneByte(format.escape, 'escape') };
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
