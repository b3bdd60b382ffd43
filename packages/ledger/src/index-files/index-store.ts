import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeFailed } from '../append-file.js';
import { indexPath } from '../layout.js';
import { ifMissing } from '../ledger-error.js';
import { signedRoot } from './build-index.js';
import { decodeIndex, encodeIndex, headOf, MAX_HEAD_BYTES, type SegmentIndex } from './segment-index.js';

/** `missing`; or `unfit`: damaged, of another version of this software, or made from other entries than the tree has. */
export type NoIndex = 'missing' | 'unfit';

/**
 * The index of the segment at `first`, when it is whole and made of the entries that the tree has there. That it says the truth of them is not
 * checked: that is `checkIndex`.
 */
export async function readIndex(directory: string, first: number): Promise<SegmentIndex | NoIndex> {
  const file = await readFile(join(directory, indexPath(first))).catch(ifMissing);
  if (file === undefined) return 'missing';
  const index = decodeIndex(file);
  return index?.first === first && index.root === (await signedRoot(directory, first)) ? index : 'unfit';
}

/** Whether there is an index that was made, by this version, from the entries that the tree has there; what is behind its head is not looked at. */
export async function hasIndex(directory: string, first: number): Promise<boolean> {
  const file = await open(join(directory, indexPath(first)), 'r').catch(ifMissing);
  if (file === undefined) return false;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_HEAD_BYTES), 0, MAX_HEAD_BYTES, 0);
    const head = headOf(buffer.subarray(0, bytesRead));
    return head?.first === first && head.root === (await signedRoot(directory, first));
  } finally {
    await file.close();
  }
}

/** Puts an index in the place of whatever was there; readers see the one or the other. Throws a `LedgerError` (`write-failed`). */
export async function writeIndex(directory: string, index: SegmentIndex): Promise<void> {
  const path = join(directory, indexPath(index.first));
  const draft = `${path}.${randomUUID()}${DRAFT}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o750 });
    await writeFile(draft, encodeIndex(index), { flag: 'wx', mode: 0o640 });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw writeFailed(error);
  }
}

/** The names of the files in `index/`. */
export async function indexNames(directory: string): Promise<readonly string[]> {
  return (await readdir(join(directory, dirname(indexPath(0)))).catch(ifMissing)) ?? [];
}

const DRAFT = '.draft';
/** Much longer than it takes to write one. */
const ABANDONED_MS = 3_600_000;

/** Removes what builders left behind that died. */
export async function removeAbandoned(directory: string, now: number): Promise<void> {
  for (const name of await indexNames(directory)) {
    if (!name.endsWith(DRAFT)) continue;
    const path = join(directory, dirname(indexPath(0)), name);
    const written = (await stat(path).catch(ifMissing))?.mtimeMs ?? now;
    if (now - written > ABANDONED_MS) await rm(path, { force: true });
  }
}
