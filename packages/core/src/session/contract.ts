import type { MaskPlan } from '../masking/mask.js';
import type { Principal } from '../identity/principal.js';
import type { Refusal } from '../policy/verdict.js';
import type { AssertedIntent } from './asserted-intent.js';
import type { RowAllowance } from './row-allowance.js';

/**
 * The contract between a wire session (one per client connection, one implementation per database) and its host.
 *
 * A wire session is sans-I/O: bytes in, bytes and questions out. It owns the protocol state machine and nothing else: no sockets,
 * promises, clocks or files. It calls its {@link SessionHost} synchronously; the host answers at once or later by a method of
 * {@link WireSession}. No method of either side throws for what the other end of a wire sent.
 */

export type Leg = 'client' | 'server';
export type DialectName = 'postgres' | 'mysql' | 'sqlserver';

/** The session's SQL state that names and lexis depend on, as observed on the server. Interned: equal states are one object with one id. */
export interface SqlState {
  /** Unique within the process for each distinct content. */
  readonly id: number;
  readonly database: string;
  /** The role that names resolve for. */
  readonly role: string;
  /** Effective schemas in order, as the server says (implicit ones included). */
  readonly searchPath: readonly string[];
  /** There are relations that only this session sees (temporary ones). */
  readonly hasOwnRelations?: boolean;
  /** What the lexer needs, by the server's names (`standard_conforming_strings`, `sql_mode`, …). Plain data. */
  readonly lexical: Readonly<Record<string, string>>;
}

/**
 * Where a unit stands in its life.
 * `query`: text that runs at once (PostgreSQL Query, COM_QUERY, SQLBatch).
 * `prepare`: text is parsed by the server, or described (then there is an earlier admission), nothing runs.
 * `bind`: values meet the prepared text; a hold happens here. `execute`: it runs; the intent is recorded here.
 */
export type UnitPhase = 'query' | 'prepare' | 'bind' | 'execute';

/** Bound values, as the client sent them. Views of the client's bytes: copy to keep. */
export interface BoundParameter {
  readonly typeId: number;
  readonly format: 'text' | 'binary';
  /** `null` for SQL NULL. */
  readonly value: Uint8Array | null;
}

/** What the server takes as one. Judged and held whole: one refused statement refuses all. */
export interface Unit {
  readonly phase: UnitPhase;
  /** The exact text, as the server will decode it. */
  readonly text: string;
  /**
   * A token that the client gives to renew its identity by the unit: {@link text} is what the server gets in its place. Empty: the client
   * wanted to, in a form that is not taken; the unit is to be refused. A host that does not take
   * it must refuse; no host may write it anywhere.
   */
  readonly renewal?: string | undefined;
  /** Declared types of parameters (0: not declared). */
  readonly parameterTypes: readonly number[];
  /** At `bind` and `execute`. */
  readonly parameters: readonly BoundParameter[];
  /** At `prepare`: the name that EXECUTE may know the statement by; absent for the unnamed one. */
  readonly statementName?: string | undefined;
  /** At `bind`: the name that the bound statement gets, where a cursor may have it too; absent for the unnamed one. */
  readonly portal?: string | undefined;
  readonly state: SqlState;
  /** What settings of the session say of why it is run; absent when nothing. What the text itself says is not in it. */
  readonly asserted?: AssertedIntent | undefined;
  readonly transaction: TransactionState;
  /** What was decided in an earlier phase of the same prepared statement or portal. */
  readonly earlier: Admission | undefined;
}

/** Where the server's transaction stands when the unit is about to run. */
export interface TransactionState {
  readonly status: 'idle' | 'open' | 'failed';
  /** Counts the transactions of the session, implicit ones too. */
  readonly ordinal: number;
  /** A statement that may hold locks or have changed data has run in it: a hold would keep others waiting. */
  readonly hasEffects: boolean;
  /** Session state was changed inside it: its end may change the state back. */
  readonly stateChanged: boolean;
}

/** What the session must know of one statement of an admitted unit. */
export interface AdmittedStatement {
  /** `undefined`: nothing is protected in this upstream, rows pass as they came. */
  readonly plan: MaskPlan | undefined;
  /** The statement may change what names and lexis depend on: probe before the next unit. */
  readonly changesState: boolean;
  /** The statement may change the schema: the host must look at the catalogue again before the next unit. */
  readonly changesSchema: boolean;
  /** It may write or lock: a later hold in the same transaction is refused. */
  readonly hasEffects: boolean;
  /** Its command, for the session's own bookkeeping (`begin`, `commit`, `set`, `copy`, …). */
  readonly action: string;
  /** Its rows are messages of earlier statements: cleaned where texts are. */
  readonly messages?: true;
  /** It may turn the connection to copying (in PostgreSQL COPY from or to the client). */
  readonly mayCopy: boolean;
  /** What the rows that it returns draw from; absent: any number. Of this admission only. */
  readonly returned?: RowAllowance;
  /** What the rows that it affects draw from. A statement that affects more must leave nothing behind. */
  readonly affected?: RowAllowance;
  /** For a copy to the client under a plan. Without it such a copy is refused when the plan masks anything. */
  readonly copy?: CopyToClient;
}

/** How the rows of a copy to the client are written, and where its columns can be learned. Absent options are the server's defaults. */
export interface CopyToClient {
  readonly format: 'text' | 'csv' | 'binary';
  /** One byte. */
  readonly delimiter?: string;
  readonly nullText?: string;
  /** CSV only; one byte. */
  readonly quote?: string;
  /** CSV only; one byte. */
  readonly escape?: string;
  /** The first row holds the names of the columns. */
  readonly header?: boolean;
  /** A query with the same columns in the same order: prepared and described before the copy, never run. */
  readonly describe: string;
}

/** The answer to a unit. `ticket` names the intent entry for {@link SessionHost.settle}; 0 in phases that record none. */
export type Admission =
  | {
      readonly kind: 'proceed';
      readonly ticket: number;
      readonly statements: readonly AdmittedStatement[];
      /** Which of {@link statements} a result of the unit belongs to is not known: the session takes the strictest masks of all that fit it. */
      readonly branching?: boolean;
      /** Error and notice texts may carry protected values: replace all but the allow-listed fields. */
      readonly cleanTexts: boolean;
      /** The host's own; handed back in {@link Unit.earlier}. */
      readonly decision: unknown;
    }
  | { readonly kind: 'refuse'; readonly refusal: Refusal };

/** What one statement of a unit did, as the server reported it. */
export interface StatementResult {
  /** The server's completion text without its numbers (`SELECT`, `INSERT`, `COPY`, …); empty when it did not complete. */
  readonly command: string;
  /** Rows delivered to the client's transport. */
  readonly rowsReturned: number;
  /** The server's figure; `null` when it gave none. */
  readonly rowsAffected: number | null;
  /** The ordinal of the transaction that it ran in, where that is not the one that its unit was admitted in. */
  readonly transaction?: number;
}

export interface Outcome {
  readonly ticket: number;
  readonly status: 'ok' | 'error' | 'cancelled' | 'unknown';
  readonly statements: readonly StatementResult[];
  readonly bytesReturned: number;
  readonly maskedCells: number;
  /** The server's own code (SQLSTATE, error number) when it failed. */
  readonly errorCode: string | undefined;
  /** The limit of the policy that ended it. */
  readonly limit?: string | undefined;
  readonly transaction: TransactionState;
  /** Rows ended early because a limit of the portal was reached; another execute may follow. */
  readonly suspended: boolean;
}

/** How a transaction ended. `unknown`: the connection was lost while its end was under way. */
export type TransactionEnd = 'committed' | 'rolled-back' | 'unknown';

/** What the client said of itself before authentication; nothing here is proven. */
export interface LoginRequest {
  readonly user: string;
  readonly database: string;
  /** Other startup parameters that were accepted (`application_name`, …). */
  readonly parameters: Readonly<Record<string, string>>;
  /** What the client gave to prove itself. */
  readonly credential: ClientCredential;
  /** The client leg is encrypted by TLS that ends here. */
  readonly encrypted: boolean;
}

/**
 * How a client proved itself. `scram`: it has shown by SCRAM-SHA-256 that it knows the password of the user of the verifier that it was checked
 * against. `password`: it gave the password that {@link ClientMethod} `scram` asks for, in clear, because its protocol has no such exchange: the host checks
 * it against the user's verifier. `certificate`: the host found it proven by the certificate of the client leg. `workload`: it was asked for nothing. `refused`: it
 * failed; the host records the attempt and answers with this refusal, and must not answer otherwise; `isGuess`: what it gave as a secret was wrong.
 */
export type ClientCredential =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'scram' }
  | { readonly kind: 'password'; readonly password: string }
  | { readonly kind: 'certificate' }
  | { readonly kind: 'workload' }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly isGuess?: boolean }
  | { readonly kind: 'none' };

/** What is known of a client when it must be decided how it proves itself; nothing here is proven. */
export interface ClientIntroduction {
  readonly user: string;
  readonly database: string;
  readonly encrypted: boolean;
}

/** How a client is to prove itself. One method for one login: a client that fails is refused, and never asked for something weaker. */
export type ClientMethod =
  /** The host knows who it is (a driver in the same process): it is asked for nothing. */
  | { readonly kind: 'none' }
  /** The certificate of the client leg proves it: it is asked for nothing. */
  | { readonly kind: 'certificate' }
  /** The host knows whose workload can reach the leg, which cannot be reached from elsewhere: it is asked for nothing. */
  | { readonly kind: 'workload' }
  /** A token as the password, in clear inside of TLS or on a leg that cannot be overheard. */
  | { readonly kind: 'token' }
  /** A token as the protocol's own OAuth mechanism carries it, on the same legs. A client that has none is told where tokens come from. */
  | { readonly kind: 'oauth'; readonly discovery: OAuthDiscovery }
  /**
   * A password of which the host has a verifier. `endPoint`: of the certificate that the gateway showed on this leg, for channel binding. Protocols
   * without SCRAM ask for the password in clear, on the same legs as for a token.
   */
  | { readonly kind: 'scram'; readonly verifier: ScramVerifier; readonly endPoint: Uint8Array | undefined }
  | { readonly kind: 'refuse'; readonly refusal: Refusal };

/** Where clients get tokens (RFC 7628 section 3.2.2). */
export interface OAuthDiscovery {
  /** The URL of the issuer's discovery document (OpenID Connect Discovery 1.0 section 4). */
  readonly openidConfiguration?: string;
  /** What a token must be asked for with, separated by spaces. */
  readonly scope?: string;
}

/** What a server keeps of a password for SCRAM-SHA-256 (RFC 5802 section 3). */
export interface ScramVerifier {
  readonly salt: Uint8Array;
  readonly iterations: number;
  /** 32 bytes. */
  readonly storedKey: Uint8Array;
  /** 32 bytes. */
  readonly serverKey: Uint8Array;
  /** Stands for a user that there is not: no password fits it. */
  readonly isMock: boolean;
}

export type LoginAnswer =
  | { readonly kind: 'accept'; readonly principal: Principal; readonly server: ServerLogin }
  | { readonly kind: 'refuse'; readonly refusal: Refusal };

/** How the gateway logs in on the server leg. */
export interface ServerLogin {
  readonly user: string;
  readonly database: string;
  readonly password: string | undefined;
  /** `require`: end the session unless the server leg is encrypted. `disable`: do not ask for it. */
  readonly tls: 'require' | 'disable';
  /** How TLS begins: as the protocol asks for it (`postgres`, default, of every protocol), or with the first byte (`direct`; TDS 8.0). */
  readonly sslNegotiation?: 'postgres' | 'direct';
  /** The server leg cannot be overheard (unix socket, loopback), so that a password may be sent in clear. */
  readonly isPrivate?: boolean;
  /** The server leg is a unix socket, which servers themselves hold to be private. */
  readonly isSocket?: boolean;
  /** PEM of the RSA public key that the server decrypts passwords with; where it has none other is believed (MySQL `caching_sha2_password`). */
  readonly serverPublicKey?: string;
  /** What the server may ask for; default: every method that does not show the password to others. */
  readonly accept?: readonly ServerMethod[];
  /** `require`: nothing but SCRAM bound to the server's certificate. Default `prefer`: bound where the server offers it. */
  readonly channelBinding?: 'require' | 'prefer' | 'disable';
  /** The role that statements run as from the beginning, and that whatever sets the session back goes back to. Default: that of `user`. */
  readonly role?: string;
  /**
   * Settings of the session, by lower-case name, that it begins with and that whatever sets it back goes back to. The session ends when they are
   * found to be others, the role too.
   */
  readonly settings?: Readonly<Record<string, string>>;
  /** User and password are the client's own: that the server lets them in proves who the client is, and that it does not refuses the client. */
  readonly isClients?: boolean;
  /** The newest protocol version that the server is asked for; it may answer with an older one. Default: the newest that is known. */
  readonly protocol?: '3.0' | '3.2';
  /** A server that sends the gateway to another one (MS-TDS routing) is followed once. Default: it is not. */
  readonly followsRouting?: boolean;
}

/** Where a server sends whoever logs in. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** How a server may have the gateway prove itself. `none`: it asks for nothing (trust, or the certificate of the gateway was enough). */
export type ServerMethod =
  | 'scram-sha-256-plus'
  | 'scram-sha-256'
  | 'md5'
  | 'password'
  | 'caching_sha2_password'
  | 'mysql_native_password'
  | 'mysql_clear_password'
  | 'sql-login'
  | 'access-token'
  | 'none';

/** What TLS on a leg came to. Absent where the host cannot say. */
export interface TlsFacts {
  /** `tls-server-end-point` (RFC 5929 section 4.1) of the certificate that the other end showed; absent where none is defined for it. */
  readonly endPoint?: Uint8Array;
  /** What ALPN (RFC 7301) settled on; absent when nothing. */
  readonly protocol?: string;
}

/**
 * How the bytes of TLS travel on a leg where the protocol carries its handshake in packets of its own (MS-TDS: PRELOGIN packets); for one handshake of
 * TLS 1.2, whose end can be told from its records. Both methods take bytes in any pieces.
 */
export interface TlsFraming {
  /** Bytes that TLS gives out, as they go to the other end. */
  outgoing(bytes: Uint8Array): Uint8Array;
  /** Bytes from the other end, as TLS takes them; may be empty. `undefined`: they are none that belong in a handshake, and the leg has failed. */
  incoming(bytes: Uint8Array): Uint8Array | undefined;
}

/** A finding of the session that policy and auditors must hear of. */
export type SecurityEvent = {
  /** The server's origin of a column is protected and the analysis did not expect it; it was masked all the same. */
  readonly kind: 'lineage-disagreement';
  readonly ticket: number;
  readonly columns: readonly { readonly position: number; readonly label: string; readonly sources: readonly string[] }[];
};

/** Asks of a session: called synchronously by the session, never re-entered for the same question. */
export interface SessionHost {
  /** Bytes for a leg. Ownership passes to the host; the session will not change them. */
  send(leg: Leg, bytes: Uint8Array): void;
  /**
   * Start TLS on a leg: everything sent before goes out in clear, everything after inside. `ahead`: what came behind the request for it in the same
   * bytes, where the protocol does not have the other end wait (MySQL): it is read as TLS, never as anything else. `framing`: TLS goes through it,
   * TLS 1.2 and without ALPN. Answer: {@link WireSession.tlsStarted}.
   */
  startTls(leg: Leg, ahead?: Uint8Array, framing?: TlsFraming): void;
  /** Whether the client leg can be upgraded to TLS. */
  readonly canEncryptClient: boolean;
  /** The client leg cannot be overheard (unix socket, loopback, in-memory), so that a token may be sent in clear. */
  readonly clientLegIsPrivate: boolean;
  /** The client leg is a unix socket, which clients themselves hold to be private. Default: false. */
  readonly clientLegIsSocket?: boolean;
  /** Who is this? Answer: {@link WireSession.loginAnswered}. */
  authenticate(login: LoginRequest): void;
  /**
   * Open the server leg. `to`: instead of the one there is, to where that server has sent the gateway; what was not sent yet on the old one is
   * dropped. Answer: {@link WireSession.serverConnected} or {@link WireSession.ended}.
   */
  connectServer(to?: ServerAddress): void;
  /** May this unit go on? `undefined`: the answer comes later by {@link WireSession.admitted}. At most one is under way. */
  admit(unit: Unit): Admission | undefined;
  /** The pending unit was given up: cancelled, or its client is gone. */
  abandon(): void;
  /** What became of an admitted unit. Called exactly once for every ticket that is not 0. */
  settle(outcome: Outcome): void;
  transactionEnded(ordinal: number, end: TransactionEnd): void;
  /** The server has set the session back to what it began with, out of any statement's sight (COM_RESET_CONNECTION): nothing that units left in it is there. */
  sessionReset?(): void;
  security(event: SecurityEvent): void;
  /** Whether the client may be told now what comes without a unit of its own (notifications). Without it, only that something came. */
  mayHear(): boolean;
  /** The session is ready for statements: `cancelKey` (if any) now names it. */
  ready(info: { readonly serverVersion: string }): void;
  /** A client asked to cancel what runs under this key of ours; the session itself ends. */
  cancelRequested(key: CancelKey): void;
  /**
   * A client asks to end what runs in another session, or that session (MySQL KILL). `id`: as it was given to clients, or as the server numbers its
   * own sessions. Only of the same principal. `done` is called exactly once, at once or later.
   */
  killRequested(id: number, scope: 'query' | 'connection', done: (answer: KillAnswer) => void): void;
  /** Stop or go on reading from a leg (back-pressure while a unit is pending). */
  pause(leg: Leg, paused: boolean): void;
  /** The session is over. The host flushes what was sent and closes both legs. Called once. */
  end(reason: EndReason): void;
  /** Unpredictable bytes, for keys and nonces of our own. */
  randomBytes(length: number): Uint8Array;
}

/** `unknown`: there is no such session, or it is somebody else's: the two are not told apart. */
export type KillAnswer = 'done' | 'unknown';

export interface CancelKey {
  readonly processId: number;
  /** 4 bytes in protocol 3.0, 4 to 256 in 3.2 (keys of our own: 32). */
  readonly secret: Uint8Array;
}

export type EndReason =
  | { readonly kind: 'closed'; readonly by: Leg }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'protocol-error'; readonly leg: Leg; readonly detail: string }
  | { readonly kind: 'cancel-request' };

/** Rows of an injected statement, as text; or the server's error code. */
export type InjectResult =
  | { readonly kind: 'rows'; readonly rows: readonly (readonly (string | null)[])[] }
  | { readonly kind: 'error'; readonly code: string; readonly message: string };

/** The session, as its host drives it. */
export interface WireSession {
  /** Bytes from a leg. The session may keep views of `bytes`: the host must not change them afterwards. */
  receive(leg: Leg, bytes: Uint8Array): void;
  /** The other end of a leg is gone, in order or not. */
  ended(leg: Leg, detail?: string): void;
  tlsStarted(leg: Leg, facts?: TlsFacts): void;
  loginAnswered(answer: LoginAnswer): void;
  serverConnected(): void;
  /** The answer to a unit for which `admit` returned `undefined`. */
  admitted(admission: Admission): void;
  /** Words for the person at the client while a unit is held, in the protocol's notice form. */
  notice(message: string, hint?: string): void;
  /**
   * Runs a statement of the gateway's own on the same server connection and swallows the replies. Only while a unit is pending.
   * `done` is called exactly once.
   */
  inject(sql: string, done: (result: InjectResult) => void): void;
  /** End the session with a refusal in the protocol's form (expiry, drain, kill). */
  terminate(refusal: Refusal): void;
  /** The cancel key that the server gave for its leg, for a cancel request towards it. */
  serverCancelKey(): CancelKey | undefined;
  /** The key of our own that the client was given. */
  readonly clientCancelKey: CancelKey | undefined;
}
