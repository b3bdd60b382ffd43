import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { commitmentsOf, type Disclosure, type LedgerEvent, parseCheckpoint, parseEvent, parseNote } from '@sqlwarden/core';
import { segmentOfRead } from './begun-reads.js';
import { parseDisclosureFile } from './disclosure-lines.js';
import { disclosuresPath, segmentStart, segmentStarts, TILE_WIDTH, tilePath, walPath } from './layout.js';
import { ifMissing, LedgerError } from './ledger-error.js';
import { openDisclosures } from './open-disclosures.js';
import { decodeBundle } from './tile-files.js';
import { decodeFrames, entryOf } from './write-ahead.js';

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
export function readEntry(directory: string, seq: number): Promise<LedgerEntry> {
  return new EntryReader(directory).read(seq);
}

/** Reads entries here and there in a log; keeps a few files of disclosures in memory. */
export class EntryReader {
  readonly #directory: string;
  readonly #disclosures: DisclosureReader;

  constructor(directory: string) {
    this.#directory = directory;
    this.#disclosures = new DisclosureReader(directory);
  }

  /** Throws a {@link LedgerError} (`not-found`) when there is none at `seq`. */
  async read(seq: number): Promise<LedgerEntry> {
    return joinDisclosures(seq, eventOf(await readEntryBytesAt(this.#directory, seq), seq), this.#disclosures);
  }
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
  if (last !== undefined) return last + ((await readWal(directory, last))?.length ?? 0);
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
  const written = await readWal(directory, start);
  // Removed meanwhile by a writer at work: its entries are in bundles now.
  if (written === undefined) return readRun(directory, seq);
  return written.length > seq - start ? written.slice(seq - start) : undefined;
}

async function walStarts(directory: string): Promise<number[]> {
  return segmentStarts((await readdir(join(directory, 'wal')).catch(ifMissing)) ?? []);
}

/** The entries of a write-ahead file; `undefined` when it is not there (any more). */
async function readWal(directory: string, start: number): Promise<Buffer[] | undefined> {
  const file = await readFile(join(directory, walPath(start))).catch(ifMissing);
  return file === undefined ? undefined : decodeFrames(file, walPath(start)).leaves.map(entryOf);
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
  const own = await reader.of(segmentStart(seq), seq);
  const values = event.type === 'statement.completed' ? await reader.of(segmentOfRead(event.read), -event.read) : [];
  const opened = openDisclosures(event, values.length === 0 ? own : [...own, ...values]);
  return { seq, event: opened.event, disclosures: opened.disclosures, redacted: opened.redacted };
}

/** Disclosure files in memory at once: that of the entries at hand, and that of reads which were begun before. */
const MAX_FILES = 3;

interface DisclosureFile {
  readonly bytes: number;
  readonly lines: ReadonlyMap<number, readonly Disclosure[]>;
}

/** The disclosure files, a few in memory at a time. */
class DisclosureReader {
  readonly #directory: string;
  /** By the first entry of the file, those read last at the end. */
  readonly #files = new Map<number, DisclosureFile>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** What the file of the segment at `start` has under a key. */
  async of(start: number, key: number): Promise<readonly Disclosure[]> {
    const known = this.#files.get(start);
    const found = known?.lines.get(key);
    if (found !== undefined) return found;
    // A gateway at work may have written more since the file was read.
    if (known !== undefined && (await this.#bytesOf(start)) === known.bytes) return [];
    return (await this.#read(start)).lines.get(key) ?? [];
  }

  async #read(start: number): Promise<DisclosureFile> {
    const bytes = (await readFile(join(this.#directory, disclosuresPath(start))).catch(ifMissing)) ?? Buffer.alloc(0);
    const entries = parseDisclosureFile(bytes).lines.flatMap(({ line }) =>
      line === undefined ? [] : [[line.key, line.disclosures] as const],
    );
    const file = { bytes: bytes.length, lines: new Map(entries) };
    this.#files.delete(start);
    this.#files.set(start, file);
    for (const oldest of this.#files.keys()) {
      if (this.#files.size <= MAX_FILES) break;
      this.#files.delete(oldest);
    }
    return file;
  }

  async #bytesOf(start: number): Promise<number> {
    return (await stat(join(this.#directory, disclosuresPath(start))).catch(ifMissing))?.size ?? 0;
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
