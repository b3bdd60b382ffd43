import type { SessionOpened, StatementCompleted, StatementDecided } from '@sqlwarden/core';
import { LedgerError } from '../ledger-error.js';
import { EntryReader, type LedgerEntry } from '../read.js';

/** A {@link StatementDecided} entry with what is kept beside it. */
export type DecidedEntry = LedgerEntry & { readonly event: StatementDecided };

/** What the entry of a read does not say itself: what was decided, and who is behind its session. */
export interface ReadContext {
  readonly decision: DecidedEntry;
  readonly session: SessionOpened;
}

/** Entries that are kept in memory; others are looked up again. */
const MAX_KEPT = 4096;

/** Finds the decision and the session of reads. What was seen lately is in memory, the rest is looked up in the log. */
export class ReadContexts {
  readonly #reader: EntryReader;
  readonly #kept = new Map<number, LedgerEntry>();

  constructor(directory: string) {
    this.#reader = new EntryReader(directory);
  }

  /** Remembers an entry that reads behind it may name. */
  note(entry: LedgerEntry): void {
    if (entry.event.type === 'statement.decided' || entry.event.type === 'session.opened') this.#keep(entry);
  }

  /** One entry. Throws a {@link LedgerError} as `readEntry` does. */
  async read(seq: number): Promise<LedgerEntry> {
    return this.#kept.get(seq) ?? this.#reader.read(seq);
  }

  /** The beginning of a session. Throws a {@link LedgerError} (`corrupt`) when the entry is of something else. */
  async session(seq: number, session: string): Promise<SessionOpened> {
    const { event } = await this.#entry(seq);
    if (event.type !== 'session.opened' || event.session !== session)
      throw new LedgerError(
        'corrupt',
        `entry ${seq} is not the beginning of a session that others say it is: run "sqlwarden ledger verify"`,
      );
    return event;
  }

  /** Throws a {@link LedgerError} (`corrupt`) when the read names something else than a decision and the beginning of its session. */
  async of(read: StatementCompleted): Promise<ReadContext> {
    const decision = await this.#entry(read.decision);
    const { event: session } = await this.#entry(read.opened);
    if (!isDecided(decision) || session.type !== 'session.opened' || session.session !== read.session) {
      throw new LedgerError('corrupt', `entry ${read.seq} names a decision or session that is none: run "sqlwarden ledger verify"`);
    }
    return { decision, session };
  }

  async #entry(seq: number): Promise<LedgerEntry> {
    const entry = this.#kept.get(seq) ?? (await this.#reader.read(seq));
    this.#keep(entry);
    return entry;
  }

  /** Puts an entry behind all others; the one that was not asked for longest goes. */
  #keep(entry: LedgerEntry): void {
    this.#kept.delete(entry.seq);
    this.#kept.set(entry.seq, entry);
    if (this.#kept.size <= MAX_KEPT) return;
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest);
      return;
    }
  }
}

function isDecided(entry: LedgerEntry): entry is DecidedEntry {
  return entry.event.type === 'statement.decided';
}
