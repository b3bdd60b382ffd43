import type { NewLedgerEvent, RetentionApplied } from '@sqlwarden/core';
import type { EntryFiles } from './entry-files.js';
import {
  assertErasure,
  type Erasure,
  filesOf,
  forgetPending,
  notePending,
  pendingErasure,
  rangesFrom,
  readsOf,
  without,
} from './erasure.js';
import { firstEntry } from './first-entry.js';
import { boundsOf, type RetentionRule, sweepInThread } from './retention.js';
import { readRetention, type Retention } from './retention-file.js';
import { isSweeping, sweepFiles } from './sweep.js';

/** What upkeep needs of the log that is open. */
export interface UpkeepParts {
  readonly directory: string;
  readonly files: EntryFiles;
  /** Appends an entry; resolves when it is on stable storage. */
  readonly record: (event: NewLedgerEvent) => Promise<void>;
  /** Resolves when everything that was taken is on stable storage. */
  readonly settled: () => Promise<void>;
  /** Entries that are written. */
  readonly size: () => number;
  /** Entries that later ones will name: beginnings of sessions and decisions, of what is open. */
  readonly named: () => readonly number[];
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
  resume(): Promise<void> {
    return this.#next(() => this.#endPending());
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
    const erasure = { entries, names, reason, ...(by === undefined ? {} : { by }) };
    assertErasure(erasure, this.#parts.size());
    await this.#endPending();
    await this.#apply(erasure);
  }

  /** What failed half-way, in this process or one before it, comes first: there is one place only to note it. */
  async #endPending(): Promise<void> {
    const { directory, size } = this.#parts;
    const pending = await pendingErasure(directory);
    if (pending === undefined) return;
    // Retention may have removed some of the entries meanwhile, and all of their values.
    const entries = rangesFrom(pending.entries, await firstEntry(directory));
    if (entries.length === 0) return forgetPending(directory);
    assertErasure({ ...pending, entries }, size());
    return this.#apply({ ...pending, entries });
  }

  async #apply(erasure: Erasure): Promise<void> {
    const { directory, files, record, settled } = this.#parts;
    const { entries } = erasure;
    const reads = await readsOf(directory, entries);
    // Loss of power must not take back what is named: another entry would get its number.
    await settled();
    await notePending(directory, erasure);
    await record({ type: 'values.erased', ...erasure });
    for (const start of await filesOf(directory, entries, reads)) {
      await files.rewriteDisclosures(start, (file) => without(file, erasure, entries, reads));
    }
    await forgetPending(directory);
  }

  async #retain({ by, ...rule }: RetentionRule): Promise<Retention> {
    const { directory, files, record } = this.#parts;
    const bounds = await boundsOf(directory, rule);
    const before = await readRetention(directory);
    if (bounds.entriesBefore === before.entriesBefore && bounds.valuesBefore === before.valuesBefore) {
      // A process before this one may have died while it removed them.
      if (await isSweeping(directory)) await this.#sweep(before);
      else await sweepFiles(directory, before);
      return before;
    }
    const event = { type: 'retention.applied', ...bounds, ...(by === undefined ? {} : { by }) } as const satisfies Omit<
      RetentionApplied,
      'v' | 'seq' | 'time'
    >;
    await record(event);
    files.releaseDisclosures(bounds.valuesBefore);
    await this.#sweep(bounds);
    return bounds;
  }

  #sweep(bounds: Retention): Promise<void> {
    const { directory, named } = this.#parts;
    return sweepInThread({ directory, ...bounds, kept: named().filter((seq) => seq < bounds.entriesBefore) });
  }
}
