import { firstEntry } from '../first-entry.js';
import { LedgerError } from '../ledger-error.js';
import { SignedEntries } from './signed-entries.js';
import { EntryContexts, type SinkEntry } from './sink-entry.js';

/**
 * The entries from `from` to before `to` that are under a checkpoint, as sinks get them. Reads from the beginning, since what an entry is about may
 * stand anywhere before it. Throws a {@link LedgerError}: `not-found` when there is no signed log, `corrupt` when an entry cannot be read.
 */
export async function* signedEntries(
  directory: string,
  from = 0,
  to = Number.POSITIVE_INFINITY,
): AsyncGenerator<SinkEntry, void, undefined> {
  const entries = new SignedEntries(directory);
  const contexts = new EntryContexts(entries);
  const { size } = await entries.look();
  if (size === 0) throw new LedgerError('not-found', `${directory} holds no ledger that was signed`);
  const end = Math.min(size, to);
  for (let next = await firstEntry(directory); next < end; ) {
    for (const bytes of await entries.from(next)) {
      if (next >= end) return;
      const entry = await contexts.next(next, bytes);
      if (next >= from) yield entry;
      next += 1;
    }
  }
}
