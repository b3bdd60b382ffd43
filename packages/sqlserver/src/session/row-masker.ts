import { type CellMask, UnmaskableResult } from '@sqlwarden/core';
import { FORM } from '../protocol/row-walk.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import type { ReplyStream } from './reply-stream.js';

/** Behind a text pointer that stands for none: 16 bytes of pointer and 8 of timestamp ([MS-TDS] section 2.2.7.19 "ROW"). */
const TEXT_POINTER = 16;
const TEXT_HEAD = 1 + TEXT_POINTER + 8 + 4;
const PLP_HEAD = 12;
const MAX_USHORT = 0xfffe;
const FIRST_CAPACITY = 4096;

/** Puts masked cells in place of those that come, in the form of their columns ([MS-TDS] section 2.2.5.2). One instance per session. */
export class RowMasker {
  readonly #stream: ReplyStream;
  readonly #maxBytes: number;
  /** The value of a long cell that is to be masked, as far as it has come. */
  #value: Uint8Array = new Uint8Array(0);
  #length = 0;
  #mask: CellMask | undefined;
  /** What stands before the value that is written. */
  readonly #head = new Uint8Array(TEXT_HEAD);
  maskedCells = 0;

  /** `maxBytes`: longest value that is masked. */
  constructor(stream: ReplyStream, maxBytes: number) {
    this.#stream = stream;
    this.#maxBytes = maxBytes;
  }

  /** A long cell of which the end has not come is masked: what comes of it does not pass. */
  get isInLong(): boolean {
    return this.#mask !== undefined;
  }

  /** The cell at hand lies in `buffer[valueStart, end)` behind its length, and is not NULL. */
  cell(mask: CellMask, form: number, buffer: Uint8Array, valueStart: number, end: number): void {
    const shown = mask.over === undefined ? mask(buffer.subarray(valueStart, end)) : mask.over(buffer, valueStart, end);
    this.#put(shown, form, end - valueStart);
  }

  /** A long cell begins. `announced`: the length of its value, where it is told. Throws {@link UnmaskableResult}. */
  begin(mask: CellMask, announced: number | undefined): void {
    this.#length = 0;
    this.#check(announced ?? 0);
    this.#mask = mask;
    this.#stream.replace();
  }

  part(buffer: Uint8Array, start: number, end: number): void {
    this.#grow(this.#length + end - start);
    this.#value.set(buffer.subarray(start, end), this.#length);
    this.#length += end - start;
    this.#stream.replace();
  }

  end(form: number): void {
    const mask = this.#mask;
    if (mask === undefined) return;
    this.#mask = undefined;
    this.#put(mask(this.#value.subarray(0, this.#length)), form, this.#length);
    if (this.#value.length > KEPT) this.#value = new Uint8Array(0);
  }

  #check(length: number): void {
    if (length > this.#maxBytes) throw new UnmaskableResult(`a value that is to be masked is longer than ${this.#maxBytes} bytes`);
  }

  #grow(length: number): void {
    this.#check(length);
    if (length <= this.#value.length) return;
    const grown = new Uint8Array(Math.max(length, 2 * this.#value.length, FIRST_CAPACITY));
    grown.set(this.#value.subarray(0, this.#length));
    this.#value = grown;
  }

  #put(shown: Uint8Array | null, form: number, fixed: number): void {
    const stream = this.#stream;
    this.maskedCells += 1;
    stream.replace();
    const head = this.#head;
    stream.write(head, 0, shown === null ? putNull(head, form) : putHead(head, form, shown.length, fixed));
    if (shown === null) return;
    stream.write(shown, 0, shown.length);
    if (form === FORM.PLP && shown.length > 0) stream.write(PLP_END, 0, PLP_END.length);
  }
}

/** A buffer for values that is longer than this is given up after use. */
const KEPT = 0x1_0000;
const PLP_END = new Uint8Array(4);

/** Returns how many bytes stand for NULL. */
function putNull(head: Uint8Array, form: number): number {
  switch (form) {
    case FORM.BYTE:
    case FORM.TEXT:
      head[0] = 0;
      return 1;
    case FORM.USHORT:
      head.fill(0xff, 0, 2);
      return 2;
    case FORM.LONG:
      head.fill(0, 0, 4);
      return 4;
    case FORM.PLP:
      head.fill(0xff, 0, 8);
      return 8;
    default:
      throw new ProtocolError('invalid-value', 'a column that cannot be NULL was masked as NULL');
  }
}

/** Returns how many bytes stand before a value of so many bytes; of PLP with the length of its only chunk. */
function putHead(head: Uint8Array, form: number, length: number, fixed: number): number {
  switch (form) {
    case FORM.FIXED:
      if (length !== fixed) throw new ProtocolError('invalid-value', 'a masked value does not have the length of its type');
      return 0;
    case FORM.BYTE:
      if (length > 0xff) throw new ProtocolError('invalid-value', 'a masked value is too long for its type');
      head[0] = length;
      return 1;
    case FORM.USHORT:
      if (length > MAX_USHORT) throw new ProtocolError('invalid-value', 'a masked value is too long for its type');
      head[0] = length;
      head[1] = length >> 8;
      return 2;
    case FORM.LONG:
      putUint4(head, 0, length);
      return 4;
    case FORM.TEXT:
      head.fill(0, 0, TEXT_HEAD);
      head[0] = TEXT_POINTER;
      putUint4(head, TEXT_HEAD - 4, length);
      return TEXT_HEAD;
    default:
      putUint4(head, 0, length);
      putUint4(head, 4, 0);
      // An empty value has no chunk: the zeros behind its length end it.
      putUint4(head, 8, length);
      return PLP_HEAD;
  }
}

function putUint4(bytes: Uint8Array, at: number, value: number): void {
  for (let i = 0, rest = value; i < 4; i++, rest = Math.floor(rest / 256)) bytes[at + i] = rest;
}
