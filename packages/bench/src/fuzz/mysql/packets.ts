/**
 * Packets of the MySQL protocol, written and read by hand ("Client/Server Protocol" of the MySQL documentation). Nothing of the adapter is used here: a
 * fault in its encoders and decoders must not hide itself. No payload has 16 MiB here, so that none goes on in a second packet.
 */

export interface Packet {
  readonly sequenceId: number;
  /** The whole packet, header included; a view. */
  readonly bytes: Buffer;
  /** The payload; a view. */
  readonly body: Buffer;
}

export function packet(sequenceId: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([int3(body.length), Buffer.from([sequenceId & 0xff]), body]);
}

export const int1 = (value: number): Buffer => Buffer.from([value & 0xff]);
export const int2 = (value: number): Buffer => little(value, 2);
export const int3 = (value: number): Buffer => little(value, 3);
export const int4 = (value: number): Buffer => little(value, 4);
export const nul = (value: string): Buffer => Buffer.from(`${value}\0`);

function little(value: number, size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, (_, at) => (value >>> (8 * at)) & 0xff));
}

/** A length-encoded integer. */
export function lenenc(value: number): Buffer {
  if (value < 0xfb) return int1(value);
  return value <= 0xffff ? Buffer.concat([int1(0xfc), int2(value)]) : Buffer.concat([int1(0xfd), int3(value)]);
}

/** A length-encoded string. */
export function text(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as Uint8Array);
  return Buffer.concat([lenenc(bytes.length), bytes]);
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
    while (all.length - at >= 4) {
      const end = at + 4 + all.readUIntLE(at, 3);
      if (end > all.length) break;
      packets.push({ sequenceId: all[at + 3] as number, bytes: all.subarray(at, end), body: all.subarray(at + 4, end) });
      at = end;
    }
    this.#rest = all.subarray(at);
    return packets;
  }
}

/** Reads the fields of a payload; {@link whole} tells whether everything fitted. */
export class PayloadFields {
  readonly #body: Buffer;
  #at = 0;
  #failed = false;

  constructor(body: Buffer) {
    this.#body = body;
  }

  get left(): number {
    return this.#body.length - this.#at;
  }

  /** Everything was read and everything fitted. */
  get whole(): boolean {
    return !this.#failed && this.left === 0;
  }

  int(size: number): number {
    const bytes = this.bytes(size);
    return bytes.length === size && size > 0 ? bytes.readUIntLE(0, size) : 0;
  }

  bytes(count: number): Buffer {
    if (this.left < count) {
      this.#failed = true;
      return Buffer.alloc(0);
    }
    this.#at += count;
    return this.#body.subarray(this.#at - count, this.#at);
  }

  lenenc(): number {
    const first = this.int(1);
    if (first < 0xfb) return first;
    if (first === 0xfc) return this.int(2);
    if (first === 0xfd) return this.int(3);
    this.#failed = first === 0xfb || first === 0xff || this.#failed;
    const low = this.int(4);
    return this.int(4) === 0 ? low : Number.MAX_SAFE_INTEGER;
  }

  text(): Buffer {
    return this.bytes(this.lenenc());
  }

  nul(): Buffer {
    const end = this.#body.indexOf(0, this.#at);
    const bytes = this.bytes(end < 0 ? Number.MAX_SAFE_INTEGER : end - this.#at);
    this.bytes(1);
    return bytes;
  }

  rest(): Buffer {
    return this.bytes(this.left);
  }

  fail(): void {
    this.#failed = true;
  }
}
