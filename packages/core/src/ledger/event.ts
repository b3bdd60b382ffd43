import type { Principal } from '../identity/principal.js';
import type { Revocation } from '../identity/revocation.js';
import type { StatementFacts } from '../sql/facts.js';
import type { ColumnName } from '../sql/names.js';
import type { AssertedIntent } from '../session/asserted-intent.js';
import type { Outcome, TransactionEnd, Unit } from '../session/contract.js';

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
  /** The user of the server that the gateway logged in as for the session, and the role that its statements run as where that is another. */
  readonly serverUser?: string;
  readonly serverRole?: string;
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
/** The identity of a session was renewed: same parties and rights, a later end. */
export interface SessionRenewed extends EventBase {
  readonly type: 'session.renewed';
  readonly session: string;
  readonly principal: Principal;
  /** `statement`: the client gave a token in a statement. `source`: what the gateway was told to read (a token file) has a newer one. */
  readonly by: 'statement' | 'source';
}
/** An operator ended a session. */
export interface SessionKilled extends EventBase {
  readonly type: 'session.killed';
  readonly session: string;
  readonly by: Principal;
  readonly reason?: string;
}
/** Identities were revoked, or let in again. */
export interface RevocationsChanged extends EventBase {
  readonly type: 'revocations.changed';
  /** `file`: the configured file was read; `command`: somebody said so. */
  readonly source: 'file' | 'command';
  readonly added: readonly Revocation[];
  readonly lifted: readonly Revocation[];
  /** Who did it, by `command`. */
  readonly by?: Principal;
  /** Hex SHA-256 of the file. */
  readonly sha256?: string;
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

/** The gateway's token exchange gave out a token (RFC 8693). Durable before the token is. */
export interface TokenIssued extends EventBase {
  readonly type: 'token.issued';
  /** As whoever presents the token will be known; `tokenId` is the token's. */
  readonly principal: Principal;
  readonly audience: string;
  /** The tokens that it was given for. */
  readonly inputs: readonly TokenInput[];
  /** The configured agent or service that acts, by its name. */
  readonly agent: string;
  readonly client: string;
}
/** A token that was shown to the token exchange, as far as it was verified. */
export interface TokenInput {
  readonly role: 'subject' | 'actor';
  readonly issuer: string;
  readonly tokenId?: string;
  readonly expiresAt: number;
}
/** The gateway's token exchange refused a request. */
export interface TokenRefused extends EventBase {
  readonly type: 'token.refused';
  readonly client: string;
  /** The error of the answer (RFC 6749 section 5.2). */
  readonly error: string;
  /** Why, more exactly. */
  readonly code: string;
  /** Why, in words; never a token. */
  readonly message: string;
  /** Who was to be acted for, and who asked, where their tokens were good. */
  readonly subject?: Principal;
  readonly actor?: Principal;
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
  /** Why it was run, as whoever sent it says; proven by nobody. */
  readonly asserted?: AssertedIntent;
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
/** What one statement of a unit did. */
export interface StatementRecord {
  readonly command: string;
  readonly rowsReturned: number;
  readonly rowsAffected: number | null;
  /** The ordinal of the transaction that it ran in, where that is not the one of its unit: a unit of several statements can end transactions. */
  readonly transaction?: number;
}
/** Written after; exactly one per intent, unless the process died. */
export interface StatementOutcome extends EventBase {
  readonly type: 'statement.outcome';
  /** `seq` of the intent. */
  readonly intent: number;
  readonly session: string;
  readonly status: 'ok' | 'error' | 'cancelled' | 'unknown';
  readonly statements: readonly StatementRecord[];
  readonly bytesReturned: number;
  readonly maskedCells: number;
  readonly errorCode?: string;
  /** The rule of policy whose limit ended it. */
  readonly limit?: string;
  /** Microseconds from the intent to the outcome. */
  readonly durationUs: number;
  /** The ordinal of the transaction that the unit began in. */
  readonly transaction: number;
  /** The portal's row limit was reached: another execute of the same portal may follow, under the same approval. */
  readonly suspended?: boolean;
}
/**
 * What was decided of a unit that need not be durable before it is forwarded: all that is the same for each of its executions. Written
 * before the first {@link StatementCompleted} that names it, and anew after {@link DECISION_REACH} entries, so that readers look back so far only.
 */
export interface StatementDecided
  extends EventBase,
    Omit<UnitRecord, 'session' | 'principal' | 'phase' | 'parameters' | 'transaction' | 'asserted'>,
    Pick<StatementIntent, 'wouldBe'> {
  readonly type: 'statement.decided';
  readonly verdict: 'allow' | 'observed';
}
/**
 * Intent and outcome of such a unit in one entry, written when it is over. What was begun stands in the write-ahead file before the unit is
 * forwarded: when the process dies, the log itself writes this entry, with the status `unknown`.
 * Whoever is behind it stands in the `session.opened` entry, and what it does in the `statement.decided` one.
 */
export interface StatementCompleted extends EventBase {
  readonly type: 'statement.completed';
  readonly session: string;
  /** `seq` of the `session.opened`. */
  readonly opened: number;
  /** `seq` of the {@link StatementDecided}. */
  readonly decision: number;
  /** The number that the unit got when it was begun: used once in a log. Its parameters are disclosed under it. */
  readonly read: number;
  readonly phase: UnitRecord['phase'];
  readonly parameters: readonly Commitment[];
  readonly transaction: number;
  readonly asserted?: AssertedIntent;
  /** When it was begun; `time` is when it was over. */
  readonly startedAt: number;
  readonly status: StatementOutcome['status'];
  readonly statements: StatementOutcome['statements'];
  readonly bytesReturned: number;
  readonly maskedCells: number;
  readonly errorCode?: string;
  /** The rule of policy whose limit ended it. */
  readonly limit?: string;
  readonly durationUs: number;
  readonly suspended?: boolean;
}
/** Written for transactions in which something else than {@link StatementCompleted} units ran. */
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
  /** `guessing`: too many logins have failed. `unrecordable`: stands for an entry that could not be written, because it was too large or held what JSON does not have. */
  readonly kind: 'lineage-disagreement' | 'parser-disagreement' | 'protocol-error' | 'approval-refused' | 'guessing' | 'unrecordable';
  readonly intent?: number;
  /** Instead of `intent`: {@link StatementCompleted} `read` of the unit. */
  readonly read?: number;
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

/**
 * The key that signs checkpoints was replaced. The checkpoint over exactly the entries up to and including this one is the last that `previous`
 * signs; all over more entries are signed by `next`. Keys are verifier keys (c2sp.org/signed-note, "Verifier keys").
 */
export interface KeyRotated extends EventBase {
  readonly type: 'key.rotated';
  readonly previous: string;
  readonly next: string;
  /** Base64 of an Ed25519 signature of `previous` over `rotationText`. */
  readonly signature: string;
  /** Who asked for it; absent when it was due. */
  readonly by?: Principal;
}
/** Values behind commitments were erased: that they are missing is no fault. Written before they go. */
export interface ValuesErased extends EventBase {
  readonly type: 'values.erased';
  /** First and last `seq` of the entries, ascending; all before this one. */
  readonly entries: readonly (readonly [number, number])[];
  /** Names of their disclosures; empty: all. */
  readonly names: readonly string[];
  readonly reason: string;
  readonly by?: Principal;
}
/** What is old was removed. The hashes stay, so that what is left can be proven. Written before anything is removed. */
export interface RetentionApplied extends EventBase {
  readonly type: 'retention.applied';
  /** Entries before this one may be gone. */
  readonly entriesBefore: number;
  /** Values behind commitments of entries before this one are gone; not less than `entriesBefore`. */
  readonly valuesBefore: number;
  readonly by?: Principal;
}

/** A sink cannot go on: what it has not got waits in the log. */
export interface SinkStopped extends EventBase {
  readonly type: 'sink.stopped';
  /** Its name in the configuration. */
  readonly sink: string;
  /** The first entry that its receiver does not have. */
  readonly next: number;
  readonly reason: string;
}
/** A sink that had stopped goes on. */
export interface SinkResumed extends EventBase {
  readonly type: 'sink.resumed';
  readonly sink: string;
  readonly next: number;
}

export type LedgerEvent =
  | LogOpened
  | LogClosed
  | Heartbeat
  | PolicyLoaded
  | SessionOpened
  | SessionClosed
  | SessionRenewed
  | SessionKilled
  | RevocationsChanged
  | LoginRefused
  | TokenIssued
  | TokenRefused
  | StatementIntent
  | StatementRefused
  | StatementOutcome
  | StatementDecided
  | StatementCompleted
  | TransactionEnded
  | ApprovalRequested
  | ApprovalDecided
  | ApprovalEnded
  | SecurityFinding
  | SchemaChanged
  | SinkStopped
  | SinkResumed
  | KeyRotated
  | ValuesErased
  | RetentionApplied;

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

/** How many entries may stand between a decision and the beginning of a unit that names it. */
export const DECISION_REACH = 1_048_576;

/** A unit that is to become a {@link StatementCompleted}, before it is forwarded. */
export interface BegunRead {
  /** Its `session.opened` was appended to this log since it was opened. */
  readonly session: string;
  /** `seq` of the {@link StatementDecided}, at most {@link DECISION_REACH} entries ago. */
  readonly decision: number;
  readonly phase: UnitRecord['phase'];
  /** Bound values, read before the call returns. The log makes the commitments to them and keeps the disclosures. */
  readonly parameters: Unit['parameters'];
  readonly transaction: number;
  /** Immutable. */
  readonly asserted?: AssertedIntent | undefined;
}

/** What came of a unit: the part of the wire session's outcome that is recorded. */
export type ReadOutcome = Pick<Outcome, 'status' | 'statements' | 'bytesReturned' | 'maskedCells' | 'errorCode' | 'suspended'> & {
  readonly limit?: string | undefined;
};

/**
 * The log as the engine uses it. Implemented by the ledger package. Everything is buffered until {@link flush}, which the host calls once per
 * turn of the event loop, before anything that was appended or begun in it is forwarded.
 */
export interface LedgerWriter {
  /** A commitment for a field of the next event, and the value to be kept beside it. */
  commit(name: string, value: string | Uint8Array): { readonly commitment: Commitment; readonly disclosure: Disclosure };
  /**
   * Takes an event and returns its `seq`. Throws a `LedgerError` when it cannot be an entry, when too much waits to be signed, or while what
   * was taken before cannot be written; nothing was taken then.
   */
  append(event: NewLedgerEvent, disclosures: readonly Disclosure[]): number;
  /** Takes the beginning of a read and returns its ticket: a negative number, which no `seq` is. Throws as {@link append} does. */
  begin(read: BegunRead): number;
  /**
   * Takes the end of a read, once per ticket, and returns the `seq` of its {@link StatementCompleted}; `durationUs` is from its beginning, in
   * microseconds. Throws as {@link append} does; the ticket is still good then.
   */
  complete(ticket: number, outcome: ReadOutcome, durationUs: number): number;
  /**
   * Writes what was taken to the operating system: it survives the death of the process then, not of the machine. Throws a `LedgerError` when
   * that failed: nothing of it may be forwarded. What was taken is kept and written as soon as that can be done.
   */
  flush(): void;
  /** Resolves when everything up to `seq` is on stable storage; rejects with a `LedgerError`. Flushes. Calls made together share one sync. */
  durable(seq: number): Promise<void>;
  /** A promise while so much waits to be signed that units should be held back; it resolves when they may go on. `undefined` in the ordinary case. */
  ready(): Promise<void> | undefined;
}
