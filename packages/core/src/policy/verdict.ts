import type { OutputMask } from '../masking/mask.js';
import type { ColumnName, RelationName } from '../sql/names.js';
import type { LimitEach } from './document.js';

/** What policy says of one unit. Evaluation never throws: a rule that cannot be evaluated refuses. */

/** Why something was refused; stable, documented in docs/errors.md, mapped to each database's own codes by the adapters. */
export const REFUSAL_CODES = [
  'policy-denied', // a deny rule, or the default
  'opaque-statement', // could not be seen through, with a protected column in reach
  'relation-unknown', // names a relation that does not exist: the database would refuse it too
  'column-unknown',
  'protected-predicate', // a condition on a protected column that policy does not permit
  'protected-flow', // protected values would move to an unprotected place
  'protected-write', // writing a column that the principal reads masked
  'mask-blocked', // the mask of a column is `block`
  'mask-unbindable', // the plan does not fit the result's columns
  'statement-unparsed', // not understood by the database's grammar
  'statement-too-large',
  'parser-disagreement', // the cross-check of an upstream contradicts what was understood
  'intent-missing', // policy requires a purpose, ticket or trace context that was not given
  'limit-exceeded', // more rows or statements than a limit lets through
  'policy-error',
  'approval-rejected',
  'approval-expired',
  'approval-void',
  'approval-in-transaction',
  'approval-unavailable',
  'setting-pinned', // a setting that says who the session is for would, or may, be changed
  'plan-outdated', // what a prepared statement names has changed so that other masks belong to it
  'transaction-failed', // refused, in a transaction that takes nothing but its end any more
  'identity-expired',
  'identity-revoked',
  'identity-invalid',
  'identity-missing',
  'login-throttled', // too many logins have failed
  'ledger-unavailable',
  'catalogue-unavailable',
  'message-unsupported', // a protocol message or feature that is not handled
  'upstream-unavailable',
  'upstream-refused',
  'database-unknown',
  'too-many-connections', // more clients, or clients of one identity, than the configuration lets in
  'cancelled', // a held statement was cancelled by its own client
  'session-killed', // an operator ended the session
  'shutting-down',
  'internal-error',
] as const;
export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** A refusal as the client will see it. */
export interface Refusal {
  readonly code: RefusalCode;
  /** For people: lower case, no full stop, says what to do; no literal of the statement. */
  readonly message: string;
  /** The rule that decided, when one did. */
  readonly rule?: string;
  /** More for people: the request to approve, who to ask. */
  readonly hint?: string;
  /** Where in the text, in characters (code points) from 1, for clients that show the place. */
  readonly position?: number;
  /** The approval request it belongs to. */
  readonly request?: string;
}

/** Who must approve. */
export interface ApprovalRequirement {
  readonly rule: string;
  readonly groups: readonly string[];
  /** How many different people. */
  readonly people: number;
  readonly withinMs: number;
}

/** The masks of one statement's result: one per output in order, or for whatever columns come. */
export type StatementMasks = { readonly kind: 'none' } | { readonly kind: 'outputs'; readonly outputs: readonly (OutputMask | null)[] };

/** What a limit counts. */
export type LimitedThing = 'rows-returned' | 'rows-affected' | 'statements';

export interface LimitAmount {
  readonly what: LimitedThing;
  readonly max: number;
  /** In any stretch of that length; `undefined` for each statement by itself. */
  readonly perMs: number | undefined;
}

/** A limit that holds for one statement. Plain data; for whom it counts is in `limitedParties`. */
export interface AppliedLimit {
  /** Its id. */
  readonly limit: string;
  readonly amounts: readonly LimitAmount[];
  readonly each: LimitEach;
  /** `upstream.schema.relation` of what is counted apart, when it is; `undefined` stands for what could not be seen. */
  readonly relations: readonly (RelationName | undefined)[];
  readonly message: string | undefined;
  /** It is of written rows, and of this statement the server counts only some: it cannot be let through. */
  readonly isUncountable?: true;
}

export type Effect = 'allow' | 'deny' | 'approve';

export interface Verdict {
  readonly effect: Effect;
  /** Ids of the rules that matched, the deciding one first; `default` when none did. */
  readonly rules: readonly string[];
  /** Set exactly when `effect` is `deny`. */
  readonly refusal?: Refusal;
  /** Set exactly when `effect` is `approve`. */
  readonly approval?: ApprovalRequirement;
  /** One per statement of the unit (also when the effect is `deny`, for what `explain` shows; then it may be empty). */
  readonly masks: readonly StatementMasks[];
  /** The limits of each statement of the unit; absent when there are none. */
  readonly limits?: readonly (readonly AppliedLimit[])[];
  /** Ids of the requirements that hold for some statement of the unit; absent when there are none. Whether they are met is asked for each unit. */
  readonly requirements?: readonly string[];
  /** Labels of every column touched, sorted. */
  readonly labels: readonly string[];
  /** The protected columns touched, with their labels. */
  readonly protectedColumns: readonly { readonly column: ColumnName; readonly label: string }[];
  /** In observe mode the effect is `allow`, and this is what it would have been. */
  readonly observed?: { readonly effect: Effect; readonly refusal?: Refusal; readonly approval?: ApprovalRequirement };
}
