import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { signedSize } from '../entry-bytes.js';
import { firstEntry } from '../first-entry.js';
import { indexPath, SEGMENT_ENTRIES, segmentStarts } from '../layout.js';
import { ifMissing, LedgerError } from '../ledger-error.js';
import { buildIndex } from './build-index.js';
import { hasIndex, indexNames, readIndex, removeAbandoned, writeIndex } from './index-store.js';
import { encodeIndex, type SegmentIndex } from './segment-index.js';

export interface IndexOptions {
  /** `all` makes those anew that are there, `damaged` those of which not every byte is as it was made. Default: where the head does not fit. */
  readonly rebuild?: 'all' | 'damaged';
  /** Stops between two segments. */
  readonly signal?: AbortSignal;
}

export interface IndexReport {
  /** Full segments that there are. */
  readonly segments: number;
  /** First entries of those that were made now. */
  readonly built: readonly number[];
  /** Those that cannot be made, as their entries are not what was hashed. */
  readonly failed: readonly { readonly first: number; readonly message: string }[];
}

/**
 * Makes the index files of full, signed segments that have none, or one that does not fit, and removes those of entries that are gone. Does nothing
 * twice, and can run beside the writer, readers and itself. Throws a {@link LedgerError}: `write-failed`, or `not-found` when there is no log.
 */
export async function indexFullSegments(directory: string, { rebuild, signal }: IndexOptions = {}): Promise<IndexReport> {
  const bound = await firstEntry(directory);
  const names = await indexNames(directory);
  const there = new Set(segmentStarts(names));
  for (const first of there) if (first < bound) await rm(join(directory, indexPath(first)), { force: true });
  await removeAbandoned(directory, Date.now());
  const starts = await fullSegments(directory, bound);
  const built: number[] = [];
  const failed: { first: number; message: string }[] = [];
  for (const first of starts) {
    if (signal?.aborted === true) break;
    if (rebuild !== 'all' && there.has(first) && (await isThere(directory, first, rebuild))) continue;
    try {
      await writeIndex(directory, await buildIndex(directory, first));
      built.push(first);
    } catch (error) {
      if (!(error instanceof LedgerError) || error.code === 'write-failed') throw error;
      failed.push({ first, message: error.message });
    }
  }
  return { segments: starts.length, built, failed };
}

export interface IndexCheck {
  readonly segments: number;
  /** Full segments without an index: they are read from the log. */
  readonly missing: readonly number[];
  /** Damaged, or made from other entries or by another version: not used. */
  readonly unfit: readonly number[];
  /** They look as if they fit, and do not say what the entries say: somebody changed them. */
  readonly wrong: readonly number[];
}

/** Makes every index anew in memory and compares it with the file, byte by byte. Throws as {@link buildIndex} does. */
export async function checkIndex(directory: string): Promise<IndexCheck> {
  const starts = await fullSegments(directory, await firstEntry(directory));
  const found = { missing: [] as number[], unfit: [] as number[], wrong: [] as number[] };
  for (const first of starts) {
    const index = await readIndex(directory, first);
    if (typeof index === 'string') found[index].push(first);
    else if (!(await isFileOf(directory, await buildIndex(directory, first)))) found.wrong.push(first);
  }
  return { segments: starts.length, ...found };
}

async function isFileOf(directory: string, index: SegmentIndex): Promise<boolean> {
  const file = await readFile(join(directory, indexPath(index.first))).catch(ifMissing);
  return file?.equals(encodeIndex(index)) === true;
}

async function isThere(directory: string, first: number, rebuild: 'damaged' | undefined): Promise<boolean> {
  return rebuild === undefined ? hasIndex(directory, first) : typeof (await readIndex(directory, first)) !== 'string';
}

async function fullSegments(directory: string, from: number): Promise<readonly number[]> {
  const full = Math.floor((await signedSize(directory)) / SEGMENT_ENTRIES) - from / SEGMENT_ENTRIES;
  return Array.from({ length: Math.max(0, full) }, (_, at) => from + at * SEGMENT_ENTRIES);
}
