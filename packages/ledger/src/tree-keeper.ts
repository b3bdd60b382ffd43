import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unreachable } from '@sqlwarden/core';
import { TileSource } from './tile-files.js';
import { TileWriter } from './tile-writer.js';
import { TreeBuilder, type TreeSnapshot } from './tree-builder.js';
import type { TreeHead, TreeQuestion, TreeStart } from './tree-messages.js';
import { forEachLeaf } from './write-ahead.js';

/** The tree of a log and its tiles on disk, as the thread has them that does nothing else. Throws the system's errors. */
export class TreeKeeper {
  readonly #tree: TreeBuilder;
  readonly #tiles: TileWriter;
  #written: TreeSnapshot | undefined;
  /** Is written next. */
  #held: TreeSnapshot | undefined;
  /** The size at which the tree is to be held, until it has it. */
  #holdAt: number | undefined;

  constructor({ directory, first, signed, hold, files }: TreeStart) {
    this.#tree = new TreeBuilder(first, first === 0 ? undefined : new TileSource(directory, signed));
    this.#tiles = new TileWriter(directory);
    this.#holdAt = hold;
    for (const { path, length } of files) this.add(readFileSync(join(directory, path)).subarray(0, length));
  }

  /** Takes the entries of whole frames, which are not read afterwards. */
  add(frames: Buffer): void {
    forEachLeaf(frames, this.#addLeaf);
  }

  answer(question: TreeQuestion): TreeHead {
    switch (question.kind) {
      case 'head':
        break;
      case 'write':
        this.#written = this.#held ?? this.#tree.snapshot();
        this.#tiles.write(this.#written);
        return { size: this.#written.size, root: this.#written.root };
      case 'hold':
        this.#held = this.#tree.snapshot();
        break;
      case 'signed':
        this.#signed();
        break;
      case 'settle':
        this.#tiles.syncBefore(question.seq);
        break;
      default:
        unreachable(question);
    }
    return { size: this.#tree.size, root: this.#tree.root() };
  }

  #signed(): void {
    const written = this.#written;
    if (written === undefined) return;
    this.#written = undefined;
    this.#held = undefined;
    this.#tree.confirm(written);
    this.#tiles.replacePartials(written);
  }

  readonly #addLeaf = (frames: Buffer, start: number, end: number): void => {
    this.#tree.add(frames.subarray(start, end));
    if (this.#tree.size !== this.#holdAt) return;
    this.#held = this.#tree.snapshot();
    this.#holdAt = undefined;
  };
}
