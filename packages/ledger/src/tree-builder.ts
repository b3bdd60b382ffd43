import { hash } from 'node:crypto';
import { HASH_BYTES, MerkleFrontier, type SubtreeSource } from '@sqlwarden/core';
import { foldHashes } from './fold-hashes.js';
import { TILE_WIDTH, type TileKind } from './layout.js';
import { sha256 } from './node-crypto.js';

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
/** What a bundle has room for at first. */
const BUNDLE_BYTES = 96 * 1024;
/** Bundles whose memory is kept for later ones. */
const MAX_SPARE = 64;
const LENGTH_BYTES = 2;

/**
 * Grows the Merkle tree from entries and keeps the tiles that are not on disk yet. Pure memory: whoever owns it writes the tiles.
 * Leaves are folded a tile at a time, in place: a hash costs less than the objects around it.
 */
export class TreeBuilder {
  /** The tree over full tiles of leaf hashes: its leaves are the roots of those. */
  readonly #frontier: MerkleFrontier;
  /** Above the leaves: the hashes of the rightmost tile of each level. */
  readonly #edge: Uint8Array[][] = [];
  /** The hashes of the leaves that are in no full tile yet. */
  #leaves = Buffer.alloc(TILE_WIDTH * HASH_BYTES);
  /** Their entries, as a bundle. */
  #bundle: Buffer = Buffer.allocUnsafeSlow(BUNDLE_BYTES);
  #bundleBytes = 0;
  /** How many they are. */
  #width = 0;
  #full: PendingTile[] = [];
  readonly #spare: Buffer[] = [];

  /** A tree of `size` leaves, a multiple of 256, whose hashes `source` knows. */
  constructor(size: number, source: SubtreeSource | undefined) {
    const above = source === undefined ? undefined : { subtree: (level: number, n: number) => source.subtree(level + LEVELS_PER_TILE, n) };
    this.#frontier = new MerkleFrontier(sha256, size / TILE_WIDTH, above);
    for (let level = 1; source !== undefined && TILE_WIDTH ** level <= size; level++) {
      const hashes = Math.floor(size / TILE_WIDTH ** level);
      const first = hashes - (hashes % TILE_WIDTH);
      this.#edge[level] = Array.from({ length: hashes - first }, (_, n) => source.subtree(level * LEVELS_PER_TILE, first + n));
    }
  }

  get size(): number {
    return this.#frontier.size * TILE_WIDTH + this.#width;
  }

  root(): Uint8Array {
    if (this.#width === 0) return this.#frontier.root();
    return this.#frontier.root(foldHashes(this.#leaves.subarray(0, this.#width * HASH_BYTES)));
  }

  /** Appends an entry by its leaf input (`0x00 ‖ entry`). */
  add(leaf: Buffer): void {
    this.#leaves.write(hash('sha256', leaf, 'binary'), this.#width * HASH_BYTES, 'latin1');
    this.#addToBundle(leaf);
    this.#width += 1;
    if (this.#width === TILE_WIDTH) this.#finishTile();
  }

  /** Everything that must be on disk before a checkpoint over the present tree. Call {@link confirm} once it is. */
  snapshot(): TreeSnapshot {
    const { size } = this;
    const partial: PendingTile[] = [];
    const width = this.#width;
    if (width > 0) {
      const hashes = Uint8Array.from(this.#leaves.subarray(0, width * HASH_BYTES));
      partial.push({ kind: 0, index: this.#frontier.size, width, bytes: hashes });
    }
    for (const [level, hashes] of this.#edge.entries()) {
      if (hashes === undefined || hashes.length === 0) continue;
      const index = Math.floor(size / TILE_WIDTH ** (level + 1));
      partial.push({ kind: level, index, width: hashes.length, bytes: Buffer.concat(hashes) });
    }
    if (width > 0)
      partial.push({ kind: 'entries', index: this.#frontier.size, width, bytes: Buffer.from(this.#bundle.subarray(0, this.#bundleBytes)) });
    return { size, root: this.root(), full: [...this.#full], partial };
  }

  /** The full tiles of the snapshot are on disk: they need not be kept, and their memory may be used again. */
  confirm(snapshot: TreeSnapshot): void {
    for (const { kind, bytes } of snapshot.full) {
      if (kind === 'entries' && this.#spare.length < MAX_SPARE) this.#spare.push(Buffer.from(bytes.buffer));
    }
    this.#full = this.#full.slice(snapshot.full.length);
  }

  /** Each entry with its length as a big-endian uint16 before it (tlog-tiles, "Log entries"). */
  #addToBundle(leaf: Buffer): void {
    const length = leaf.length - 1;
    const end = this.#bundleBytes + LENGTH_BYTES + length;
    if (end > this.#bundle.length) {
      const larger = Buffer.allocUnsafeSlow(2 * end);
      this.#bundle.copy(larger);
      this.#bundle = larger;
    }
    this.#bundle.writeUInt16BE(length, this.#bundleBytes);
    leaf.copy(this.#bundle, this.#bundleBytes + LENGTH_BYTES, 1);
    this.#bundleBytes = end;
  }

  #finishTile(): void {
    const index = this.#frontier.size;
    this.#full.push({ kind: 'entries', index, width: TILE_WIDTH, bytes: this.#bundle.subarray(0, this.#bundleBytes) });
    this.#full.push({ kind: 0, index, width: TILE_WIDTH, bytes: this.#leaves });
    const root = foldHashes(this.#leaves);
    this.#leaves = Buffer.alloc(TILE_WIDTH * HASH_BYTES);
    this.#bundle = this.#spare.pop() ?? Buffer.allocUnsafeSlow(BUNDLE_BYTES);
    this.#bundleBytes = 0;
    this.#width = 0;
    this.#frontier.push(root, (level, n, node) => {
      if (level % LEVELS_PER_TILE === 0) this.#addHash(1 + level / LEVELS_PER_TILE, n, node);
    });
  }

  #addHash(level: number, index: number, node: Uint8Array): void {
    const edge = (this.#edge[level] ??= []);
    edge.push(node);
    if (edge.length < TILE_WIDTH) return;
    this.#full.push({ kind: level, index: Math.floor(index / TILE_WIDTH), width: TILE_WIDTH, bytes: Buffer.concat(edge) });
    this.#edge[level] = [];
  }
}
