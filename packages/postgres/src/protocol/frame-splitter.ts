import { type LimitTable } from './message-types.js';
import { ProtocolError } from './protocol-error.js';

const MAX_MESSAGE = 0x7fff_fffe;
const FIRST_CAPACITY = 8192;

/**
 * Cuts a stream of bytes into messages. Lengths are checked against their caps before anything is buffered; a message that lies within
 * one chunk is given as a view of that chunk, one that spans chunks is copied once into a buffer of its own that grows with what arrived.
 * After {@link next} has returned true, `type`, `buffer`, `start`, `bodyStart` and `end` describe the message until the next call.
 * A splitter that has thrown stays failed.
 */
export class FrameSplitter {
  /** The first byte; 0 for an untyped message of the start-up phase. */
  type = 0;
  buffer: Uint8Array = new Uint8Array(0);
  /** Where the message begins in `buffer`, its type byte included. */
  start = 0;
  bodyStart = 0;
  /** Exclusive. */
  end = 0;

  /** True while messages have a type byte: everything after the start-up packets. */
  typed: boolean;
  /** Longest message, its length field included. */
  maxBytes: number;
  readonly #limits: LimitTable;
  /** The chunk at hand, which is nearly always the only one. */
  #current: Uint8Array | undefined;
  /** Those behind it, from `#head` on. */
  #queue: Uint8Array[] = [];
  #head = 0;
  #at = 0;
  #buffered = 0;
  #partial: Uint8Array | undefined;
  #filled = 0;
  /** Length of the partial message with its type byte; 0 while its header is incomplete. */
  #wanted = 0;
  /** Bytes of a message of a run that have not come yet. */
  #left = 0;
  #failed: ProtocolError | undefined;

  constructor(limits: LimitTable, maxBytes: number, typed: boolean) {
    this.#limits = limits;
    this.maxBytes = maxBytes;
    this.typed = typed;
  }

  /** Bytes that were pushed and are not yet part of a message that {@link next} gave. */
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

  /** A message of a run was given in part: {@link run} must be called for the rest of it before {@link next}. */
  get midMessage(): boolean {
    return this.#left > 0;
  }

  /**
   * Takes neighbouring messages of one type as they lie in the chunk, the last of them perhaps in part, without copying: `buffer`, `start` and
   * `end` tell the bytes. At most `most` messages are begun. Returns how many messages begin in these bytes, -1 when there are no bytes.
   * Throws a {@link ProtocolError}.
   */
  run(type: number, most: number): number {
    const chunk = this.#chunk();
    if (chunk === undefined || this.#partial !== undefined || this.#failed !== undefined) return -1;
    const from = this.#at;
    const available = chunk.length;
    let at = Math.min(from + this.#left, available);
    this.#left -= at - from;
    let begun = 0;
    while (begun < most && available - at >= 5 && chunk[at] === type) {
      const total = this.#checkedTotal(chunk, at, at > from);
      // What lies in front of a bad length is whole, or the end of what the client has begun to get: it goes on first.
      if (total === 0) break;
      const here = Math.min(total, available - at);
      this.#left = total - here;
      at += here;
      begun += 1;
    }
    if (at === from) return -1;
    this.buffer = chunk;
    this.start = from;
    this.end = at;
    this.#consume(at - from);
    return begun;
  }

  /** Zero for a length that is out of range when that can be said `later`. */
  #checkedTotal(chunk: Uint8Array, at: number, later: boolean): number {
    try {
      return this.#total(chunk, at);
    } catch (error) {
      if (later) return 0;
      if (error instanceof ProtocolError) this.#failed = error;
      this.#release();
      throw error;
    }
  }

  /** Moves to the next message. False when it is not complete yet. Throws a {@link ProtocolError}. */
  next(): boolean {
    if (this.#failed !== undefined) throw new ProtocolError('dead', this.#failed.message);
    try {
      return this.#next();
    } catch (error) {
      if (error instanceof ProtocolError) this.#failed = error;
      this.#release();
      throw error;
    }
  }

  /** One raw byte, for the answer to SSLRequest; `undefined` when none is there. */
  takeByte(): number | undefined {
    const chunk = this.#chunk();
    if (chunk === undefined) return undefined;
    const byte = chunk[this.#at] as number;
    this.#consume(1);
    return byte;
  }

  /** Drops everything that is buffered. */
  discard(): void {
    this.#release();
  }

  #release(): void {
    this.#current = undefined;
    this.#queue = [];
    this.#head = 0;
    this.#at = 0;
    this.#buffered = 0;
    this.#partial = undefined;
    this.#left = 0;
  }

  #next(): boolean {
    if (this.#left > 0) throw new ProtocolError('dead', 'a message was given in part and not finished');
    if (this.#partial !== undefined) return this.#fill();
    const chunk = this.#chunk();
    if (chunk === undefined) return false;
    const header = this.typed ? 5 : 4;
    const at = this.#at;
    // The type is judged as soon as it is there: what is unknown is not waited for.
    if (this.typed) this.#checkType(chunk[at] as number);
    if (chunk.length - at < header) return this.#begin(0);
    const total = this.#total(chunk, at);
    if (chunk.length - at < total) return this.#begin(total);
    this.#present(chunk, at, at + total);
    this.#consume(total);
    return true;
  }

  #present(buffer: Uint8Array, start: number, end: number): void {
    this.buffer = buffer;
    this.start = start;
    this.end = end;
    this.type = this.typed ? (buffer[start] as number) : 0;
    this.bodyStart = start + (this.typed ? 5 : 4);
  }

  #begin(total: number): boolean {
    this.#wanted = total;
    this.#filled = 0;
    this.#partial = new Uint8Array(total === 0 ? 5 : Math.min(total, FIRST_CAPACITY));
    return this.#fill();
  }

  #fill(): boolean {
    const header = this.typed ? 5 : 4;
    if (this.#wanted === 0) {
      if (!this.#fillTo(header)) return false;
      this.#wanted = this.#total(this.#partial as Uint8Array, 0);
    }
    if (!this.#fillTo(this.#wanted)) return false;
    const whole = this.#partial as Uint8Array;
    this.#present(whole, 0, this.#wanted);
    this.#buffered -= this.#wanted;
    this.#partial = undefined;
    return true;
  }

  /** Copies from the chunks until `count` bytes are filled; false when the chunks end before. */
  #fillTo(count: number): boolean {
    while (this.#filled < count) {
      const chunk = this.#chunk();
      if (chunk === undefined) return false;
      const take = Math.min(count - this.#filled, chunk.length - this.#at);
      const partial = this.#grown(this.#filled + take, count);
      partial.set(chunk.subarray(this.#at, this.#at + take), this.#filled);
      this.#filled += take;
      this.#buffered += take; // stays counted until the message is complete
      this.#consume(take);
    }
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

  #chunk(): Uint8Array | undefined {
    return this.#current;
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

  #checkType(type: number): void {
    if (this.#limits[type] === 0)
      throw new ProtocolError('unknown-message', `message type 0x${type.toString(16).padStart(2, '0')} is not one of the protocol`);
  }

  /** The length of the whole message, checked. */
  #total(bytes: Uint8Array, at: number): number {
    const typeBytes = this.typed ? 1 : 0;
    if (typeBytes === 1) this.#checkType(bytes[at] as number);
    const from = at + typeBytes;
    const length =
      (((bytes[from] as number) << 24) |
        ((bytes[from + 1] as number) << 16) |
        ((bytes[from + 2] as number) << 8) |
        (bytes[from + 3] as number)) >>>
      0;
    if (length < 4 || length > MAX_MESSAGE) throw new ProtocolError('length', `a message length of ${length} is out of range`);
    if (length > this.maxBytes)
      throw new ProtocolError('too-large', `a message of ${length} bytes is longer than the limit of ${this.maxBytes}`);
    if (typeBytes === 1 && length > (this.#limits[bytes[at] as number] as number))
      throw new ProtocolError('length', `a message length of ${length} is out of range for its type`);
    return length + typeBytes;
  }
}
