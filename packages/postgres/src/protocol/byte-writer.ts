import { ProtocolError } from './protocol-error.js';

const utf8 = new TextEncoder();
const FIRST_CAPACITY = 256;
const MAX_LENGTH = 0x7fff_ffff;

/**
 * Builds messages in one growing buffer. All integers are big-endian; a value out of its field's range throws `length`,
 * so that a count can never wrap around.
 */
export class ByteWriter {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #at = 0;
  #messageStart = 0;

  #room(count: number): number {
    const at = this.#at;
    const need = at + count;
    if (need > MAX_LENGTH) throw new ProtocolError('length', 'a message is longer than the protocol allows');
    if (need > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(need, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
    }
    this.#at = need;
    return at;
  }

  uint8(value: number): this {
    rangeCheck(value, 0, 0xff);
    const at = this.#room(1);
    this.#bytes[at] = value;
    return this;
  }

  int16(value: number): this {
    rangeCheck(value, -0x8000, 0x7fff);
    return this.#write16(value);
  }

  /** For counts, which the protocol declares Int16 and PostgreSQL reads as unsigned. */
  uint16(value: number): this {
    rangeCheck(value, 0, 0xffff);
    return this.#write16(value);
  }

  #write16(value: number): this {
    const at = this.#room(2);
    this.#bytes[at] = value >> 8;
    this.#bytes[at + 1] = value;
    return this;
  }

  int32(value: number): this {
    rangeCheck(value, -0x8000_0000, 0x7fff_ffff);
    return this.#write32(value);
  }

  uint32(value: number): this {
    rangeCheck(value, 0, 0xffff_ffff);
    return this.#write32(value);
  }

  #write32(value: number): this {
    this.#put32(this.#room(4), value);
    return this;
  }

  #put32(at: number, value: number): void {
    this.#bytes[at] = value >>> 24;
    this.#bytes[at + 1] = value >>> 16;
    this.#bytes[at + 2] = value >>> 8;
    this.#bytes[at + 3] = value;
  }

  bytes(value: Uint8Array): this {
    const at = this.#room(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** An Int32 length and the bytes, or the length -1 for `null`. */
  nullableBytes(value: Uint8Array | null): this {
    if (value === null) return this.int32(-1);
    return this.int32(value.length).bytes(value);
  }

  /** UTF-8 and a NUL. Throws `invalid-value` when the text holds a NUL itself. */
  cstring(value: string): this {
    if (value.includes('\0')) throw new ProtocolError('invalid-value', 'a string of the protocol cannot hold a NUL character');
    return this.bytes(utf8.encode(value)).uint8(0);
  }

  /** Begins a message: its type byte (none when `type` is 0, as in the start-up phase) and room for its length. */
  begin(type: number): this {
    if (type !== 0) this.uint8(type);
    this.#messageStart = this.#room(4);
    return this;
  }

  /** Ends the message begun last: fills in its length. Several messages may follow one another in one writer. */
  end(): this {
    this.#put32(this.#messageStart, this.#at - this.#messageStart);
    return this;
  }

  /** What was written. The writer starts anew, so the bytes are the caller's. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#at);
    this.#bytes = new Uint8Array(FIRST_CAPACITY);
    this.#at = 0;
    return taken;
  }
}

function rangeCheck(value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high)
    throw new ProtocolError('length', 'a number is out of the range of its field');
}
