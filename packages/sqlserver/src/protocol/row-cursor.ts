import { ProtocolError } from './protocol-error.js';
import {
  cellEnd,
  checkPlp,
  checkPlpEnd,
  FORM,
  isNullBit,
  longLength,
  NOT_WHOLE,
  PLP_NULL,
  plpLength,
  type RowLayout,
  TIMESTAMP,
  uint4,
  USHORT_NULL,
  variantLength,
} from './row-walk.js';

/** The bytes at hand: `bytes` from `at` to `end`. Whoever reads moves `at`. */
export interface ByteInput {
  bytes: Uint8Array;
  at: number;
  end: number;
}

export type CellEvent = 'span' | 'cell' | 'long-cell' | 'part' | 'long-end' | 'row-end';

type Phase = 'cells' | 'passing' | 'gathering' | 'chunk' | 'part';

const NO_BYTES = new Uint8Array(0);
const FIRST_CAPACITY = 512;
const PLP_HEAD = 8;
const CHUNK_HEAD = 4;

/** Reads the cells of one row after another from an input that may end anywhere; see `TokenEvent` for what the events mean. */
export class RowCursor {
  buffer: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;
  column = 0;
  valueStart = 0;
  longLength: number | undefined;
  /** A row was begun and its `row-end` was not given. */
  isOpen = false;

  readonly #input: ByteInput;
  #row: RowLayout | undefined;
  #watched: Uint8Array | undefined;
  #nulls: Uint8Array | undefined;
  #next = 0;
  #phase: Phase = 'cells';
  /** A watched cell, or its head, that does not lie in one chunk. */
  #carry: Uint8Array = NO_BYTES;
  #carried = 0;
  /** The length fields of a cell that is passed over or comes in parts. */
  readonly #small = new Uint8Array(PLP_HEAD);
  #have = 0;
  #need = 0;
  #isHeadRead = false;
  /** Bytes that belong to the cell before its next length field. */
  #left = 0;
  #total = 0;
  #sum = 0;

  constructor(input: ByteInput) {
    this.#input = input;
  }

  get buffered(): number {
    return this.#carried + this.#have;
  }

  /** Cells of the row that was begun last are watched. */
  get isWatched(): boolean {
    return this.#watched !== undefined;
  }

  /** Begins a row. `nulls`: the null bitmap of an NBCROW, which is kept. `watched`: 1 for each cell to give. */
  open(row: RowLayout, watched: Uint8Array | undefined, nulls: Uint8Array | undefined): void {
    this.isOpen = true;
    this.#row = row;
    this.#watched = watched;
    this.#nulls = nulls;
    this.#next = 0;
    this.#phase = 'cells';
  }

  /** Passes over the rest of a row of which no cell is watched. False when it goes on beyond the input. */
  skip(): boolean {
    while (this.#phase === 'passing' || this.#next < (this.#row?.count ?? 0)) if (!this.#passNext()) return false;
    this.isOpen = false;
    return true;
  }

  /** The next event of the row; `undefined` when more bytes are needed. */
  event(): CellEvent | undefined {
    switch (this.#phase) {
      case 'cells':
      case 'passing':
        return this.#cells();
      case 'gathering':
        return this.#gather();
      case 'chunk':
        return this.#chunk();
      case 'part':
        return this.#part();
    }
  }

  #cells(): CellEvent | undefined {
    const input = this.#input;
    const from = input.at;
    const count = this.#row?.count ?? 0;
    while (this.#phase === 'passing' || this.#next < count) {
      if (this.#phase === 'cells' && this.#watched?.[this.#next] === 1) return input.at > from ? this.#span(from) : this.#beginWatched();
      if (!this.#passNext()) return input.at > from ? this.#span(from) : undefined;
    }
    if (input.at > from) return this.#span(from);
    this.isOpen = false;
    return 'row-end';
  }

  #span(from: number): CellEvent {
    return this.#give('span', this.#input.bytes, from, this.#input.at);
  }

  #give(event: CellEvent, bytes: Uint8Array, start: number, end: number): CellEvent {
    this.buffer = bytes;
    this.start = start;
    this.end = end;
    return event;
  }

  #isNull(): boolean {
    return this.#nulls !== undefined && isNullBit(this.#nulls, 0, this.#next);
  }

  // ---- cells that are not watched ----

  /** Passes over the cell at hand, or the rest of it. False when it goes on beyond the input. */
  #passNext(): boolean {
    if (this.#phase === 'cells') {
      if (this.#isNull()) {
        this.#next += 1;
        return true;
      }
      const input = this.#input;
      const { forms, fixed } = this.#row as RowLayout;
      const form = forms[this.#next] as number;
      const end = cellEnd(input.bytes, input.at, input.end, form, fixed[this.#next] as number);
      if (end !== NOT_WHOLE) {
        input.at = end;
        this.#next += 1;
        return true;
      }
      this.#beginPass(form, fixed[this.#next] as number);
    }
    if (!this.#pass()) return false;
    this.#endCell();
    return true;
  }

  #endCell(): void {
    this.#phase = 'cells';
    this.#next += 1;
  }

  #beginPass(form: number, fixed: number): void {
    this.#phase = 'passing';
    this.#have = 0;
    this.#isHeadRead = false;
    this.#left = form === FORM.FIXED ? fixed : 0;
    this.#need = HEADS[form] as number;
  }

  #pass(): boolean {
    const input = this.#input;
    for (;;) {
      const take = Math.min(this.#left, input.end - input.at);
      input.at += take;
      this.#left -= take;
      if (this.#left > 0) return false;
      if (this.#need === 0) return true;
      if (!this.#fillSmall()) return false;
      this.#readHead((this.#row as RowLayout).forms[this.#next] as number);
    }
  }

  /** Collects a length field of `#need` bytes. */
  #fillSmall(): boolean {
    const input = this.#input;
    while (this.#have < this.#need && input.at < input.end) {
      this.#small[this.#have] = input.bytes[input.at] as number;
      this.#have += 1;
      input.at += 1;
    }
    if (this.#have < this.#need) return false;
    this.#have = 0;
    return true;
  }

  /** Reads the length field: how many bytes follow, and how long the length field behind them is. */
  #readHead(form: number): void {
    const small = this.#small;
    const isFirst = !this.#isHeadRead;
    this.#isHeadRead = true;
    this.#need = 0;
    if (form === FORM.BYTE) this.#left = small[0] as number;
    else if (form === FORM.USHORT) {
      const length = (small[0] as number) | ((small[1] as number) << 8);
      this.#left = length === USHORT_NULL ? 0 : length;
    } else if (form === FORM.LONG) this.#left = variantLength(uint4(small, 0));
    else if (form === FORM.TEXT) this.#readTextHead(isFirst);
    else this.#readPlpHead(isFirst);
  }

  #readTextHead(isFirst: boolean): void {
    if (!isFirst) {
      this.#left = longLength(uint4(this.#small, 0));
      return;
    }
    const pointer = this.#small[0] as number;
    if (pointer === 0) return;
    this.#left = pointer + TIMESTAMP;
    this.#need = 4;
  }

  #readPlpHead(isFirst: boolean): void {
    if (isFirst) {
      this.#beginPlp(this.#small, 0);
      if (this.#total !== PLP_NULL) this.#need = CHUNK_HEAD;
      return;
    }
    this.#left = this.#chunkLength();
    if (this.#left > 0) this.#need = CHUNK_HEAD;
  }

  #beginPlp(bytes: Uint8Array, at: number): void {
    this.#total = plpLength(uint4(bytes, at), uint4(bytes, at + 4));
    this.#sum = 0;
  }

  /** The length of the chunk whose length field was collected; 0: the end of the value. */
  #chunkLength(): number {
    const length = uint4(this.#small, 0);
    this.#sum += length;
    if (length === 0) checkPlpEnd(this.#sum, this.#total);
    else checkPlp(this.#sum, this.#total);
    return length;
  }

  // ---- cells that are watched ----

  #beginWatched(): CellEvent | undefined {
    const input = this.#input;
    if (this.#isNull()) {
      this.column = this.#next;
      this.valueStart = -1;
      this.#next += 1;
      return this.#give('cell', input.bytes, input.at, input.at);
    }
    const end = this.#unitEnd(input.bytes, input.at, input.end);
    if (end === NOT_WHOLE) {
      this.#phase = 'gathering';
      this.#carried = 0;
      return this.#gather();
    }
    const start = input.at;
    input.at = end;
    return this.#present(input.bytes, start, end);
  }

  /** Where the cell ends; of a long one, where its head does. */
  #unitEnd(bytes: Uint8Array, at: number, end: number): number {
    const { forms, fixed } = this.#row as RowLayout;
    const form = forms[this.#next] as number;
    if (form < FORM.TEXT) return cellEnd(bytes, at, end, form, fixed[this.#next] as number);
    if (at >= end) return NOT_WHOLE;
    const pointer = bytes[at] as number;
    const head = form === FORM.PLP ? PLP_HEAD : pointer === 0 ? 1 : 1 + pointer + TIMESTAMP + 4;
    return end - at < head ? NOT_WHOLE : at + head;
  }

  #gather(): CellEvent | undefined {
    const input = this.#input;
    const before = this.#carried;
    this.#append(input.bytes, input.at, input.end);
    const end = this.#unitEnd(this.#carry, 0, this.#carried);
    if (end === NOT_WHOLE) {
      input.at = input.end;
      return undefined;
    }
    input.at += end - before;
    this.#carried = 0;
    return this.#present(this.#carry, 0, end);
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    const need = this.#carried + end - start;
    if (need > this.#carry.length) {
      const grown = new Uint8Array(Math.max(need, this.#carry.length * 2, FIRST_CAPACITY));
      grown.set(this.#carry.subarray(0, this.#carried));
      this.#carry = grown;
    }
    this.#carry.set(bytes.subarray(start, end), this.#carried);
    this.#carried = need;
  }

  #present(bytes: Uint8Array, start: number, end: number): CellEvent {
    this.column = this.#next;
    const form = (this.#row as RowLayout).forms[this.#next] as number;
    if (form === FORM.PLP) return this.#presentPlp(bytes, start, end);
    if (form === FORM.TEXT && end - start > 1) return this.#presentText(bytes, start, end);
    this.valueStart = valueStart(bytes, start, end, form);
    this.#endCell();
    return this.#give('cell', bytes, start, end);
  }

  #presentPlp(bytes: Uint8Array, start: number, end: number): CellEvent {
    this.#beginPlp(bytes, start);
    if (this.#total === PLP_NULL) {
      this.valueStart = -1;
      this.#endCell();
      return this.#give('cell', bytes, start, end);
    }
    this.longLength = this.#total < 0 ? undefined : this.#total;
    this.#awaitChunk();
    return this.#give('long-cell', bytes, start, end);
  }

  #presentText(bytes: Uint8Array, start: number, end: number): CellEvent {
    this.#left = longLength(uint4(bytes, end - 4));
    this.longLength = this.#left;
    this.#need = 0;
    this.#phase = 'part';
    return this.#give('long-cell', bytes, start, end);
  }

  #awaitChunk(): void {
    this.#phase = 'chunk';
    this.#have = 0;
    this.#need = CHUNK_HEAD;
  }

  #chunk(): CellEvent | undefined {
    if (!this.#fillSmall()) return undefined;
    this.#left = this.#chunkLength();
    if (this.#left === 0) {
      this.#endCell();
      return this.#give('long-end', this.#small, 0, CHUNK_HEAD);
    }
    this.#phase = 'part';
    return this.#part();
  }

  #part(): CellEvent | undefined {
    const input = this.#input;
    if (this.#left === 0) {
      this.#endCell();
      return this.#give('long-end', input.bytes, input.at, input.at);
    }
    const start = input.at;
    const take = Math.min(this.#left, input.end - start);
    if (take === 0) return undefined;
    input.at += take;
    this.#left -= take;
    this.valueStart = start;
    if (this.#left === 0 && this.#need > 0) this.#awaitChunk();
    return this.#give('part', input.bytes, start, input.at);
  }
}

/** Bytes of the first length field by {@link FORM}. */
const HEADS: readonly number[] = [0, 1, 2, 4, 1, PLP_HEAD];

/** Where the value of a whole cell begins; -1: NULL. */
function valueStart(bytes: Uint8Array, start: number, end: number, form: number): number {
  if (form === FORM.USHORT) return bytes[start] === 0xff && bytes[start + 1] === 0xff ? -1 : start + 2;
  const head = HEADS[form] as number;
  // A type of fixed length has no NULL, but for the type NULL, which has no bytes; all others say NULL by the length 0.
  if (end - start === head) return -1;
  if (form === FORM.TEXT) throw new ProtocolError('invalid-value', 'a text has no text pointer');
  return start + head;
}
