import { type LedgerEvent, parseEvent, type Principal, parties } from '@sqlwarden/core';
import { EntryBytes } from './entry-bytes.js';
import { type Range, rangesOf } from './erasure.js';
import { firstEntry } from './first-entry.js';
import { LedgerError } from './ledger-error.js';

/** Whose values, and how old ones; what is given must all fit. */
export interface Selection {
  /** The id of a subject or actor, as its issuer gives it. */
  readonly subject?: string;
  /** Entries from before this moment, in milliseconds since the epoch. */
  readonly before?: number;
}

/**
 * The entries with values behind commitments that fit, as runs. What was decided once for everybody who has the same rights is of a subject only when
 * nobody else ran it. Reads the whole log. Throws a `LedgerError` when it cannot be read.
 */
export async function selectEntries(directory: string, selection: Selection): Promise<readonly Range[]> {
  const bytes = new EntryBytes(directory);
  const selected = new Selected(selection);
  const first = await firstEntry(directory);
  const known = new Set<number>();
  let next = first;
  for (let run = await bytes.run(next); run !== undefined; run = await bytes.run(next)) {
    for (const entry of run) {
      const event = parseEvent(entry);
      // Retention keeps the beginnings of sessions whose reads are still there.
      if (event.type === 'statement.completed' && event.opened < first && !known.has(event.opened)) {
        known.add(event.opened);
        const opened = await beginning(bytes, event.opened);
        if (opened !== undefined) selected.add(opened);
      }
      selected.add(event);
    }
    next += run.length;
  }
  return rangesOf(selected.entries.sort((a, b) => a - b));
}

async function beginning(bytes: EntryBytes, seq: number): Promise<LedgerEvent | undefined> {
  try {
    return parseEvent(await bytes.at(seq));
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'not-found') return undefined;
    throw error;
  }
}

class Selected {
  readonly #selection: Selection;
  readonly #fitting: number[] = [];
  /** The `session.opened` entries of the subject. */
  readonly #sessions = new Set<number>();
  /** Decisions, and whether the subject ran them, and anybody else did. */
  readonly #decisions = new Map<number, { time: number; own: boolean; others: boolean }>();

  constructor(selection: Selection) {
    this.#selection = selection;
  }

  get entries(): number[] {
    const decided = [...this.#decisions].filter(([, { time, own, others }]) => this.#isOld(time) && (this.#isForAll || (own && !others)));
    return [...this.#fitting, ...decided.map(([seq]) => seq)];
  }

  add(event: LedgerEvent): void {
    switch (event.type) {
      case 'session.opened':
        if (this.#is(event.principal)) this.#sessions.add(event.seq);
        return;
      case 'statement.decided':
        this.#decisions.set(event.seq, { time: event.time, own: false, others: false });
        return;
      case 'statement.completed': {
        const isOwn = this.#sessions.has(event.opened);
        const decision = this.#decisions.get(event.decision);
        if (decision !== undefined) decision[isOwn ? 'own' : 'others'] = true;
        if ((isOwn || this.#isForAll) && event.parameters.length > 0) this.#take(event);
        return;
      }
      case 'statement.intent':
      case 'statement.refused':
        if (this.#is(event.principal)) this.#take(event);
        return;
      case 'approval.requested':
        if (this.#is(event.requester)) this.#take(event);
        return;
      case 'approval.decided':
        if (this.#is(event.approver)) this.#take(event);
        return;
      default:
        if (this.#isForAll && event.withheld !== undefined) this.#take(event);
    }
  }

  get #isForAll(): boolean {
    return this.#selection.subject === undefined;
  }

  #is(principal: Principal): boolean {
    return this.#isForAll || parties(principal).some(({ id }) => id === this.#selection.subject);
  }

  #isOld(time: number): boolean {
    return this.#selection.before === undefined || time < this.#selection.before;
  }

  #take({ seq, time }: LedgerEvent): void {
    if (this.#isOld(time)) this.#fitting.push(seq);
  }
}
