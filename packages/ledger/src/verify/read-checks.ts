import { type LedgerEvent, needsIntent, type StatementCompleted, type StatementDecided } from '@sqlwarden/core';
import { segmentOfRead, SEGMENT_READS } from '../begun-reads.js';
import { type Findings, noteRemoved } from './report.js';
import { transactionsGoUp } from './result-checks.js';

/** Numbers of one segment: all up to `through` are there, and those in `beyond`. */
interface Numbers {
  through: number;
  readonly beyond: Set<number>;
}

/** What the entries of reads must say of the entries before them. Keeps open sessions, and eight bytes for each decision. */
export class ReadChecks {
  readonly #findings: Findings;
  /** `seq` of the `session.opened` of sessions that are open. */
  readonly #sessions = new Map<string, number>();
  /** `seq` of every decision since the log was opened, ascending. */
  #decisions: number[] = [];
  readonly #numbers = new Map<number, Numbers>();

  readonly #first: number;
  #noted = false;

  /** `first` is the first entry that was not removed. */
  constructor(findings: Findings, first: number) {
    this.#findings = findings;
    this.#first = first;
  }

  /** An entry that was kept, of those before the first one, because later ones name it. */
  addKept(event: LedgerEvent): void {
    if (event.type === 'statement.decided') this.#decisions.push(event.seq);
    else if (event.type === 'session.opened') this.#sessions.set(event.session, event.seq);
  }

  add(event: LedgerEvent): void {
    if (event.type === 'statement.completed') this.#completed(event);
    else if (event.type === 'statement.decided') this.#decided(event);
    else if (event.type === 'session.opened') this.#sessions.set(event.session, event.seq);
    else if (event.type === 'session.closed') this.#sessions.delete(event.session);
    else if (event.type === 'log.opened') this.#restarted();
    else if (event.type === 'log.closed') this.#assertAllThere();
  }

  #decided(event: StatementDecided): void {
    this.#decisions.push(event.seq);
    if (event.facts.some(needsIntent))
      this.#findings.add('read-unmatched', 'the decision is of a statement that needs an intent of its own each time', { seq: event.seq });
  }

  #completed(event: StatementCompleted): void {
    const { seq, session, opened, decision, read } = event;
    const unmatched = (message: string): void => this.#findings.add('read-unmatched', message, { seq });
    const known = this.#sessions.get(session);
    const isKnown = this.#isDecision(decision);
    if ((known === undefined && opened < this.#first) || (!isKnown && decision < this.#first)) this.#noteRemoved(event);
    if (known !== opened && !(known === undefined && opened < this.#first))
      unmatched(`the read names entry ${opened} as the beginning of its session, which it is not, or the session is over`);
    if (!isKnown && decision >= this.#first) unmatched(`the read names entry ${decision} as its decision, which it is not`);
    if (!transactionsGoUp(event)) unmatched('the read names transactions of its statements that do not follow one another');
    // Those that were begun before are gone, or come late.
    if (segmentOfRead(read) < this.#first) return;
    if (!this.#isNew(read)) this.#findings.add('read-repeated', `read ${read} has an entry already`, { seq });
  }

  #noteRemoved({ seq, opened, decision }: StatementCompleted): void {
    if (!this.#noted)
      noteRemoved(this.#findings, seq, `entry ${Math.min(opened, decision)}, which this read names, and maybe others like it,`);
    this.#noted = true;
  }

  #isDecision(seq: number): boolean {
    let low = 0;
    let high = this.#decisions.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#decisions[middle] ?? 0) < seq) low = middle + 1;
      else high = middle;
    }
    return this.#decisions[low] === seq;
  }

  #isNew(read: number): boolean {
    const segment = Math.floor(read / SEGMENT_READS);
    let numbers = this.#numbers.get(segment);
    if (numbers === undefined) this.#numbers.set(segment, (numbers = { through: segment * SEGMENT_READS, beyond: new Set() }));
    if (read <= numbers.through || numbers.beyond.has(read)) return false;
    numbers.beyond.add(read);
    while (numbers.beyond.delete(numbers.through + 1)) numbers.through += 1;
    return true;
  }

  /** Another process: it has sessions and decisions of its own. What it found open it has completed before it said that it opened the log. */
  #restarted(): void {
    this.#assertAllThere();
    this.#sessions.clear();
    this.#decisions = [];
  }

  /** Numbers are given in order, and each read gets an entry before its process, or the one after it, says that it is done. */
  #assertAllThere(): void {
    for (const [segment, { through, beyond }] of this.#numbers) {
      if (beyond.size === 0) continue;
      this.#findings.add('outcome-missing', `read ${through + 1} was begun, as read ${Math.max(...beyond)} was, but has no entry`);
      this.#numbers.set(segment, { through: Math.max(...beyond), beyond: new Set() });
    }
  }
}
