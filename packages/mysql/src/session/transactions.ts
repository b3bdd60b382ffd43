import type { AdmittedStatement, TransactionEnd, TransactionState } from '@sqlwarden/core';
import { STATUS } from '../protocol/status-flags.js';

/** Errors after which InnoDB has rolled the whole transaction back ("InnoDB Error Handling"): ER_LOCK_DEADLOCK, ER_ERROR_DURING_COMMIT, ER_XA_RBROLLBACK … */
const ROLLS_BACK: ReadonlySet<number> = new Set([1180, 1213, 1402, 1613, 1614, 3058]);
/** What ends a transaction itself, whatever the flags say after it: another one may have begun with it (AND CHAIN, BEGIN, autocommit off). */
const ENDS: ReadonlySet<string> = new Set(['begin', 'commit']);
/** They may commit in their midst, out of sight. */
const MAY_COMMIT_INSIDE: ReadonlySet<string> = new Set(['call', 'do', 'execute', 'unknown']);

/**
 * Where the session's transaction stands: by the status flags of the server's last answer (SERVER_STATUS_IN_TRANS), which every answer but an
 * error has. Gives the transactions their numbers; a number that no transaction used is skipped, never used twice. Reports each end once.
 */
export class Transactions {
  readonly #ended: (ordinal: number, end: TransactionEnd) => void;
  status: TransactionState['status'] = 'idle';
  #ordinal = 1;
  #hasEffects = false;
  /** Something ran under the current number, and its end was not reported. */
  #live = false;
  #partly = false;
  #lastError: number | undefined;
  #snapshot: TransactionState = { status: 'idle', ordinal: 0, hasEffects: false, stateChanged: false };

  constructor(ended: (ordinal: number, end: TransactionEnd) => void) {
    this.#ended = ended;
  }

  /** The number of the transaction that the next statement runs in. */
  get ordinal(): number {
    return this.#ordinal;
  }

  /** As it stands now; the same object while nothing changes. */
  snapshot(): TransactionState {
    const last = this.#snapshot;
    const { status } = this;
    if (last.ordinal !== this.#ordinal || last.status !== status || last.hasEffects !== this.#hasEffects)
      // Variables of a session are not set back by the end of a transaction.
      this.#snapshot = { status, ordinal: this.#ordinal, hasEffects: this.#hasEffects, stateChanged: false };
    return this.#snapshot;
  }

  /** A statement is about to run. */
  runs(statement: AdmittedStatement): void {
    this.#hasEffects ||= statement.hasEffects;
  }

  /** A statement ran, or tried to. */
  touched(action: string): void {
    this.#live = true;
    if (MAY_COMMIT_INSIDE.has(action)) this.#partly = true;
  }

  /** A statement was completed. `status`: its status flags. `isRollback`: it rolls back whole transactions; `isPrepared`: it may leave them to others (XA PREPARE). */
  completed(action: string, status: number, isRollback: boolean, isPrepared = false): void {
    const wasOpen = this.status === 'open';
    const isOpen = (status & STATUS.SERVER_STATUS_IN_TRANS) !== 0;
    if (isRollback) this.#end('rolled-back');
    else if (isPrepared) this.#end('unknown');
    else if (ENDS.has(action)) {
      if (action === 'commit' || wasOpen) this.#end(this.#unreported('committed'));
    } else if (!isOpen) this.#end(this.#unreported('committed'));
    this.status = isOpen ? 'open' : 'idle';
    // What BEGIN began is live, though nothing has run in it.
    if (isOpen && ENDS.has(action)) this.#live = true;
    this.#lastError = undefined;
  }

  /** A statement failed with this error, whose packet says nothing of the transaction. */
  failed(code: number): void {
    this.#lastError = code;
    if (this.status === 'idle') this.#end(this.#partly ? 'unknown' : 'rolled-back');
  }

  /** The server said where the transaction stands, without a statement of the client's: it was asked after an error. */
  observed(status: number): void {
    const isOpen = (status & STATUS.SERVER_STATUS_IN_TRANS) !== 0;
    if (!isOpen && this.status === 'open')
      this.#end(this.#lastError !== undefined && ROLLS_BACK.has(this.#lastError) ? 'rolled-back' : 'unknown');
    this.status = isOpen ? 'open' : 'idle';
    this.#lastError = undefined;
  }

  /** An error came in an open transaction: whether it is still open must be asked. */
  get isDoubtful(): boolean {
    return this.#lastError !== undefined && this.status === 'open';
  }

  /** The last statement failed, and nothing was heard of the session's flags since. */
  get hasFailed(): boolean {
    return this.#lastError !== undefined;
  }

  /** The session was set back: the server rolled back what was open. */
  reset(): void {
    this.#end('rolled-back');
    this.status = 'idle';
    this.#lastError = undefined;
  }

  /** The connection is gone; `mayHaveCommitted`: the end of a transaction was under way. */
  lost(mayHaveCommitted: boolean): void {
    this.#end(mayHaveCommitted || this.#partly ? 'unknown' : 'rolled-back');
  }

  /** After an error that may have ended the transaction, what ends now need not be the one that it began with. */
  #unreported(end: TransactionEnd): TransactionEnd {
    return this.#lastError !== undefined && ROLLS_BACK.has(this.#lastError) ? 'unknown' : end;
  }

  #end(end: TransactionEnd): void {
    const ordinal = this.#ordinal;
    const wasLive = this.#live;
    this.#live = false;
    this.#partly = false;
    this.#hasEffects = false;
    if (!wasLive) return;
    this.#ordinal += 1;
    this.#ended(ordinal, end);
  }
}

/** Whether a COMMIT of this text may be XA PREPARE, after which anybody may commit or roll back. */
export function mayPrepare(text: string): boolean {
  return /\bxa\b/i.test(text) && /\bprepare\b/i.test(text);
}

/** Whether a ROLLBACK ends the transaction: not one back to a savepoint. Of a text of `statements` statements. */
export function rollsBackWhole(text: string, statements: number): boolean {
  if (!/\bto\b/i.test(text)) return true;
  if (statements !== 1) return false;
  return !/^[\s;]*rollback(?:\s+work)?\s+to\b/i.test(text.replace(/\/\*[\s\S]*?\*\//g, ' ').replace(/(?:#|--\s)[^\n]*/g, ' '));
}
