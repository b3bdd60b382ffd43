import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { commitmentsOf, type Disclosure, type LedgerEvent, parseCheckpoint, parseEvent, parseNote } from '@sqlwarden/core';
import { parseDisclosureFile } from './disclosure-lines.js';
import { disclosuresPath, segmentStart, segmentStarts, TILE_WIDTH, tilePath, walPath } from './layout.js';
import { ifMissing, LedgerError } from './ledger-error.js';
import { openDisclosures } from './open-disclosures.js';
import { decodeBundle } from './tile-files.js';
import { decodeRecords, entryOf } from './write-ahead.js';

/** An entry with what is kept beside it. */
export interface LedgerEntry {
  readonly seq: number;
  /** With fields that were withheld for their size put back, where their values are still there. */
  readonly event: LedgerEvent;
  /** The values that are there, each checked against its commitment. */
  readonly disclosures: readonly Disclosure[];
  /** Names of commitments whose values are not there: erased, or changed and therefore not believed. */
  readonly redacted: readonly string[];
}

export interface ReadOptions {
  /** First entry. Default 0. */
  readonly from?: number;
  /** Ends before this one. Default: the end of the log. */
  readonly to?: number;
}

/**
 * The entries of a log, in order, one bundle in memory at a time; works beside a running gateway. Does not verify the tree: that is `verifyLedger`.
 * Throws a {@link LedgerError}: `not-found` when there is no log, `corrupt` when an entry in the range cannot be read.
 */
export async function* readEntries(directory: string, options: ReadOptions = {}): AsyncGenerator<LedgerEntry, void, undefined> {
  const disclosures = new DisclosureReader(directory);
  for await (const { seq, bytes } of readEntryBytes(directory, options)) {
    yield await joinDisclosures(seq, eventOf(bytes, seq), disclosures);
  }
}

/** One entry. Throws a {@link LedgerError} (`not-found`) when there is none at `seq`. */
export async function readEntry(directory: string, seq: number): Promise<LedgerEntry> {
  for await (const entry of readEntries(directory, { from: seq, to: seq + 1 })) return entry;
  throw new LedgerError('not-found', `there is no entry ${seq} in the ledger`);
}

/** The canonical bytes of one entry, as they were hashed. Throws a {@link LedgerError} (`not-found`). */
export async function readEntryBytesAt(directory: string, seq: number): Promise<Buffer> {
  for await (const { bytes } of readEntryBytes(directory, { from: seq, to: seq + 1 })) return bytes;
  throw new LedgerError('not-found', `there is no entry ${seq} in the ledger`);
}

export interface TailOptions {
  /** How many of the last entries to begin with. Default 10. */
  readonly count?: number;
  /** Goes on with new entries until it is aborted. */
  readonly follow?: AbortSignal;
  /** How often to look for them. Default 250. */
  readonly pollMs?: number;
}

/** The last entries, and with `follow` those that are still to come. */
export async function* tail(directory: string, options: TailOptions = {}): AsyncGenerator<LedgerEntry, void, undefined> {
  const { count = 10, follow, pollMs = 250 } = options;
  let next = Math.max(0, (await ledgerSize(directory)) - count);
  for (;;) {
    for await (const entry of readEntries(directory, { from: next })) {
      yield entry;
      next = entry.seq + 1;
      if (follow?.aborted === true) return;
    }
    if (follow === undefined || follow.aborted) return;
    await pause(pollMs, follow);
  }
}

/** How many entries there are, signed or not. Throws a {@link LedgerError} (`not-found`) when there is no log. */
export async function ledgerSize(directory: string): Promise<number> {
  const last = (await walStarts(directory)).at(-1);
  if (last !== undefined) return last + (await readWal(directory, last)).length;
  return signedSize(directory);
}

async function* readEntryBytes(
  directory: string,
  { from = 0, to = Number.POSITIVE_INFINITY }: ReadOptions,
): AsyncGenerator<{ seq: number; bytes: Buffer }> {
  let next = from;
  while (next < to) {
    const run = await readRun(directory, next);
    if (run === undefined) return;
    for (const bytes of run) {
      if (next >= to) return;
      yield { seq: next, bytes };
      next += 1;
    }
  }
}

/** Some entries from `seq` on; `undefined` at the end of the log. */
async function readRun(directory: string, seq: number): Promise<readonly Buffer[] | undefined> {
  const starts = await walStarts(directory);
  const size = starts.length === 0 ? await signedSize(directory) : Number.POSITIVE_INFINITY;
  if (seq >= size) return undefined;
  const index = Math.floor(seq / TILE_WIDTH);
  for (const width of [TILE_WIDTH, Math.min(TILE_WIDTH, size - index * TILE_WIDTH)]) {
    const bundle = await readFile(join(directory, tilePath('entries', index, width))).catch(ifMissing);
    const entries = bundle === undefined ? undefined : decodeBundle(bundle);
    if (entries?.length === width) return entries.slice(seq % TILE_WIDTH);
    if (bundle !== undefined)
      throw new LedgerError(
        'corrupt',
        `${tilePath('entries', index, width)} is not a bundle of ${width} entries: run "sqlwarden ledger verify"`,
      );
  }
  const start = starts.filter((candidate) => candidate <= seq).at(-1);
  if (start === undefined) throw new LedgerError('corrupt', `entry ${seq} is in no file of the ledger: run "sqlwarden ledger verify"`);
  const entries = (await readWal(directory, start)).slice(seq - start);
  return entries.length > 0 ? entries : undefined;
}

async function walStarts(directory: string): Promise<number[]> {
  return segmentStarts((await readdir(join(directory, 'wal')).catch(ifMissing)) ?? []);
}

async function readWal(directory: string, start: number): Promise<Buffer[]> {
  const file = await readFile(join(directory, walPath(start))).catch(ifMissing);
  return file === undefined ? [] : decodeRecords(file, walPath(start)).records.map(entryOf);
}

async function signedSize(directory: string): Promise<number> {
  const note = await readFile(join(directory, 'checkpoint'), 'utf8').catch(ifMissing);
  if (note !== undefined) return parseCheckpoint(parseNote(note).text).size;
  const isDirectory = (await stat(directory).catch(ifMissing))?.isDirectory() === true;
  throw new LedgerError('not-found', isDirectory ? `${directory} holds no ledger` : `there is no directory ${directory}`);
}

function eventOf(bytes: Buffer, seq: number): LedgerEvent {
  try {
    return parseEvent(bytes);
  } catch (error) {
    throw new LedgerError('corrupt', `entry ${seq} cannot be read: run "sqlwarden ledger verify"`, { cause: error });
  }
}

async function joinDisclosures(seq: number, event: LedgerEvent, reader: DisclosureReader): Promise<LedgerEntry> {
  if (commitmentsOf(event).length === 0) return { seq, event, disclosures: [], redacted: [] };
  const opened = openDisclosures(event, await reader.of(seq));
  return { seq, event: opened.event, disclosures: opened.disclosures, redacted: opened.redacted };
}

/** The disclosure files, one in memory at a time. */
class DisclosureReader {
  readonly #directory: string;
  #start = -1;
  #lines = new Map<number, readonly Disclosure[]>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  async of(seq: number): Promise<readonly Disclosure[]> {
    const start = segmentStart(seq);
    if (start !== this.#start) {
      const file = await readFile(join(this.#directory, disclosuresPath(start))).catch(ifMissing);
      const { lines } = parseDisclosureFile(file ?? Buffer.alloc(0));
      this.#lines = new Map(lines.flatMap(({ line }) => (line === undefined ? [] : [[line.seq, line.disclosures] as const])));
      this.#start = start;
    }
    return this.#lines.get(seq) ?? [];
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
