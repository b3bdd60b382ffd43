import {
  type AssertedIntent,
  type BegunRead,
  canonicalJson,
  canonicalString,
  type NewLedgerEvent,
  type ReadOutcome,
  type SessionOpened,
  type StatementCompleted,
} from '@sqlwarden/core';
import { SEGMENT_ENTRIES, segmentStart } from './layout.js';
import { LedgerError } from './ledger-error.js';
import { type OpenRead, OpenReads } from './open-reads.js';

/** Numbers of reads that a segment has room for: all that may be open while the log grows by one. */
export const SEGMENT_READS = 2 ** 22;

/** The segment whose disclosure file has the values of a read. */
export function segmentOfRead(read: number): number {
  return Math.floor(read / SEGMENT_READS) * SEGMENT_ENTRIES;
}

/** A `statement.completed` entry as it is known when the read begins. */
export type BegunRecord = Pick<
  StatementCompleted,
  'asserted' | 'decision' | 'opened' | 'parameters' | 'phase' | 'read' | 'session' | 'startedAt' | 'transaction'
>;

/** What the reads of a session have in common. */
interface Session {
  readonly opened: string;
  readonly session: string;
}

/** Distinct command tags that are remembered; PostgreSQL has less than two hundred. */
const MAX_COMMANDS = 256;

/** The reads that were begun and are not over yet, and the text of what is written of them. Pure memory. */
export class BegunReads {
  readonly #sessions = new Map<string, Session>();
  readonly #open = new OpenReads();
  readonly #commands = new Map<string, string>();
  readonly #assertedTexts = new WeakMap<AssertedIntent, string>();
  #last: number;

  /** `last`: the highest number that was given so far. */
  constructor(last: number) {
    this.#last = last;
  }

  /** Notes what an event that was appended at `seq` says of sessions. */
  noteEvent(event: NewLedgerEvent, seq: number): void {
    if (event.type === 'session.opened') this.#sessionOpened(event, seq);
    else if (event.type === 'session.closed') this.#sessions.delete(event.session);
  }

  /**
   * Begins a read when the log has `next` entries, with the JSON text of its parameters' commitments. Throws a {@link LedgerError} (`not-found`)
   * when its session was not opened in this log.
   */
  begin(read: BegunRead, commitments: string, next: number, startedAt: number): OpenRead {
    const session = this.#sessions.get(read.session);
    if (session === undefined) throw new LedgerError('not-found', 'the session of the unit was not opened in this ledger');
    const number = this.#number(next);
    const open = {
      number,
      decision: read.decision,
      transaction: read.transaction,
      asserted: this.#asserted(read.asserted),
      middle: `${session.opened},"parameters":[${commitments}],"phase":"${read.phase}","read":${number},`,
      later: `${session.session},"startedAt":${startedAt},`,
    };
    this.#open.add(open);
    return open;
  }

  /** The `seq` of the `session.opened` of each session that is open. */
  get sessions(): number[] {
    return [...this.#sessions.values()].map(({ opened }) => Number(opened.slice('"opened":'.length)));
  }

  /** The decisions of reads that are open, which their entries will name. */
  get decisions(): number[] {
    return this.#open.all().map(({ decision }) => decision);
  }

  /** Takes over a read that another process had begun. */
  adopt(record: BegunRecord): void {
    const { read, decision, transaction, opened, parameters, phase, session, startedAt, asserted } = record;
    const middle = `"opened":${opened},"parameters":${canonicalJson(parameters)},"phase":${canonicalString(phase)},"read":${read},`;
    const later = `"session":${canonicalString(session)},"startedAt":${startedAt},`;
    this.#open.add({ number: read, decision, transaction, asserted: this.#asserted(asserted), middle, later });
  }

  /** The read with a ticket. Throws a {@link LedgerError} (`not-found`) when there is none that is open. */
  of(ticket: number): OpenRead {
    const open = this.#open.get(-ticket);
    if (open === undefined) throw new LedgerError('not-found', `no read with the ticket ${ticket} is open`);
    return open;
  }

  /** Its entry was appended. */
  completed(ticket: number): void {
    this.#open.delete(-ticket);
  }

  get tickets(): number[] {
    return this.#open.all().map(({ number }) => -number);
  }

  /** The records of everything that is open, for the beginning of a new write-ahead file. */
  records(): string[] {
    return this.#open.all().map(begunText);
  }

  /** Canonical JSON (RFC 8785) of the `statement.completed` entry at `seq`. A test compares it with core's `canonicalJson`. */
  entryText(read: OpenRead, outcome: ReadOutcome, durationUs: number, seq: number, time: number): string {
    const { status, bytesReturned, maskedCells, errorCode, limit, suspended } = outcome;
    assertFinite(bytesReturned, maskedCells, durationUs);
    const error = errorCode === undefined ? '' : `"errorCode":${canonicalString(errorCode)},`;
    const ended = limit === undefined ? error : `${error}"limit":${canonicalString(limit)},`;
    return (
      `{${read.asserted}"bytesReturned":${bytesReturned},"decision":${read.decision},"durationUs":${durationUs},${ended}"maskedCells":${maskedCells},` +
      `${read.middle}"seq":${seq},${read.later}"statements":[${this.#statements(outcome)}],"status":"${status}",` +
      `${suspended ? '"suspended":true,' : ''}"time":${time},"transaction":${read.transaction},"type":"statement.completed","v":1}`
    );
  }

  #statements({ statements }: ReadOutcome): string {
    let text = '';
    for (const { command, rowsReturned, rowsAffected, transaction } of statements) {
      assertFinite(rowsReturned, rowsAffected ?? 0, transaction ?? 0);
      const elsewhere = transaction === undefined ? '' : `,"transaction":${transaction}`;
      text += `${text === '' ? '' : ','}{"command":${this.#command(command)},"rowsAffected":${rowsAffected},"rowsReturned":${rowsReturned}${elsewhere}}`;
    }
    return text;
  }

  /** What is asserted is the same object for many reads of a session. */
  #asserted(asserted: AssertedIntent | undefined): string {
    if (asserted === undefined) return '';
    let text = this.#assertedTexts.get(asserted);
    if (text === undefined) {
      text = `"asserted":${canonicalJson(asserted)},`;
      this.#assertedTexts.set(asserted, text);
    }
    return text;
  }

  #command(command: string): string {
    let text = this.#commands.get(command);
    if (text === undefined) {
      text = canonicalString(command);
      if (this.#commands.size < MAX_COMMANDS) this.#commands.set(command, text);
    }
    return text;
  }

  #sessionOpened({ session }: Pick<SessionOpened, 'session'>, seq: number): void {
    this.#sessions.set(session, { opened: `"opened":${seq}`, session: `"session":${canonicalString(session)}` });
  }

  #number(next: number): number {
    const base = (segmentStart(next) / SEGMENT_ENTRIES) * SEGMENT_READS;
    const number = Math.max(this.#last, base) + 1;
    if (number - base >= SEGMENT_READS) throw new LedgerError('write-failed', 'too many reads are open at once');
    this.#last = number;
    return number;
  }
}

/** The event of an {@link BegunReads.entryText}, without what the log stamps. */
export function completedEvent(text: string): NewLedgerEvent {
  const { v: _v, seq: _seq, time: _time, ...event } = JSON.parse(text) as StatementCompleted;
  return event;
}

/** JSON has no other numbers. */
function assertFinite(a: number, b: number, c: number): void {
  if (!Number.isFinite(a + b + c))
    throw new LedgerError('not-serialisable', 'the outcome of a read holds a number that json does not have');
}

/** What stands in the write-ahead file of a read that was begun: canonical JSON of a {@link BegunRecord}. */
export function begunText(read: OpenRead): string {
  return `{${read.asserted}"decision":${read.decision},${read.middle}${read.later}"transaction":${read.transaction}}`;
}

/** Reads what {@link begunText} writes; `undefined` when it is something else. */
export function parseBegun(text: string): BegunRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const record = value as Record<string, unknown>;
  const counts = ['decision', 'opened', 'read', 'startedAt', 'transaction'].every((name) => Number.isSafeInteger(record[name]));
  const texts = ['phase', 'session'].every((name) => typeof record[name] === 'string');
  const asserted = record['asserted'];
  const isSaid = asserted === undefined || (typeof asserted === 'object' && asserted !== null);
  return counts && texts && isSaid && Array.isArray(record['parameters']) ? (record as unknown as BegunRecord) : undefined;
}
