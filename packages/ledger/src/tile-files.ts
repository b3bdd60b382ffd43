import { readFileSync, rmSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HASH_BYTES, MAX_ENTRY_BYTES, type SubtreeSource } from '@sqlwarden/core';
import { foldHashes } from './fold-hashes.js';
import { ifMissing, LedgerError } from './ledger-error.js';
import { partialsPath, TILE_WIDTH, type TileKind, tilePath, tileWidth } from './layout.js';

const LEVELS_PER_TILE = 8;

/** A bundle of entries: each with its length as a big-endian uint16 before it (tlog-tiles, "Log entries"). */
export function encodeBundle(entries: readonly Uint8Array[]): Buffer {
  const bundle = Buffer.allocUnsafe(entries.reduce((length, entry) => length + 2 + entry.length, 0));
  let at = 0;
  for (const entry of entries) {
    if (entry.length > MAX_ENTRY_BYTES) throw new LedgerError('entry-too-large', 'an entry does not fit in a bundle');
    at = bundle.writeUInt16BE(entry.length, at);
    bundle.set(entry, at);
    at += entry.length;
  }
  return bundle;
}

/** The entries of a bundle, as views; `undefined` when its lengths do not come out even. */
export function decodeBundle(bundle: Buffer): Buffer[] | undefined {
  const entries: Buffer[] = [];
  let at = 0;
  while (at < bundle.length) {
    if (at + 2 > bundle.length) return undefined;
    const end = at + 2 + bundle.readUInt16BE(at);
    if (end > bundle.length) return undefined;
    entries.push(bundle.subarray(at + 2, end));
    at = end;
  }
  return entries;
}

/** A file that is to be written under the ledger's directory. */
export interface FileToWrite {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** It must be on stable storage before anything is said that relies on it. */
  readonly synced: boolean;
}

/** How many files are open at once. */
const BATCH = 64;

/**
 * Writes files so that there is never half of one; those that are `synced` are on stable storage when this resolves. Many at once: while the
 * event loop is busy, every step of a file costs a turn of it.
 */
export async function writeFiles(directory: string, files: readonly FileToWrite[]): Promise<void> {
  const directories = new Set<string>();
  for (let at = 0; at < files.length; at += BATCH) {
    const batch = files.slice(at, at + BATCH);
    await Promise.all(batch.map((file) => writeWhole(directory, file)));
    for (const { path, synced } of batch) if (synced) directories.add(dirname(join(directory, path)));
  }
  await Promise.all([...directories].map(syncDirectory));
}

async function writeWhole(directory: string, { path, bytes, synced }: FileToWrite): Promise<void> {
  const draft = join(directory, 'tmp', path.replaceAll('/', '_'));
  const file = await open(draft, 'w', 0o640);
  try {
    await file.writeFile(bytes);
    if (synced) await file.datasync();
  } finally {
    await file.close();
  }
  const target = join(directory, path);
  await mkdir(dirname(target), { recursive: true, mode: 0o750 });
  await rename(draft, target);
}

/** Removes the partial tiles that a full one, already synced, replaces (tlog-tiles, "Partial Tiles"). */
export function removePartials(directory: string, kind: TileKind, index: number): void {
  rmSync(join(directory, partialsPath(kind, index)), { recursive: true, force: true });
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** The hashes of a tree of `size` leaves, read from its tiles. Throws a {@link LedgerError} (`corrupt`) for a tile that is missing or of the wrong length. */
export class TileSource implements SubtreeSource {
  readonly #directory: string;
  readonly #size: number;
  readonly #cache = new Map<string, Buffer>();

  constructor(directory: string, size: number) {
    this.#directory = directory;
    this.#size = size;
  }

  subtree(level: number, index: number): Uint8Array {
    const tileLevel = Math.floor(level / LEVELS_PER_TILE);
    const span = 2 ** (level - tileLevel * LEVELS_PER_TILE);
    const first = index * span;
    const tile = this.#tile(tileLevel, Math.floor(first / TILE_WIDTH));
    const offset = (first % TILE_WIDTH) * HASH_BYTES;
    const hashes = tile.subarray(offset, offset + span * HASH_BYTES);
    if (hashes.length !== span * HASH_BYTES) throw new RangeError(`no subtree ${index} of level ${level} in a tree of ${this.#size}`);
    return foldHashes(hashes);
  }

  #tile(level: number, index: number): Buffer {
    const name = `${level}/${index}`;
    const cached = this.#cache.get(name);
    if (cached !== undefined) return cached;
    const tile = readTile(this.#directory, level, index, this.#size);
    if (this.#cache.size >= 64) this.#cache.clear();
    this.#cache.set(name, tile);
    return tile;
  }
}

/** The tile as it is in a tree of `size` leaves; cut out of the full one when only that is there. */
function readTile(directory: string, level: number, index: number, size: number): Buffer {
  const width = tileWidth(level, index, size);
  const read = (path: string): Buffer | undefined => {
    try {
      return readFileSync(join(directory, path));
    } catch (error) {
      return ifMissing(error);
    }
  };
  const path = tilePath(level, index, width);
  const own = read(path);
  const tile = own ?? read(tilePath(level, index, TILE_WIDTH));
  if (tile === undefined) throw new LedgerError('corrupt', `${path} is missing: restore it from a backup or from a copy of the log`);
  if (tile.length !== (own === undefined ? TILE_WIDTH : width) * HASH_BYTES)
    throw new LedgerError('corrupt', `${path} has the wrong length`);
  return tile.subarray(0, width * HASH_BYTES);
}
