import { ProtocolError } from './protocol-error.js';

/** Three bytes of length and the sequence id ("Protocol::Packet"). */
export const PACKET_HEADER = 4;
/** A payload of this length goes on in the next packet ("Sending More Than 16Mb"). */
export const MAX_PAYLOAD = 0xff_ffff;

const FIRST_CAPACITY = 8192;
const ERR = 0xff;
const EOF = 0xfe;

/**
 * Cuts a stream of bytes into packets. Lengths are checked against the cap before anything is buffered, sequence ids against the one that is due;
 * a packet that lies within one chunk is given as a view of that chunk, one that spans chunks is copied once into a buffer of its own that grows with what
 * arrived. A payload that was sent in several packets is given as one.
 * After {@link next} has returned true, `buffer`, `start`, `bodyStart`, `end` and `sequenceId` describe the packet until the next call.
 * A splitter that has thrown stays failed.
 */
export class PacketSplitter {
  buffer: Uint8Array = new Uint8Array(0);
  /** Where the header of the packet begins in `buffer`. */
  start = 0;
  /** Where its payload begins. */
  bodyStart = 0;
  /** Exclusive. */
  end = 0;
  /** Of the packet at hand; of the last one, where a payload was sent in several. */
  sequenceId = 0;

  /** The sequence id that the next packet must have: 0 where the other end begins a command, else one more than the last packet of either end. */
  expected = 0;
  /** Longest payload, in one packet or several. */
  maxBytes: number;
  /** Of a server: an ERR with the sequence id 0 is let in when another is due, since servers say so that they end an idle session. */
  readonly #isServer: boolean;
  /** The chunk at hand, which is nearly always the only one. */
  #current: Uint8Array | undefined;
  /** Those behind it, from `#head` on. */
  #queue: Uint8Array[] = [];
  #head = 0;
  #at = 0;
  #buffered = 0;
  /** Header of the first packet and the payload so far, of a packet that does not lie in one chunk. */
  #partial: Uint8Array | undefined;
  #filled = 0;
  /** Bytes of `#partial` when the packet being read is whole; while its header is incomplete, 0. */
  #wanted = 0;
  /** The header of a packet in several chunks. */
  readonly #header = new Uint8Array(PACKET_HEADER);
  #headerFilled = 0;
  /** Bytes that a run has given in part and that have not come yet. */
  #left = 0;
  /** A run is within a payload that goes on in another packet; what it has given of it. */
  #continues = false;
  #given = 0;
  #failed: ProtocolError | undefined;

  constructor(from: 'client' | 'server', maxBytes: number) {
    this.#isServer = from === 'server';
    this.maxBytes = maxBytes;
  }

  /** Bytes that were pushed and are not yet part of a packet that {@link next} gave. */
  get buffered(): number {
    return this.#buffered;
  }

  /** The first byte of the payload of the packet at hand; -1 when it is empty. */
  get firstByte(): number {
    return this.bodyStart < this.end ? (this.buffer[this.bodyStart] as number) : -1;
  }

  /** Takes over `chunk`: it must not be changed afterwards but by the splitter. */
  push(chunk: Uint8Array): void {
    if (this.#failed !== undefined || chunk.length === 0) return;
    if (this.#current === undefined) this.#current = chunk;
    else this.#queue.push(chunk);
    this.#buffered += chunk.length;
  }

  /** A packet of a run was given in part: {@link run} must be called for the rest of it before {@link next}. */
  get midPacket(): boolean {
    return this.#left > 0 || this.#continues;
  }

  /**
   * Takes neighbouring rows as they lie in the chunk, the last of them perhaps in part, without copying: `buffer`, `start` and `end` tell the
   * bytes. A row is any packet that is not ERR, and not EOF or the OK in its place: those, and what is not whole enough to tell, are left to
   * {@link next}. `shift` is added to the sequence ids, in place. At most `most` rows are begun. Returns how many rows begin in these bytes, -1 when
   * there are no bytes. Throws a {@link ProtocolError}.
   */
  run(most: number, shift: number): number {
    if (this.#partial !== undefined || this.#headerFilled > 0 || this.#failed !== undefined) return -1;
    this.#joinHeader();
    const chunk = this.#current;
    if (chunk === undefined) return -1;
    const from = this.#at;
    let at = Math.min(from + this.#left, chunk.length);
    this.#left -= at - from;
    let begun = 0;
    while (this.#left === 0) {
      const mayBegin = begun < most;
      const length = this.#runLength(chunk, at, mayBegin, at !== from);
      if (length < 0) break;
      if (!this.#continues) begun += 1;
      this.#given = this.#continues ? this.#given + length : length;
      this.#continues = length === MAX_PAYLOAD;
      this.expected = (this.expected + 1) & 0xff;
      chunk[at + 3] = (chunk[at + 3] as number) + shift;
      const here = Math.min(PACKET_HEADER + length, chunk.length - at);
      this.#left = PACKET_HEADER + length - here;
      at += here;
    }
    if (at === from) return -1;
    this.buffer = chunk;
    this.start = from;
    this.end = at;
    this.#consume(at - from);
    return begun;
  }

  /** The length of the payload at `at` when it belongs to the run; else -1. `later`: what lies in front of it can go on first. */
  #runLength(chunk: Uint8Array, at: number, mayBegin: boolean, later: boolean): number {
    const available = chunk.length - at;
    if (available < PACKET_HEADER + (this.#continues ? 0 : 1) || !(this.#continues || mayBegin)) return -1;
    const length = lengthAt(chunk, at);
    if (!this.#continues) {
      const first = chunk[at + PACKET_HEADER] as number;
      if (length === 0 || first === ERR || (first === EOF && length < MAX_PAYLOAD)) return -1;
    }
    try {
      this.#checkLength((this.#continues ? this.#given : 0) + length);
      this.#checkSequence(chunk[at + 3] as number, false);
    } catch (error) {
      if (later) return -1;
      this.#fail(error);
      throw error;
    }
    return length;
  }

  // The header of a packet in which a payload goes on may be cut in two. It cannot go to `next`: what is in front of it was given.
  #joinHeader(): void {
    if (!this.#continues || this.#left > 0) return;
    while (this.#current !== undefined && this.#current.length - this.#at < PACKET_HEADER && this.#head < this.#queue.length) {
      const rest = this.#current.subarray(this.#at);
      this.#consume(rest.length);
      const joined = new Uint8Array(rest.length + (this.#current?.length ?? 0));
      joined.set(rest);
      if (this.#current !== undefined) joined.set(this.#current, rest.length);
      this.#current = joined;
      this.#buffered += rest.length;
    }
  }

  /** Moves to the next packet. False when it is not complete yet. Throws a {@link ProtocolError}. */
  next(): boolean {
    if (this.#failed !== undefined) throw new ProtocolError('dead', this.#failed.message);
    try {
      return this.#next();
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  /**
   * Makes `buffer` from `start` to `end` what is to go on to the other leg, with sequence ids from `sequenceId` on, and returns the id that comes
   * after it. In place, but for a payload that was sent in several packets, which is split anew: then `bodyStart` no longer describes the payload.
   */
  renumber(sequenceId: number): number {
    const length = this.end - this.bodyStart;
    if (length < MAX_PAYLOAD) {
      this.buffer[this.start + 3] = sequenceId;
      return (sequenceId + 1) & 0xff;
    }
    const packets = Math.floor(length / MAX_PAYLOAD) + 1;
    const split = new Uint8Array(length + packets * PACKET_HEADER);
    for (let i = 0, to = 0; i < packets; i++) {
      const from = this.bodyStart + i * MAX_PAYLOAD;
      const size = Math.min(MAX_PAYLOAD, this.end - from);
      putPacketHeader(split, to, size, sequenceId + i);
      split.set(this.buffer.subarray(from, from + size), to + PACKET_HEADER);
      to += PACKET_HEADER + size;
    }
    this.buffer = split;
    this.start = 0;
    this.bodyStart = PACKET_HEADER;
    this.end = split.length;
    return (sequenceId + packets) & 0xff;
  }

  /** Everything that is buffered behind the packet at hand, as one; it is no longer here afterwards. What was begun of a packet is in it. */
  takeRest(): Uint8Array {
    const pieces: Uint8Array[] = [];
    if (this.#partial !== undefined) pieces.push(this.#partial.subarray(0, this.#filled));
    else if (this.#headerFilled > 0) pieces.push(this.#header.slice(0, this.#headerFilled));
    if (this.#current !== undefined) pieces.push(this.#current.subarray(this.#at));
    pieces.push(...this.#queue.slice(this.#head));
    const rest = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      rest.set(piece, at);
      at += piece.length;
    }
    this.#release();
    return rest;
  }

  /** Drops everything that is buffered. */
  discard(): void {
    this.#release();
  }

  #fail(error: unknown): void {
    if (error instanceof ProtocolError) this.#failed = error;
    this.#release();
  }

  #release(): void {
    this.#current = undefined;
    this.#queue = [];
    this.#head = 0;
    this.#at = 0;
    this.#buffered = 0;
    this.#partial = undefined;
    this.#wanted = 0;
    this.#headerFilled = 0;
    this.#left = 0;
    this.#continues = false;
  }

  #next(): boolean {
    if (this.midPacket) throw new ProtocolError('dead', 'a packet was given in part and not finished');
    const chunk = this.#current;
    if (this.#partial !== undefined || this.#headerFilled > 0) return this.#fill();
    if (chunk === undefined) return false;
    const at = this.#at;
    const available = chunk.length - at;
    if (available < PACKET_HEADER) return this.#fill();
    const length = lengthAt(chunk, at);
    if (available < PACKET_HEADER + length || length === MAX_PAYLOAD) return this.#fill();
    this.#checkLength(length);
    const sequenceId = chunk[at + 3] as number;
    this.#checkSequence(sequenceId, chunk[at + PACKET_HEADER] === ERR && length > 0);
    this.#present(chunk, at, at + PACKET_HEADER + length, sequenceId);
    this.#consume(PACKET_HEADER + length);
    return true;
  }

  #present(buffer: Uint8Array, start: number, end: number, sequenceId: number): void {
    this.buffer = buffer;
    this.start = start;
    this.bodyStart = start + PACKET_HEADER;
    this.end = end;
    this.sequenceId = sequenceId;
    this.expected = (sequenceId + 1) & 0xff;
  }

  /** Collects a packet that does not lie in one chunk, or a payload that was sent in several packets. */
  #fill(): boolean {
    for (;;) {
      if (this.#wanted === 0 && !this.#fillHeader()) return false;
      if (!this.#fillTo(this.#wanted)) return false;
      const header = this.#header;
      const length = lengthAt(header, 0);
      this.#headerFilled = 0;
      this.#wanted = 0;
      if (length === MAX_PAYLOAD) {
        this.expected = ((header[3] as number) + 1) & 0xff;
        continue;
      }
      const whole = this.#partial as Uint8Array;
      this.#buffered -= this.#filled;
      this.#partial = undefined;
      this.#present(whole, 0, this.#filled, header[3] as number);
      return true;
    }
  }

  #fillHeader(): boolean {
    const header = this.#header;
    while (this.#headerFilled < PACKET_HEADER) {
      const chunk = this.#current;
      if (chunk === undefined) return false;
      header[this.#headerFilled] = chunk[this.#at] as number;
      this.#headerFilled += 1;
      this.#consume(1);
      this.#buffered += 1;
    }
    const length = lengthAt(header, 0);
    const before = this.#partial === undefined ? 0 : this.#filled - PACKET_HEADER;
    this.#checkLength(before + length);
    // Whether it is an ERR is seen one byte later.
    if (before > 0 || !this.#isServer) this.#checkSequence(header[3] as number, false);
    if (this.#partial === undefined) {
      this.#partial = new Uint8Array(PACKET_HEADER + Math.min(length, FIRST_CAPACITY));
      this.#partial.set(header);
      this.#filled = PACKET_HEADER;
    } else this.#buffered -= PACKET_HEADER;
    this.#wanted = this.#filled + length;
    return true;
  }

  /** Copies from the chunks until `count` bytes are filled; false when the chunks end before. */
  #fillTo(count: number): boolean {
    while (this.#filled < count) {
      const chunk = this.#current;
      if (chunk === undefined) return false;
      if (this.#isServer && this.#filled === PACKET_HEADER) this.#checkSequence(this.#header[3] as number, chunk[this.#at] === ERR);
      const take = Math.min(count - this.#filled, chunk.length - this.#at);
      const partial = this.#grown(this.#filled + take, count);
      partial.set(chunk.subarray(this.#at, this.#at + take), this.#filled);
      this.#filled += take;
      this.#consume(take);
      this.#buffered += take; // stays counted until the packet is complete
    }
    if (this.#isServer && count === PACKET_HEADER) this.#checkSequence(this.#header[3] as number, false);
    return true;
  }

  // Doubles with what has arrived, so that an announced length alone costs nothing and copying stays linear.
  #grown(need: number, wanted: number): Uint8Array {
    const partial = this.#partial as Uint8Array;
    if (partial.length >= need) return partial;
    const grown = new Uint8Array(Math.min(wanted, Math.max(need, partial.length * 2)));
    grown.set(partial.subarray(0, this.#filled));
    this.#partial = grown;
    return grown;
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

  #checkLength(total: number): void {
    if (total > this.maxBytes)
      throw new ProtocolError('too-large', `a packet of ${total} bytes is longer than the limit of ${this.maxBytes}`);
  }

  #checkSequence(sequenceId: number, isErr: boolean): void {
    if (sequenceId === this.expected || (isErr && sequenceId === 0 && this.#isServer)) return;
    throw new ProtocolError('sequence', `packets out of order: sequence id ${sequenceId} where ${this.expected} is due`);
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
}

/** Writes the header of a packet. */
export function putPacketHeader(bytes: Uint8Array, at: number, length: number, sequenceId: number): void {
  bytes[at] = length;
  bytes[at + 1] = length >>> 8;
  bytes[at + 2] = length >>> 16;
  bytes[at + 3] = sequenceId;
}
