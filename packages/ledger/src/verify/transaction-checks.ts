import type { LedgerEvent, TransactionEnd, TransactionEnded } from '@sqlwarden/core';
import type { Findings } from './report.js';

/** Ends that are remembered of a session: a transaction ends once, and its end is written when it is known. */
const MAX_ENDS = 64;

/** What entries say of the ends of transactions must not contradict each other. Keeps a few ends of each open session. */
export class TransactionChecks {
  readonly #findings: Findings;
  readonly #ends = new Map<string, Map<number, TransactionEnd>>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  add(event: LedgerEvent): void {
    if (event.type === 'transaction.ended') this.#ended(event);
    else if (event.type === 'session.closed') this.#ends.delete(event.session);
    else if (event.type === 'log.opened') this.#ends.clear();
  }

  #ended({ seq, session, transaction, end }: TransactionEnded): void {
    const ends = this.#ends.get(session) ?? new Map<number, TransactionEnd>();
    this.#ends.set(session, ends);
    const before = ends.get(transaction);
    if (before !== undefined && before !== end)
      this.#findings.add('transaction-repeated', `transaction ${transaction} ended as ${end}, though an entry before says ${before}`, {
        seq,
      });
    ends.set(transaction, end);
    for (const oldest of ends.keys()) {
      if (ends.size <= MAX_ENDS) break;
      ends.delete(oldest);
    }
  }
}
