import type { Principal } from '../identity/principal.js';
import type { StatementFacts } from '../sql/facts.js';
import type { ColumnName } from '../sql/names.js';
import type { TransactionEnd } from '../session/contract.js';

/**
 * What the ledger holds. Every event is one leaf of the Merkle tree; its canonical bytes are RFC 8785 (JCS) JSON.
 * Times are integer milliseconds since the epoch. Sensitive values (statement texts, bound values, tokens) are never in an event: only
 * salted commitments to them are, so that the values can be erased without breaking a proof.
 */

/** `base64(SHA-256("sqlwarden/field/v1\0" ‖ name ‖ 0 ‖ salt32 ‖ value))`. */
export interface Commitment {
  readonly commitment: string;
}

export interface EventBase {
  readonly v: 1;
  /** Position in the log, from 0, without gaps. Set by the log. */
  readonly seq: number;
  readonly time: number;
  /** Set by the log, only where the event would not fit in an entry ({@link MAX_ENTRY_BYTES}). */
  readonly withheld?: readonly Withheld[];
}

/**
 * A field that was too large for its entry. In the event it is an empty list; the canonical JSON of the whole list is behind the
 * commitment, in a {@link Disclosure} with the name `withheld.<field>`. An empty list with this mark says nothing of what was in it.
 */
export interface Withheld extends Commitment {
  readonly field: string;
}

/** What an entry can hold: its length is a uint16 in an entry bundle (c2sp.org/tlog-tiles, "Log entries"). */
export const MAX_ENTRY_BYTES = 65_535;

export interface LogOpened extends EventBase {
  readonly type: 'log.opened';
  readonly origin: string;
  readonly software: string;
  /** The log was not closed in order before: statements without an outcome have an unknown one. */
  readonly recovered: boolean;
  /** While the log is open, there is an entry at least this often: a longer silence is a gap. */
  readonly heartbeatMs: number;
  /** The tree that was found, before this entry. */
  readonly previous: { readonly size: number; readonly root: string };
}
export interface LogClosed extends EventBase {
  readonly type: 'log.closed';
}
export interface Heartbeat extends EventBase {
  readonly type: 'heartbeat';
  readonly sessions: number;
}
export interface PolicyLoaded extends EventBase {
  readonly type: 'policy.loaded';
  /** Hex SHA-256 over the policy files' contents in order. */
  readonly digest: string;
  readonly mode: 'enforce' | 'observe';
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
  readonly inactive: readonly { readonly upstream: string; readonly rule: string; readonly reason: string }[];
}
export interface SessionOpened extends EventBase {
  readonly type: 'session.opened';
  readonly session: string;
  readonly upstream: string;
  readonly dialect: string;
  readonly database: string;
  readonly enforcement: 'gateway' | 'library';
  readonly principal: Principal;
  /** The client's transport address, or `in-memory`. */
  readonly client: string;
  /** What the client said of itself; proven by nobody. */
  readonly asserted: Readonly<Record<string, string>>;
}
export interface SessionClosed extends EventBase {
  readonly type: 'session.closed';
  readonly session: string;
  readonly reason: string;
  readonly durationMs: number;
}
export interface LoginRefused extends EventBase {
  readonly type: 'login.refused';
  readonly upstream: string;
  readonly client: string;
  readonly code: string;
  /** Why, in words; never the token. */
  readonly message: string;
  readonly asserted: Readonly<Record<string, string>>;
}

/** What both a forwarded and a refused unit say of themselves. */
export interface UnitRecord {
  readonly session: string;
  readonly upstream: string;
  readonly database: string;
  readonly environment: string;
  readonly principal: Principal;
  readonly enforcement: 'gateway' | 'library';
  readonly phase: 'query' | 'prepare' | 'bind' | 'execute';
  readonly text: Commitment;
  /** Hex SHA-256 of the statement's shape (the text with its literals taken out): groups statements, decides nothing. */
  readonly fingerprint: string;
  readonly parameters: readonly Commitment[];
  readonly facts: readonly StatementFacts[];
  readonly labels: readonly string[];
  readonly rules: readonly string[];
  readonly policy: string;
  readonly catalogue: number;
  readonly transaction: number;
  readonly elevated: boolean;
  /** The protected columns touched, masked or not, with their labels: what an auditor's "did it contain PII" is answered from. */
  readonly protectedColumns?: readonly { readonly column: ColumnName; readonly label: string }[];
  /** The columns that will be masked, statement by statement. */
  readonly masks: readonly {
    readonly statement: number;
    readonly output: number;
    readonly label: string;
    readonly function: string;
    readonly sources: readonly string[];
  }[];
}

/** Written before the unit is forwarded. */
export interface StatementIntent extends EventBase, UnitRecord {
  readonly type: 'statement.intent';
  readonly verdict: 'allow' | 'approved' | 'observed';
  /** The approval that lets it run. */
  readonly approval?: { readonly request: string; readonly digest: string };
  /** In observe mode: what policy would have done. */
  readonly wouldBe?: { readonly effect: 'deny' | 'approve'; readonly code?: string; readonly rule?: string };
}
export interface StatementRefused extends EventBase, Omit<UnitRecord, 'facts'> {
  readonly type: 'statement.refused';
  /** Absent when the statement was not understood. */
  readonly facts?: readonly StatementFacts[];
  readonly code: string;
  readonly rule?: string;
  readonly message: string;
  readonly request?: string;
}
/** Written after; exactly one per intent, unless the process died. */
export interface StatementOutcome extends EventBase {
  readonly type: 'statement.outcome';
  /** `seq` of the intent. */
  readonly intent: number;
  readonly session: string;
  readonly status: 'ok' | 'error' | 'cancelled' | 'unknown';
  readonly statements: readonly { readonly command: string; readonly rowsReturned: number; readonly rowsAffected: number | null }[];
  readonly bytesReturned: number;
  readonly maskedCells: number;
  readonly errorCode?: string;
  /** Microseconds from the intent to the outcome. */
  readonly durationUs: number;
  readonly transaction: number;
  /** The portal's row limit was reached: another execute of the same portal may follow, under the same approval. */
  readonly suspended?: boolean;
}
export interface TransactionEnded extends EventBase {
  readonly type: 'transaction.ended';
  readonly session: string;
  readonly transaction: number;
  readonly end: TransactionEnd;
}
export interface ApprovalRequested extends EventBase {
  readonly type: 'approval.requested';
  readonly request: string;
  readonly digest: string;
  readonly session: string;
  readonly upstream: string;
  readonly requester: Principal;
  readonly text: Commitment;
  readonly parameters: readonly Commitment[];
  readonly facts: readonly StatementFacts[];
  readonly labels: readonly string[];
  readonly rule: string;
  readonly groups: readonly string[];
  readonly people: number;
  readonly expiresAt: number;
}
export interface ApprovalDecided extends EventBase {
  readonly type: 'approval.decided';
  readonly request: string;
  readonly digest: string;
  readonly decision: 'approve' | 'reject';
  readonly approver: Principal;
  /** Commitment to the approver's whole token, so that its signature can be checked again. */
  readonly token: Commitment;
  readonly comment?: Commitment;
}
export interface ApprovalEnded extends EventBase {
  readonly type: 'approval.ended';
  readonly request: string;
  readonly digest: string;
  readonly end: 'used' | 'rejected' | 'expired' | 'withdrawn' | 'void';
}
export interface SecurityFinding extends EventBase {
  readonly type: 'security.finding';
  readonly session: string;
  /** `unrecordable`: stands for an entry that could not be written, because it was too large or held what JSON does not have. */
  readonly kind: 'lineage-disagreement' | 'parser-disagreement' | 'protocol-error' | 'approval-refused' | 'unrecordable';
  readonly intent?: number;
  readonly detail: string;
  readonly columns?: readonly { readonly position: number; readonly label: string; readonly sources: readonly string[] }[];
}
export interface SchemaChanged extends EventBase {
  readonly type: 'schema.changed';
  readonly upstream: string;
  /** The intent that changed it, when it was one of ours; absent when it was found by polling. */
  readonly intent?: number;
  readonly catalogue: number;
  readonly changes: readonly {
    readonly operation: 'added' | 'removed' | 'changed';
    readonly kind: 'relation' | 'column' | 'routine';
    readonly name: string;
    readonly detail?: string;
  }[];
}

export type LedgerEvent =
  | LogOpened
  | LogClosed
  | Heartbeat
  | PolicyLoaded
  | SessionOpened
  | SessionClosed
  | LoginRefused
  | StatementIntent
  | StatementRefused
  | StatementOutcome
  | TransactionEnded
  | ApprovalRequested
  | ApprovalDecided
  | ApprovalEnded
  | SecurityFinding
  | SchemaChanged;

export type LedgerEventType = LedgerEvent['type'];
/** An event as it is given to the log, which adds `v`, `seq`, `time` and, if it must, `withheld`. */
export type NewLedgerEvent = LedgerEvent extends infer E ? (E extends LedgerEvent ? Omit<E, keyof EventBase> : never) : never;

/** A value behind a {@link Commitment}, kept beside the log where it can be erased. */
export interface Disclosure {
  /** The field that the commitment stands in: `text`, `parameter`, `token`, `comment`, `withheld.<field>`. */
  readonly name: string;
  /** Base64 of 32 random bytes. */
  readonly salt: string;
  /** The value; bytes as base64 with a `base64:` prefix, text as it is. */
  readonly value: string;
}

/** The log as the engine uses it. Implemented by the ledger package. */
export interface LedgerWriter {
  /** A commitment for a field of the next event, and the value to be kept beside it. */
  commit(name: string, value: string | Uint8Array): { readonly commitment: Commitment; readonly disclosure: Disclosure };
  /**
   * Appends an event and returns its `seq`. When it returns, the event and its disclosures have been written to the operating system
   * (they survive the death of the process, not of the machine). Throws a `LedgerError` when that failed; nothing may be forwarded then.
   */
  append(event: NewLedgerEvent, disclosures: readonly Disclosure[]): number;
  /** Resolves when everything up to `seq` is on stable storage; rejects with a `LedgerError`. Calls made together share one sync. */
  durable(seq: number): Promise<void>;
}
