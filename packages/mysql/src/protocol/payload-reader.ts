import { ProtocolError } from './protocol-error.js';

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lenientUtf8 = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
const SHORT_TEXT = 24;

/**
 * The one cursor over the payload of a packet: it owns the bounds, nobody else indexes raw bytes. All integers are little-endian
 * ("Integer Types", "String Types"). Every method throws a {@link ProtocolError} (`truncated`, `length`, `invalid-text`) rather than read beyond `end`.
 */
export class PayloadReader {
  #bytes: Uint8Array;
  #end: number;
  #at: number;

  /** Reads `bytes` from `start` to `end` (exclusive). */
  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    if (start < 0 || start > end || end > bytes.length) throw new ProtocolError('length', 'the bounds of a packet are out of range');
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Reads other bytes from here on. */
  reset(bytes: Uint8Array, start: number, end: number): void {
    if (start < 0 || start > end || end > bytes.length) throw new ProtocolError('length', 'the bounds of a packet are out of range');
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Offset of the next byte in the underlying array. */
  get at(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  /** The next byte without passing over it; -1 at the end. */
  peek(): number {
    return this.#at < this.#end ? (this.#bytes[this.#at] as number) : -1;
  }

  #take(count: number): number {
    const at = this.#at;
    if (count > this.#end - at) throw new ProtocolError('truncated', 'a field reaches beyond the end of its packet');
    this.#at = at + count;
    return at;
  }

  int1(): number {
    return this.#bytes[this.#take(1)] as number;
  }

  int2(): number {
    const at = this.#take(2);
    return (this.#bytes[at] as number) | ((this.#bytes[at + 1] as number) << 8);
  }

  int3(): number {
    const at = this.#take(3);
    return (this.#bytes[at] as number) | ((this.#bytes[at + 1] as number) << 8) | ((this.#bytes[at + 2] as number) << 16);
  }

  /** Unsigned. */
  int4(): number {
    return (this.int2() | (this.int2() << 16)) >>> 0;
  }

  /** Unsigned. */
  int8(): bigint {
    const low = this.int4();
    return BigInt(low) | (BigInt(this.int4()) << 32n);
  }

  /** A length-encoded integer that is a length or a count. NULL (0xFB) and what no packet can hold throw. */
  lenencInt(): number {
    const first = this.int1();
    if (first < 0xfb) return first;
    if (first === 0xfc) return this.int2();
    if (first === 0xfd) return this.int3();
    if (first !== 0xfe) throw new ProtocolError('length', 'a length-encoded integer has an undefined first byte');
    const low = this.int4();
    const high = this.int4();
    if (high > 0x1f_ffff) throw new ProtocolError('length', 'a length-encoded integer is out of range');
    return high * 0x1_0000_0000 + low;
  }

  /** A length-encoded integer of up to 64 bits, unsigned. */
  lenencInt8(): bigint {
    if (this.peek() !== 0xfe) return BigInt(this.lenencInt());
    this.skip(1);
    return this.int8();
  }

  /** A view of the next `count` bytes: copy to keep. */
  bytes(count: number): Uint8Array {
    if (count < 0) throw new ProtocolError('length', 'a length is negative');
    const at = this.#take(count);
    return this.#bytes.subarray(at, at + count);
  }

  /** Passes over `count` bytes. */
  skip(count: number): void {
    if (count < 0) throw new ProtocolError('length', 'a length is negative');
    this.#take(count);
  }

  /** A view of a length-encoded string. */
  lenencBytes(): Uint8Array {
    return this.bytes(this.lenencInt());
  }

  /** A view of a length-encoded string; `null` for the NULL of text rows and default values (0xFB). */
  nullableBytes(): Uint8Array | null {
    if (this.peek() !== 0xfb) return this.lenencBytes();
    this.skip(1);
    return null;
  }

  /** A view of everything that is left. */
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  /** A view of a string up to its NUL, which is consumed and not part of the view. */
  nulBytes(): Uint8Array {
    const at = this.#at;
    const zero = this.#bytes.indexOf(0, at);
    if (zero < 0 || zero >= this.#end) throw new ProtocolError('truncated', 'a string has no end');
    this.#at = zero + 1;
    return this.#bytes.subarray(at, zero);
  }

  /** A string up to its NUL. Throws `invalid-text` unless it is UTF-8. */
  nulText(): string {
    return decodeUtf8(this.nulBytes());
  }

  /** Throws `trailing-bytes` unless everything was read. */
  finish(): void {
    if (this.#at !== this.#end) throw new ProtocolError('trailing-bytes', 'a packet goes on after its last field');
  }
}

/** Text of UTF-8 bytes; nothing is stripped or replaced. Throws `invalid-text`. */
export function decodeUtf8(bytes: Uint8Array): string {
  const ascii = shortAscii(bytes);
  if (ascii !== undefined) return ascii;
  try {
    return strictUtf8.decode(bytes);
  } catch {
    throw new ProtocolError('invalid-text', 'a text is not valid UTF-8');
  }
}

/** Text for people and for comparing: what is not UTF-8 is shown with replacement characters. */
export function lenientText(bytes: Uint8Array): string {
  return shortAscii(bytes) ?? lenientUtf8.decode(bytes);
}

// A decoder call costs more than the names that most packets carry.
function shortAscii(bytes: Uint8Array): string | undefined {
  if (bytes.length > SHORT_TEXT) return undefined;
  let text = '';
  for (const byte of bytes) {
    if (byte > 0x7f) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}
