/** [MS-TDS] section 2.2.3.1.1: the type of a message, in every packet of it. */
export const PACKET = {
  batch: 0x01,
  rpc: 0x03,
  reply: 0x04,
  attention: 0x06,
  bulkLoad: 0x07,
  fedAuthToken: 0x08,
  transactionManager: 0x0e,
  login7: 0x10,
  sspi: 0x11,
  prelogin: 0x12,
} as const;

const HEADER_BYTES = 8;
const END_OF_MESSAGE = 0x01;

/** A whole message of a client. */
export interface Message {
  readonly type: number;
  /** The status bits of its first packet, without EOM. */
  readonly status: number;
  readonly payload: Buffer;
  readonly packets: number;
}

/** Cuts what comes from a client into messages. */
export class MessageReader {
  #rest: Buffer = Buffer.alloc(0);
  #parts: Buffer[] = [];
  #first = { type: 0, status: 0 };

  /** Bytes that are no whole packet yet. */
  get rest(): Buffer {
    return this.#rest;
  }

  push(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
  }

  /**
   * The next message that is whole.
   *
   * @throws Error for a packet whose length is less than its header's, or whose type is another one than its message's.
   */
  next(): Message | undefined {
    for (;;) {
      if (this.#rest.length < HEADER_BYTES) return undefined;
      const length = this.#rest.readUInt16BE(2);
      if (length < HEADER_BYTES) throw new Error(`a packet says that it has ${length} bytes`);
      if (this.#rest.length < length) return undefined;
      const [type, status] = [this.#rest.readUInt8(0), this.#rest.readUInt8(1)];
      if (this.#parts.length === 0) this.#first = { type, status: status & ~END_OF_MESSAGE };
      else if (type !== this.#first.type) throw new Error(`a packet of type ${type} in a message of type ${this.#first.type}`);
      this.#parts.push(this.#rest.subarray(HEADER_BYTES, length));
      this.#rest = this.#rest.subarray(length);
      if ((status & END_OF_MESSAGE) === 0) continue;
      const message = { ...this.#first, payload: Buffer.concat(this.#parts), packets: this.#parts.length };
      this.#parts = [];
      return message;
    }
  }
}

/** Puts the tokens of one reply into packets of at most `packetSize` bytes, and sends those that are full. */
export class ReplyWriter {
  #parts: Buffer[] = [];
  #length = 0;
  #packetId = 1;
  readonly #room: number;
  readonly #processId: number;
  readonly #send: (packet: Buffer) => void;

  constructor(packetSize: number, processId: number, send: (packet: Buffer) => void) {
    this.#room = packetSize - HEADER_BYTES;
    this.#processId = processId;
    this.#send = send;
  }

  write(tokens: Uint8Array): void {
    this.#parts.push(Buffer.from(tokens.buffer, tokens.byteOffset, tokens.byteLength));
    this.#length += tokens.length;
    // What fills a packet exactly may be the end of the message, so it stays.
    if (this.#length > this.#room) this.#sendFull();
  }

  /** Sends all that was written, the message staying open. */
  flush(): void {
    const rest = this.#take();
    if (rest.length > 0) this.#packet(rest, 0);
  }

  end(): void {
    this.#packet(this.#take(), END_OF_MESSAGE);
  }

  #sendFull(): void {
    const room = this.#room;
    let rest = this.#take();
    while (rest.length > room) {
      this.#packet(rest.subarray(0, room), 0);
      rest = rest.subarray(room);
    }
    this.#parts = [rest];
    this.#length = rest.length;
  }

  #take(): Buffer {
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#length = 0;
    return bytes;
  }

  #packet(body: Buffer, status: number): void {
    this.#send(packet(PACKET.reply, status, body, { processId: this.#processId, packetId: this.#packetId }));
    this.#packetId = (this.#packetId + 1) % 256;
  }
}

/** One packet, [MS-TDS] section 2.2.3.1. */
export function packet(
  type: number,
  status: number,
  body: Uint8Array,
  { processId = 0, packetId = 0 }: { readonly processId?: number; readonly packetId?: number } = {},
): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(type, 0);
  header.writeUInt8(status, 1);
  header.writeUInt16BE(HEADER_BYTES + body.length, 2);
  header.writeUInt16BE(processId, 4);
  header.writeUInt8(packetId, 6);
  return Buffer.concat([header, body]);
}
