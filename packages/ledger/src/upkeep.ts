import type { NewLedgerEvent, RetentionApplied } from '@sqlwarden/core';
import type { EntryFiles } from './entry-files.js';
import { assertErasure, type Erasure, filesOf, forgetPending, notePending, pendingErasure, readsOf, without } from './erasure.js';
import { boundsOf, type RetentionRule, sweepInThread } from './retention.js';
import { readRetention, type Retention } from './retention-file.js';
import { sweepFiles } from './sweep.js';

/** What upkeep needs of the log that is open. */
export interface UpkeepParts {
  readonly directory: string;
  readonly files: EntryFiles;
  /** Appends an entry; resolves when it is on stable storage. */
  readonly record: (event: NewLedgerEvent) => Promise<void>;
  /** Entries that are written. */
  readonly size: () => number;
  /** The `session.opened` entries of sessions that are open. */
  readonly sessions: () => readonly number[];
}

/** Removes what is to be forgotten of a log, one thing after the other. An entry says so before anything goes. */
export class Upkeep {
  readonly #parts: UpkeepParts;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
  }

  /** Erases values. Rejects with a `LedgerError` (`not-found`) when what is named is not there; nothing has happened then. */
  erase(erasure: Erasure): Promise<void> {
    return this.#next(() => this.#erase(erasure));
  }

  /** Ends what a process before this one had begun. */
  async resume(): Promise<void> {
    const erasure = await pendingErasure(this.#parts.directory);
    if (erasure !== undefined) await this.erase(erasure);
  }

  /** Removes what is older than a rule says; what was removed then, this time or before. */
  retain(rule: RetentionRule): Promise<Retention> {
    return this.#next(() => this.#retain(rule));
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#last;
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #erase({ entries, names, reason, by }: Erasure): Promise<void> {
    const { directory, files, record, size } = this.#parts;
    const erasure = { entries, names, reason, ...(by === undefined ? {} : { by }) };
    assertErasure(erasure, size());
    const reads = await readsOf(directory, entries);
    await notePending(directory, erasure);
    await record({ type: 'values.erased', ...erasure });
    for (const start of await filesOf(directory, entries, reads)) {
      await files.rewriteDisclosures(start, (file) => without(file, erasure, entries, reads));
    }
    await forgetPending(directory);
  }

  async #retain({ by, ...rule }: RetentionRule): Promise<Retention> {
    const { directory, files, record, sessions } = this.#parts;
    const bounds = await boundsOf(directory, rule);
    const before = await readRetention(directory);
    if (bounds.entriesBefore === before.entriesBefore && bounds.valuesBefore === before.valuesBefore) {
      // A process before this one may have died while it removed them.
      await sweepFiles(directory, before);
      return before;
    }
    const event = { type: 'retention.applied', ...bounds, ...(by === undefined ? {} : { by }) } as const satisfies Omit<
      RetentionApplied,
      'v' | 'seq' | 'time'
    >;
    await record(event);
    files.releaseDisclosures(bounds.valuesBefore);
    await sweepInThread({ directory, ...bounds, kept: sessions().filter((seq) => seq < bounds.entriesBefore) });
    return bounds;
  }
}
