import { readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, MAX_ENTRY_BYTES, type Principal, type ValuesErased } from '@sqlwarden/core';
import { SEGMENT_READS } from './begun-reads.js';
import { formatDisclosures, parseDisclosureFile } from './disclosure-lines.js';
import { EntryBytes } from './entry-bytes.js';
import { SEGMENT_ENTRIES, segmentStarts } from './layout.js';
import { ifMissing, LedgerError } from './ledger-error.js';
import { writeFiles } from './tile-files.js';

/** First and last of a run of numbers. */
export type Range = readonly [number, number];

/** Which values are to be erased, and why. */
export interface Erasure {
  /** Of which entries, ascending. */
  readonly entries: readonly Range[];
  /** `text`, `parameter`, `token`, `comment`, `withheld.<field>`; empty: all. */
  readonly names: readonly string[];
  readonly reason: string;
  readonly by?: Principal;
}

/** Kept from before the entry is written until the values are gone: whoever opens the log next does it again. */
const PENDING_FILE = 'erasing.json';
/** What an entry can hold, with room for the rest of it. */
const MAX_RANGES = 1000;
const MAX_REASON = 1000;
/** What an entry has besides: type, time and number. */
const ENTRY_ROOM = 256;

/**
 * Throws a {@link LedgerError}: `not-found` when something else than earlier entries of a log of `size` entries is meant, `entry-too-large` when the
 * entry that says so could not hold all of it.
 */
export function assertErasure(erasure: Erasure, size: number): void {
  const { entries, reason, names } = erasure;
  const refuse = (what: string): never => {
    throw new LedgerError('not-found', `nothing was erased: ${what}`);
  };
  if (entries.length === 0) refuse('no entries are named');
  if (entries.length > MAX_RANGES) refuse(`more than ${MAX_RANGES} runs of entries are named: name some first, and then the others`);
  if (reason.length === 0 || reason.length > MAX_REASON) refuse(`a reason of at most ${MAX_REASON} characters is needed`);
  if (names.some((name) => !/^[a-z][\w.]{0,63}$/i.test(name))) refuse('a name is not one of a value');
  let next = 0;
  for (const [first, last] of entries) {
    if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || first < next || last < first)
      refuse('the runs of entries are not in ascending order');
    if (last >= size) refuse(`there is no entry ${last}`);
    next = last + 1;
  }
  // A list that is withheld from the entry would say something else: that all names, or no entries, are meant.
  if (Buffer.byteLength(canonicalJson(erasure, 'omit')) > MAX_ENTRY_BYTES - ENTRY_ROOM)
    throw new LedgerError('entry-too-large', 'nothing was erased: name fewer values or entries at once');
}

/** The reads whose entries are in the ranges: their values stand under numbers of their own. */
export async function readsOf(directory: string, entries: readonly Range[]): Promise<readonly Range[]> {
  const bytes = new EntryBytes(directory);
  const reads: number[] = [];
  for (const [first, last] of entries) {
    for (let next = first; next <= last; ) {
      const run = (await bytes.run(next)) ?? [];
      if (run.length === 0) throw new LedgerError('not-found', `there is no entry ${next} in the ledger`);
      for (const entry of run.slice(0, last - next + 1)) {
        const read = readOf(entry);
        if (read !== undefined) reads.push(read);
      }
      next += run.length;
    }
  }
  return rangesOf(reads.sort((a, b) => a - b));
}

function readOf(entry: Buffer): number | undefined {
  if (!entry.includes('"type":"statement.completed"')) return undefined;
  const { read } = JSON.parse(entry.toString('utf8')) as { readonly read: number };
  return read;
}

/** What of the ranges is not before `first`. */
export function rangesFrom(ranges: readonly Range[], first: number): Range[] {
  return ranges.filter(([, last]) => last >= first).map(([from, last]) => [Math.max(from, first), last]);
}

/** Ascending numbers as runs. */
export function rangesOf(numbers: Iterable<number>): Range[] {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && number <= last[1] + 1) last[1] = Math.max(last[1], number);
    else ranges.push([number, number]);
  }
  return ranges;
}

/** The first entries of the files of values that an erasure touches. */
export async function filesOf(directory: string, entries: readonly Range[], reads: readonly Range[]): Promise<readonly number[]> {
  const starts = segmentStarts((await readdir(join(directory, 'disclosures')).catch(ifMissing)) ?? []);
  return starts.filter((start) => {
    const firstRead = (start / SEGMENT_ENTRIES) * SEGMENT_READS;
    return overlaps(entries, start, start + SEGMENT_ENTRIES - 1) || overlaps(reads, firstRead, firstRead + SEGMENT_READS - 1);
  });
}

/** A file of values without those that are erased; whatever else stands in it stays as it is, to the byte. */
export function without(file: Buffer, { names }: Pick<ValuesErased, 'names'>, entries: readonly Range[], reads: readonly Range[]): Buffer {
  const { lines } = parseDisclosureFile(file);
  const pieces: Buffer[] = [];
  for (const [at, { line, start }] of lines.entries()) {
    const whole = file.subarray(start, lines[at + 1]?.start ?? file.lastIndexOf(0x0a) + 1);
    const isMeant = line !== undefined && (line.key >= 0 ? overlaps(entries, line.key, line.key) : overlaps(reads, -line.key, -line.key));
    const kept = isMeant ? line.disclosures.filter(({ name }) => names.length > 0 && !names.includes(name)) : undefined;
    if (kept === undefined || line === undefined || kept.length === line.disclosures.length) pieces.push(whole);
    else if (kept.length > 0) pieces.push(Buffer.from(formatDisclosures(line.key, kept)));
  }
  const torn = file.subarray(file.lastIndexOf(0x0a) + 1);
  return Buffer.concat([...pieces, torn]);
}

/** Ranges are ascending and do not overlap each other. */
function overlaps(ranges: readonly Range[], first: number, last: number): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.[1] ?? 0) < first) low = middle + 1;
    else high = middle;
  }
  const found = ranges[low];
  return found !== undefined && found[0] <= last;
}

/** The erasure that a process before this one had begun, if any. */
export async function pendingErasure(directory: string): Promise<Erasure | undefined> {
  const text = await readFile(join(directory, PENDING_FILE), 'utf8').catch(ifMissing);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Erasure;
  } catch (error) {
    throw new LedgerError(
      'corrupt',
      `${PENDING_FILE} cannot be read: what was being erased is not known; erase it again, and remove the file`,
      {
        cause: error,
      },
    );
  }
}

export function notePending(directory: string, erasure: Erasure): Promise<void> {
  return writeFiles(directory, [{ path: PENDING_FILE, bytes: Buffer.from(canonicalJson(erasure, 'omit')), synced: true }]);
}

export async function forgetPending(directory: string): Promise<void> {
  await unlink(join(directory, PENDING_FILE)).catch(ifMissing);
}
