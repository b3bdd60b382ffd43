import { DECISION_REACH, type LedgerEvent } from '@sqlwarden/core';
import { EntryBytes, ledgerSize } from '../entry-bytes.js';
import { firstEntry } from '../first-entry.js';
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
  let next = await firstEntry(directory);
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

function parse(bytes: Buffer, seq: number): LedgerEvent {
  try {
    return JSON.parse(bytes.toString('utf8')) as LedgerEvent;
  } catch (error) {
    throw new LedgerError('corrupt', `entry ${seq} cannot be read: run "sqlwarden ledger verify"`, { cause: error });
  }
}
