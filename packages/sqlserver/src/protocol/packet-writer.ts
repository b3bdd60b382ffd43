import { MAX_PACKET_SIZE, MIN_PACKET_SIZE, PACKET_HEADER, PACKET_STATUS, putPacketHeader } from './packet.js';
import { ProtocolError } from './protocol-error.js';

/** What is in the header of a message's packets. */
export interface MessageHeader {
  /** Of `PACKET_TYPE`. */
  readonly type: number;
  /** Of its first packet, without END_OF_MESSAGE. */
  readonly status?: number;
  /** The longest packet, header included. */
  readonly packetSize: number;
  readonly spid?: number;
  /** Packet id of its first packet; 1 if not given. */
  readonly packetId?: number;
}

const FIRST_CAPACITY = 4096;

/**
 * Cuts payloads into packets as they are written ([MS-TDS] 2.2.3). Several messages may follow one another: {@link begin}, {@link bytes}, {@link end};
 * {@link take} gives what is ready at any time, without the packet that is being filled.
 */
export class PacketWriter {
  #buffer = new Uint8Array(FIRST_CAPACITY);
  #at = 0;
  /** Where the header of the packet being filled begins; -1: none is. */
  #packet = -1;
  #type = 0;
  #status = 0;
  #spid = 0;
  #packetId = 0;
  #packetSize = MAX_PACKET_SIZE;

  /** A message was begun and not ended. */
  get midMessage(): boolean {
    return this.#packet >= 0;
  }

  begin({ type, status = 0, packetSize, spid = 0, packetId = 1 }: MessageHeader): this {
    if (this.midMessage) throw new ProtocolError('dead', 'the message before was not ended');
    if (packetSize < MIN_PACKET_SIZE || packetSize > MAX_PACKET_SIZE) throw new ProtocolError('length', 'a packet size is out of range');
    this.#type = type;
    this.#status = status;
    this.#packetSize = packetSize;
    this.#spid = spid;
    this.#packetId = packetId;
    this.#open();
    return this;
  }

  /** Adds `source` from `start` to `end` to the payload. */
  bytes(source: Uint8Array, start = 0, end = source.length): this {
    if (!this.midMessage) throw new ProtocolError('dead', 'no message was begun');
    let at = start;
    while (at < end) {
      let room = this.#packetSize - (this.#at - this.#packet);
      if (room === 0) {
        this.#close(0);
        this.#open();
        room = this.#packetSize - PACKET_HEADER;
      }
      const take = Math.min(room, end - at);
      this.#reserve(take);
      this.#buffer.set(at === 0 && take === source.length ? source : source.subarray(at, at + take), this.#at);
      this.#at += take;
      at += take;
    }
    return this;
  }

  /**
   * Closes the packet being filled although it is not full, so that {@link take} gives it; the message goes on. Servers do so to flush. Nothing
   * happens when the packet is empty.
   */
  cut(): this {
    if (!this.midMessage) throw new ProtocolError('dead', 'no message was begun');
    if (this.#at - this.#packet === PACKET_HEADER) return this;
    this.#close(0);
    this.#open();
    return this;
  }

  /** Ends the message. */
  end(): this {
    if (!this.midMessage) throw new ProtocolError('dead', 'no message was begun');
    this.#close(PACKET_STATUS.END_OF_MESSAGE);
    this.#packet = -1;
    return this;
  }

  /** Bytes of packets that are complete and were not taken. */
  get ready(): number {
    return this.midMessage ? this.#packet : this.#at;
  }

  /** The packets that are complete. They are the caller's. */
  take(): Uint8Array {
    const { ready } = this;
    const taken = this.#buffer.subarray(0, ready);
    const kept = this.#buffer.subarray(ready, this.#at);
    this.#buffer = new Uint8Array(Math.max(FIRST_CAPACITY, kept.length));
    this.#buffer.set(kept);
    this.#at = kept.length;
    if (this.midMessage) this.#packet = 0;
    return taken;
  }

  #open(): void {
    this.#packet = this.#at;
    this.#reserve(PACKET_HEADER);
    this.#at += PACKET_HEADER;
  }

  #close(status: number): void {
    const header = {
      type: this.#type,
      status: this.#status | status,
      length: this.#at - this.#packet,
      spid: this.#spid,
      packetId: this.#packetId,
    };
    putPacketHeader(this.#buffer, this.#packet, header);
    this.#status = 0;
    this.#packetId = (this.#packetId + 1) & 0xff;
  }

  #reserve(count: number): void {
    const need = this.#at + count;
    if (need <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(need, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#at));
    this.#buffer = grown;
  }
}

/** One message in packets. Not for paths on which rows pass. */
export function encodeMessage(header: MessageHeader, payload: Uint8Array): Uint8Array {
  return new PacketWriter().begin(header).bytes(payload).end().take();
}
