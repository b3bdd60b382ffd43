import type { AdmittedStatement, TransactionEnd, TransactionState } from '@sqlwarden/core';
import type { TransactionStatusByte } from '../protocol/backend-message.js';

const STATUS = { I: 'idle', T: 'open', E: 'failed' } as const satisfies Record<TransactionStatusByte, TransactionState['status']>;

/** Actions that begin or end a transaction, or may do so inside what they run. */
const CONTROL: ReadonlySet<string> = new Set(['begin', 'commit', 'rollback', 'savepoint', 'call', 'do', 'unknown']);
/** Actions that may have committed a part of their work before they failed. */
const PARTLY_COMMITTED: ReadonlySet<string> = new Set(['call', 'do', 'vacuum', 'analyze', 'maintain', 'unknown']);

/**
 * What the ROLLBACKs of a unit end: `whole` transactions, a `part` back to a savepoint, or `unclear` where the unit holds several statements
 * and one may be either. Only the text tells: both have the tag ROLLBACK.
 */
export type RollbackKind = 'whole' | 'part' | 'unclear';

/** Of a text whose statements include at least one ROLLBACK. */
export function rollbackKind(text: string, statements: number): RollbackKind {
  if (!/\bto\b/i.test(text)) return 'whole';
  if (statements !== 1) return 'unclear';
  const bare = text.replace(/--[^\n\r]*/g, ' ').replace(/\/\*[\s\S]*?\*\//g, ' ');
  if (/\/\*|\*\//.test(bare)) return 'unclear';
  return /^[\s;]*(?:rollback|abort)(?:\s+(?:work|transaction))?\s+to\b/i.test(bare) ? 'part' : 'whole';
}

/** True when what a statement does to the transaction is not known before its reply. */
export function controlsTransaction(action: string): boolean {
  return CONTROL.has(action);
}

/**
 * Where the transaction will stand when what was forwarded has run: the sending side's view. Within one Sync segment the prediction is
 * exact, because a later message runs only if all earlier ones succeeded; beyond it, {@link gate} says that the replies must be waited for.
 * The numbers of transactions are given out here; a number that no transaction used is skipped, never used twice.
 */
export class TransactionForecast {
  status: TransactionState['status'] = 'idle';
  ordinal = 1;
  hasEffects = false;
  stateChanged = false;
  /** A unit was forwarded under the current number. */
  used = false;
  /** What follows the last Sync or Query cannot be predicted: wait until all replies are in. */
  gate = false;
  #segmentUncertain = false;
  #snapshot: TransactionState = { status: 'idle', ordinal: 0, hasEffects: false, stateChanged: false };

  /** As it stands now; the same object while nothing changes. */
  snapshot(): TransactionState {
    const { status, ordinal, hasEffects, stateChanged } = this;
    const last = this.#snapshot;
    if (last.ordinal !== ordinal || last.status !== status || last.hasEffects !== hasEffects || last.stateChanged !== stateChanged)
      this.#snapshot = { status, ordinal, hasEffects, stateChanged };
    return this.#snapshot;
  }

  /** A statement that runs was forwarded; `rollback`: what it ends, when its action is `rollback`. */
  ran(statement: AdmittedStatement, rollback: RollbackKind): void {
    this.used = true;
    this.hasEffects ||= statement.hasEffects;
    this.stateChanged ||= statement.changesState;
    if (controlsTransaction(statement.action)) this.#segmentUncertain = true;
    if (statement.action === 'begin') this.status = 'open';
    else if (statement.action === 'commit' || (statement.action === 'rollback' && rollback === 'whole')) this.#advance();
    else if (statement.action === 'rollback' && rollback === 'part' && this.status === 'failed') this.status = 'open';
  }

  /** A Sync or Query was forwarded: an implicit transaction ends with it. */
  segmentEnds(): void {
    if (this.#segmentUncertain || this.stateChanged) this.gate = true;
    this.#segmentUncertain = false;
    if (this.status === 'idle' && this.used) this.#advance();
  }

  /** Something failed in a way that the forecast did not foresee. */
  distrust(): void {
    this.gate = true;
  }

  /** Every reply is in: the server's word replaces the forecast. `live` is the number of the transaction that is open, when it is known. */
  settle(status: TransactionStatusByte, live: number | undefined): void {
    this.gate = false;
    const actual = STATUS[status];
    if (actual === 'idle') {
      if (this.used) this.#advance();
      this.status = 'idle';
      return;
    }
    // What was reset by a wrong forecast is not known any more: assume the most.
    if (this.status === 'idle' || (live !== undefined && live !== this.ordinal)) {
      this.hasEffects = true;
      this.stateChanged = true;
    }
    this.status = actual;
    this.used = true;
    if (live !== undefined) this.ordinal = live;
  }

  #advance(): void {
    this.ordinal += 1;
    this.used = false;
    this.hasEffects = false;
    this.stateChanged = false;
    this.status = 'idle';
  }
}

/** What became of transactions, as replies come in: the receiving side's view. Reports each end once. */
export class TransactionRecord {
  readonly #ended: (ordinal: number, end: TransactionEnd) => void;
  /** The transaction in which something ran and whose end is not known yet. */
  #live: number | undefined;
  #failed = false;
  #partly = false;
  /** A ROLLBACK came that may have ended the live transaction or gone back to a savepoint. */
  #maybeRolledBack = false;

  constructor(ended: (ordinal: number, end: TransactionEnd) => void) {
    this.#ended = ended;
  }

  get live(): number | undefined {
    return this.#live;
  }

  /** A statement of transaction `ordinal` ran, or tried to. */
  touched(ordinal: number, action: string): void {
    if (this.#live !== undefined && this.#live !== ordinal) this.#end('unknown');
    this.#live = ordinal;
    this.#maybeRolledBack = false;
    if (PARTLY_COMMITTED.has(action)) this.#partly = true;
  }

  failed(): void {
    this.#failed = true;
  }

  /** A completion tag came for a statement of `action`. Returns true when it ended the transaction. */
  completed(tag: string, action: string, rollback: RollbackKind): boolean {
    if (tag === 'COMMIT') this.#end('committed');
    else if (tag === 'PREPARE TRANSACTION') this.#end('unknown');
    else if (tag === 'ROLLBACK' && (action !== 'rollback' || rollback === 'whole')) this.#end('rolled-back');
    else {
      if (tag === 'ROLLBACK' && rollback === 'unclear') this.#maybeRolledBack = true;
      if (tag === 'ROLLBACK') this.#failed = false;
      return false;
    }
    return true;
  }

  readyForQuery(status: TransactionStatusByte): void {
    if (status === 'I' && this.#live !== undefined) this.#end(this.#implicitEnd());
    if (status !== 'E') this.#failed = false;
    if (status === 'I') this.#partly = false;
  }

  #implicitEnd(): TransactionEnd {
    if (this.#failed) return this.#partly ? 'unknown' : 'rolled-back';
    return this.#maybeRolledBack ? 'rolled-back' : 'committed';
  }

  /** The connection is gone; `mayHaveCommitted`: the end of a transaction was under way. */
  lost(mayHaveCommitted: boolean): void {
    if (this.#live !== undefined) this.#end(mayHaveCommitted ? 'unknown' : 'rolled-back');
  }

  #end(end: TransactionEnd): void {
    const ordinal = this.#live;
    this.#live = undefined;
    this.#failed = false;
    this.#maybeRolledBack = false;
    if (ordinal !== undefined) this.#ended(ordinal, end);
  }
}
