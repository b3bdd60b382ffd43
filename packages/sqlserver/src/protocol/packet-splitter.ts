import { MAX_PACKET_SIZE, PACKET_HEADER, PACKET_STATUS } from './packet.js';
import { ProtocolError } from './protocol-error.js';

/**
 * Cuts a stream of bytes into packets ([MS-TDS] 2.2.3). Lengths are checked before anything is buffered; a packet that lies within one chunk is given as
 * a view of it, one that spans chunks is copied once. After {@link next} has returned true, the fields describe the packet until the next call. Packet
 * ids are not checked: receivers ignore them. A splitter that has thrown stays failed.
 */
export class PacketSplitter {
  buffer: Uint8Array = new Uint8Array(0);
  /** Where the header of the packet begins in `buffer`. */
  start = 0;
  /** Where its body begins. */
  bodyStart = 0;
  /** Exclusive. */
  end = 0;
  /** Of `PACKET_TYPE`. */
  type = 0;
  /** Bits of `PACKET_STATUS`. */
  status = 0;
  spid = 0;
  packetId = 0;
  /** The longest packet, header included: what login has agreed on. */
  maxPacketSize: number;
  /** The chunk at hand, which is nearly always the only one. */
  #current: Uint8Array | undefined;
  /** Those behind it, from `#head` on. */
  #queue: Uint8Array[] = [];
  #head = 0;
  #at = 0;
  #buffered = 0;
  #failed: ProtocolError | undefined;

  constructor(maxPacketSize: number = MAX_PACKET_SIZE) {
    this.maxPacketSize = maxPacketSize;
  }

  /** The packet at hand is the last of its message. */
  get isLast(): boolean {
    return (this.status & PACKET_STATUS.END_OF_MESSAGE) !== 0;
  }

  /** Bytes that were pushed and are not yet part of a packet that {@link next} gave. */
  get buffered(): number {
    return this.#buffered;
  }

  /** Takes over `chunk`: it must not be changed afterwards. */
  push(chunk: Uint8Array): void {
    if (this.#failed !== undefined || chunk.length === 0) return;
    if (this.#current === undefined) this.#current = chunk;
    else this.#queue.push(chunk);
    this.#buffered += chunk.length;
  }

  /** Moves to the next packet. False when it is not complete yet. Throws a {@link ProtocolError}. */
  next(): boolean {
    if (this.#failed !== undefined) throw new ProtocolError('dead', this.#failed.message);
    if (this.#buffered < PACKET_HEADER) return false;
    const length = (this.#byteAt(2) << 8) | this.#byteAt(3);
    if (length < PACKET_HEADER) return this.#fail(new ProtocolError('length', 'a packet is shorter than its header'));
    if (length > this.maxPacketSize)
      return this.#fail(
        new ProtocolError('too-large', `a packet of ${length} bytes is longer than the packet size of ${this.maxPacketSize}`),
      );
    if (this.#buffered < length) return false;
    this.#present(length);
    return true;
  }

  /** Everything that is buffered behind the packet at hand, as one; it is no longer here afterwards. */
  takeRest(): Uint8Array {
    const rest = this.#joined(this.#buffered);
    this.discard();
    return rest;
  }

  /** Drops everything that is buffered. */
  discard(): void {
    this.#current = undefined;
    this.#queue = [];
    this.#head = 0;
    this.#at = 0;
    this.#buffered = 0;
  }

  #fail(error: ProtocolError): never {
    this.#failed = error;
    this.discard();
    throw error;
  }

  #byteAt(offset: number): number {
    let at = this.#at + offset;
    let chunk = this.#current as Uint8Array;
    for (let i = this.#head; at >= chunk.length; i++) {
      at -= chunk.length;
      chunk = this.#queue[i] as Uint8Array;
    }
    return chunk[at] as number;
  }

  #present(length: number): void {
    const chunk = this.#current as Uint8Array;
    const isWhole = chunk.length - this.#at >= length;
    this.buffer = isWhole ? chunk : this.#joined(length);
    this.start = isWhole ? this.#at : 0;
    this.bodyStart = this.start + PACKET_HEADER;
    this.end = this.start + length;
    if (isWhole) this.#consume(length);
    const { buffer, start } = this;
    this.type = buffer[start] as number;
    this.status = buffer[start + 1] as number;
    this.spid = ((buffer[start + 4] as number) << 8) | (buffer[start + 5] as number);
    this.packetId = buffer[start + 6] as number;
  }

  /** The next `count` buffered bytes in one piece of their own. */
  #joined(count: number): Uint8Array {
    const joined = new Uint8Array(count);
    let filled = 0;
    while (filled < count) {
      const chunk = this.#current as Uint8Array;
      const take = Math.min(count - filled, chunk.length - this.#at);
      joined.set(chunk.subarray(this.#at, this.#at + take), filled);
      filled += take;
      this.#consume(take);
    }
    return joined;
  }

  #consume(count: number): void {
    this.#at += count;
    this.#buffered -= count;
    if (this.#current === undefined || this.#at < this.#current.length) return;
    this.#at = 0;
    this.#current = this.#queue[this.#head];
    if (this.#current === undefined) return;
    this.#head += 1;
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    } else if (this.#head >= 1024) {
      this.#queue.splice(0, this.#head);
      this.#head = 0;
    }
  }
}
