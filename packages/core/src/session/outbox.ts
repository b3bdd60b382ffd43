import type { Leg } from './contract.js';

const BLOCK = 0x1_0000;
const JOIN_UNDER = 0x1_0000;

/**
 * What goes to one leg, until it is flushed. Neighbouring views of one buffer become one view, so that a run of messages that pass
 * untouched costs one send; what is rebuilt is written into blocks, which are handed over and never written again where they were used.
 */
export class Outbox {
  readonly #leg: Leg;
  readonly #send: (leg: Leg, bytes: Uint8Array) => void;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  // The run being gathered.
  #run: Uint8Array | undefined;
  #from = 0;
  #to = 0;
  #block: Uint8Array = new Uint8Array(0);
  #used = 0;

  constructor(leg: Leg, send: (leg: Leg, bytes: Uint8Array) => void) {
    this.#leg = leg;
    this.#send = send;
  }

  /** Passes `buffer[start, end)` on as it is; the buffer must not change afterwards. */
  pass(buffer: Uint8Array, start: number, end: number): void {
    if (this.#run === buffer && this.#to === start) {
      this.#to = end;
      return;
    }
    this.#closeRun();
    this.#run = buffer;
    this.#from = start;
    this.#to = end;
  }

  /** Appends whole messages; `bytes` is handed over. */
  write(bytes: Uint8Array): void {
    this.pass(bytes, 0, bytes.length);
  }

  /** Room for `length` bytes, in order behind what is there: the caller fills `buffer[start, start + length)` before anything else. */
  reserve(length: number): { readonly buffer: Uint8Array; readonly start: number } {
    if (this.#block.length - this.#used < length) {
      this.#block = new Uint8Array(Math.max(BLOCK, length));
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += length;
    this.pass(this.#block, start, start + length);
    return { buffer: this.#block, start };
  }

  get pending(): boolean {
    return this.#run !== undefined || this.#pieces.length > 0;
  }

  /** Sends everything, in as few pieces as is cheap. */
  flush(): void {
    const run = this.#run;
    if (run === undefined && this.#pieces.length === 0) return;
    if (run !== undefined && this.#pieces.length === 0) {
      this.#run = undefined;
      if (this.#to > this.#from) this.#send(this.#leg, run.subarray(this.#from, this.#to));
      return;
    }
    this.#closeRun();
    const pieces = this.#pieces;
    if (pieces.length === 0) return;
    const bytes = this.#bytes;
    this.#pieces = [];
    this.#bytes = 0;
    if (pieces.length === 1) this.#send(this.#leg, pieces[0] as Uint8Array);
    else if (bytes <= JOIN_UNDER) this.#send(this.#leg, joined(pieces, bytes));
    else for (const piece of pieces) this.#send(this.#leg, piece);
  }

  #closeRun(): void {
    if (this.#run === undefined) return;
    if (this.#to > this.#from) {
      this.#pieces.push(this.#run.subarray(this.#from, this.#to));
      this.#bytes += this.#to - this.#from;
    }
    this.#run = undefined;
  }
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
