import type { AdmittedStatement, TransactionEnd, TransactionState } from '@sqlwarden/core';
import { ENV_CHANGE } from '../protocol/server-token.js';

/** Errors after which the server has rolled the whole transaction back whatever the session's options are: a deadlock's victim; one that was doomed. */
const ROLLS_BACK: ReadonlySet<number> = new Set([1205, 3930, 3971, 3998]);
/** They may commit in their midst, out of sight. */
const MAY_COMMIT_INSIDE: ReadonlySet<string> = new Set(['call', 'do', 'execute', 'unknown']);
/** They leave the transaction as it is. */
const KEEPS: ReadonlySet<string> = new Set([
  'select',
  'insert',
  'update',
  'delete',
  'merge',
  'copy',
  'show',
  'explain',
  'declare',
  'assign',
  'savepoint',
  'empty',
]);
const NO_BYTES = new Uint8Array(0);
/** Their own transaction has ended, or begun, when the server says that they are complete. */
const ENDS: ReadonlySet<string> = new Set(['commit', 'rollback']);

/**
 * Where the session's transaction stands: by ENVCHANGE tokens, which the server sends for each beginning and end of one ([MS-TDS] section 2.2.7.9, types 8 to
 * 12 and 17). Gives the transactions their numbers; a number that no transaction used is skipped, never used twice. Reports each end once.
 */
export class Transactions {
  readonly #ended: (ordinal: number, end: TransactionEnd) => void;
  status: TransactionState['status'] = 'idle';
  /** Of the transaction that the server holds open, for ALL_HEADERS ([MS-TDS] section 2.2.5.3.2); 0 outside of one. */
  descriptor = 0n;
  /** The server tells of each beginning and end. TDS 7.1 has no words for them, and some servers tell of those by requests alone: they have to be asked. */
  isTold = true;
  /** Whether a transaction is open must be asked: {@link observed} takes the answer. */
  isDoubtful = false;
  /** The transaction that is open is the gateway's own, around one statement of the client's. */
  isOurs = false;
  #ordinal = 1;
  #hasEffects = false;
  /** Something ran under the current number, and its end was not reported. */
  #live = false;
  #partly = false;
  #lastError: number | undefined;
  #lastAction = '';
  /** The number of the transaction that an ENVCHANGE ended within the statement at hand. */
  #justEnded: number | undefined;
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
    const status = this.isOurs ? 'idle' : this.status;
    if (last.ordinal !== this.#ordinal || last.status !== status || last.hasEffects !== this.#hasEffects)
      // Settings of a session are not set back by the end of a transaction.
      this.#snapshot = { status, ordinal: this.#ordinal, hasEffects: this.#hasEffects, stateChanged: false };
    return this.#snapshot;
  }

  /** A statement is about to run. */
  runs(statement: AdmittedStatement): void {
    this.#hasEffects ||= statement.hasEffects;
  }

  /** A statement ran, or tried to. Gives the number of the transaction that it ran in. */
  touched(action: string): number {
    const ended = this.#justEnded;
    if (ended !== undefined && ENDS.has(action)) return ended;
    this.#live = true;
    if (MAY_COMMIT_INSIDE.has(action)) this.#partly = true;
    return this.#ordinal;
  }

  /** A statement was completed. */
  completed(action: string): void {
    // Not every server of the protocol tells of what texts begin and end.
    if (action === 'begin' && this.status === 'idle') this.isTold = false;
    this.#doubt(action);
    if (this.status === 'idle') this.#end(this.#unreported('committed'));
    this.#lastError = undefined;
    this.#justEnded = undefined;
  }

  /** A statement failed with this error; the transaction is open until an ENVCHANGE says otherwise. */
  failed(number: number): void {
    this.#doubt('unknown');
    this.#lastError = number;
    this.#justEnded = undefined;
    if (this.status === 'idle') this.#end(this.#partly ? 'unknown' : 'rolled-back');
  }

  /** The server was asked whether a transaction is open. */
  observed(isOpen: boolean): void {
    const action = this.#lastAction;
    this.isDoubtful = false;
    if (isOpen && this.status === 'idle') this.#opened(NO_BYTES);
    if (!isOpen && this.status === 'open')
      this.#closed(action === 'commit' ? 'committed' : action === 'rollback' ? 'rolled-back' : 'unknown');
    this.#justEnded = undefined;
  }

  /** Whether the session has a transaction behind a request that began or ended the gateway's own. `ok`: it was to be committed. */
  countedOurs(isOpen: boolean, ok = false): void {
    if (isOpen && this.status === 'idle') this.#opened(NO_BYTES);
    if (isOpen) return;
    if (this.status === 'open') this.#closed(ok ? 'committed' : 'rolled-back');
    this.isOurs = false;
  }

  #doubt(action: string): void {
    if (this.isTold || KEEPS.has(action)) return;
    this.isDoubtful = true;
    this.#lastAction = action;
  }

  /** What an ENVCHANGE says; `newValue`: its NewValue. */
  environmentChanged(type: number, newValue: Uint8Array): void {
    switch (type) {
      case ENV_CHANGE.BEGIN_TRANSACTION:
      case ENV_CHANGE.ENLIST_DTC_TRANSACTION:
        // What ran before under this number had a transaction of its own.
        this.#end(this.#unreported('committed'));
        this.#opened(newValue);
        break;
      case ENV_CHANGE.COMMIT_TRANSACTION:
        this.#closed('committed');
        break;
      case ENV_CHANGE.ROLLBACK_TRANSACTION:
        this.#closed('rolled-back');
        break;
      case ENV_CHANGE.DEFECT_TRANSACTION:
      case ENV_CHANGE.TRANSACTION_ENDED:
        this.#closed('unknown');
        break;
      default:
    }
  }

  /** The session was set back: the server rolled back what was open. */
  reset(): void {
    this.#closed('rolled-back');
    this.isDoubtful = false;
    this.#lastError = undefined;
    this.#justEnded = undefined;
  }

  /** The connection is gone; `mayHaveCommitted`: the end of a transaction was under way. */
  lost(mayHaveCommitted: boolean): void {
    this.#end(mayHaveCommitted || this.#partly || this.isDoubtful ? 'unknown' : 'rolled-back');
  }

  #opened(newValue: Uint8Array): void {
    this.descriptor = newValue.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    this.status = 'open';
    // What was begun is live, though nothing has run in it.
    this.#live = true;
  }

  #closed(end: TransactionEnd): void {
    this.descriptor = 0n;
    this.isOurs = false;
    const ordinal = this.#ordinal;
    this.#end(end);
    if (this.#ordinal !== ordinal) this.#justEnded = ordinal;
    this.status = 'idle';
  }

  /** After an error that ended the transaction, what ends now is not the one that it began with. */
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
