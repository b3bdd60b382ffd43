/**
 * Frames of the PostgreSQL protocol, written and read by hand ("Message Formats" of the PostgreSQL documentation). Nothing of the adapter is used
 * here: a fault in its encoders and decoders must not hide itself.
 */

export interface Frame {
  /** The type byte as a character; empty for the first packet of a client. */
  readonly type: string;
  /** The whole frame, header included; a view. */
  readonly bytes: Buffer;
  /** Without type and length; a view. */
  readonly body: Buffer;
}

export function typed(type: string, ...parts: readonly Uint8Array[]): Buffer {
  let length = 4;
  for (const part of parts) length += part.length;
  const bytes = Buffer.alloc(length + 1);
  bytes[0] = type.charCodeAt(0);
  bytes.writeUInt32BE(length, 1);
  let at = 5;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export function cstring(text: string): Buffer {
  return Buffer.from(`${text}\0`);
}

export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value & 0xffff);
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

export function startupMessage(parameters: Readonly<Record<string, string>>): Buffer {
  const pairs = Object.entries(parameters).flatMap(([name, value]) => [cstring(name), cstring(value)]);
  const body = Buffer.concat([int32(196_608), ...pairs, Buffer.from([0])]);
  return Buffer.concat([int32(body.length + 4), body]);
}

/** Cuts a stream into frames; the first one has no type byte where `startup` says so. */
export class FrameStream {
  #rest: Buffer = Buffer.alloc(0);
  #startup: boolean;

  constructor(startup: boolean) {
    this.#startup = startup;
  }

  /** An impossible length came: there are no frames any more. */
  broken = false;

  /** Bytes of a frame that is not complete. */
  get rest(): number {
    return this.#rest.length;
  }

  get restText(): string {
    return this.#rest.toString('latin1');
  }

  /** The frames that are complete with these bytes. */
  push(bytes: Uint8Array): Frame[] {
    if (this.broken) return [];
    const all = this.#rest.length === 0 ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length) : Buffer.concat([this.#rest, bytes]);
    const frames: Frame[] = [];
    let at = 0;
    for (;;) {
      const header = this.#startup ? 0 : 1;
      if (all.length - at < header + 4) break;
      const length = all.readUInt32BE(at + header);
      if (length < 4 || length > 0x7fff_ffff) {
        this.broken = true;
        return frames;
      }
      const end = at + header + length;
      if (end > all.length) break;
      const type = header === 0 ? '' : String.fromCharCode(all[at] as number);
      frames.push({ type, bytes: all.subarray(at, end), body: all.subarray(at + header + 4, end) });
      this.#startup = false;
      at = end;
    }
    this.#rest = at === all.length ? EMPTY : Buffer.from(all.subarray(at));
    return frames;
  }
}

const EMPTY = Buffer.alloc(0);

/** Reads the fields of a body; `undefined` from every method once anything did not fit. */
export class BodyReader {
  readonly #body: Buffer;
  #at = 0;
  #failed = false;

  constructor(body: Buffer) {
    this.#body = body;
  }

  /** Everything was read and everything fitted. */
  get whole(): boolean {
    return !this.#failed && this.#at === this.#body.length;
  }

  cstring(): string {
    const end = this.#body.indexOf(0, this.#at);
    if (end < 0) return this.#fail('');
    const text = this.#body.toString('utf8', this.#at, end);
    this.#at = end + 1;
    return text;
  }

  int16(): number {
    if (this.#at + 2 > this.#body.length) return this.#fail(0);
    this.#at += 2;
    return this.#body.readUInt16BE(this.#at - 2);
  }

  int32(): number {
    if (this.#at + 4 > this.#body.length) return this.#fail(0);
    this.#at += 4;
    return this.#body.readInt32BE(this.#at - 4);
  }

  byte(): string {
    if (this.#at >= this.#body.length) return this.#fail('');
    this.#at += 1;
    return String.fromCharCode(this.#body[this.#at - 1] as number);
  }

  /** A value with its length in front; `null` for -1. */
  value(): Buffer | null {
    const length = this.int32();
    if (length === -1) return null;
    if (length < 0 || this.#at + length > this.#body.length) return this.#fail(null);
    this.#at += length;
    return this.#body.subarray(this.#at - length, this.#at);
  }

  /** Whatever is left. */
  rest(): void {
    this.#at = this.#body.length;
  }

  /** As many as a count in front says, read by `read`. */
  list<T>(read: () => T): T[] {
    const values: T[] = [];
    for (let left = this.int16(); left > 0 && !this.#failed; left -= 1) values.push(read());
    return values;
  }

  #fail<T>(value: T): T {
    this.#failed = true;
    return value;
  }
}
