import { encodeBase64 } from '@sqlwarden/core';
import { type CheckpointFiles, signCheckpoint } from './checkpoint-files.js';
import type { LogKeys } from './log-keys.js';
import type { TreeThread } from './tree-thread.js';
import type { Frame } from './write-ahead.js';

export interface CheckpointerParts {
  readonly origin: string;
  readonly keys: LogKeys;
  readonly checkpoints: CheckpointFiles;
  readonly tree: TreeThread;
  /** Entries in the tree. */
  readonly size: number;
  /** Entries under the newest checkpoint. */
  readonly signed: number;
}

/** Signs the tree over what was written. */
export class Checkpointer {
  readonly #parts: CheckpointerParts;
  #size: number;
  #signed: number;

  constructor(parts: CheckpointerParts) {
    this.#parts = parts;
    this.#size = parts.size;
    this.#signed = parts.signed;
  }

  /** Entries under the newest checkpoint. */
  get signed(): number {
    return this.#signed;
  }

  /** Takes a frame that was written, with `entries` entries in it. */
  add(frame: Frame, entries: number): void {
    this.#size += entries;
    this.#parts.tree.add(frame);
  }

  /**
   * Signs the tree over everything that was added. `durable` brings the entries up to a `seq` to stable storage. Resolves when the checkpoint
   * is there too, with its size; rejects with a `LedgerError` or the system's error.
   */
  async sign(durable: (seq: number) => Promise<void>): Promise<number> {
    const { keys } = this.#parts;
    const { boundary } = keys;
    if (boundary !== undefined) {
      // INVARIANT: what a key signs last is over exactly the entries up to the one that names its successor.
      if (this.#signed < boundary) await this.#signTree(boundary, durable);
      await keys.finish();
    }
    if (this.#size > this.#signed) await this.#signTree(this.#size, durable);
    return this.#signed;
  }

  /** The next checkpoint is over what was added so far, whatever is added until then. Resolves when that is sure. */
  async hold(): Promise<void> {
    await this.#parts.tree.ask({ kind: 'hold' });
  }

  async #signTree(size: number, durable: (seq: number) => Promise<void>): Promise<void> {
    const { origin, keys, checkpoints, tree } = this.#parts;
    // INVARIANT: nothing is signed that power loss could take back; a log that signs two histories has forked.
    const [head] = await Promise.all([tree.ask({ kind: 'write' }), durable(size - 1)]);
    if (head.size !== size) throw new Error(`the tree has ${head.size} entries, not the ${size} that were written`);
    await checkpoints.add(await signCheckpoint({ origin, size, root: head.root }, keys.signer));
    this.#signed = size;
    await tree.ask({ kind: 'signed' });
  }

  /** Resolves when the entries before `seq` are on stable storage in bundles: they need not be anywhere else. */
  async settle(seq: number): Promise<void> {
    await this.#parts.tree.ask({ kind: 'settle', seq });
  }

  /** The size and root of the tree over everything that was added. */
  async head(): Promise<{ readonly size: number; readonly root: string }> {
    const { size, root } = await this.#parts.tree.ask({ kind: 'head' });
    return { size, root: encodeBase64(root) };
  }

  async close(): Promise<void> {
    this.#parts.checkpoints.close();
    await this.#parts.tree.close();
  }
}
