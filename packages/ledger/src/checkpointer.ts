import { encodeBase64 } from '@sqlwarden/core';
import { type CheckpointFiles, signCheckpoint } from './checkpoint-files.js';
import type { Signer } from './signer.js';
import { TileWriter } from './tile-writer.js';
import type { TreeBuilder } from './tree-builder.js';
import { forEachLeaf } from './write-ahead.js';

export interface CheckpointerParts {
  readonly directory: string;
  readonly origin: string;
  readonly signer: Signer;
  readonly checkpoints: CheckpointFiles;
  readonly tree: TreeBuilder;
  /** Entries under the newest checkpoint. */
  readonly signed: number;
}

/** Leaves that are hashed without a break: about 50 µs of the event loop. */
const SLICE_LEAVES = 64;

/** Hashes what was written, in slices, and signs the tree. */
export class Checkpointer {
  readonly #parts: CheckpointerParts;
  readonly #tiles: TileWriter;
  #signed: number;
  /** Frames whose entries are not in the tree yet, from {@link #nextFrame} on. */
  #frames: Buffer[] = [];
  #nextFrame = 0;
  /** Entries in them. */
  #waiting = 0;
  #slice: NodeJS.Immediate | undefined;

  constructor(parts: CheckpointerParts) {
    this.#parts = parts;
    this.#signed = parts.signed;
    this.#tiles = new TileWriter(parts.directory);
  }

  /** Entries under the newest checkpoint. */
  get signed(): number {
    return this.#signed;
  }

  /** Everything that was added is in the tree: the frames are not read any more. */
  get isIdle(): boolean {
    return this.#frames.length === 0;
  }

  /** Takes a frame that was written, with `entries` entries in it; it must not be changed until {@link isIdle}. */
  add(frame: Buffer, entries: number): void {
    if (entries === 0) return;
    this.#frames.push(frame);
    this.#waiting += entries;
    if (this.#waiting >= SLICE_LEAVES) this.#slice ??= setImmediate(this.#hashSlice);
  }

  /**
   * Signs the tree over everything that was added. `durable` brings the entries up to a `seq` to stable storage. Resolves when the checkpoint
   * is there too, with its size; rejects with a `LedgerError` or the system's error.
   */
  async sign(durable: (seq: number) => Promise<void>): Promise<number> {
    while (this.#waiting > SLICE_LEAVES) {
      this.#hash();
      await new Promise((resolve) => setImmediate(resolve));
    }
    while (this.#waiting > 0) this.#hash();
    const { origin, signer, checkpoints, tree } = this.#parts;
    const snapshot = tree.snapshot();
    // INVARIANT: nothing is signed that power loss could take back; a log that signs two histories has forked.
    await durable(snapshot.size - 1);
    await this.#tiles.write(snapshot);
    await checkpoints.add(await signCheckpoint({ origin, size: snapshot.size, root: snapshot.root }, signer));
    this.#signed = snapshot.size;
    tree.confirm(snapshot);
    await this.#tiles.replacePartials(snapshot);
    return snapshot.size;
  }

  /** Resolves when the entries before `seq` are on stable storage in bundles: they need not be anywhere else. */
  settle(seq: number): Promise<void> {
    return this.#tiles.syncBefore(seq);
  }

  /** The size and root of the tree over everything that was added. */
  head(): { readonly size: number; readonly root: string } {
    while (this.#waiting > 0) this.#hash();
    const { tree } = this.#parts;
    return { size: tree.size, root: encodeBase64(tree.root()) };
  }

  close(): void {
    clearImmediate(this.#slice);
    this.#parts.checkpoints.close();
  }

  readonly #hashSlice = (): void => {
    this.#slice = undefined;
    this.#hash();
    if (this.#waiting >= SLICE_LEAVES) this.#slice = setImmediate(this.#hashSlice);
  };

  readonly #addLeaf = (frame: Buffer, start: number, end: number): void => this.#parts.tree.add(frame.subarray(start, end));

  #hash(): void {
    let hashed = 0;
    for (; hashed < SLICE_LEAVES && this.#nextFrame < this.#frames.length; this.#nextFrame++) {
      const frame = this.#frames[this.#nextFrame];
      if (frame !== undefined) hashed += forEachLeaf(frame, this.#addLeaf);
    }
    this.#waiting -= hashed;
    if (this.#nextFrame === this.#frames.length) {
      this.#frames = [];
      this.#nextFrame = 0;
    }
  }
}
