import { hash } from 'node:crypto';
import { HASH_BYTES } from '@sqlwarden/core';

const node = Buffer.alloc(1 + 2 * HASH_BYTES, 1);

/** RFC 6962 section 2.1: the root over 1 to 256 hashes that stand in a row. They are left as they are; the root is the caller's own. */
export function foldHashes(hashes: Buffer): Uint8Array {
  const row = Buffer.from(hashes);
  let width = row.length / HASH_BYTES;
  // Level by level; the last node of an odd row goes up as it is, which is where the largest power of two below the size splits.
  while (width > 1) {
    for (let n = 0; n + 1 < width; n += 2) {
      row.copy(node, 1, n * HASH_BYTES, (n + 2) * HASH_BYTES);
      row.write(hash('sha256', node, 'binary'), (n / 2) * HASH_BYTES, 'latin1');
    }
    if (width % 2 === 1) row.copy(row, ((width - 1) / 2) * HASH_BYTES, (width - 1) * HASH_BYTES, width * HASH_BYTES);
    width = Math.ceil(width / 2);
  }
  return row.subarray(0, HASH_BYTES);
}
