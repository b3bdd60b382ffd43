import { originByName, type ResultColumn } from '@sqlwarden/core';
import { typeOf } from '../masking/index.js';
import { type ColumnDefinition41, readColumnDefinition } from '../protocol/column-definition.js';
import { PayloadReader } from '../protocol/payload-reader.js';

/**
 * A column definition as masks see it. Its origin is the schema, table and column that the server names ("Protocol::ColumnDefinition41"): the base
 * table's, or the view's where the view is materialised; none for expressions and for what was put together in a temporary table.
 */
export function resultColumn(definition: ColumnDefinition41, format: 'text' | 'binary'): ResultColumn {
  const { schema, orgTable, orgName, name } = definition;
  const type = typeOf(definition);
  const column: ResultColumn = { name, relationId: 0, columnNumber: 0, ...type, format };
  return orgTable === '' || orgName === '' ? column : { ...column, origin: originByName(schema, orgTable, orgName) };
}

/** The column definitions of one result, as bytes and as columns. */
export interface ResultHeader {
  readonly bytes: Uint8Array;
  readonly columns: readonly ResultColumn[];
}

/**
 * Takes the column definitions of a result one by one. They are decoded only from where they differ from those of the last result, as they hardly ever
 * do. One instance per session.
 */
export class HeaderReader {
  #known: ResultHeader | undefined;
  #matched = 0;
  #count = 0;
  /** Once they differ. */
  #pieces: Uint8Array[] | undefined;
  #columns: ResultColumn[] = [];
  #format: 'text' | 'binary' = 'text';

  /** A result begins whose definitions may be `known`. */
  begin(known: ResultHeader | undefined, format: 'text' | 'binary'): void {
    this.#known = known;
    this.#matched = 0;
    this.#count = 0;
    this.#pieces = undefined;
    this.#columns = [];
    this.#format = format;
  }

  /** The next definition is `buffer[bodyStart, end)`. Throws a `ProtocolError`. */
  add(buffer: Uint8Array, bodyStart: number, end: number): void {
    const known = this.#known;
    if (this.#pieces === undefined && known !== undefined && continues(known.bytes, this.#matched, buffer, bodyStart, end)) {
      this.#matched += end - bodyStart;
      this.#count += 1;
      return;
    }
    if (this.#pieces === undefined) {
      this.#pieces = known === undefined ? [] : [known.bytes.subarray(0, this.#matched)];
      this.#columns = known === undefined ? [] : known.columns.slice(0, this.#count);
    }
    this.#pieces.push(buffer.slice(bodyStart, end));
    this.#columns.push(resultColumn(readColumnDefinition(new PayloadReader(buffer, bodyStart, end), false), this.#format));
  }

  /** All `count` definitions were added. The same object as last time when they are the same. */
  end(count: number): ResultHeader {
    const known = this.#known;
    if (this.#pieces === undefined && known?.columns.length === count && this.#matched === known.bytes.length) return known;
    // What was known goes on after these.
    const columns = this.#pieces === undefined ? (known?.columns.slice(0, count) ?? []) : this.#columns;
    const bytes = joined(this.#pieces ?? [known?.bytes.subarray(0, this.#matched) ?? new Uint8Array(0)]);
    return { bytes, columns };
  }
}

function continues(known: Uint8Array, at: number, buffer: Uint8Array, start: number, end: number): boolean {
  if (known.length - at < end - start) return false;
  for (let i = start, j = at; i < end; i++, j++) if (buffer[i] !== known[j]) return false;
  return true;
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
