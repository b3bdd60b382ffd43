import type { HashPort } from '../ports.js';

/**
 * The Merkle tree of RFC 6962 section 2.1 over SHA-256. Sizes and indices are integers below 2^53, so no bit operators are used on them.
 */

/** What the tree needs of the platform. */
export type Sha256 = Pick<HashPort, 'sha256'>;

const LEAF_PREFIX = 0;
const NODE_PREFIX = 1;
/** Bytes of a hash. */
export const HASH_BYTES = 32;

/** RFC 6962 section 2.1: `SHA-256(0x00 ‖ entry)`. */
export function leafHash(hash: Sha256, entry: Uint8Array): Uint8Array {
  const input = new Uint8Array(1 + entry.length);
  input[0] = LEAF_PREFIX;
  input.set(entry, 1);
  return hash.sha256(input);
}

/** RFC 6962 section 2.1: `SHA-256(0x01 ‖ left ‖ right)`. */
export function nodeHash(hash: Sha256, left: Uint8Array, right: Uint8Array): Uint8Array {
  const input = new Uint8Array(1 + 2 * HASH_BYTES);
  input[0] = NODE_PREFIX;
  input.set(left, 1);
  input.set(right, 1 + HASH_BYTES);
  return hash.sha256(input);
}

/** The root of the tree without leaves: the hash of nothing. */
export function emptyRoot(hash: Sha256): Uint8Array {
  return hash.sha256(new Uint8Array(0));
}

/** The hash of a node over 2^(level+1) leaves from the one over its 2^level left ones; told of every node as soon as it is complete. */
export type NodeListener = (level: number, index: number, hash: Uint8Array) => void;

/**
 * The right edge of a growing tree: one hash per complete subtree, which is all that appending and the root need.
 * Memory and work per leaf are logarithmic at worst, constant on average.
 */
export class MerkleFrontier {
  readonly #hash: Sha256;
  /** Index is the level; set where the binary digit of `size` is 1. */
  readonly #subtrees: (Uint8Array | undefined)[];
  #size: number;

  /** An empty tree, or one of `size` leaves whose complete subtrees `source` knows. */
  constructor(hash: Sha256, size = 0, source?: SubtreeSource) {
    this.#hash = hash;
    this.#size = size;
    this.#subtrees = [];
    let start = 0;
    for (let level = floorLog2(size); size > 0 && level >= 0; level--) {
      const width = 2 ** level;
      if (start + width > size) continue;
      if (source === undefined) throw new RangeError('a frontier that is not empty needs a source of its subtrees');
      this.#subtrees[level] = source.subtree(level, start / width);
      start += width;
    }
  }

  get size(): number {
    return this.#size;
  }

  /** Appends a leaf by its hash. `listener` is told of the leaf (level 0) and of every node that it completes, bottom up. */
  push(leaf: Uint8Array, listener?: NodeListener): void {
    let node = leaf;
    let level = 0;
    let index = this.#size;
    listener?.(level, index, node);
    for (let sibling = this.#subtrees[0]; sibling !== undefined; sibling = this.#subtrees[level]) {
      node = nodeHash(this.#hash, sibling, node);
      this.#subtrees[level] = undefined;
      level += 1;
      index = Math.floor(index / 2);
      listener?.(level, index, node);
    }
    this.#subtrees[level] = node;
    this.#size += 1;
  }

  /** RFC 6962 section 2.1, `MTH(D[size])`. With `tail`: as if leaves that are fewer than any subtree so far, with that root, stood behind. */
  root(tail?: Uint8Array): Uint8Array {
    let root = tail;
    for (const subtree of this.#subtrees) {
      if (subtree !== undefined) root = root === undefined ? subtree : nodeHash(this.#hash, subtree, root);
    }
    return root ?? emptyRoot(this.#hash);
  }
}

/** Knows the hash of complete subtrees: the `index`-th run of 2^level leaves. Throws when it does not have it. */
export interface SubtreeSource {
  subtree(level: number, index: number): Uint8Array;
}

/** The root of the first `size` leaves. */
export function rootOf(hash: Sha256, source: SubtreeSource, size: number): Uint8Array {
  return size === 0 ? emptyRoot(hash) : rangeRoot(hash, source, 0, size);
}

/** RFC 6962 section 2.1.1, `PATH(index, D[size])`: from the leaf's sibling up to the root's child. */
export function inclusionProof(hash: Sha256, source: SubtreeSource, index: number, size: number): Uint8Array[] {
  if (!(index >= 0 && index < size)) throw new RangeError(`no leaf ${index} in a tree of ${size}`);
  const proof: Uint8Array[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + splitPoint(end - start);
    if (index < middle) {
      proof.push(rangeRoot(hash, source, middle, end));
      end = middle;
    } else {
      proof.push(rangeRoot(hash, source, start, middle));
      start = middle;
    }
  }
  return proof.reverse();
}

/** RFC 6962 section 2.1.2, `PROOF(oldSize, D[newSize])`; empty when the sizes are equal or the old tree was empty. */
export function consistencyProof(hash: Sha256, source: SubtreeSource, oldSize: number, newSize: number): Uint8Array[] {
  if (!(oldSize >= 0 && oldSize <= newSize)) throw new RangeError(`no tree of ${oldSize} inside a tree of ${newSize}`);
  const proof: Uint8Array[] = [];
  if (oldSize === 0) return proof;
  let start = 0;
  let end = newSize;
  // INVARIANT: start < oldSize <= end; the old tree's root is known to the verifier as long as start is 0.
  while (oldSize !== end) {
    const middle = start + splitPoint(end - start);
    if (oldSize <= middle) {
      proof.push(rangeRoot(hash, source, middle, end));
      end = middle;
    } else {
      proof.push(rangeRoot(hash, source, start, middle));
      start = middle;
    }
  }
  if (start > 0) proof.push(rangeRoot(hash, source, start, end));
  return proof.reverse();
}

/** True when `proof` shows that the leaf with `leaf` as its hash is at `index` of the tree of `size` leaves under `root` (RFC 9162 section 2.1.3.2). */
export function verifyInclusion(
  hash: Sha256,
  claim: { readonly leaf: Uint8Array; readonly index: number; readonly size: number; readonly root: Uint8Array },
  proof: readonly Uint8Array[],
): boolean {
  if (!(claim.index >= 0 && claim.index < claim.size)) return false;
  let node = claim.leaf;
  let fn = claim.index;
  let sn = claim.size - 1;
  for (const sibling of proof) {
    if (sn === 0 || sibling.length !== HASH_BYTES) return false;
    if (fn % 2 === 1 || fn === sn) {
      node = nodeHash(hash, sibling, node);
      while (fn % 2 === 0 && fn > 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      node = nodeHash(hash, node, sibling);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && equalBytes(node, claim.root);
}

/** A tree by its size and root. */
export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
}

/** True when `proof` shows that `newer` holds everything of `older`, unchanged and first (RFC 9162 section 2.1.4.2). */
export function verifyConsistency(hash: Sha256, older: TreeHead, newer: TreeHead, proof: readonly Uint8Array[]): boolean {
  if (older.size > newer.size) return false;
  if (older.size === newer.size) return proof.length === 0 && equalBytes(older.root, newer.root);
  if (older.size === 0) return proof.length === 0 && equalBytes(older.root, emptyRoot(hash));
  const path = isPowerOfTwo(older.size) ? [older.root, ...proof] : proof;
  const [first, ...rest] = path;
  if (first === undefined) return false;
  let fn = older.size - 1;
  let sn = newer.size - 1;
  while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)];
  let [fr, sr] = [first, first];
  for (const node of rest) {
    if (sn === 0 || node.length !== HASH_BYTES) return false;
    if (fn % 2 === 1 || fn === sn) {
      fr = nodeHash(hash, node, fr);
      sr = nodeHash(hash, node, sr);
      while (fn % 2 === 0 && fn > 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      sr = nodeHash(hash, sr, node);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && equalBytes(fr, older.root) && equalBytes(sr, newer.root);
}

/** True when both hold the same bytes. Not constant in time: for public values. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** The root of leaves start..end, where start is a multiple of the largest power of two that is needed. */
function rangeRoot(hash: Sha256, source: SubtreeSource, start: number, end: number): Uint8Array {
  const width = end - start;
  if (isPowerOfTwo(width)) return source.subtree(floorLog2(width), start / width);
  const middle = start + splitPoint(width);
  return nodeHash(hash, rangeRoot(hash, source, start, middle), rangeRoot(hash, source, middle, end));
}

/** The largest power of two smaller than `width` (RFC 6962 section 2.1). */
function splitPoint(width: number): number {
  return 2 ** floorLog2(width - 1);
}

function floorLog2(value: number): number {
  let level = 0;
  for (let width = 2; width <= value; width *= 2) level += 1;
  return level;
}

function isPowerOfTwo(value: number): boolean {
  return value === 2 ** floorLog2(value);
}

function half(value: number): number {
  return Math.floor(value / 2);
}
