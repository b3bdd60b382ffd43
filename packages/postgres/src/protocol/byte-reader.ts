import { ProtocolError } from './protocol-error.js';

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const SHORT_TEXT = 24;

/**
 * The one cursor over the bytes of a message: it owns the bounds, nobody else indexes raw bytes. All integers are big-endian.
 * Every method throws a {@link ProtocolError} (`truncated`, `length`, `invalid-text`) rather than read beyond `end`.
 */
export class ByteReader {
  #bytes: Uint8Array;
  #end: number;
  #at: number;

  /** Reads `bytes` from `start` to `end` (exclusive). */
  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    if (start < 0 || start > end || end > bytes.length) throw new ProtocolError('length', 'the bounds of a message are out of range');
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Reads other bytes from here on. */
  reset(bytes: Uint8Array, start: number, end: number): void {
    if (start < 0 || start > end || end > bytes.length) throw new ProtocolError('length', 'the bounds of a message are out of range');
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** The underlying array; only what was skipped or read of it is known to be there. */
  get buffer(): Uint8Array {
    return this.#bytes;
  }

  /** Offset of the next byte in the underlying array. */
  get at(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  #take(count: number): number {
    const at = this.#at;
    if (count > this.#end - at) throw new ProtocolError('truncated', 'a field reaches beyond the end of its message');
    this.#at = at + count;
    return at;
  }

  uint8(): number {
    return this.#bytes[this.#take(1)] as number;
  }

  uint16(): number {
    const at = this.#take(2);
    return ((this.#bytes[at] as number) << 8) | (this.#bytes[at + 1] as number);
  }

  int16(): number {
    return (this.uint16() << 16) >> 16;
  }

  int32(): number {
    const bytes = this.#bytes;
    const at = this.#take(4);
    return ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
  }

  uint32(): number {
    return this.int32() >>> 0;
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

  /** A view of an Int32 length and that many bytes; `null` for the length -1. Any other negative length throws. */
  nullableBytes(): Uint8Array | null {
    const length = this.int32();
    return length === -1 ? null : this.bytes(length);
  }

  /** A view of everything that is left. */
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  /** A view of a string up to its NUL, which is consumed and not part of the view. */
  cstringBytes(): Uint8Array {
    const at = this.#at;
    const zero = this.#bytes.indexOf(0, at);
    if (zero < 0 || zero >= this.#end) throw new ProtocolError('truncated', 'a string has no end');
    this.#at = zero + 1;
    return this.#bytes.subarray(at, zero);
  }

  /** A string up to its NUL. Throws `invalid-text` unless it is UTF-8. */
  cstring(): string {
    const bytes = this.#bytes;
    const last = Math.min(this.#end, this.#at + SHORT_TEXT);
    let text = '';
    // Names and tags: a few ASCII characters, for which views and decoders cost more than the characters.
    for (let at = this.#at; at < last; at++) {
      const byte = bytes[at] as number;
      if (byte === 0) {
        this.#at = at + 1;
        return text;
      }
      if (byte > 0x7f) break;
      text += String.fromCharCode(byte);
    }
    return decodeUtf8(this.cstringBytes());
  }

  /** Throws `trailing-bytes` unless everything was read. */
  finish(): void {
    if (this.#at !== this.#end) throw new ProtocolError('trailing-bytes', 'a message goes on after its last field');
  }
}

/** Text of UTF-8 bytes; nothing is stripped or replaced. Throws `invalid-text`. */
export function decodeUtf8(bytes: Uint8Array): string {
  if (bytes.length === 0) return '';
  if (bytes.length <= SHORT_TEXT) {
    const ascii = shortAscii(bytes);
    if (ascii !== undefined) return ascii;
  }
  try {
    return strictUtf8.decode(bytes);
  } catch {
    throw new ProtocolError('invalid-text', 'a text is not valid UTF-8');
  }
}

// A decoder call costs more than the names and tags that most messages carry.
function shortAscii(bytes: Uint8Array): string | undefined {
  let text = '';
  for (const byte of bytes) {
    if (byte > 0x7f) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}
