import { type LedgerEvent, parseEvent, type SessionOpened, type StatementDecided, type StatementIntent } from '@sqlwarden/core';
import { LedgerError } from '../ledger-error.js';
import type { SignedEntries } from './signed-entries.js';

/** An entry as sinks get it: without the values behind its commitments, with what it is about. */
export interface SinkEntry {
  /** The name of its log. */
  readonly origin: string;
  readonly seq: number;
  /** Its canonical bytes: SHA-256 over 0x00 and these is its leaf in the tree. */
  readonly bytes: Buffer;
  readonly event: LedgerEvent;
  /** The beginning of the session that it belongs to, where that is known. */
  readonly session: SessionOpened | undefined;
  /** Of an outcome: what was decided before. */
  readonly unit: StatementIntent | StatementDecided | undefined;
}

/** The same entry under the same id, however often it comes: receivers drop doubles by it. */
export function entryId({ origin, seq }: Pick<SinkEntry, 'origin' | 'seq'>): string {
  return `${origin}#${seq}`;
}

/** An entry has at most 64 KiB. */
const MAX_KEPT = 512;

/** Puts to entries, read in order, what they are about. */
export class EntryContexts {
  readonly #entries: SignedEntries;
  /** By id, with the `seq` of their beginning. */
  readonly #sessions = new Map<string, SessionOpened>();
  readonly #units = new Map<number, StatementIntent | StatementDecided>();

  constructor(entries: SignedEntries) {
    this.#entries = entries;
  }

  /** The `session.opened` entries of the sessions that are open. */
  get open(): readonly number[] {
    return [...this.#sessions.values()].map(({ seq }) => seq);
  }

  /** Begins anew with the sessions that were open at some entry. Throws a {@link LedgerError} (`corrupt`). */
  async restore(open: readonly number[]): Promise<void> {
    this.#sessions.clear();
    for (const seq of open) {
      const bytes = await this.#entries.at(seq);
      const event = bytes && eventOf(bytes, seq);
      if (event?.type === 'session.opened') this.#sessions.set(event.session, event);
    }
  }

  /** The next entry. Throws a {@link LedgerError} (`corrupt`) when it cannot be read, or something that it names. */
  async next(seq: number, bytes: Buffer): Promise<SinkEntry> {
    const event = eventOf(bytes, seq);
    const { origin } = this.#entries.head;
    // What was open when the log ended has ended with it.
    if (event.type === 'log.opened') this.#sessions.clear();
    if (event.type === 'session.opened') this.#sessions.set(event.session, event);
    const session = await this.#sessionOf(event);
    if (event.type === 'session.closed') this.#sessions.delete(event.session);
    return { origin, seq, bytes, event, session, unit: await this.#unitOf(event) };
  }

  async #sessionOf(event: LedgerEvent): Promise<SessionOpened | undefined> {
    const known = 'session' in event ? this.#sessions.get(event.session) : undefined;
    if (known !== undefined || event.type !== 'statement.completed') return known;
    const bytes = await this.#entries.at(event.opened);
    const opened = bytes && eventOf(bytes, event.opened);
    return opened?.type === 'session.opened' ? opened : undefined;
  }

  async #unitOf(event: LedgerEvent): Promise<SinkEntry['unit']> {
    if (event.type === 'statement.intent' || event.type === 'statement.decided') this.#keep(event);
    if (event.type === 'statement.outcome') {
      const unit = await this.#unit(event.intent);
      this.#units.delete(event.intent);
      return unit;
    }
    return event.type === 'statement.completed' ? await this.#unit(event.decision) : undefined;
  }

  async #unit(seq: number): Promise<SinkEntry['unit']> {
    const bytes = this.#units.has(seq) ? undefined : await this.#entries.at(seq);
    const event = this.#units.get(seq) ?? (bytes && eventOf(bytes, seq));
    if (event === undefined) return undefined;
    if (event.type !== 'statement.intent' && event.type !== 'statement.decided')
      throw new LedgerError('corrupt', `entry ${seq} is named as a decision and is none: run "sqlwarden ledger verify"`);
    this.#keep(event);
    return event;
  }

  #keep(event: StatementIntent | StatementDecided): void {
    this.#units.delete(event.seq);
    this.#units.set(event.seq, event);
    if (this.#units.size <= MAX_KEPT) return;
    for (const oldest of this.#units.keys()) {
      this.#units.delete(oldest);
      return;
    }
  }
}

function eventOf(bytes: Buffer, seq: number): LedgerEvent {
  try {
    return parseEvent(bytes);
  } catch (error) {
    throw new LedgerError('corrupt', `entry ${seq} cannot be read: run "sqlwarden ledger verify"`, { cause: error });
  }
}
