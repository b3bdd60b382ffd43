import { hash } from 'node:crypto';
import { HASH_BYTES, MAX_ENTRY_BYTES } from '@sqlwarden/core';
import { foldHashes } from '../fold-hashes.js';
import { SEGMENT_ENTRIES, TILE_WIDTH } from '../layout.js';

/** The hash (RFC 6962 section 2.1) over the entries of one full segment, in memory that is used again for each tile of them. */
export class SegmentRoot {
  /** `0x00 ‖ entry`. */
  readonly #leaf = Buffer.alloc(1 + MAX_ENTRY_BYTES);
  readonly #leaves = Buffer.alloc(TILE_WIDTH * HASH_BYTES);
  readonly #tiles = Buffer.alloc((SEGMENT_ENTRIES / TILE_WIDTH) * HASH_BYTES);
  #size = 0;

  /** The next entry, of {@link SEGMENT_ENTRIES} at most. */
  add(entry: Buffer): void {
    entry.copy(this.#leaf, 1);
    const place = this.#size % TILE_WIDTH;
    this.#leaves.write(hash('sha256', this.#leaf.subarray(0, 1 + entry.length), 'binary'), place * HASH_BYTES, 'latin1');
    if (place === TILE_WIDTH - 1) this.#tiles.set(foldHashes(this.#leaves), ((this.#size - place) / TILE_WIDTH) * HASH_BYTES);
    this.#size += 1;
  }

  /** When all entries were added; base64. */
  root(): string {
    return Buffer.from(foldHashes(this.#tiles)).toString('base64');
  }
}
