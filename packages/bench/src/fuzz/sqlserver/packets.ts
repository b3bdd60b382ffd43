/**
 * Packets of TDS, written and read by hand ([MS-TDS] 2.2.3). Nothing of the adapter is used here: a fault in its encoders and decoders must not hide itself.
 */

export interface Packet {
  readonly type: number;
  readonly status: number;
  /** The whole packet, header included; a view. */
  readonly bytes: Buffer;
  /** Behind the header; a view. */
  readonly body: Buffer;
}

export const TYPE = { batch: 1, rpc: 3, reply: 4, attention: 6, bulk: 7, transaction: 14, login: 16, prelogin: 18 } as const;
export const END_OF_MESSAGE = 1;
export const HEADER = 8;
export const PACKET_SIZE = 4096;

export function packet(type: number, body: Uint8Array, status = END_OF_MESSAGE, id = 1): Buffer {
  const length = HEADER + body.length;
  return Buffer.concat([Buffer.from([type, status, length >> 8, length & 0xff, 0, 0, id, 0]), body]);
}

/** The packets of one message. */
export function message(type: number, body: Uint8Array, status = 0): Buffer[] {
  const size = PACKET_SIZE - HEADER;
  const packets: Buffer[] = [];
  for (let at = 0; at === 0 || at < body.length; at += size) {
    const isLast = at + size >= body.length;
    packets.push(
      packet(type, body.subarray(at, at + size), (at === 0 ? status : 0) | (isLast ? END_OF_MESSAGE : 0), (packets.length + 1) & 0xff),
    );
  }
  return packets;
}

export const int1 = (value: number): Buffer => little(value, 1);
export const int2 = (value: number): Buffer => little(value, 2);
export const int4 = (value: number): Buffer => little(value, 4);
export const int8 = (value: number): Buffer => Buffer.concat([int4(value), int4(0)]);
export const ucs2 = (text: string): Buffer => Buffer.from(text, 'utf16le');
/** B_VARCHAR. */
export const byteText = (text: string): Buffer => Buffer.concat([int1(text.length), ucs2(text)]);
/** US_VARCHAR. */
export const shortText = (text: string): Buffer => Buffer.concat([int2(text.length), ucs2(text)]);

function little(value: number, size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, (_, at) => (value >>> (8 * at)) & 0xff));
}

/** Cuts a stream into packets. */
export class PacketStream {
  #rest: Buffer = Buffer.alloc(0);

  /** Bytes of a packet that is not complete. */
  get rest(): number {
    return this.#rest.length;
  }

  get restText(): string {
    return this.#rest.toString('latin1');
  }

  /** The packets that are complete with these bytes. */
  push(bytes: Uint8Array): Packet[] {
    const all = Buffer.concat([this.#rest, bytes]);
    const packets: Packet[] = [];
    let at = 0;
    while (all.length - at >= HEADER) {
      const end = at + Math.max(all.readUInt16BE(at + 2), HEADER);
      if (end > all.length) break;
      packets.push({ type: all[at] ?? 0, status: all[at + 1] ?? 0, bytes: all.subarray(at, end), body: all.subarray(at + HEADER, end) });
      at = end;
    }
    this.#rest = all.subarray(at);
    return packets;
  }
}

/** Reads the fields of a message; {@link whole} tells whether everything fitted. */
export class Fields {
  readonly #body: Buffer;
  #at = 0;
  #failed = false;

  constructor(body: Buffer) {
    this.#body = body;
  }

  get left(): number {
    return this.#failed ? 0 : this.#body.length - this.#at;
  }

  get whole(): boolean {
    return !this.#failed && this.#at === this.#body.length;
  }

  get failed(): boolean {
    return this.#failed;
  }

  peek(): number {
    return this.#body[this.#at] ?? -1;
  }

  bytes(count: number): Buffer {
    if (this.#body.length - this.#at < count) {
      this.#failed = true;
      return Buffer.alloc(0);
    }
    this.#at += count;
    return this.#body.subarray(this.#at - count, this.#at);
  }

  int(size: 1 | 2 | 4): number {
    const bytes = this.bytes(size);
    return bytes.length === size ? bytes.readUIntLE(0, size) : 0;
  }

  text(units: number): string {
    return this.bytes(units * 2).toString('utf16le');
  }

  rest(): Buffer {
    return this.bytes(this.left);
  }

  fail(): void {
    this.#failed = true;
  }
}
