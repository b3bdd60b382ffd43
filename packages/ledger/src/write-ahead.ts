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

const SLAB_BYTES = 1024 * 1024;

/** Makes frames, in memory that is asked for in large pieces: a small piece for each costs more than what is written into it. */
export class FrameEncoder {
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #used = 0;

  /** Nobody reads the frames that were made so far any more: their memory may be used again. */
  reuse(): void {
    this.#used = 0;
  }

  /** The frame of a flush: a view of memory that is not written until {@link reuse}. `lines` are {@link entryLine}s and {@link begunLine}s. */
  encode(lines: string): Buffer {
    const length = Buffer.byteLength(lines);
    if (length > MAX_BODY_BYTES) throw new LedgerError('write-failed', `${length} bytes are too much for one write to the ledger`);
    if (this.#used + HEAD_BYTES + length > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, HEAD_BYTES + length));
      this.#used = 0;
    }
    const frame = this.#slab.subarray(this.#used, this.#used + HEAD_BYTES + length);
    this.#used += frame.length;
    frame.write(lines, HEAD_BYTES);
    frame.writeUInt32BE(length, 0);
    frame.writeUInt32BE(crc32(frame.subarray(HEAD_BYTES)), 4);
    frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8);
    return frame;
  }
}

/** Calls `entry` with the place of each leaf input (`0x00 ‖ entry`) of a frame that {@link FrameEncoder} made. Returns how many there are. */
export function forEachLeaf(frame: Buffer, entry: (frame: Buffer, start: number, end: number) => void): number {
  let entries = 0;
  for (let at = HEAD_BYTES; at < frame.length; ) {
    const end = frame.indexOf(LINE_END, at);
    if (frame[at] === ENTRY) {
      entry(frame, at, end);
      entries += 1;
    }
    at = end + 1;
  }
  return entries;
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
