const HEADER_BYTES = 8;
const END_OF_MESSAGE = 1;
/** DONE, DONEPROC: TokenType, Status, CurCmd, DoneRowCount ([MS-TDS] section 2.2.7.6), from TDS 7.2 on. */
export const DONE_BYTES = 13;
const DONE_ERROR = 2;

/**
 * Finds the ends of messages in what a server sends ([MS-TDS] section 2.2.3.1), and whether their last token tells of an error, without reading more of
 * it than that takes: the load generator must cost less than what it measures.
 */
export class MessageScanner {
  readonly #header = new Uint8Array(HEADER_BYTES);
  #filled = 0;
  /** Bytes of the packet at hand that are to come. */
  #rest = 0;
  #isLast = false;
  /** The last bytes of the message so far. */
  readonly #tail = new Uint8Array(DONE_BYTES);
  readonly #onReply: (isError: boolean) => void;

  constructor(onReply: (isError: boolean) => void) {
    this.#onReply = onReply;
  }

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#rest > 0) {
        const taken = Math.min(this.#rest, chunk.length - at);
        this.#keep(chunk, at, at + taken);
        this.#rest -= taken;
        at += taken;
        if (this.#rest === 0 && this.#isLast) this.#onReply(((this.#tail[1] ?? 0) & DONE_ERROR) !== 0);
        continue;
      }
      this.#header[this.#filled] = chunk[at] ?? 0;
      this.#filled += 1;
      at += 1;
      if (this.#filled === HEADER_BYTES) this.#begin();
    }
  }

  #begin(): void {
    const [, status = 0, high = 0, low = 0] = this.#header;
    this.#filled = 0;
    this.#isLast = (status & END_OF_MESSAGE) !== 0;
    this.#rest = ((high << 8) | low) - HEADER_BYTES;
  }

  #keep(chunk: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length >= DONE_BYTES) this.#tail.set(chunk.subarray(end - DONE_BYTES, end));
    else {
      this.#tail.copyWithin(0, length);
      this.#tail.set(chunk.subarray(start, end), DONE_BYTES - length);
    }
  }
}
