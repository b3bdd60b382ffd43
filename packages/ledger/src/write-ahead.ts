import { crc32 } from 'node:zlib';
import { LedgerError } from './ledger-error.js';

/**
 * The frame of the write-ahead file: what a flush writes with one call.
 *
 * ```
 * uint32 length of the body   uint32 CRC-32 of it   uint32 CRC-32 of these 8 bytes   body: lines
 * line: 0x00 ‖ entry ‖ 0x0a   or   0x01 ‖ begun read ‖ 0x0a
 * ```
 * Integers are big-endian. Neither kind of text holds a raw 0x0a: JSON escapes it. `0x00 ‖ entry` is the leaf input that RFC 6962
 * section 2.1 hashes, so that the hash needs no copy. The head has a check of its own, so that a length that was changed is never taken for
 * a frame that was cut off.
 */

const HEAD_BYTES = 12;
/** More than a flush ever writes; bounds what a changed length can ask for. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;
const LINE_END = 0x0a;
const ENTRY = 0x00;
const BEGUN = 0x01;

/** The line of an entry in a frame's body. `entry` is canonical JSON. */
export function entryLine(entry: string): string {
  return `\u0000${entry}\n`;
}

/** The line of a read that was begun. `begun` is JSON. */
export function begunLine(begun: string): string {
  return `\u0001${begun}\n`;
}

const MEMORY_BYTES = 1024 * 1024;
/** Pieces of memory that are kept for frames to come. */
const MAX_SPARE = 16;

/** Where a frame lies. */
export interface Frame {
  readonly memory: SharedArrayBuffer;
  readonly start: number;
  readonly end: number;
}

/** Makes frames one behind the other, in memory that another thread reads them from. */
export class FrameEncoder {
  #bytes = Buffer.from(new SharedArrayBuffer(MEMORY_BYTES));
  #used = 0;
  #length = 0;
  readonly #spare: SharedArrayBuffer[] = [];

  /** The frame of a flush: a view that holds until the next call. `lines` are {@link entryLine}s and {@link begunLine}s. */
  encode(lines: string): Buffer {
    const length = Buffer.byteLength(lines);
    if (length > MAX_BODY_BYTES) throw new LedgerError('write-failed', `${length} bytes are too much for one write to the ledger`);
    this.#length = HEAD_BYTES + length;
    if (this.#used + this.#length > this.#bytes.length) this.#takeMemory();
    const frame = this.#bytes.subarray(this.#used, this.#used + this.#length);
    frame.write(lines, HEAD_BYTES);
    frame.writeUInt32BE(length, 0);
    frame.writeUInt32BE(crc32(frame.subarray(HEAD_BYTES)), 4);
    frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8);
    return frame;
  }

  /** The last frame was written: it stays where it is until its memory is given back by {@link reuse}. */
  keep(): Frame {
    const start = this.#used;
    this.#used += this.#length;
    this.#length = 0;
    return { memory: this.#bytes.buffer, start, end: this.#used };
  }

  /** Nobody reads the frames in it any more. */
  reuse(memory: SharedArrayBuffer): void {
    if (memory.byteLength === MEMORY_BYTES && this.#spare.length < MAX_SPARE) this.#spare.push(memory);
  }

  #takeMemory(): void {
    const spare = this.#length <= MEMORY_BYTES ? this.#spare.pop() : undefined;
    this.#bytes = Buffer.from(spare ?? new SharedArrayBuffer(Math.max(MEMORY_BYTES, this.#length)));
    this.#used = 0;
  }
}

/** Calls `entry` with the place of each leaf input (`0x00 ‖ entry`) of whole frames that {@link FrameEncoder} made. */
export function forEachLeaf(frames: Buffer, entry: (frames: Buffer, start: number, end: number) => void): void {
  for (let at = 0; at < frames.length; ) {
    const frameEnd = at + HEAD_BYTES + frames.readUInt32BE(at);
    for (at += HEAD_BYTES; at < frameEnd; ) {
      const end = frames.indexOf(LINE_END, at);
      if (frames[at] === ENTRY) entry(frames, at, end);
      at = end + 1;
    }
  }
}

/** The leaf inputs and begun reads of a frame's body, as views, in order; `undefined` when it has other lines. */
function splitBody(body: Buffer): { readonly leaves: Buffer[]; readonly begun: Buffer[] } | undefined {
  const leaves: Buffer[] = [];
  const begun: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const end = body.indexOf(LINE_END, at);
    if (end < 0) return undefined;
    if (body[at] === ENTRY) leaves.push(body.subarray(at, end));
    else if (body[at] === BEGUN) begun.push(body.subarray(at + 1, end));
    else return undefined;
    at = end + 1;
  }
  return { leaves, begun };
}

/** `0x00 ‖ entry` of an entry that is not in a frame: a copy. */
export function leafInputOf(entry: Uint8Array): Uint8Array {
  const input = new Uint8Array(1 + entry.length);
  input.set(entry, 1);
  return input;
}

/** The canonical bytes of the event: a view of the leaf input. */
export function entryOf(leaf: Buffer): Buffer {
  return leaf.subarray(1);
}

export interface DecodedFrames {
  /** The leaf inputs of the entries, as views of the file's bytes. */
  readonly leaves: readonly Buffer[];
  /** Reads that were begun, as views. */
  readonly begun: readonly Buffer[];
  /** Where the last whole frame ends. */
  readonly end: number;
  /** Bytes behind it: a frame of which only the beginning was written, or blocks that were never written. */
  readonly torn: number;
}

/**
 * Reads the frames of a file. Only what a crash can leave is taken as torn: an incomplete last frame, with or without the zeros of blocks
 * that the disk never got (no frame ends in a zero byte). Anything else throws a {@link LedgerError} (`corrupt`).
 */
export function decodeFrames(file: Buffer, name: string): DecodedFrames {
  let written = file.length;
  while (written > 0 && file[written - 1] === 0) written -= 1;
  const leaves: Buffer[] = [];
  const begun: Buffer[] = [];
  let at = 0;
  while (written - at > 0) {
    const length = frameLength(file, at, written, name);
    if (length === undefined || at + length > written) break;
    const body = file.subarray(at + HEAD_BYTES, at + length);
    const lines = crc32(body) === file.readUInt32BE(at + 4) ? splitBody(body) : undefined;
    if (lines === undefined) throw changed(name, at);
    for (const leaf of lines.leaves) leaves.push(leaf);
    for (const line of lines.begun) begun.push(line);
    at += length;
  }
  return { leaves, begun, end: at, torn: file.length - at };
}

/** Bytes of the frame at `at`; `undefined` when not even its head is complete. */
function frameLength(file: Buffer, at: number, written: number, name: string): number | undefined {
  // The zeros that a head may end in were taken for unwritten ones: count them back in.
  if (at + HEAD_BYTES > file.length) return undefined;
  const headIsWhole = crc32(file.subarray(at, at + 8)) === file.readUInt32BE(at + 8);
  if (!headIsWhole && written < at + HEAD_BYTES) return undefined;
  const length = file.readUInt32BE(at);
  if (!headIsWhole || length === 0 || length > MAX_BODY_BYTES) throw changed(name, at);
  return HEAD_BYTES + length;
}

function changed(name: string, at: number): LedgerError {
  return new LedgerError(
    'corrupt',
    `the frame at byte ${at} of ${name} was changed after it was written: run "sqlwarden ledger verify", restore the file from a backup, or keep the directory as evidence and start a new ledger in another one`,
  );
}
