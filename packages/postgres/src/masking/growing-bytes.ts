/** Bytes that are appended to: doubles its room, so that appending is linear. */
export class GrowingBytes {
  #bytes = new Uint8Array(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  appendByte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = byte;
  }

  /** What is held. A view: gone with the next change. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** A copy of what is held; afterwards nothing is held any more. */
  take(): Uint8Array {
    const bytes = this.#bytes.slice(0, this.#length);
    this.clear();
    return bytes;
  }

  /** Drops what is held, and the room too when one large row had made it large. */
  clear(): void {
    this.#length = 0;
    if (this.#bytes.length > KEPT_ROOM) this.#bytes = new Uint8Array(0);
  }

  /** Drops the first `count` bytes. */
  drop(count: number): void {
    if (count === this.#length) return this.clear();
    this.#bytes.copyWithin(0, count, this.#length);
    this.#length -= count;
  }

  #reserve(more: number): void {
    const wanted = this.#length + more;
    if (wanted <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(wanted, 2 * this.#bytes.length, 256));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

const KEPT_ROOM = 1024 * 1024;
