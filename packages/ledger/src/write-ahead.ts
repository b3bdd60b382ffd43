import { crc32 } from 'node:zlib';
import { MAX_ENTRY_BYTES } from '@sqlwarden/core';
import { LedgerError } from './ledger-error.js';

/**
 * The record of the write-ahead file: what `append` writes with one call.
 *
 * ```
 * uint32 length of the leaf input   uint32 CRC-32 of it   uint32 CRC-32 of these 8 bytes   leaf input: 0x00 ‖ entry
 * ```
 * Integers are big-endian. The leaf input is what RFC 6962 section 2.1 hashes, so that the hash needs no copy. The head has a check of its
 * own, so that a length that was changed is never taken for a record that was cut off.
 */

const HEAD_BYTES = 12;
const LEAF_PREFIX_BYTES = 1;

/** The record of an entry. `entry` is canonical JSON of at most {@link MAX_ENTRY_BYTES} bytes. */
export function encodeRecord(entry: string): Buffer {
  const length = Buffer.byteLength(entry);
  if (length > MAX_ENTRY_BYTES) throw new LedgerError('entry-too-large', `an entry of ${length} bytes does not fit in the ledger`);
  const record = Buffer.allocUnsafe(HEAD_BYTES + LEAF_PREFIX_BYTES + length);
  record[HEAD_BYTES] = 0;
  record.write(entry, HEAD_BYTES + LEAF_PREFIX_BYTES);
  record.writeUInt32BE(LEAF_PREFIX_BYTES + length, 0);
  record.writeUInt32BE(crc32(record.subarray(HEAD_BYTES)), 4);
  record.writeUInt32BE(crc32(record.subarray(0, 8)), 8);
  return record;
}

/** `0x00 ‖ entry`: a view of the record. */
export function leafInput(record: Buffer): Buffer {
  return record.subarray(HEAD_BYTES);
}

/** `0x00 ‖ entry` of an entry that is not in a record: a copy. */
export function leafInputOf(entry: Uint8Array): Uint8Array {
  const input = new Uint8Array(LEAF_PREFIX_BYTES + entry.length);
  input.set(entry, LEAF_PREFIX_BYTES);
  return input;
}

/** The canonical bytes of the event: a view of the record. */
export function entryOf(record: Buffer): Buffer {
  return record.subarray(HEAD_BYTES + LEAF_PREFIX_BYTES);
}

export interface DecodedRecords {
  /** Whole records, as views of the file's bytes. */
  readonly records: readonly Buffer[];
  /** Where the last whole record ends. */
  readonly end: number;
  /** Bytes behind it: a record of which only the beginning was written, or blocks that were never written. */
  readonly torn: number;
}

/**
 * Reads the records of a file. Only what a crash can leave is taken as torn: an incomplete last record, with or without the zeros of blocks
 * that the disk never got (no entry ends in a zero byte). Anything else throws a {@link LedgerError} (`corrupt`).
 */
export function decodeRecords(file: Buffer, name: string): DecodedRecords {
  let written = file.length;
  while (written > 0 && file[written - 1] === 0) written -= 1;
  const records: Buffer[] = [];
  let at = 0;
  while (written - at > 0) {
    const length = recordLength(file, at, written, name);
    if (length === undefined || at + length > written) break;
    const record = file.subarray(at, at + length);
    if (crc32(leafInput(record)) !== record.readUInt32BE(4) || record[HEAD_BYTES] !== 0) throw changed(name, at);
    records.push(record);
    at += length;
  }
  return { records, end: at, torn: file.length - at };
}

/** Bytes of the record at `at`; `undefined` when not even its head is complete. */
function recordLength(file: Buffer, at: number, written: number, name: string): number | undefined {
  // The zeros that a head may end in were taken for unwritten ones: count them back in.
  if (at + HEAD_BYTES > file.length) return undefined;
  const headIsWhole = crc32(file.subarray(at, at + 8)) === file.readUInt32BE(at + 8);
  if (!headIsWhole && written < at + HEAD_BYTES) return undefined;
  const length = file.readUInt32BE(at);
  if (!headIsWhole || length <= LEAF_PREFIX_BYTES || length > LEAF_PREFIX_BYTES + MAX_ENTRY_BYTES) throw changed(name, at);
  return HEAD_BYTES + length;
}

function changed(name: string, at: number): LedgerError {
  return new LedgerError(
    'corrupt',
    `the record at byte ${at} of ${name} was changed after it was written: run "sqlwarden ledger verify", restore the file from a backup, or keep the directory as evidence and start a new ledger in another one`,
  );
}
