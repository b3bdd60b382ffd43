import { PACKET_STATUS } from './packet.js';
import type { PacketSplitter } from './packet-splitter.js';
import { ProtocolError } from './protocol-error.js';

/** A whole message ([MS-TDS] 2.2.1). */
export interface WireMessage {
  /** Of `PACKET_TYPE`. */
  readonly type: number;
  /** Status of its first packet: bits of `PACKET_STATUS`. */
  readonly status: number;
  /** The sender gave it up; it must be ignored. */
  readonly isIgnored: boolean;
  /** In one piece; a view of the chunk when it came in one packet. */
  readonly payload: Uint8Array;
  /** Its packets with their headers, to be passed on as they came; views like `payload`. */
  readonly packets: readonly Uint8Array[];
}

/** Joins packets to messages of at most `maxBytes` of payload. An assembler that has thrown must not be used again. */
export class MessageAssembler {
  /** The longest payload. */
  maxBytes: number;
  #type = 0;
  #status = 0;
  #packets: Uint8Array[] = [];
  #bodies: Uint8Array[] = [];
  #length = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** The first packet of a message was added, its last one was not. */
  get midMessage(): boolean {
    return this.#packets.length > 0;
  }

  /** Adds the packet at hand of `splitter`; gives the message when it was the last one. Throws a {@link ProtocolError}. */
  add(splitter: PacketSplitter): WireMessage | undefined {
    const { buffer, start, bodyStart, end, status, type } = splitter;
    if (this.#packets.length === 0) {
      this.#type = type;
      this.#status = status;
    } else if (type !== this.#type) throw new ProtocolError('unexpected-message', 'a message changes its type between packets');
    this.#length += end - bodyStart;
    if (this.#length > this.maxBytes)
      throw new ProtocolError('too-large', `a message of ${this.#length} bytes or more is longer than the limit of ${this.maxBytes}`);
    this.#packets.push(buffer.subarray(start, end));
    this.#bodies.push(buffer.subarray(bodyStart, end));
    return splitter.isLast ? this.#whole(status) : undefined;
  }

  #whole(lastStatus: number): WireMessage {
    const message: WireMessage = {
      type: this.#type,
      status: this.#status,
      isIgnored: (lastStatus & PACKET_STATUS.IGNORE) !== 0,
      payload: this.#payload(),
      packets: this.#packets,
    };
    this.#packets = [];
    this.#bodies = [];
    this.#length = 0;
    return message;
  }

  #payload(): Uint8Array {
    const [only] = this.#bodies;
    if (only !== undefined && this.#bodies.length === 1) return only;
    const joined = new Uint8Array(this.#length);
    let at = 0;
    for (const body of this.#bodies) {
      joined.set(body, at);
      at += body.length;
    }
    return joined;
  }
}
