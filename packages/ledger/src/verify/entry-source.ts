import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HASH_BYTES, type LedgerEvent, parseEvent } from '@sqlwarden/core';
import { segmentStart, segmentStarts, TILE_WIDTH, tilePath, walPath } from '../layout.js';
import { ifMissing, LedgerError } from '../ledger-error.js';
import { readRetention } from '../retention-file.js';
import { decodeBundle } from '../tile-files.js';
import { type DecodedFrames, decodeFrames, entryOf } from '../write-ahead.js';
import type { Findings } from './report.js';

/** Where the parts of a log begin and end. */
export interface Bounds {
  /** The first entry that was not removed, a multiple of the width of a tile. */
  readonly first: number;
  /** How many entries the directory said were removed. */
  readonly noted: number;
  /** The size of the newest checkpoint. */
  readonly signed: number;
  /** The size of the largest checkpoint that was kept. */
  readonly retained: number;
}

/** A writer at work removed entries that were still to be read: what was read must be read again. */
export class RemovedMeanwhile extends Error {
  override readonly name = 'RemovedMeanwhile';
  constructor() {
    super('entries were removed while the log was verified: verify it again');
  }
}

function eventOf(entry: Buffer): LedgerEvent | undefined {
  try {
    return parseEvent(entry);
  } catch {
    // Whoever verifies the log when it is signed is told.
    return undefined;
  }
}

/** The entries of a log for verification: from the bundles as far as it is signed, from the write-ahead files behind that. */
export class EntrySource {
  readonly #directory: string;
  readonly #findings: Findings;
  /** The first entry that was not removed. */
  readonly first: number;
  readonly #noted: number;
  readonly #signed: number;
  readonly #retained: number;
  readonly #wal: WalReader;

  constructor(directory: string, findings: Findings, { first, noted, signed, retained }: Bounds) {
    this.#directory = directory;
    this.#findings = findings;
    this.first = first;
    this.#noted = noted;
    this.#signed = signed;
    this.#retained = retained;
    this.#wal = new WalReader(directory, findings);
  }

  /** The hashes of the entries that were removed, a tile of them at a time; with the entries, where a bundle was kept for later ones that name them. */
  async *removed(): AsyncGenerator<{ readonly hashes: Buffer; readonly entries: readonly Buffer[] | undefined }, void, undefined> {
    for (let index = 0; index < this.first / TILE_WIDTH; index++) {
      const file = tilePath(0, index, TILE_WIDTH);
      const hashes = await readFile(join(this.#directory, file)).catch(ifMissing);
      if (hashes?.length !== TILE_WIDTH * HASH_BYTES) {
        const message = 'without the hashes of entries that were removed nothing behind them can be proven: restore the file from a backup';
        this.#findings.add(hashes === undefined ? 'tile-missing' : 'tile-malformed', message, { file, seq: index * TILE_WIDTH });
        return;
      }
      yield { hashes, entries: await this.#bundle(index, TILE_WIDTH) };
    }
  }

  /** What was written behind `position`, though nothing of it is proven. */
  async *later(position: number): AsyncGenerator<{ readonly event: LedgerEvent; readonly position: number }, void, undefined> {
    await this.#wal.refresh();
    const end = await this.total();
    for (let at = position; at < end; at++) {
      const entry = (await this.#wal.entry(at)) ?? (await this.#signedSince(at));
      const event = entry === undefined ? undefined : eventOf(entry);
      if (event !== undefined) yield { event, position: at };
    }
  }

  /**
   * The entries in order, as views, up to the last one that there was when the reading began. Ends early when one can be had from nowhere,
   * which is a finding; where both have an entry, they are compared. Throws {@link RemovedMeanwhile}.
   */
  async *entries(): AsyncGenerator<Buffer, void, undefined> {
    const end = Math.max(this.#retained, await this.#wal.open(this.#signed));
    for (let start = this.first; start < this.#signed; start += TILE_WIDTH) {
      const width = Math.min(TILE_WIDTH, this.#signed - start);
      const bundle = await this.#bundle(start / TILE_WIDTH, width);
      for (let position = start; position < start + width; position++) {
        const entry = await this.#signedEntry(position, bundle);
        if (entry === undefined) return;
        yield entry;
      }
    }
    for (let position = this.#signed; position < end; position++) {
      const entry = (await this.#wal.entry(position)) ?? (await this.#signedSince(position));
      if (entry === undefined) return;
      yield entry;
    }
  }

  /** How many entries there are by now. */
  total(): Promise<number> {
    return this.#wal.total(this.#signed);
  }

  /** A writer at work signs what is behind, and removes the write-ahead files of full bundles. */
  async #signedSince(position: number): Promise<Buffer | undefined> {
    return (await this.#bundle(Math.floor(position / TILE_WIDTH), TILE_WIDTH))?.[position % TILE_WIDTH];
  }

  async #signedEntry(position: number, bundle: readonly Buffer[] | undefined): Promise<Buffer | undefined> {
    const signed = bundle?.[position % TILE_WIDTH];
    const written = await this.#wal.entry(position);
    if (signed === undefined) {
      if (written !== undefined) return written;
      await this.assertNothingRemoved();
      const file = tilePath(
        'entries',
        Math.floor(position / TILE_WIDTH),
        Math.min(TILE_WIDTH, this.#signed - (position - (position % TILE_WIDTH))),
      );
      this.#findings.add(
        'tile-missing',
        `entry ${position} and those behind it cannot be read: restore the file from a backup or from a copy of the log`,
        { file, seq: position },
      );
      return undefined;
    }
    if (written !== undefined && !written.equals(signed)) {
      this.#findings.add('wal-differs', `entry ${position} is not the same in the write-ahead file and in the bundle`, {
        file: walPath(segmentStart(position)),
        seq: position,
      });
    }
    return signed;
  }

  /** Throws {@link RemovedMeanwhile} when more was removed since the reading began. */
  async assertNothingRemoved(): Promise<void> {
    const now = await readRetention(this.#directory).catch((error: unknown) => {
      if (!(error instanceof LedgerError)) throw error;
      return { entriesBefore: 0 };
    });
    if (now.entriesBefore !== this.#noted) throw new RemovedMeanwhile();
  }

  async #bundle(index: number, width: number): Promise<readonly Buffer[] | undefined> {
    for (const path of new Set([tilePath('entries', index, width), tilePath('entries', index, TILE_WIDTH)])) {
      const file = await readFile(join(this.#directory, path)).catch(ifMissing);
      if (file === undefined) continue;
      const entries = decodeBundle(file);
      if (entries !== undefined && entries.length >= width) return entries;
      this.#findings.add('bundle-malformed', 'the file is not a bundle of entries of the right number', {
        file: path,
        seq: index * TILE_WIDTH,
      });
    }
    return undefined;
  }
}

/** The write-ahead files, one in memory at a time. */
class WalReader {
  readonly #directory: string;
  readonly #findings: Findings;
  #starts: readonly number[] = [];
  #loaded: { readonly start: number; readonly leaves: readonly Buffer[] } | undefined;

  constructor(directory: string, findings: Findings) {
    this.#directory = directory;
    this.#findings = findings;
  }

  /** Looks what there is, and whether it reaches as far as what was signed. How many entries there are. */
  async open(signed: number): Promise<number> {
    this.#starts = await this.#list();
    let end = 0;
    if (this.#starts.length === 0) {
      const message = 'there are no write-ahead files: this is a copy of the signed part, or entries that were not signed yet were removed';
      this.#findings.add('wal-missing', message, { file: 'wal' });
      return end;
    }
    for (const [index, start] of this.#starts.entries()) {
      const decoded = await this.#decode(start);
      if (decoded === undefined) continue;
      const { leaves, torn } = decoded;
      end = start + leaves.length;
      const next = this.#starts[index + 1];
      const file = walPath(start);
      if (next !== undefined && start + leaves.length !== next) {
        this.#findings.add('wal-incomplete', `the file ends at entry ${start + leaves.length}, but the next one begins at ${next}`, {
          file,
          seq: start + leaves.length,
        });
      } else if (next === undefined && start + leaves.length < signed) {
        this.#findings.add('wal-incomplete', `the file ends at entry ${start + leaves.length}, but ${signed} entries were signed`, {
          file,
          seq: start + leaves.length,
        });
      }
      if (torn > 0) this.#findings.add('wal-torn', `the last ${torn} bytes are a frame of which only the beginning was written`, { file });
    }
    return end;
  }

  /** Forgets what was read, which a writer at work may have added to. */
  async refresh(): Promise<void> {
    this.#starts = await this.#list();
    this.#loaded = undefined;
  }

  async entry(position: number): Promise<Buffer | undefined> {
    const start = segmentStart(position);
    if (!this.#starts.includes(start)) return undefined;
    if (this.#loaded?.start !== start) this.#loaded = { start, leaves: (await this.#decode(start, false))?.leaves ?? [] };
    const leaf = this.#loaded.leaves[position - start];
    return leaf === undefined ? undefined : entryOf(leaf);
  }

  async total(atLeast: number): Promise<number> {
    const last = (await this.#list()).at(-1);
    return last === undefined ? atLeast : Math.max(atLeast, last + ((await this.#decode(last, false))?.leaves.length ?? 0));
  }

  async #list(): Promise<number[]> {
    return segmentStarts((await readdir(join(this.#directory, 'wal')).catch(ifMissing)) ?? []);
  }

  /** `undefined` when the file is gone: a writer at work removes the first ones. */
  async #decode(start: number, report = true): Promise<Pick<DecodedFrames, 'leaves' | 'torn'> | undefined> {
    const path = walPath(start);
    const file = await readFile(join(this.#directory, path)).catch(ifMissing);
    if (file === undefined) return undefined;
    try {
      return decodeFrames(file, path);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      if (report) this.#findings.add('wal-malformed', error.message, { file: path });
      return { leaves: [], torn: 0 };
    }
  }
}
