import { DECISION_REACH, type LedgerEvent } from '@sqlwarden/core';
import { EntryBytes, ledgerSize } from '../entry-bytes.js';
import { firstEntry } from '../first-entry.js';
import { TILE_WIDTH } from '../layout.js';
import { LedgerError } from '../ledger-error.js';

/**
 * The entries before `bound` that reads from there on name, or may still name while a gateway is at work: decisions, and beginnings of sessions.
 * Without them nobody could tell what these reads were of. Reads the log itself, as what is removed after this is gone. Throws a {@link LedgerError} as `readEntries` does.
 */
export async function namedBefore(directory: string, bound: number): Promise<ReadonlySet<number>> {
  const source = new EntryBytes(directory);
  const named = new Set<number>();
  const open = new Map<string, number>();
  const recent: number[] = [];
  const reach = (await ledgerSize(directory)) - DECISION_REACH;
  const first = await firstEntry(directory);
  recent.push(...(await decisionsKept(source, Math.max(0, reach), first)));
  let next = first;
  for (let run = await source.run(next); run !== undefined; run = await source.run(next)) {
    for (const bytes of run) {
      const event = parse(bytes, next);
      if (event.type === 'session.opened') open.set(event.session, next);
      else if (event.type === 'session.closed') open.delete(event.session);
      else if (event.type === 'log.opened') open.clear();
      else if (event.type === 'statement.decided' && next >= reach) recent.push(next);
      else if (event.type === 'statement.completed' && next >= bound) named.add(event.decision).add(event.opened);
      next += 1;
    }
  }
  for (const seq of [...open.values(), ...recent]) named.add(seq);
  return new Set([...named].filter((seq) => seq < bound));
}

/** The decisions from `from` on in the bundles that were kept when the entries before `first` were removed: reads may still come that name them. */
async function decisionsKept(source: EntryBytes, from: number, first: number): Promise<readonly number[]> {
  const decisions: number[] = [];
  for (let start = from - (from % TILE_WIDTH); start < first; start += TILE_WIDTH) {
    for (const [at, bytes] of (await bundleAt(source, start)).entries()) {
      if (start + at >= from && parse(bytes, start + at).type === 'statement.decided') decisions.push(start + at);
    }
  }
  return decisions;
}

/** A bundle that may have been removed. */
async function bundleAt(source: EntryBytes, start: number): Promise<readonly Buffer[]> {
  try {
    return (await source.run(start)) ?? [];
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'not-found') return [];
    throw error;
  }
}

function parse(bytes: Buffer, seq: number): LedgerEvent {
  try {
    return JSON.parse(bytes.toString('utf8')) as LedgerEvent;
  } catch (error) {
    throw new LedgerError('corrupt', `entry ${seq} cannot be read: run "sqlwarden ledger verify"`, { cause: error });
  }
}
