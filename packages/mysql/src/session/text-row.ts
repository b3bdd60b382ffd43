import { lenientText, type PayloadReader } from '../protocol/payload-reader.js';

/** The cells of a row of text ("Text Resultset Row") that the reader stands at. Throws a `ProtocolError`. */
export function textRow(reader: PayloadReader, columns: number): readonly (string | null)[] {
  const cells: (string | null)[] = [];
  for (let i = 0; i < columns; i++) {
    const cell = reader.nullableBytes();
    cells.push(cell === null ? null : lenientText(cell));
  }
  reader.finish();
  return cells;
}
