import type { LedgerEvent, LogOpened, RetentionApplied, StatementIntent, StatementOutcome } from '@sqlwarden/core';
import { ApprovalChecks } from './approval-checks.js';
import { ReadChecks } from './read-checks.js';
import { type Findings, noteRemoved } from './report.js';
import { transactionsGoUp } from './result-checks.js';
import { TransactionChecks } from './transaction-checks.js';

/** Clocks of machines are set back a little in ordinary life. */
const CLOCK_BACK_MS = 60_000;
const SILENCE_SLACK_MS = 30_000;

/**
 * What the entries must say of one another. Fed in order; keeps only what is still open. Of what began in entries that were removed nothing is known:
 * that is a note, and only where it can be so.
 */
export class EventChecks {
  readonly counts: Record<string, number> = {};
  readonly #findings: Findings;
  readonly #approvals: ApprovalChecks;
  readonly #reads: ReadChecks;
  /** Intents without an outcome yet: session by `seq`. */
  readonly #open = new Map<number, StatementIntent>();
  readonly #transactions: TransactionChecks;
  /** What entries say was removed. */
  readonly removed = { entriesBefore: 0, valuesBefore: 0 };
  readonly #first: number;
  #previous: LedgerEvent | undefined;
  #opened: LogOpened | undefined;

  /** `first` is the first entry that was not removed. */
  constructor(findings: Findings, first: number) {
    this.#findings = findings;
    this.#first = first;
    this.#approvals = new ApprovalChecks(findings, first);
    this.#reads = new ReadChecks(findings, first);
    this.#transactions = new TransactionChecks(findings);
  }

  /** The first entry that may still be there, as entries say. */
  get removedBefore(): number {
    return this.removed.entriesBefore;
  }

  /** The last entry ended the log in order. */
  get closed(): boolean {
    return this.#previous?.type === 'log.closed';
  }

  /** An entry that was kept, of those that were removed, because later ones name it. */
  addKept(event: LedgerEvent): void {
    this.#reads.addKept(event);
  }

  /** An entry at `position` of the tree. */
  add(event: LedgerEvent, position: number): void {
    this.counts[event.type] = (this.counts[event.type] ?? 0) + 1;
    this.#sequence(event, position);
    this.#time(event);
    this.#lifecycle(event);
    if (event.type === 'statement.intent') this.#open.set(event.seq, event);
    if (event.type === 'statement.outcome') this.#outcome(event);
    if (event.type === 'session.closed') this.#sessionClosed(event.session, event.seq);
    if (event.type === 'retention.applied') this.#retention(event);
    this.#approvals.add(event);
    this.#reads.add(event);
    this.#transactions.add(event);
    this.#previous = event;
  }

  /** After the last entry. */
  end(): void {
    if (this.closed) this.#leftOpen('outcome-missing', 'the log was closed in order, but the statement has no outcome');
    // Otherwise the log is open, or its process died: the next entry will say which.
  }

  #retention({ seq, entriesBefore, valuesBefore }: RetentionApplied): void {
    if (entriesBefore > seq || valuesBefore > seq || entriesBefore > valuesBefore) {
      this.#findings.add(
        'retention-differs',
        'the entry speaks of entries that were not written yet, or keeps values of entries that it removes',
        { seq },
      );
      return;
    }
    this.removed.entriesBefore = Math.max(this.removed.entriesBefore, entriesBefore);
    this.removed.valuesBefore = Math.max(this.removed.valuesBefore, valuesBefore);
  }

  #sequence(event: LedgerEvent, position: number): void {
    if (event.seq === position) return;
    const ahead = event.seq > position;
    this.#findings.add(
      ahead ? 'seq-gap' : 'seq-repeated',
      ahead
        ? `entry ${event.seq} stands at position ${position}: entries before it are missing`
        : `entry ${event.seq} stands again at position ${position}`,
      { seq: position },
    );
  }

  #time(event: LedgerEvent): void {
    if (this.#previous === undefined) return;
    const elapsed = event.time - this.#previous.time;
    if (elapsed < -CLOCK_BACK_MS) {
      this.#findings.add('clock-back', `the clock went back by ${Math.round(-elapsed / 1000)} s`, { seq: event.seq });
    }
    if (this.#opened === undefined || event.type === 'log.opened') return;
    if (elapsed > 2 * this.#opened.heartbeatMs + SILENCE_SLACK_MS) {
      const message = `no entry for ${Math.round(elapsed / 1000)} s, though the log was open and beats every ${this.#opened.heartbeatMs / 1000} s`;
      this.#findings.add('silence', message, { seq: event.seq });
    }
  }

  #lifecycle(event: LedgerEvent): void {
    const after = this.#previous;
    if (event.type === 'log.opened') {
      this.#opened = event;
      const inOrder = after === undefined || after.type === 'log.closed';
      if (inOrder === event.recovered && !this.#isBegin(after)) {
        this.#findings.add(
          'not-closed',
          inOrder
            ? 'the log says that it was recovered, but it had been closed in order'
            : 'the log was opened again without having been closed, and does not say that it was recovered',
          { seq: event.seq },
        );
      }
      this.#leftOpen('outcome-lost', 'the process ended before the outcome was written: what the statement did is unknown');
    } else if ((after === undefined || after.type === 'log.closed') && !this.#isBegin(after)) {
      this.#findings.add('not-opened', 'an entry stands before the log was opened', { seq: event.seq });
    }
  }

  /** Entries before this one were removed. */
  #isBegin(after: LedgerEvent | undefined): boolean {
    return after === undefined && this.#first > 0;
  }

  #outcome(event: StatementOutcome): void {
    if (event.intent < this.#first) return noteRemoved(this.#findings, event.seq, `the statement of entry ${event.intent}`);
    const intent = this.#open.get(event.intent);
    if (intent === undefined || intent.session !== event.session) {
      this.#findings.add(
        'outcome-unmatched',
        `the outcome names entry ${event.intent}, which is not a statement of its session that waits for one`,
        { seq: event.seq },
      );
      return;
    }
    this.#open.delete(event.intent);
    if (event.transaction !== intent.transaction || !transactionsGoUp(event))
      this.#findings.add('outcome-unmatched', 'the outcome names transactions that are not those of its statement', { seq: event.seq });
    this.#approvals.outcome(intent, event);
  }

  #sessionClosed(session: string, seq: number): void {
    for (const intent of this.#open.values()) {
      if (intent.session !== session) continue;
      this.#findings.add('outcome-missing', `the session was closed at entry ${seq}, but the statement has no outcome`, {
        seq: intent.seq,
      });
      this.#open.delete(intent.seq);
    }
  }

  #leftOpen(code: 'outcome-missing' | 'outcome-lost', message: string): void {
    for (const seq of this.#open.keys()) this.#findings.add(code, message, { seq });
    this.#open.clear();
  }
}
