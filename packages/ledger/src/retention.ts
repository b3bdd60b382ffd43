import { Worker } from 'node:worker_threads';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEvent, type Principal } from '@sqlwarden/core';
import { EntryBytes } from './entry-bytes.js';
import { SEGMENT_ENTRIES, segmentStart, segmentStarts } from './layout.js';
import { ifMissing, LedgerError } from './ledger-error.js';
import { readRetention, type Retention } from './retention-file.js';
import { sinkCursors } from './sinks/sink-cursor.js';
import type { Sweep } from './sweep.js';

/** How long things are kept, by the time of their entry. What is not given is kept for good. */
export interface RetentionRule {
  /** Entries from before this moment may go, in milliseconds since the epoch. */
  readonly entriesBefore?: number;
  /** Values behind commitments of such entries may go. */
  readonly valuesBefore?: number;
  /** Names of sinks that must have got what goes, also those that have got nothing yet. */
  readonly sinks?: readonly string[];
  readonly by?: Principal;
}

/**
 * What a rule removes of the log as it is: whole segments only, nothing that is still in the write-ahead files or that a sink has not shipped, and
 * never less than was removed before.
 */
export async function boundsOf(directory: string, rule: RetentionRule): Promise<Retention> {
  const there = await readRetention(directory);
  const wal = segmentStarts((await readdir(join(directory, 'wal')).catch(ifMissing)) ?? [])[0] ?? 0;
  const cursors = await sinkCursors(directory);
  const shipped = [...cursors.values()].map(({ next }) => next);
  const isNew = rule.sinks?.some((name) => !cursors.has(name)) === true;
  const most = isNew ? 0 : segmentStart(Math.min(wal, ...shipped));
  const bytes = new EntryBytes(directory);
  const bound = async (from: number, moment: number | undefined): Promise<number> => {
    if (moment === undefined) return from;
    let at = from;
    // All entries of a segment are older when the first one behind it is.
    while (at + SEGMENT_ENTRIES <= most && parseEvent(await bytes.at(at + SEGMENT_ENTRIES)).time < moment) at += SEGMENT_ENTRIES;
    return at;
  };
  const entriesBefore = await bound(there.entriesBefore, rule.entriesBefore);
  const valuesBefore = await bound(Math.max(there.valuesBefore, entriesBefore), rule.valuesBefore);
  return { entriesBefore, valuesBefore };
}

/** Also for the sources, which a test runs. */
const ENTRY = new URL('../dist/sweep-worker.js', import.meta.url);

/** Sweeps in a thread of its own. Rejects with a {@link LedgerError} (`write-failed`). */
export function sweepInThread(sweep: Sweep): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(ENTRY, { workerData: sweep, execArgv: [] });
    let failure: Error | undefined;
    worker.once('error', (error) => (failure = error));
    worker.once('exit', () => {
      if (failure === undefined) resolve();
      else
        reject(
          new LedgerError('write-failed', `what retention removes is not all gone: ${failure.message}; it is tried again`, {
            cause: failure,
          }),
        );
    });
  });
}
