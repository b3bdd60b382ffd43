import { readdir, readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { HASH_BYTES } from '@sqlwarden/core';
import { partialsPath, TILE_WIDTH, type TileKind, tilePath } from '../layout.js';
import { ifMissing } from '../ledger-error.js';
import { encodeBundle } from '../tile-files.js';
import type { Findings } from './report.js';

const LEVELS_PER_TILE = 8;

export interface TileBounds {
  /** The first entry whose bundle must be there. */
  readonly first: number;
  /** The size of the newest checkpoint. */
  readonly signed: number;
  /** Sizes of the retained checkpoints, ascending. */
  readonly sizes: readonly number[];
}

/**
 * Compares the files under `tile/` with the tree that the entries make. Fed with every hash in order; keeps the rightmost tile of each level.
 * Partial tiles that are left from earlier checkpoints must be a beginning of the present one.
 */
export class TileChecks {
  readonly #directory: string;
  readonly #findings: Findings;
  readonly #edge: { index: number; hashes: Uint8Array[] }[] = [];
  #entries: Uint8Array[] = [];
  #bundles = 0;
  /** Sizes of the retained checkpoints, ascending. */
  readonly #sizes: readonly number[];
  /** Hashes and entries up to here are in tiles; behind it only in the write-ahead file. */
  readonly #signed: number;

  constructor(directory: string, findings: Findings, { first, signed, sizes }: TileBounds) {
    this.#directory = directory;
    this.#findings = findings;
    this.#signed = signed;
    this.#sizes = sizes;
    this.#bundles = first / TILE_WIDTH;
  }

  async addEntry(entry: Uint8Array): Promise<void> {
    this.#entries.push(entry);
    if (this.#entries.length < TILE_WIDTH) return;
    await this.#tile('entries', this.#bundles, this.#entries.length, encodeBundle(this.#entries), bundleEnds(this.#entries));
    this.#bundles += 1;
    this.#entries = [];
  }

  /** A node of the tree, as `MerkleFrontier.push` tells of it. */
  async addNode(level: number, index: number, hash: Uint8Array): Promise<void> {
    if (level % LEVELS_PER_TILE !== 0) return;
    const edge = (this.#edge[level / LEVELS_PER_TILE] ??= { index: 0, hashes: [] });
    edge.index = Math.floor(index / TILE_WIDTH);
    edge.hashes.push(hash);
    if (edge.hashes.length < TILE_WIDTH) return;
    await this.#tile(level / LEVELS_PER_TILE, edge.index, TILE_WIDTH, Buffer.concat(edge.hashes), hashEnds(TILE_WIDTH));
    edge.hashes = [];
  }

  /** After the last entry: the tiles at the right edge, and files that belong to no tile. `total` as in the other checks. */
  async end(total: () => Promise<number>): Promise<void> {
    for (const [level, { index, hashes }] of this.#edge.entries()) {
      if (hashes.length > 0) await this.#tile(level, index, hashes.length, Buffer.concat(hashes), hashEnds(hashes.length));
    }
    if (this.#entries.length > 0) {
      await this.#tile('entries', this.#bundles, this.#entries.length, encodeBundle(this.#entries), bundleEnds(this.#entries));
    }
    await this.#strangers(total);
  }

  /** Compares every file of one tile, of which `bytes` is what `width` hashes or entries make; `ends` are the lengths of its beginnings. */
  async #tile(kind: TileKind, index: number, width: number, bytes: Buffer, ends: readonly number[]): Promise<void> {
    const required = this.#requiredWidths(kind, index);
    // The beginnings are listed before the full tile is read: a writer at work puts the full tile there before it removes them.
    const names = (await readdir(join(this.#directory, partialsPath(kind, index))).catch(ifMissing)) ?? [];
    const full = await readFile(join(this.#directory, tilePath(kind, index, TILE_WIDTH))).catch(ifMissing);
    // Of a tile that is fuller than the entries go, the beginning is compared here; what is behind it is reported with the strangers.
    if (full !== undefined) this.#compare(kind, index, TILE_WIDTH, width === TILE_WIDTH ? full : full.subarray(0, bytes.length), bytes);
    for (const name of names) {
      const partial = /^[1-9][0-9]{0,2}$/.test(name) ? Number(name) : TILE_WIDTH;
      // Behind the last entry that is known: reported with the strangers.
      if (partial >= TILE_WIDTH || partial > width) continue;
      const path = tilePath(kind, index, partial);
      const file = await readFile(join(this.#directory, path)).catch(ifMissing);
      if (file !== undefined) this.#compare(kind, index, partial, file, bytes.subarray(0, ends[partial - 1]));
    }
    for (const needed of required) {
      if (full !== undefined || names.includes(String(needed))) continue;
      const message = 'the file is missing: restore it from a backup or from a copy of the log';
      this.#findings.add('tile-missing', message, { file: tilePath(kind, index, needed) });
    }
  }

  #compare(kind: TileKind, index: number, width: number, file: Buffer, expected: Buffer): void {
    if (file.equals(expected)) return;
    const path = tilePath(kind, index, width);
    if (file.length !== expected.length) {
      this.#findings.add('tile-malformed', `the file has ${file.length} bytes where ${expected.length} belong`, { file: path });
      return;
    }
    const first = index * TILE_WIDTH;
    if (kind === 0) {
      const seq = first + Math.floor(firstDifference(file, expected) / HASH_BYTES);
      this.#findings.add('tile-differs', `entry ${seq} does not have the hash that the tile holds: one of them was changed`, {
        file: path,
        seq,
      });
    } else if (kind === 'entries') {
      this.#findings.add('tile-differs', `the bundle does not hold the same entries as the log (from entry ${first} on)`, {
        file: path,
        seq: first,
      });
    } else {
      const seq = first * TILE_WIDTH ** kind;
      this.#findings.add('tile-differs', `the tile does not hold the hashes that the entries from ${seq} on make`, { file: path, seq });
    }
  }

  /** The widths in which a tile must be there: those at the retained checkpoints, until it is full at the signed size. */
  #requiredWidths(kind: TileKind, index: number): number[] {
    const level = kind === 'entries' ? 0 : kind;
    const widthAt = (size: number): number => Math.floor(size / TILE_WIDTH ** level) - index * TILE_WIDTH;
    if (widthAt(this.#signed) >= TILE_WIDTH) return [TILE_WIDTH];
    const widths = new Set<number>();
    for (let at = this.#sizes.length - 1; at >= 0; at--) {
      const width = widthAt(this.#sizes[at] ?? 0);
      if (width <= 0) break;
      if (width < TILE_WIDTH) widths.add(width);
    }
    return [...widths];
  }

  async #strangers(total: () => Promise<number>): Promise<void> {
    const files = await filesBelow(this.#directory, 'tile');
    // Counted after the files were looked for: a writer at work adds entries first, and then their tiles.
    const entries = await total();
    for (const file of files) {
      const tile = parseTilePath(file);
      if (tile === undefined) this.#findings.add('tile-unexpected', 'the file is not one of the log', { file });
      else if (lastEntry(tile) > entries) {
        this.#findings.add(
          'tile-beyond-log',
          `the file is of a tree of ${lastEntry(tile)} entries, but there are ${entries}: the end of the log was cut off`,
          { file },
        );
      }
    }
  }
}

/** Everything below `path` that is not a directory, relative to `directory`. What a writer removes meanwhile is left out. */
async function filesBelow(directory: string, path: string): Promise<string[]> {
  const entries = (await readdir(join(directory, path), { withFileTypes: true }).catch(ifMissing)) ?? [];
  const files: string[] = [];
  for (const entry of entries) {
    const below = join(path, entry.name);
    if (entry.isDirectory()) files.push(...(await filesBelow(directory, below)));
    else files.push(below);
  }
  return files;
}

interface TileName {
  readonly kind: TileKind;
  readonly index: number;
  readonly width: number;
}

/** The tile that a path names; `undefined` when it is not spelled as {@link tilePath} spells it. */
function parseTilePath(path: string): TileName | undefined {
  const [, kindText, indexText, widthText] =
    /^tile\/(\d+|entries)\/((?:x\d{3}\/)*\d{3})(?:\.p\/(\d+))?$/.exec(path.split(sep).join('/')) ?? [];
  if (kindText === undefined || indexText === undefined) return undefined;
  const kind = kindText === 'entries' ? kindText : Number(kindText);
  const index = Number(indexText.replaceAll(/[x/]/g, ''));
  const width = widthText === undefined ? TILE_WIDTH : Number(widthText);
  return tilePath(kind, index, width) === path && width > 0 && width <= TILE_WIDTH ? { kind, index, width } : undefined;
}

function lastEntry({ kind, index, width }: TileName): number {
  return (index * TILE_WIDTH + width) * TILE_WIDTH ** (kind === 'entries' ? 0 : kind);
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  return a.findIndex((byte, index) => byte !== b[index]);
}

function hashEnds(width: number): number[] {
  return Array.from({ length: width }, (_, n) => (n + 1) * HASH_BYTES);
}

function bundleEnds(entries: readonly Uint8Array[]): number[] {
  let end = 0;
  return entries.map((entry) => (end += 2 + entry.length));
}
