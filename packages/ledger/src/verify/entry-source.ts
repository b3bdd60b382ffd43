import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { segmentStart, segmentStarts, TILE_WIDTH, tilePath, walPath } from '../layout.js';
import { ifMissing, LedgerError } from '../ledger-error.js';
import { decodeBundle } from '../tile-files.js';
import { type DecodedFrames, decodeFrames, entryOf } from '../write-ahead.js';
import type { Findings } from './report.js';

/** The entries of a log for verification: from the bundles as far as it is signed, from the write-ahead files behind that. */
export class EntrySource {
  readonly #directory: string;
  readonly #findings: Findings;
  readonly #signed: number;
  readonly #retained: number;
  readonly #wal: WalReader;

  /** `signed` is the size of the newest checkpoint, `retained` that of the largest one that was kept. */
  constructor(directory: string, findings: Findings, signed: number, retained: number) {
    this.#directory = directory;
    this.#findings = findings;
    this.#signed = signed;
    this.#retained = retained;
    this.#wal = new WalReader(directory, findings);
  }

  /**
   * The entries in order, as views, up to the last one that there was when the reading began. Ends early when one can be had from nowhere,
   * which is a finding; where both have an entry, they are compared.
   */
  async *entries(): AsyncGenerator<Buffer, void, undefined> {
    const end = Math.max(this.#retained, await this.#wal.open(this.#signed));
    for (let start = 0; start < this.#signed; start += TILE_WIDTH) {
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
