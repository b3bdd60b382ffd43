import { binaryForm } from './field-types.js';
import { ProtocolError } from './protocol-error.js';

const MAX_TEMPORAL = 12;
const NO_TYPES = new Uint8Array(0);

/**
 * Where the cells of a row lie in its payload, without decoding them ("Text Resultset Row", "Binary Protocol Resultset Row"). One object is reused for
 * all rows. Cell `i` begins with its length field (or the byte of a NULL) at `from[i]`, its value is from `at[i]` to `end[i]`; of a
 * NULL `at[i]` is -1. Cells of a fixed length have no length field: `from[i]` is `at[i]`. In a binary row a NULL has no bytes.
 */
export class RowCells {
  from: Int32Array = new Int32Array(0);
  at: Int32Array = new Int32Array(0);
  end: Int32Array = new Int32Array(0);
  #bytes: Uint8Array = NO_TYPES;
  #next = 0;
  #limit = 0;

  isNull(cell: number): boolean {
    return this.at[cell] === -1;
  }

  /** Finds the cells of a text row in `bytes` from `start` to `end`. Throws a {@link ProtocolError} unless there are exactly `count`. */
  readText(bytes: Uint8Array, start: number, end: number, count: number): void {
    this.#reset(bytes, start, end, count);
    for (let i = 0; i < count; i++) {
      this.from[i] = this.#next;
      if (this.#next < end && bytes[this.#next] === 0xfb) {
        this.#next += 1;
        this.at[i] = -1;
        this.end[i] = this.#next;
      } else this.#take(i, this.#lenenc());
    }
    this.#finish();
  }

  /** Finds the cells of a binary row of columns with these types (codes of FIELD_TYPE). Throws a {@link ProtocolError} unless the row is of exactly these. */
  readBinary(bytes: Uint8Array, start: number, end: number, types: Uint8Array): void {
    const count = types.length;
    this.#reset(bytes, start, end, count);
    const nulls = start + 1;
    this.#next = nulls + binaryBitmapBytes(count);
    if (this.#next > end) throw truncated();
    if (bytes[start] !== 0x00) throw new ProtocolError('unexpected-message', 'a binary row begins with 0x00');
    for (let i = 0; i < count; i++) {
      this.from[i] = this.#next;
      if (((bytes[nulls + ((i + 2) >> 3)] as number) >> ((i + 2) & 7)) & 1) {
        this.at[i] = -1;
        this.end[i] = this.#next;
      } else this.#take(i, this.#binaryLength(types[i] as number));
    }
    this.#finish();
  }

  #binaryLength(type: number): number {
    const form = binaryForm(type);
    if (form === undefined) throw new ProtocolError('invalid-value', 'a column has a type that the protocol does not define');
    if (form === 'lenenc') return this.#lenenc();
    if (form !== 'temporal') return form;
    const length = this.#byte();
    if (length > MAX_TEMPORAL) throw new ProtocolError('length', 'a time has at most 12 bytes');
    return length;
  }

  #reset(bytes: Uint8Array, start: number, end: number, count: number): void {
    if (start < 0 || start > end || end > bytes.length) throw new ProtocolError('length', 'the bounds of a packet are out of range');
    if (this.at.length < count) {
      this.from = new Int32Array(count);
      this.at = new Int32Array(count);
      this.end = new Int32Array(count);
    }
    this.#bytes = bytes;
    this.#next = start;
    this.#limit = end;
  }

  #take(cell: number, length: number): void {
    const at = this.#next;
    if (length > this.#limit - at) throw truncated();
    this.at[cell] = at;
    this.#next = at + length;
    this.end[cell] = this.#next;
  }

  #byte(): number {
    if (this.#next >= this.#limit) throw truncated();
    const byte = this.#bytes[this.#next] as number;
    this.#next += 1;
    return byte;
  }

  #lenenc(): number {
    const first = this.#byte();
    if (first < 0xfb) return first;
    if (first === 0xfc) return this.#byte() | (this.#byte() << 8);
    if (first === 0xfd) return this.#byte() | (this.#byte() << 8) | (this.#byte() << 16);
    if (first !== 0xfe) throw new ProtocolError('length', 'a length-encoded integer has an undefined first byte');
    const low = (this.#byte() | (this.#byte() << 8) | (this.#byte() << 16) | (this.#byte() << 24)) >>> 0;
    const high = this.#byte() | this.#byte() | this.#byte() | this.#byte();
    if (high !== 0) throw truncated();
    return low;
  }

  #finish(): void {
    if (this.#next !== this.#limit) throw new ProtocolError('trailing-bytes', 'a row goes on after its last column');
  }
}

/** Bytes of the NULL bitmap of a binary row, which has an offset of two bits. */
export function binaryBitmapBytes(columns: number): number {
  return (columns + 9) >> 3;
}

/** Marks cell `cell` as NULL in the bitmap of a binary row of which the payload begins at `start`. Its value must be left out by the caller. */
export function setBinaryNull(bytes: Uint8Array, start: number, cell: number): void {
  const at = start + 1 + ((cell + 2) >> 3);
  bytes[at] = (bytes[at] as number) | (1 << ((cell + 2) & 7));
}

/** Types for {@link RowCells.readBinary}. */
export function columnTypes(columns: readonly { readonly type: number }[]): Uint8Array {
  return Uint8Array.from(columns, (column) => column.type);
}

function truncated(): ProtocolError {
  return new ProtocolError('truncated', 'a cell reaches beyond the end of its row');
}
