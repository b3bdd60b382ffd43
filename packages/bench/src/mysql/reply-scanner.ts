const HEADER_BYTES = 4;
const EOF = 0xfe;
const ERR = 0xff;
/** Longer ones that begin so are rows. */
const MAX_EOF_BYTES = 8;

/**
 * Finds the ends of text and binary result sets ("Text Resultset", without CLIENT_DEPRECATE_EOF) in what a server sends, without reading more of it than
 * that takes: the load generator must cost less than what it measures.
 */
export class ReplyScanner {
  readonly #header = new Uint8Array(HEADER_BYTES + 1);
  #filled = 0;
  /** Bytes of the packet at hand that are to come. */
  #rest = 0;
  #eofs = 0;
  readonly #onReply: (isError: boolean) => void;

  constructor(onReply: (isError: boolean) => void) {
    this.#onReply = onReply;
  }

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#rest > 0) {
        const taken = Math.min(this.#rest, chunk.length - at);
        this.#rest -= taken;
        at += taken;
        continue;
      }
      this.#header[this.#filled] = chunk[at] ?? 0;
      this.#filled += 1;
      at += 1;
      if (this.#filled > HEADER_BYTES) this.#begin();
    }
  }

  #begin(): void {
    const [low = 0, middle = 0, high = 0, , first = 0] = this.#header;
    const length = low | (middle << 8) | (high << 16);
    this.#filled = 0;
    this.#rest = length - 1;
    if (first === ERR) {
      this.#eofs = 0;
      this.#onReply(true);
    } else if (first === EOF && length <= MAX_EOF_BYTES) {
      this.#eofs += 1;
      if (this.#eofs < 2) return;
      this.#eofs = 0;
      this.#onReply(false);
    }
  }
}
