import type { Outbox } from '@sqlwarden/core';
import type { PacketSplitter } from '../protocol/packet-splitter.js';
import { PacketWriter } from '../protocol/packet-writer.js';

/**
 * What becomes of the packets of one reply. As long as nothing in them is changed they pass as they came; from the first change on, the rest of the message is
 * put into packets anew. What is read is told in order: {@link token} says where something stands, {@link replace} that it does not pass. One instance per
 * session.
 */
export class ReplyStream {
  readonly #packets: PacketSplitter;
  readonly #out: Outbox;
  readonly #writer = new PacketWriter();
  #packetSize = 0;
  #isHidden = false;
  /** The message is put into packets anew. */
  #rewrites = false;
  /** Up to where the packet at hand was read, and up to where what passes of it was written (where it is). */
  #read = 0;
  #written = 0;
  /** What is at hand: where it begins in the packet, or bytes of earlier packets and this one. */
  #start = 0;
  #carried: { readonly buffer: Uint8Array; readonly start: number; readonly end: number } | undefined;
  /** Bytes of earlier packets that belong to what is not whole. */
  #held = 0;
  /** Bytes of the message, without headers, that the client has before what is in the packet at hand. */
  #shown = 0;
  /** The client has packets of the message at hand. */
  isBegun = false;

  constructor(packets: PacketSplitter, out: Outbox) {
    this.#packets = packets;
    this.#out = out;
  }

  /** A message begins with the packet at hand. `isHidden`: nothing of it is shown. */
  begin(packetSize: number, isHidden: boolean): void {
    this.#packetSize = packetSize;
    this.#isHidden = isHidden;
    this.#rewrites = false;
    this.#held = 0;
    this.#shown = 0;
    this.isBegun = false;
  }

  /** The next packet of the message is at hand. */
  packet(): void {
    this.#read = this.#packets.bodyStart;
    this.#written = this.#read;
    this.#start = this.#read;
    this.#carried = undefined;
  }

  /** The packet was read on to `position`; what lies between passes. */
  skip(position: number): void {
    this.#settle();
    this.#start = this.#read;
    this.#read = position;
  }

  /**
   * The packet was read on to `position`, and what lies between (with what was held back of earlier packets) is `buffer[start, end)`. It passes unless it is
   * replaced.
   */
  token(buffer: Uint8Array, start: number, end: number, position: number): void {
    this.skip(position);
    if (this.#held === 0) return;
    this.#held = 0;
    this.#carried = { buffer, start, end };
  }

  /** Bytes of the message, without headers, that the client gets before what is at hand. */
  get before(): number {
    return this.#shown + (this.#start - this.#written);
  }

  /** The same with what is at hand, when it is not replaced. */
  get after(): number {
    const { buffer, start, end } = this.#carried ?? NOTHING;
    return buffer === NOTHING.buffer ? this.#shown + (this.#read - this.#written) : this.before + end - start;
  }

  /** What is at hand does not pass; `instead` does. */
  replace(instead?: Uint8Array): void {
    this.#carried = undefined;
    if (!this.#isHidden) this.#rewrite();
    this.#copyTo(this.#start);
    this.#written = this.#read;
    this.#start = this.#read;
    if (instead !== undefined) this.write(instead, 0, instead.length);
  }

  /** Adds bytes behind what was replaced. */
  write(bytes: Uint8Array, start: number, end: number): void {
    this.#shown += end - start;
    if (!this.#isHidden) this.#writer.bytes(bytes, start, end);
  }

  /**
   * Everything of the packet was read. What lies behind the last position is: `passes`, `held` back because it is not whole, or `dropped` because it belongs to
   * something that is replaced.
   */
  endPacket(rest: 'passes' | 'held' | 'dropped'): void {
    const { end, buffer, start, isLast } = this.#packets;
    this.#settle();
    const held = rest === 'held' ? end - this.#read : 0;
    if (!this.#isHidden && (held > 0 || rest === 'dropped')) this.#rewrite();
    this.#held += held;
    if (this.#isHidden) return;
    if (!this.#rewrites) {
      this.#shown += end - this.#written;
      this.#out.pass(buffer, start, end);
      this.isBegun = true;
      return;
    }
    this.#copyTo(rest === 'passes' ? end : this.#read);
    if (isLast) this.#writer.end();
    this.#flush();
  }

  /**
   * Ends the message before what is at hand with `tokens`. False when nothing of it was begun; then nothing is written.
   */
  breakOff(tokens: Uint8Array): boolean {
    if (this.#isHidden || (!this.isBegun && !this.#rewrites && this.#start === this.#packets.bodyStart)) return false;
    this.#carried = undefined;
    this.#rewrite();
    this.#copyTo(this.#start);
    this.#writer.bytes(tokens).end();
    this.#flush();
    return true;
  }

  /** What was carried into this packet and passes is written whole. */
  #settle(): void {
    const carried = this.#carried;
    if (carried === undefined) return;
    this.#carried = undefined;
    this.#written = this.#read;
    this.#start = this.#read;
    this.write(carried.buffer, carried.start, carried.end);
  }

  #rewrite(): void {
    if (this.#rewrites) return;
    const { type, spid, packetId } = this.#packets;
    this.#rewrites = true;
    this.#writer.begin({ type, packetSize: this.#packetSize, spid, packetId });
  }

  #copyTo(at: number): void {
    if (at <= this.#written) return;
    this.write(this.#packets.buffer, this.#written, at);
    this.#written = at;
  }

  /** Servers end a packet early when the client is to see what it has so far. */
  #flush(): void {
    const { start, end, isLast } = this.#packets;
    if (!isLast && end - start < this.#packetSize && this.#writer.midMessage) this.#writer.cut();
    if (this.#writer.ready === 0) return;
    this.#out.write(this.#writer.take());
    this.isBegun = true;
  }
}

const NOTHING = { buffer: new Uint8Array(0), start: 0, end: 0 };
