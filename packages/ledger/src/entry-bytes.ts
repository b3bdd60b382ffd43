import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCheckpoint, parseNote } from '@sqlwarden/core';
import { firstEntry } from './first-entry.js';
import { segmentStarts, TILE_WIDTH, tilePath, walPath } from './layout.js';
import { ifMissing, LedgerError } from './ledger-error.js';
import { decodeBundle } from './tile-files.js';
import { decodeFrames, entryOf } from './write-ahead.js';

/** Full bundles in memory at once: about 200 KB each. */
const MAX_BUNDLES = 32;

interface WrittenFile {
  readonly start: number;
  readonly bytes: number;
  readonly entries: readonly Buffer[];
}

/**
 * The canonical bytes of the entries of a log, beside a writer at work: a bundle is looked for first, as the write-ahead file of its entries
 * goes only when it is there. Keeps the bundles and the write-ahead file that were read last.
 */
export class EntryBytes {
  readonly #directory: string;
  readonly #bundles = new Map<number, readonly Buffer[]>();
  #written: WrittenFile | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Throws a {@link LedgerError}: `not-found` when there is no entry at `seq` (any more), `corrupt` when it cannot be read. */
  async at(seq: number): Promise<Buffer> {
    const entry = (await this.run(seq))?.[0];
    if (entry === undefined) throw new LedgerError('not-found', `there is no entry ${seq} in the ledger`);
    return entry;
  }

  /** Some entries from `seq` on; `undefined` at the end of the log. Throws as {@link at} does, also where signed ones are missing at the end. */
  async run(seq: number, isSecond = false): Promise<readonly Buffer[] | undefined> {
    const index = Math.floor(seq / TILE_WIDTH);
    const kept = this.#bundles.get(index);
    if (kept !== undefined) return kept.slice(seq % TILE_WIDTH);
    const starts = await walStarts(this.#directory);
    const size = starts.length === 0 ? await signedSize(this.#directory) : Number.POSITIVE_INFINITY;
    if (seq >= size) return undefined;
    const bundle = (await this.#bundle(index, TILE_WIDTH)) ?? (await this.#bundle(index, Math.min(TILE_WIDTH, size - index * TILE_WIDTH)));
    if (bundle !== undefined) return bundle.slice(seq % TILE_WIDTH);
    const start = starts.filter((candidate) => candidate <= seq).at(-1);
    if (start === undefined) throw await this.#missing(seq);
    const written = await this.#writtenIn(start);
    // Removed meanwhile by a writer at work: its entries are in bundles now.
    if (written === undefined) return this.run(seq);
    if (written.length > seq - start) return written.slice(seq - start);
    if (await this.#isEnd(seq)) return undefined;
    // A writer at work may have written it since; it may stand in a file that was not there.
    if (isSecond) throw await this.#missing(seq);
    return this.run(seq, true);
  }

  /** The log ends before `seq` unless that was signed, or the log goes on behind it: what is signed was written before. */
  async #isEnd(seq: number): Promise<boolean> {
    if ((await walStarts(this.#directory)).some((start) => start > seq)) return false;
    return seq >= (await signedSize(this.#directory).catch(nothingSigned));
  }

  async #bundle(index: number, width: number): Promise<readonly Buffer[] | undefined> {
    const path = tilePath('entries', index, width);
    const file = await readFile(join(this.#directory, path)).catch(ifMissing);
    if (file === undefined) return undefined;
    const entries = decodeBundle(file);
    if (entries?.length !== width)
      throw new LedgerError('corrupt', `${path} is not a bundle of ${width} entries: run "sqlwarden ledger verify"`);
    if (width === TILE_WIDTH) this.#keep(index, entries);
    return entries;
  }

  #keep(index: number, entries: readonly Buffer[]): void {
    this.#bundles.set(index, entries);
    for (const oldest of this.#bundles.keys()) {
      if (this.#bundles.size <= MAX_BUNDLES) break;
      this.#bundles.delete(oldest);
    }
  }

  /** The entries of a write-ahead file; `undefined` when it is not there (any more). */
  async #writtenIn(start: number): Promise<readonly Buffer[] | undefined> {
    const path = join(this.#directory, walPath(start));
    const bytes = (await stat(path).catch(ifMissing))?.size;
    if (bytes === undefined) return undefined;
    if (this.#written?.start === start && this.#written.bytes === bytes) return this.#written.entries;
    const file = await readFile(path).catch(ifMissing);
    if (file === undefined) return undefined;
    const entries = decodeFrames(file, walPath(start)).leaves.map(entryOf);
    this.#written = { start, bytes: file.length, entries };
    return entries;
  }

  async #missing(seq: number): Promise<LedgerError> {
    return seq < (await firstEntry(this.#directory))
      ? new LedgerError('not-found', `entry ${seq} was removed by retention; the tree still proves where it stood`)
      : new LedgerError('corrupt', `entry ${seq} is in no file of the ledger: run "sqlwarden ledger verify"`);
  }
}

/** How many entries there are, signed or not. Throws a {@link LedgerError} (`not-found`) when there is no log. */
export async function ledgerSize(directory: string): Promise<number> {
  const last = (await walStarts(directory)).at(-1);
  if (last === undefined) return signedSize(directory);
  const file = await readFile(join(directory, walPath(last))).catch(ifMissing);
  // Removed meanwhile by a writer at work, which has begun another one.
  return file === undefined ? ledgerSize(directory) : last + decodeFrames(file, walPath(last)).leaves.length;
}

/** How many entries are under the newest checkpoint. Throws a {@link LedgerError} (`not-found`) when there is none. */
export async function signedSize(directory: string): Promise<number> {
  const note = await readFile(join(directory, 'checkpoint'), 'utf8').catch(ifMissing);
  if (note !== undefined) return parseCheckpoint(parseNote(note).text).size;
  const isDirectory = (await stat(directory).catch(ifMissing))?.isDirectory() === true;
  throw new LedgerError('not-found', isDirectory ? `${directory} holds no ledger` : `there is no directory ${directory}`);
}

function nothingSigned(error: unknown): number {
  if (error instanceof LedgerError && error.code === 'not-found') return 0;
  throw error;
}

async function walStarts(directory: string): Promise<number[]> {
  return segmentStarts((await readdir(join(directory, 'wal')).catch(ifMissing)) ?? []);
}
