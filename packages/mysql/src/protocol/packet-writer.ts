import { MAX_PAYLOAD, PACKET_HEADER, putPacketHeader } from './packet-splitter.js';
import { ProtocolError } from './protocol-error.js';

const utf8 = new TextEncoder();
const FIRST_CAPACITY = 256;
const MAX_LENGTH = 0x7fff_ffff;

/**
 * Builds packets in one growing buffer. All integers are little-endian; a value out of its field's range throws `length`. A payload of 16 MiB - 1
 * bytes or more is split into packets as "Sending More Than 16Mb" says.
 */
export class PacketWriter {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #at = 0;
  #packetStart = -1;
  #sequenceId = 0;

  /** The sequence id of the next packet: the one after the packet ended last. */
  get sequenceId(): number {
    return this.#sequenceId;
  }

  /** Bytes that were written and not taken. */
  get length(): number {
    return this.#at;
  }

  #room(count: number): number {
    const at = this.#at;
    const need = at + count;
    if (need > MAX_LENGTH) throw new ProtocolError('length', 'a packet is longer than the protocol allows');
    if (need > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(need, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
    }
    this.#at = need;
    return at;
  }

  int1(value: number): this {
    return this.#integer(value, 1, 0xff);
  }

  int2(value: number): this {
    return this.#integer(value, 2, 0xffff);
  }

  int3(value: number): this {
    return this.#integer(value, 3, 0xff_ffff);
  }

  int4(value: number): this {
    return this.#integer(value, 4, 0xffff_ffff);
  }

  #integer(value: number, bytes: number, max: number): this {
    if (!Number.isInteger(value) || value < 0 || value > max)
      throw new ProtocolError('length', 'a number is out of the range of its field');
    const at = this.#room(bytes);
    for (let i = 0; i < bytes; i++) this.#bytes[at + i] = value >>> (8 * i);
    return this;
  }

  int8(value: bigint): this {
    if (value < 0n || value > 0xffff_ffff_ffff_ffffn) throw new ProtocolError('length', 'a number is out of the range of its field');
    return this.int4(Number(value & 0xffff_ffffn)).int4(Number(value >> 32n));
  }

  /** A length or a count, length-encoded in the fewest bytes. */
  lenencInt(value: number): this {
    if (value < 0xfb) return this.int1(value);
    if (value <= 0xffff) return this.int1(0xfc).int2(value);
    if (value <= 0xff_ffff) return this.int1(0xfd).int3(value);
    return this.int1(0xfe).int8(BigInt(value));
  }

  lenencInt8(value: bigint): this {
    if (value <= 0xff_ffffn) return this.lenencInt(Number(value));
    return this.int1(0xfe).int8(value);
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

  lenencBytes(value: Uint8Array): this {
    return this.lenencInt(value.length).bytes(value);
  }

  /** A length-encoded string, or 0xFB for `null`. */
  nullableBytes(value: Uint8Array | null): this {
    return value === null ? this.int1(0xfb) : this.lenencBytes(value);
  }

  /** UTF-8, length-encoded. */
  lenencText(value: string): this {
    return this.lenencBytes(utf8.encode(value));
  }

  /** UTF-8 to the end of the packet. */
  text(value: string): this {
    return this.bytes(utf8.encode(value));
  }

  /** Bytes and a NUL. Throws `invalid-value` when they hold a NUL themselves. */
  nulBytes(value: Uint8Array): this {
    if (value.includes(0)) throw new ProtocolError('invalid-value', 'a string of the protocol cannot hold a NUL');
    return this.bytes(value).int1(0);
  }

  /** UTF-8 and a NUL. */
  nulText(value: string): this {
    return this.nulBytes(utf8.encode(value));
  }

  /** Begins a packet: room for its header. Several packets may follow one another in one writer. */
  begin(sequenceId: number): this {
    if (this.#packetStart >= 0) throw new ProtocolError('dead', 'the packet before was not ended');
    this.#sequenceId = sequenceId & 0xff;
    this.#packetStart = this.#room(PACKET_HEADER);
    return this;
  }

  /** Ends the packet begun last: fills in its header, and splits what is too long for one packet. */
  end(): this {
    const start = this.#packetStart;
    if (start < 0) throw new ProtocolError('dead', 'no packet was begun');
    const length = this.#at - start - PACKET_HEADER;
    const continuations = Math.floor(length / MAX_PAYLOAD);
    this.#room(continuations * PACKET_HEADER);
    // From the last part on, so that nothing is overwritten before it was moved.
    for (let part = continuations; part >= 0; part--) {
      const from = start + PACKET_HEADER + part * MAX_PAYLOAD;
      const to = from + part * PACKET_HEADER;
      const size = Math.min(MAX_PAYLOAD, length - part * MAX_PAYLOAD);
      if (part > 0) this.#bytes.copyWithin(to, from, from + size);
      putPacketHeader(this.#bytes, to - PACKET_HEADER, size, this.#sequenceId + part);
    }
    this.#sequenceId = (this.#sequenceId + continuations + 1) & 0xff;
    this.#packetStart = -1;
    return this;
  }

  /** What was written. The writer starts anew, so the bytes are the caller's. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#at);
    this.#bytes = new Uint8Array(FIRST_CAPACITY);
    this.#at = 0;
    this.#packetStart = -1;
    return taken;
  }
}

/** One packet: `write` writes its payload. Not for paths on which rows pass. */
export function encodePacket(sequenceId: number, write: (writer: PacketWriter) => void): Uint8Array {
  const writer = new PacketWriter().begin(sequenceId);
  write(writer);
  return writer.end().take();
}
