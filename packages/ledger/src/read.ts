import { commitmentsOf, type Disclosure, type LedgerEvent, parseEvent } from '@sqlwarden/core';
import { segmentOfRead } from './begun-reads.js';
import { DisclosureReader } from './disclosure-reader.js';
import { EntryBytes, ledgerSize } from './entry-bytes.js';
import { firstEntry } from './first-entry.js';
import { segmentStart } from './layout.js';
import { LedgerError } from './ledger-error.js';
import { openDisclosures } from './open-disclosures.js';

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
  /** First entry. Default, and the earliest: the first one that retention has left. */
  readonly from?: number;
  /** Ends before this one. Default: the end of the log. */
  readonly to?: number;
}

/**
 * The entries of a log, in order, one bundle in memory at a time; works beside a running gateway, whose entries of the turn at hand are still in
 * its memory. Does not verify the tree: that is `verifyLedger`. Throws a {@link LedgerError}: `not-found` when there is no log, `corrupt` when an entry in the range cannot be read.
 */
export async function* readEntries(directory: string, options: ReadOptions = {}): AsyncGenerator<LedgerEntry, void, undefined> {
  const reader = new EntryReader(directory);
  const { from = 0, to = Number.POSITIVE_INFINITY } = options;
  for (let next = Math.max(from, await firstEntry(directory)); next < to; ) {
    let run: readonly Buffer[] | undefined;
    try {
      run = await reader.run(next);
    } catch (error) {
      const first = await firstEntry(directory);
      if (first <= next) throw error;
      // Removed by retention meanwhile.
      next = first;
      continue;
    }
    if (run === undefined) return;
    for (const bytes of run) {
      if (next >= to) return;
      yield await reader.entry(next, bytes);
      next += 1;
    }
  }
}

/** One entry. Throws a {@link LedgerError} (`not-found`) when there is none at `seq`. */
export function readEntry(directory: string, seq: number): Promise<LedgerEntry> {
  return new EntryReader(directory).read(seq);
}

/** Reads entries here and there in a log; keeps a few bundles and files of disclosures in memory. */
export class EntryReader {
  readonly #bytes: EntryBytes;
  readonly #disclosures: DisclosureReader;

  constructor(directory: string) {
    this.#bytes = new EntryBytes(directory);
    this.#disclosures = new DisclosureReader(directory);
  }

  /** Throws a {@link LedgerError} (`not-found`) when there is none at `seq`. */
  async read(seq: number): Promise<LedgerEntry> {
    return this.entry(seq, await this.#bytes.at(seq));
  }

  /** As {@link EntryBytes.run}. */
  run(seq: number): Promise<readonly Buffer[] | undefined> {
    return this.#bytes.run(seq);
  }

  /** The entry of bytes that were read. Throws a {@link LedgerError} (`corrupt`) when they are none. */
  entry(seq: number, bytes: Buffer): Promise<LedgerEntry> {
    return joinDisclosures(seq, eventOf(bytes, seq), this.#disclosures);
  }
}

/** The canonical bytes of one entry, as they were hashed. Throws a {@link LedgerError} (`not-found`). */
export function readEntryBytesAt(directory: string, seq: number): Promise<Buffer> {
  return new EntryBytes(directory).at(seq);
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

function eventOf(bytes: Buffer, seq: number): LedgerEvent {
  try {
    return parseEvent(bytes);
  } catch (error) {
    throw new LedgerError('corrupt', `entry ${seq} cannot be read: run "sqlwarden ledger verify"`, { cause: error });
  }
}

async function joinDisclosures(seq: number, event: LedgerEvent, reader: DisclosureReader): Promise<LedgerEntry> {
  if (commitmentsOf(event).length === 0) return { seq, event, disclosures: [], redacted: [] };
  const isRead = event.type === 'statement.completed';
  // The values of a read stand under the number that it got when it was begun, but for what did not fit in its entry.
  const own = isRead && event.withheld === undefined ? [] : await reader.of(segmentStart(seq), seq);
  const values = isRead ? await reader.of(segmentOfRead(event.read), -event.read) : [];
  const opened = openDisclosures(event, values.length === 0 ? own : [...own, ...values]);
  return { seq, event: opened.event, disclosures: opened.disclosures, redacted: opened.redacted };
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
