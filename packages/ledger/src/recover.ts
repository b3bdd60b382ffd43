import { readdir, readFile, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { type Checkpoint, equalBytes, type KeyRotated, type LedgerEvent, parseEvent } from '@sqlwarden/core';
import { type BegunRecord, parseBegun, segmentOfRead } from './begun-reads.js';
import { parseDisclosureFile, tornKey } from './disclosure-lines.js';
import { disclosuresPath, SEGMENT_ENTRIES, segmentStart, segmentStarts, walPath } from './layout.js';
import { ifMissing, LedgerError } from './ledger-error.js';
import { TileSource } from './tile-files.js';
import { TreeBuilder } from './tree-builder.js';
import { decodeFrames, entryOf } from './write-ahead.js';

/** A write-ahead file: its first entry, and the bytes of its whole frames. */
export interface Segment {
  readonly start: number;
  readonly length: number;
}

export interface RecoveredLog {
  /** Entries in it. */
  readonly size: number;
  /** The files in `wal/`, oldest first. */
  readonly segments: readonly Segment[];
  readonly last: LedgerEvent | undefined;
  /** Reads that were begun and have no entry: what became of them is unknown. */
  readonly begun: readonly BegunRecord[];
  /** The highest number that a read has been given; 0 without one. */
  readonly lastRead: number;
  /** The last `key.rotated` entry in the files of `wal/`. */
  readonly rotation: KeyRotated | undefined;
}

/**
 * Reads what is in the directory and checks that its tree is the one that was signed. A frame or disclosure of which only the beginning was written is cut
 * off; nothing else is changed. Throws a {@link LedgerError}: `corrupt` or `truncated` when what is there is not what the newest checkpoint
 * was signed over, or the write-ahead files do not follow one another.
 */
export async function recoverLog(directory: string, newest: Checkpoint | undefined): Promise<RecoveredLog> {
  const starts = segmentStarts((await readdir(join(directory, 'wal')).catch(ifMissing)) ?? []);
  const first = starts[0];
  if (first === undefined) {
    await assertUnused(directory, newest);
    return { size: 0, segments: [], last: undefined, begun: [], lastRead: 0, rotation: undefined };
  }
  const signedSize = newest?.size ?? 0;
  if (first > signedSize)
    throw new LedgerError('corrupt', `wal/ begins at entry ${first}, behind the newest checkpoint: files are missing from it`);
  const tree = new TreeBuilder(first, first === 0 ? undefined : new TileSource(directory, signedSize));
  const replay = new Replay(tree, newest);
  const segments: Segment[] = [];
  for (const [index, start] of starts.entries()) {
    segments.push({ start, length: await replay.segment(directory, start, index === starts.length - 1) });
  }
  if (tree.size < signedSize) {
    throw new LedgerError(
      'truncated',
      `the log has ${tree.size} entries, but a checkpoint over ${signedSize} was signed: entries were removed; restore them from a backup, or keep the directory as evidence`,
    );
  }
  await cutDisclosures(directory, tree.size, replay.lastRead, first);
  return { size: tree.size, segments, last: replay.last, begun: replay.begun, lastRead: replay.lastRead, rotation: replay.rotation };
}

/** Feeds the entries of the write-ahead files to the tree and compares it with the checkpoint when it has that size. */
class Replay {
  readonly #tree: TreeBuilder;
  readonly #newest: Checkpoint | undefined;
  readonly #open = new Map<number, BegunRecord>();
  last: LedgerEvent | undefined;
  lastRead = 0;
  rotation: KeyRotated | undefined;

  constructor(tree: TreeBuilder, newest: Checkpoint | undefined) {
    this.#tree = tree;
    this.#newest = newest;
    this.#compare();
  }

  get begun(): BegunRecord[] {
    return [...this.#open.values()];
  }

  /** Returns the length of the file's whole frames, in bytes. */
  async segment(directory: string, start: number, isLast: boolean): Promise<number> {
    const path = walPath(start);
    if (start !== this.#tree.size)
      throw new LedgerError('corrupt', `${path} does not follow entry ${this.#tree.size - 1}: files of wal/ are missing or cut`);
    const { leaves, begun, end, torn } = decodeFrames(await readFile(join(directory, path)), path);
    if (torn > 0 && !isLast) throw new LedgerError('corrupt', `${path} ends in an incomplete frame, but is not the last file of wal/`);
    if (leaves.length > SEGMENT_ENTRIES) throw new LedgerError('corrupt', `${path} holds more than ${SEGMENT_ENTRIES} entries`);
    // A read is over in the file that it was begun in, or that it was carried over to, or in a later one.
    for (const line of begun) this.#begin(line, path);
    for (const leaf of leaves) this.#add(leaf, path);
    return end;
  }

  #begin(line: Buffer, path: string): void {
    const record = parseBegun(line.toString('utf8'));
    if (record === undefined) throw new LedgerError('corrupt', `${path} holds something that is not the beginning of a read`);
    this.#open.set(record.read, record);
    this.lastRead = Math.max(this.lastRead, record.read);
  }

  #add(leaf: Buffer, path: string): void {
    const event = eventOf(entryOf(leaf), path);
    if (event.seq !== this.#tree.size)
      throw new LedgerError('corrupt', `${path} holds entry ${event.seq} where entry ${this.#tree.size} belongs`);
    if (event.type === 'statement.completed') {
      this.#open.delete(event.read);
      this.lastRead = Math.max(this.lastRead, event.read);
    }
    if (event.type === 'key.rotated') this.rotation = event;
    this.#tree.add(leaf);
    this.last = event;
    this.#compare();
  }

  #compare(): void {
    if (this.#newest?.size !== this.#tree.size || equalBytes(this.#newest.root, this.#tree.root())) return;
    throw new LedgerError(
      'corrupt',
      `the first ${this.#tree.size} entries are not those that the newest checkpoint was signed over: run "sqlwarden ledger verify"`,
    );
  }
}

function eventOf(entry: Buffer, path: string): LedgerEvent {
  try {
    return parseEvent(entry);
  } catch (error) {
    throw new LedgerError(
      'corrupt',
      `${path} holds something that is not an event: ${error instanceof Error ? error.message : 'unreadable'}`,
    );
  }
}

async function assertUnused(directory: string, newest: Checkpoint | undefined): Promise<void> {
  for (const name of ['checkpoint', 'checkpoints', 'tile']) {
    const there = await stat(join(directory, name)).catch(ifMissing);
    // Opening a new log makes an empty file of checkpoints before anything else.
    if (there === undefined || (name === 'checkpoints' && newest === undefined && there.size === 0)) continue;
    throw new LedgerError(
      'corrupt',
      `wal/ is missing, but there is a log: restore it from a backup, or start a new ledger in another directory`,
    );
  }
}

/**
 * Removes disclosures of what was never written: a crash between the two writes of a flush leaves those of one, power loss those of some.
 * `size` and `lastRead` are what was written; `first` is where the write-ahead files begin.
 */
async function cutDisclosures(directory: string, size: number, lastRead: number, first: number): Promise<void> {
  const from = segmentStart(Math.max(0, size - 1));
  const isWritten = (key: number): boolean => (key >= 0 ? key < size : segmentOfRead(-key) < first || -key <= lastRead);
  for (const start of segmentStarts((await readdir(join(directory, 'disclosures')).catch(ifMissing)) ?? [])) {
    if (start < from) continue;
    const path = disclosuresPath(start);
    const file = await readFile(join(directory, path));
    const { lines, torn } = parseDisclosureFile(file);
    const orphan = lines.find(({ line }) => line !== undefined && !isWritten(line.key));
    const key = tornKey(torn);
    const tornAt = torn.length > 0 && (key === undefined || !isWritten(key)) ? file.length - torn.length : file.length;
    const end = Math.min(orphan?.start ?? file.length, tornAt);
    if (end < file.length) await truncate(join(directory, path), end);
  }
}
