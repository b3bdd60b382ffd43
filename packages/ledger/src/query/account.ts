import type {
  AssertedIntent,
  Principal,
  StatementFacts,
  StatementIntent,
  StatementOutcome,
  StatementRecord,
  TransactionEnd,
  UnitRecord,
} from '@sqlwarden/core';

/** One approver's decision, as the ledger proves it. */
export interface DecisionAccount {
  readonly seq: number;
  readonly time: number;
  readonly decision: 'approve' | 'reject';
  readonly approver: Principal;
  /** The approver's token is kept beside the log, so that anybody with the issuer's key can check it again; or it was erased. */
  readonly token: 'kept' | 'erased';
  readonly comment: string | undefined;
}

/** An approval, from its request to its end. */
export interface ApprovalAccount {
  readonly request: string;
  readonly digest: string;
  readonly requestedSeq: number;
  readonly requestedAt: number;
  readonly requester: Principal;
  readonly rule: string;
  readonly groups: readonly string[];
  readonly people: number;
  readonly expiresAt: number;
  readonly decisions: readonly DecisionAccount[];
  readonly end: 'used' | 'rejected' | 'expired' | 'withdrawn' | 'void' | undefined;
}

/** What one statement of a unit did. */
export interface StatementResultAccount extends StatementRecord {
  /** How the transaction that it ran in ended, where that is not what {@link StatementAccount.transaction} says. */
  readonly end?: CommitState;
}

/** What came of a unit that was forwarded, as its outcome says. */
export interface DoneOutcome
  extends Pick<StatementOutcome, 'status' | 'bytesReturned' | 'maskedCells' | 'errorCode' | 'limit' | 'durationUs' | 'time'> {
  readonly kind: 'done';
  readonly statements: readonly StatementResultAccount[];
}

/**
 * What became of a unit. `lost`: its session or process ended before it could say. `running`: it has not come back yet.
 */
export type OutcomeAccount =
  | DoneOutcome
  | { readonly kind: 'lost' }
  | { readonly kind: 'running' }
  | { readonly kind: 'refused'; readonly code: string; readonly rule: string | undefined; readonly message: string };

/** How its transaction ended; `open`: not yet; `none`: it never ran, or there was nothing that could be committed. */
export type CommitState = TransactionEnd | 'open' | 'none';

/** Everything that the ledger knows of one unit: who, on whose behalf, what, why it was allowed, and what came of it. Plain data. */
export interface StatementAccount {
  /** Which log, where several are asked. */
  readonly log?: string;
  /** The entry of the intent, of the refusal, or of the whole read. */
  readonly seq: number;
  readonly time: number;
  readonly session: string;
  readonly client: string | undefined;
  /** What the client said of itself; proven by nobody. */
  readonly asserted: Readonly<Record<string, string>>;
  /** Why it was run, as whoever sent it says; proven by nobody. */
  readonly intent: AssertedIntent | undefined;
  readonly upstream: string;
  readonly database: string;
  readonly environment: string;
  readonly enforcement: 'gateway' | 'library';
  readonly principal: Principal;
  /** The statement's text; `undefined` when it was erased. */
  readonly text: string | undefined;
  readonly parameters: number;
  readonly fingerprint: string;
  readonly facts: readonly StatementFacts[];
  /** The facts were too large for the entry and have been erased: what the statement touched is not known. */
  readonly factsErased: boolean;
  readonly verdict: 'allow' | 'approved' | 'observed' | 'refused';
  readonly wouldBe: StatementIntent['wouldBe'];
  readonly rules: readonly string[];
  readonly policy: string;
  readonly labels: readonly string[];
  readonly protectedColumns: NonNullable<UnitRecord['protectedColumns']>;
  readonly masks: UnitRecord['masks'];
  readonly elevated: boolean;
  readonly approval: ApprovalAccount | undefined;
  readonly outcome: OutcomeAccount;
  /**
   * The transaction that it began in. A unit of several statements can run in several: `end` is `committed` when any that may have changed
   * something was committed, else `unknown` or `open` when one of them is; `outcome.statements` say where one ended otherwise.
   */
  readonly transaction: { readonly ordinal: number; readonly end: CommitState };
}
