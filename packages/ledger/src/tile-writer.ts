import { close, fdatasync, open, rename, write } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { syncName } from './append-file.js';
import { TILE_WIDTH, tilePath } from './layout.js';
import { removePartials } from './tile-files.js';
import type { PendingTile, TreeSnapshot } from './tree-builder.js';

const opened = promisify(open);
const written = promisify(write);
const synced = promisify(fdatasync);
const closed = promisify(close);
const renamed = promisify(rename);

/** How many files are worked on at once. */
const BATCH = 32;

/**
 * Writes the tiles of a log. Those over entries that are still in a synced write-ahead file are not synced: after power loss they are made
 * again from it. They are synced, together, before that file goes. A tile is there as a whole or not at all, whoever looks and whatever dies.
 */
export class TileWriter {
  readonly #directory: string;
  /** Directories that are there, relative to the ledger's. */
  readonly #made = new Set<string>();
  #knowsPartials = false;
  /** Full tiles that are not synced, with the entry behind their last one; ascending. */
  #unsynced: { readonly path: string; readonly end: number }[] = [];

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Resolves when the tiles can be read; rejects with the system's error. */
  async write({ full, partial }: TreeSnapshot): Promise<void> {
    const tiles = [...full, ...partial];
    for (let at = 0; at < tiles.length; at += BATCH) await Promise.all(tiles.slice(at, at + BATCH).map((tile) => this.#write(tile)));
    for (const { kind, index } of full) {
      if (!isAbove(kind)) this.#unsynced.push({ path: tilePath(kind, index, TILE_WIDTH), end: (index + 1) * TILE_WIDTH });
    }
    // The ones above have no other place.
    await this.#syncNames(tiles.filter(({ kind }) => isAbove(kind)).map(({ kind, index, width }) => tilePath(kind, index, width)));
  }

  /** Removes the partial tiles that full ones replace (tlog-tiles, "Partial Tiles"). */
  async replacePartials({ full }: TreeSnapshot): Promise<void> {
    // What a process before this one left is not known until its tiles were written anew.
    const replaced = full.filter(({ kind, index }) => !this.#knowsPartials || this.#made.has(partialDirectory(kind, index)));
    this.#knowsPartials = true;
    await Promise.all(replaced.map(({ kind, index }) => removePartials(this.#directory, kind, index)));
    for (const { kind, index } of replaced) this.#made.delete(partialDirectory(kind, index));
  }

  /** Resolves when every tile over the entries before `seq` is on stable storage; rejects with the system's error. */
  async syncBefore(seq: number): Promise<void> {
    const due = this.#unsynced.filter(({ end }) => end <= seq).map(({ path }) => path);
    for (let at = 0; at < due.length; at += BATCH) await Promise.all(due.slice(at, at + BATCH).map((path) => this.#sync(path)));
    await this.#syncNames(due);
    this.#unsynced = this.#unsynced.filter(({ end }) => end > seq);
  }

  async #write({ kind, index, width, bytes }: PendingTile): Promise<void> {
    const path = tilePath(kind, index, width);
    const draft = join(this.#directory, 'tmp', path.replaceAll('/', '_'));
    const file = await opened(draft, 'w', 0o640);
    try {
      for (let at = 0; at < bytes.length; ) at += (await written(file, bytes, at)).bytesWritten;
      if (isAbove(kind)) await synced(file);
    } finally {
      await closed(file);
    }
    await this.#makeDirectory(dirname(path));
    await renamed(draft, join(this.#directory, path));
  }

  async #makeDirectory(path: string): Promise<void> {
    if (this.#made.has(path)) return;
    await mkdir(join(this.#directory, path), { recursive: true, mode: 0o750 });
    this.#made.add(path);
  }

  async #sync(path: string): Promise<void> {
    const file = await opened(join(this.#directory, path), 'r+');
    try {
      await synced(file);
    } finally {
      await closed(file);
    }
  }

  async #syncNames(paths: readonly string[]): Promise<void> {
    await Promise.all([...new Set(paths.map(dirname))].map((path) => syncName(join(this.#directory, path))));
  }
}

/** Above the leaves: nothing but a tile has these hashes once the write-ahead files are gone. */
function isAbove(kind: PendingTile['kind']): boolean {
  return kind !== 'entries' && kind > 0;
}

function partialDirectory(kind: PendingTile['kind'], index: number): string {
  return dirname(tilePath(kind, index, 1));
}
