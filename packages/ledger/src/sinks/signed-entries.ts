import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCheckpoint, parseNote } from '@sqlwarden/core';
import { firstEntry } from '../first-entry.js';
import { TILE_WIDTH, tilePath } from '../layout.js';
import { ifMissing, LedgerError } from '../ledger-error.js';
import { decodeBundle } from '../tile-files.js';

/** The newest checkpoint of a log, as it stands in its file. */
export interface SignedHead {
  readonly origin: string;
  readonly size: number;
  /** The whole note. */
  readonly note: string;
}

/**
 * Reads the entries that are under a checkpoint: no loss of power takes them back, so that nobody can get one that the log does not keep.
 * One bundle of 256 entries is in memory at a time. Works beside a writer.
 */
export class SignedEntries {
  readonly #directory: string;
  #head: SignedHead = { origin: '', size: 0, note: '' };
  #bundle: { readonly index: number; readonly entries: readonly Buffer[] } | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The head as of the last {@link look}. */
  get head(): SignedHead {
    return this.#head;
  }

  /** Reads the newest checkpoint; a size of 0 where there is none yet. */
  async look(): Promise<SignedHead> {
    const note = await readFile(join(this.#directory, 'checkpoint'), 'utf8').catch(ifMissing);
    if (note === undefined || note === this.#head.note) return this.#head;
    const { origin, size } = parseCheckpoint(parseNote(note).text);
    this.#head = { origin, size, note };
    return this.#head;
  }

  /**
   * The canonical bytes of entries from `seq` on: at least one, at most to the end of the bundle; views that hold as long as they are used. `seq` is under
   * the head. Throws a {@link LedgerError} (`corrupt`) when they are not there.
   */
  async from(seq: number): Promise<readonly Buffer[]> {
    const index = Math.floor(seq / TILE_WIDTH);
    const offset = seq - index * TILE_WIDTH;
    if (this.#bundle?.index !== index || this.#bundle.entries.length <= offset) {
      this.#bundle = { index, entries: await this.#read(index) };
    }
    return this.#bundle.entries.slice(offset, Math.min(TILE_WIDTH, this.#head.size - index * TILE_WIDTH));
  }

  /** The canonical bytes of one entry; `undefined` when retention has removed it. Throws as {@link from} does. */
  async at(seq: number): Promise<Buffer | undefined> {
    const { size } = this.#head;
    const index = Math.floor(seq / TILE_WIDTH);
    // Looking back must not drop the bundle that is being read.
    if (this.#bundle?.index === index && seq - index * TILE_WIDTH < this.#bundle.entries.length)
      return this.#entry(this.#bundle.entries, seq);
    try {
      return this.#entry(seq < size ? await this.#read(index) : [], seq);
    } catch (error) {
      if (seq < (await firstEntry(this.#directory))) return undefined;
      throw error;
    }
  }

  #entry(entries: readonly Buffer[], seq: number): Buffer {
    const entry = entries[seq % TILE_WIDTH];
    if (entry === undefined) throw new LedgerError('corrupt', `entry ${seq} is not in the ledger: run "sqlwarden ledger verify"`);
    return entry;
  }

  async #read(index: number): Promise<readonly Buffer[]> {
    for (;;) {
      const { size } = this.#head;
      const partial = Math.min(TILE_WIDTH, size - index * TILE_WIDTH);
      for (const width of new Set([TILE_WIDTH, partial])) {
        const path = tilePath('entries', index, width);
        const bytes = await readFile(join(this.#directory, path)).catch(ifMissing);
        if (bytes === undefined) continue;
        const entries = decodeBundle(bytes);
        if (entries?.length !== width)
          throw new LedgerError('corrupt', `${path} is not a bundle of ${width} entries: run "sqlwarden ledger verify"`);
        return entries;
      }
      // A writer at work removes a partial bundle when a full one has taken its place.
      if ((await this.look()).size === size) {
        throw new LedgerError('corrupt', `${tilePath('entries', index, partial)} is missing: run "sqlwarden ledger verify"`);
      }
    }
  }
}
