import { closeSync, fdatasyncSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { syncDirectory } from './append-file.js';
import { TILE_WIDTH, tilePath } from './layout.js';
import { removePartials } from './tile-files.js';
import type { PendingTile, TreeSnapshot } from './tree-builder.js';

/**
 * Writes the tiles of a log. Those over entries that are still in a synced write-ahead file are not synced: after power loss they are made
 * again from it. They are synced, together, before that file goes. A tile is there as a whole or not at all, whoever looks and whatever dies.
 * Throws the system's errors.
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

  /** Afterwards the tiles can be read. */
  write({ full, partial }: TreeSnapshot): void {
    const tiles = [...full, ...partial];
    for (const tile of tiles) this.#write(tile);
    for (const { kind, index } of full) {
      if (!isAbove(kind)) this.#unsynced.push({ path: tilePath(kind, index, TILE_WIDTH), end: (index + 1) * TILE_WIDTH });
    }
    // The ones above have no other place.
    this.#syncNames(tiles.filter(({ kind }) => isAbove(kind)).map(({ kind, index, width }) => tilePath(kind, index, width)));
  }

  /** Removes the partial tiles that full ones replace (tlog-tiles, "Partial Tiles"). */
  replacePartials({ full }: TreeSnapshot): void {
    // What a process before this one left is not known until its tiles were written anew.
    const replaced = full.filter(({ kind, index }) => !this.#knowsPartials || this.#made.has(partialDirectory(kind, index)));
    this.#knowsPartials = true;
    for (const { kind, index } of replaced) {
      removePartials(this.#directory, kind, index);
      this.#made.delete(partialDirectory(kind, index));
    }
  }

  /** Afterwards every tile over the entries before `seq` is on stable storage. */
  syncBefore(seq: number): void {
    const due = this.#unsynced.filter(({ end }) => end <= seq).map(({ path }) => path);
    for (const path of due) this.#sync(path);
    this.#syncNames(due);
    this.#unsynced = this.#unsynced.filter(({ end }) => end > seq);
  }

  #write({ kind, index, width, bytes }: PendingTile): void {
    const path = tilePath(kind, index, width);
    const draft = join(this.#directory, 'tmp', path.replaceAll('/', '_'));
    const file = openSync(draft, 'w', 0o640);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      if (isAbove(kind)) fdatasyncSync(file);
    } finally {
      closeSync(file);
    }
    this.#makeDirectory(dirname(path));
    renameSync(draft, join(this.#directory, path));
  }

  #makeDirectory(path: string): void {
    if (this.#made.has(path)) return;
    mkdirSync(join(this.#directory, path), { recursive: true, mode: 0o750 });
    this.#made.add(path);
  }

  #sync(path: string): void {
    const file = openSync(join(this.#directory, path), 'r+');
    try {
      fdatasyncSync(file);
    } finally {
      closeSync(file);
    }
  }

  #syncNames(paths: readonly string[]): void {
    for (const directory of new Set(paths.map(dirname))) syncDirectory(join(this.#directory, directory));
  }
}

/** Above the leaves: nothing but a tile has these hashes once the write-ahead files are gone. */
function isAbove(kind: PendingTile['kind']): boolean {
  return kind !== 'entries' && kind > 0;
}

function partialDirectory(kind: PendingTile['kind'], index: number): string {
  return dirname(tilePath(kind, index, 1));
}
