import type { MaskPlan } from '../masking/mask.js';
import type { AdmittedStatement, Outcome, StatementResult, TransactionState } from './contract.js';

/** What a forwarded unit does, and what its replies have said so far, whatever the protocol. An adapter adds what its own replies need. */
export interface UnitWork {
  readonly ticket: number;
  readonly statements: readonly AdmittedStatement[];
  /** As it stood when the unit was admitted. */
  readonly transaction: TransactionState;
  /** Masks of what was prepared: those decided at `bind` and its own. Text that runs at once takes each statement's own. */
  readonly plans: readonly MaskPlan[];
  /** The transaction that the current statement runs in; goes up when the unit ends one. */
  ordinal: number;
  /** Which statement of the unit the next reply belongs to. */
  index: number;
  readonly results: StatementResult[];
  rowsReturned: number;
  bytesReturned: number;
  maskedCells: number;
  errorCode: string | undefined;
  /** The limit of the policy that was reached. */
  limit: string | undefined;
}

/** What a unit did, for the host. */
export function outcomeOf(work: UnitWork, status: Outcome['status'], suspended: boolean): Outcome {
  return {
    ticket: work.ticket,
    status,
    statements: work.results,
    bytesReturned: work.bytesReturned,
    maskedCells: work.maskedCells,
    errorCode: work.errorCode,
    limit: work.limit,
    transaction: work.transaction,
    suspended,
  };
}
