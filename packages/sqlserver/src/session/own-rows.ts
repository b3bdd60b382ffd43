import { cellType, typeOf } from '../masking/index.js';
import { DATA_TYPE } from '../protocol/data-types.js';
import { type Column, TOKEN } from '../protocol/server-token.js';
import type { TokenEvent, TokenReader } from '../protocol/token-reader.js';

/** Rows of a statement of the gateway's own, as text. Every event of the reader goes through {@link take}, tokens too. */
export class OwnRows {
  /** Those of every result of the statement. */
  rows: (readonly (string | null)[])[] = [];
  #texts: readonly ((value: Uint8Array) => string | null)[] = [];
  #row: (string | null)[] = [];
  /** The long cell that comes in parts. */
  #parts: Uint8Array[] = [];

  take(reader: TokenReader, event: TokenEvent): void {
    if (event === 'token') return this.#token(reader);
    // The value of a RETURNVALUE comes as the cell of a row, too.
    if (reader.tokenType !== TOKEN.ROW && reader.tokenType !== TOKEN.NBCROW) return;
    const { buffer, valueStart, end } = reader;
    switch (event) {
      case 'row':
        this.#row = [];
        return;
      case 'cell':
        this.#row.push(valueStart < 0 ? null : this.#text(buffer.subarray(valueStart, end)));
        return;
      case 'long-cell':
        this.#parts = [];
        return;
      case 'part':
        this.#parts.push(buffer.slice(valueStart, end));
        return;
      case 'long-end':
        this.#row.push(this.#text(joined(this.#parts)));
        return;
      case 'row-end':
        this.rows.push(this.#row);
        return;
      case 'span':
        return;
    }
  }

  #token(reader: TokenReader): void {
    if (reader.tokenType !== TOKEN.COLMETADATA) return;
    const columns: readonly Column[] = reader.columns ?? [];
    this.#texts = columns.map(textOf);
    reader.watch(new Uint8Array(columns.length).fill(1));
  }

  #text(value: Uint8Array): string | null {
    return this.#texts[this.#row.length]?.(value) ?? null;
  }
}

/** As the server converts to nvarchar. What cannot be said as text is NULL: nothing that the gateway asks for is of such a type. */
function textOf({ type }: Column): (value: Uint8Array) => string | null {
  if (type.type === DATA_TYPE.BIT || type.type === DATA_TYPE.BITN) return ([bit]) => (bit === 0 ? '0' : '1');
  const of = cellType(typeOf(type));
  return (value) => of.toText(value, 'binary') ?? null;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
