import { ProtocolError } from './protocol-error.js';

const utf16 = new TextDecoder('utf-16le', { fatal: true, ignoreBOM: true });
const SHORT_TEXT = 48;

/**
 * The one cursor over the payload of a message or over a token: it owns the bounds, nobody else indexes raw bytes. All integers are little-endian unless
 * the name says otherwise ([MS-TDS] 2.2.5 "Grammar Definition for Token Description"). Every method throws a {@link ProtocolError} rather than read beyond `end`.
 */
export class PayloadReader {
  #bytes: Uint8Array;
  #end: number;
  #at: number;

  /** Reads `bytes` from `start` to `end` (exclusive). */
  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = 0;
    this.#end = 0;
    this.reset(bytes, start, end);
  }

  /** Reads other bytes from here on. */
  reset(bytes: Uint8Array, start: number, end: number): void {
    if (start < 0 || start > end || end > bytes.length) throw new ProtocolError('length', 'the bounds of a message are out of range');
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
    if (count > this.#end - at) throw new ProtocolError('truncated', 'a field reaches beyond the end of its message');
    this.#at = at + count;
    return at;
  }

  /** BYTE. */
  int1(): number {
    return this.#bytes[this.#take(1)] as number;
  }

  /** USHORT. */
  int2(): number {
    const at = this.#take(2);
    return (this.#bytes[at] as number) | ((this.#bytes[at + 1] as number) << 8);
  }

  /** ULONG. */
  int4(): number {
    return (this.int2() | (this.int2() << 16)) >>> 0;
  }

  /** LONG: signed. */
  signed4(): number {
    return this.int4() | 0;
  }

  /** ULONGLONG. */
  int8(): bigint {
    const low = this.int4();
    return BigInt(low) | (BigInt(this.int4()) << 32n);
  }

  /** A big-endian USHORT. */
  bigEndian2(): number {
    const at = this.#take(2);
    return ((this.#bytes[at] as number) << 8) | (this.#bytes[at + 1] as number);
  }

  /** A big-endian ULONG. */
  bigEndian4(): number {
    return ((this.bigEndian2() << 16) | this.bigEndian2()) >>> 0;
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

  /** A view of everything that is left. */
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  /** B_VARBYTE: a view. */
  byteBytes(): Uint8Array {
    return this.bytes(this.int1());
  }

  /** US_VARBYTE: a view. */
  ushortBytes(): Uint8Array {
    return this.bytes(this.int2());
  }

  /** L_VARBYTE: a view. */
  longBytes(): Uint8Array {
    return this.bytes(this.int4());
  }

  /** Text of `characters` UTF-16 code units. */
  text(characters: number): string {
    return decodeUtf16(this.bytes(characters * 2));
  }

  /** B_VARCHAR. */
  byteText(): string {
    return this.text(this.int1());
  }

  /** US_VARCHAR. */
  ushortText(): string {
    return this.text(this.int2());
  }

  /** Throws `trailing-bytes` unless everything was read. */
  finish(): void {
    if (this.#at !== this.#end) throw new ProtocolError('trailing-bytes', 'a message goes on after its last field');
  }
}

/** Text of UTF-16LE bytes, nothing stripped. Half of a surrogate pair is kept as it is, so that {@link encodeUtf16} gives the same bytes. Throws `invalid-text` for an odd length. */
export function decodeUtf16(bytes: Uint8Array): string {
  if (bytes.length % 2 !== 0) throw new ProtocolError('invalid-text', 'a text is not valid UTF-16');
  if (bytes.length <= SHORT_TEXT) return unitsOf(bytes);
  try {
    return utf16.decode(bytes);
  } catch {
    // Identifiers and literals of SQL Server may hold lone surrogates; the decoder would replace them, and the text would no longer be what the server gets.
    return longUnitsOf(bytes);
  }
}

// A decoder call costs more than the names that most tokens carry.
function unitsOf(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 2) text += String.fromCharCode((bytes[i] as number) | ((bytes[i + 1] as number) << 8));
  return text;
}

function longUnitsOf(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += 4096) parts.push(unitsOf(bytes.subarray(at, at + 4096)));
  return parts.join('');
}
