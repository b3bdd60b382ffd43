import { ProtocolError } from './protocol-error.js';

const FIRST_CAPACITY = 256;
const MAX_LENGTH = 0x7fff_ffff;

/** Builds the payload of a message, or tokens, in one growing buffer. Integers are little-endian unless the name says otherwise; a value out of its field's range throws `length`. */
export class PayloadWriter {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #at = 0;

  /** Bytes that were written and not taken. */
  get length(): number {
    return this.#at;
  }

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

  #integer(value: number, bytes: number, max: number): this {
    checkRange(value, 0, max);
    const at = this.#room(bytes);
    for (let i = 0; i < bytes; i++) this.#bytes[at + i] = value >>> (8 * i);
    return this;
  }

  int1(value: number): this {
    return this.#integer(value, 1, 0xff);
  }

  int2(value: number): this {
    return this.#integer(value, 2, 0xffff);
  }

  int4(value: number): this {
    return this.#integer(value, 4, 0xffff_ffff);
  }

  signed4(value: number): this {
    checkRange(value, -0x8000_0000, 0x7fff_ffff);
    return this.int4(value >>> 0);
  }

  int8(value: bigint): this {
    if (value < 0n || value > 0xffff_ffff_ffff_ffffn) throw outOfRange();
    return this.int4(Number(value & 0xffff_ffffn)).int4(Number(value >> 32n));
  }

  bigEndian2(value: number): this {
    checkRange(value, 0, 0xffff);
    return this.int1(value >>> 8).int1(value & 0xff);
  }

  bigEndian4(value: number): this {
    checkRange(value, 0, 0xffff_ffff);
    return this.bigEndian2(value >>> 16).bigEndian2(value & 0xffff);
  }

  bytes(value: Uint8Array): this {
    const at = this.#room(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** `count` zero bytes. */
  zeros(count: number): this {
    const at = this.#room(count);
    this.#bytes.fill(0, at, at + count);
    return this;
  }

  /** B_VARBYTE. */
  byteBytes(value: Uint8Array): this {
    return this.int1(value.length).bytes(value);
  }

  /** US_VARBYTE. */
  ushortBytes(value: Uint8Array): this {
    return this.int2(value.length).bytes(value);
  }

  /** L_VARBYTE. */
  longBytes(value: Uint8Array): this {
    return this.int4(value.length).bytes(value);
  }

  /** UTF-16LE without a length. */
  text(value: string): this {
    const at = this.#room(value.length * 2);
    putUtf16(this.#bytes, at, value);
    return this;
  }

  /** B_VARCHAR. */
  byteText(value: string): this {
    return this.int1(value.length).text(value);
  }

  /** US_VARCHAR. */
  ushortText(value: string): this {
    return this.int2(value.length).text(value);
  }

  /** Writes `write`'s bytes with their length, a USHORT, in front. */
  ushortLength(write: (writer: this) => void): this {
    const mark = this.#room(2);
    write(this);
    const length = this.#at - mark - 2;
    checkRange(length, 0, 0xffff);
    this.#bytes[mark] = length;
    this.#bytes[mark + 1] = length >>> 8;
    return this;
  }

  /** Writes `write`'s bytes with their length, a ULONG, in front. */
  longLength(write: (writer: this) => void): this {
    const mark = this.#room(4);
    write(this);
    const length = this.#at - mark - 4;
    for (let i = 0; i < 4; i++) this.#bytes[mark + i] = length >>> (8 * i);
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

/** UTF-16LE, code unit by code unit. */
export function encodeUtf16(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  putUtf16(bytes, 0, text);
  return bytes;
}

function putUtf16(bytes: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    bytes[at + 2 * i] = unit;
    bytes[at + 2 * i + 1] = unit >>> 8;
  }
}

function checkRange(value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) throw outOfRange();
}

function outOfRange(): ProtocolError {
  return new ProtocolError('length', 'a number is out of the range of its field');
}
