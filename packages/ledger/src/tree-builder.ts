import { HASH_BYTES, MerkleFrontier, type SubtreeSource } from '@sqlwarden/core';
import { TILE_WIDTH, type TileKind } from './layout.js';
import { sha256 } from './node-crypto.js';
import { encodeBundle } from './tile-files.js';
import { entryOf, leafInput } from './write-ahead.js';

/** A tile that is to be written. */
export interface PendingTile {
  readonly kind: TileKind;
  readonly index: number;
  readonly width: number;
  readonly bytes: Uint8Array;
}

/** What a checkpoint over everything so far needs. */
export interface TreeSnapshot {
  readonly size: number;
  readonly root: Uint8Array;
  /** Tiles that became full since the last snapshot that was confirmed, in order of size. */
  readonly full: readonly PendingTile[];
  readonly partial: readonly PendingTile[];
}

const LEVELS_PER_TILE = 8;

/** Grows the Merkle tree from records and keeps the tiles that are not on disk yet. Pure memory: whoever owns it writes the tiles. */
export class TreeBuilder {
  readonly #frontier: MerkleFrontier;
  /** The hashes of the rightmost tile of each level. */
  readonly #edge: Uint8Array[][] = [];
  #bundle: Buffer[] = [];
  #full: PendingTile[] = [];

  /** A tree of `size` leaves, a multiple of 256, whose hashes `source` knows. */
  constructor(size: number, source: SubtreeSource | undefined) {
    this.#frontier = new MerkleFrontier(sha256, size, source);
    for (let level = 1; source !== undefined && TILE_WIDTH ** level <= size; level++) {
      const hashes = Math.floor(size / TILE_WIDTH ** level);
      const first = hashes - (hashes % TILE_WIDTH);
      this.#edge[level] = Array.from({ length: hashes - first }, (_, n) => source.subtree(level * LEVELS_PER_TILE, first + n));
    }
  }

  get size(): number {
    return this.#frontier.size;
  }

  root(): Uint8Array {
    return this.#frontier.root();
  }

  /** Appends the entry of a record, which must not be changed afterwards. */
  add(record: Buffer): void {
    this.#bundle.push(entryOf(record));
    if (this.#bundle.length === TILE_WIDTH) {
      this.#full.push(this.#tile('entries', Math.floor(this.size / TILE_WIDTH), TILE_WIDTH, encodeBundle(this.#bundle)));
      this.#bundle = [];
    }
    this.#frontier.push(sha256.sha256(leafInput(record)), (level, index, hash) => {
      if (level % LEVELS_PER_TILE === 0) this.#addHash(level / LEVELS_PER_TILE, index, hash);
    });
  }

  /** Everything that must be on disk before a checkpoint over the present tree. Call {@link confirm} once it is. */
  snapshot(): TreeSnapshot {
    const partial = this.#edge.flatMap((hashes, level) => {
      if (hashes.length === 0) return [];
      const index = Math.floor(this.size / TILE_WIDTH ** (level + 1));
      return [this.#tile(level, index, hashes.length, joinHashes(hashes))];
    });
    if (this.#bundle.length > 0) {
      partial.push(this.#tile('entries', Math.floor(this.size / TILE_WIDTH), this.#bundle.length, encodeBundle(this.#bundle)));
    }
    return { size: this.size, root: this.root(), full: [...this.#full], partial };
  }

  /** The full tiles of the snapshot are on disk: they need not be kept. */
  confirm(snapshot: TreeSnapshot): void {
    this.#full = this.#full.slice(snapshot.full.length);
  }

  #addHash(level: number, index: number, hash: Uint8Array): void {
    const edge = (this.#edge[level] ??= []);
    edge.push(hash);
    if (edge.length < TILE_WIDTH) return;
    this.#full.push(this.#tile(level, Math.floor(index / TILE_WIDTH), TILE_WIDTH, joinHashes(edge)));
    this.#edge[level] = [];
  }

  #tile(kind: TileKind, index: number, width: number, bytes: Uint8Array): PendingTile {
    return { kind, index, width, bytes };
  }
}

function joinHashes(hashes: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(hashes.length * HASH_BYTES);
  for (const [index, hash] of hashes.entries()) bytes.set(hash, index * HASH_BYTES);
  return bytes;
}
