import type { Catalogue } from '../catalog/catalogue.js';
import type { CellType, ResultColumn } from '../masking/mask.js';
import type { OutputColumn, StatementFacts, TemporaryFacts, UnitFacts, VariableFacts } from '../sql/facts.js';
import type { ColumnName } from '../sql/names.js';
import type { CompilePattern, HashPort, PublicKeyPort } from '../ports.js';
import type { AssertedIntent, IntentField } from './asserted-intent.js';
import type {
  CancelKey,
  ClientIntroduction,
  ClientMethod,
  CopyToClient,
  DialectName,
  InjectResult,
  ServerAddress,
  ServerLogin,
  SessionHost,
  SqlState,
  TlsFacts,
  TlsFraming,
  WireSession,
} from './contract.js';

/** What an adapter gives to whoever composes the pipeline. Runtime sees a database through this and nothing else. */

/**
 * Why a text was not parsed. `syntax`: the database would refuse it too. `unsupported`: a state of the session that texts cannot be read in.
 * `limit` and `internal`: ours; the parser instance is thrown away.
 */
export interface ParseFailure {
  readonly kind: 'syntax' | 'limit' | 'unsupported' | 'internal';
  /** For people; never quotes a literal. */
  readonly message: string;
  /** UTF-16 offset in the text, when known. */
  readonly position?: number;
}

/** A parsed unit: plain data that survives structured cloning; only the adapter's own `analyse` looks inside. */
export interface ParsedUnit {
  readonly statements: readonly unknown[];
}

export type ParseResult = { readonly ok: true; readonly unit: ParsedUnit } | { readonly ok: false; readonly failure: ParseFailure };

/** What the parser must know besides the text; plain data. */
export interface ParseContext {
  /** The server's version, as in {@link Catalogue.serverVersion}. */
  readonly serverVersion: number;
  readonly lexical: Readonly<Record<string, string>>;
}

export type ParseText = (text: string, context: ParseContext) => Promise<ParseResult>;

/** A catalogue made ready for resolution: bodies of views and routines parsed. Opaque to all but the adapter. */
export interface ResolvedCatalogue {
  readonly catalogue: Catalogue;
  /** Something could not be read while somebody else held a lock on it: to be read again, though the schema is the same. */
  readonly isIncomplete?: boolean;
}

export interface AnalyseContext {
  readonly catalogue: ResolvedCatalogue;
  readonly state: SqlState;
  /** Session state was changed inside the open transaction: COMMIT and ROLLBACK in this unit may change it back. */
  readonly stateChangedInTransaction: boolean;
  /** The catalogue is that of an open transaction: COMMIT and ROLLBACK in this unit may change it back. */
  readonly schemaChangedInTransaction: boolean;
  /** What FETCH returns from the cursors that are open in the session (see `StatementFacts.cursor`); without it, FETCH is opaque. */
  readonly cursors?: ReadonlyMap<string, readonly OutputColumn[] | 'unknown'>;
  /** The statements of earlier units that were prepared under a name (see `StatementFacts.prepares`); without it, EXECUTE is opaque. */
  readonly prepared?: ReadonlyMap<string, unknown>;
  /** Columns with JSON documents of which facts say the parts that are read, as `memberName` names them; without it, all of each is read. */
  readonly documents?: ReadonlySet<ColumnName>;
  /** What earlier units left in variables of the session (see `StatementFacts.assigns`); without it, nothing is known of them. */
  readonly variables?: ReadonlyMap<string, VariableFacts>;
  /** The temporary relations that earlier units left in the session (see `UnitFacts.temporary`). */
  readonly temporary?: readonly TemporaryFacts[];
}

/** What a server says of a role that sessions run as. */
export interface RoleFacts {
  readonly name: string;
  readonly isSuperuser: boolean;
  /** It is one, or can become one. */
  readonly reachesSuperuser: boolean;
  /** Row-level security never holds for it. */
  readonly ignoresRowSecurity: boolean;
  /** The gateway's account may become it. */
  readonly mayBeTaken: boolean;
  /** Relations whose row-level security does not hold for it because it owns them. */
  readonly ownsWithRowSecurity: readonly string[];
}

export interface AccountFacts {
  /** Of the roles that were asked for those that there are. */
  readonly roles: readonly RoleFacts[];
  /** The settings that were asked for that policies of row-level security name. */
  readonly readByPolicies: readonly string[];
}

export interface Dialect {
  readonly name: DialectName;
  /** A module for a worker thread: answers `{id, text, context}` messages with `{id, result: ParseResult}`. */
  readonly parserEntry: URL;
  /**
   * What the protocol is called in ALPN (RFC 7301). Only databases that have a name there begin with TLS at once where a client does; in the protocols
   * of the others it is the server who speaks first, or TLS has its own beginning.
   */
  readonly alpn?: string;
  /** TLS begins inside of the protocol's packets ({@link TlsFraming}), unless a client begins with it. Absent: it has the leg for itself. */
  readonly framesTls?: boolean;
  /** A cancel is a statement on another connection (MySQL KILL), which logs in for it. Absent: the key is enough. */
  readonly cancelNeedsLogin?: boolean;
  /**
   * Variables and temporary relations of a session stand in no catalogue: what units leave in them (`StatementFacts.assigns`, `UnitFacts.temporary`) is
   * carried to the units that follow. Absent: the catalogue that is read on the session's own connection shows what is the session's own.
   */
  readonly carriesSessionObjects?: boolean;
  /** Statements that change the schema commit: transactions hold no changes of it that others cannot see, nor that their end takes back (MySQL). */
  readonly commitsSchemaChanges?: boolean;
  /**
   * A reader of the catalogue of one upstream; it may remember what it parsed last. `setters`: it also looks for what sets settings of the session while
   * rows are read or written, which facts then tell of.
   */
  createCatalogueReader(wanted?: { readonly setters: boolean }): ReadCatalogue;
  /**
   * The SQL state that a new session of this login begins with, read by statements run through `query`: what is explained and tested without
   * a client is judged in it. Throws an `Error` when it cannot be read.
   */
  readState(query: CatalogueQuery): Promise<SqlState>;
  /**
   * A short text that differs whenever the committed schema may have changed; for polling. One statement of one row and column. Absent where the reader
   * itself gives back the catalogue that it was given, when that is as it was.
   */
  readonly catalogueFingerprintSql?: string;
  /** The roles that a user is a member of, directly or not, by statements run through `query`; none when there is no such user. */
  readMemberships(query: CatalogueQuery, user: string): Promise<readonly string[]>;
  /** What the server says of these roles, and of what its row-level security reads, by statements run through `query`. */
  readAccountFacts(query: CatalogueQuery, roles: readonly string[], settings: readonly string[]): Promise<AccountFacts>;
  /** The settings, by lower-case name, that say which role statements run as. */
  readonly roleSettings: readonly string[];
  /** The text with its literals taken out: groups statements for people, decides nothing. Linear time; never throws. */
  shape(text: string): string;
  /** What a text that was parsed says of why it is run, in a comment at its end (sqlcommenter, "Specification"). Linear time; never throws. */
  assertedIn(text: string): AssertedIntent | undefined;
  /** How clients of this database say these, for the hint of a refusal. */
  howToAssert(fields: readonly IntentField[]): string;
  /** Pure and synchronous; never throws: what it does not understand is opaque. */
  analyse(unit: ParsedUnit, context: AnalyseContext): UnitFacts;
  /** The base columns behind each column of a view: position by position, as facts name them. Used to classify views. */
  relationOutputs(
    catalogue: ResolvedCatalogue,
    relation: string,
    documents?: ReadonlySet<ColumnName>,
  ): UnitFacts['statements'][number]['outputs'];
  /**
   * How the rows of a copy to the client are written, for statement `index` of the unit; `undefined` when it is none, or when its rows could
   * not be told apart with certainty. Pure; never throws.
   */
  copyToClient(unit: ParsedUnit, index: number, text: string, facts: StatementFacts): CopyToClient | undefined;
  /** The type behind a result column, for masks. `catalogue`: as it was last seen, for types that are not built in. Never throws. */
  cellType(column: ResultColumn, catalogue?: ResolvedCatalogue): CellType;
  createSession(host: SessionHost, options: WireSessionOptions): WireSession;
  /** A client of the gateway's own, for the catalogue connection and for cancels. */
  createServerClient(host: ServerClientHost, options: ServerClientOptions): ServerClient;
}

/** Reads the whole catalogue by statements run through `query` (rows as text). Rejects with an `Error` when a statement fails. */
export type ReadCatalogue = (
  query: CatalogueQuery,
  version: number,
  parse: ParseText,
  options?: ReadCatalogueOptions,
) => Promise<ResolvedCatalogue>;

/** What a reader of catalogues may make use of. */
export interface ReadCatalogueOptions {
  /** A catalogue that the same reader gave, of any time and session of the same server: what is the same still may be taken from it. */
  readonly from?: ResolvedCatalogue;
  /** Everything is to be read; `from` only saves work that does not ask the server. */
  readonly whole?: boolean;
  /** A transaction block of somebody else may be open: its locks and settings are to be as they were. */
  readonly isInTransaction?: boolean;
  /** What others have committed since that transaction began may hold for its statements; where it cannot be read in it, the reading rejects. */
  readonly isOlder?: boolean;
}

export type CatalogueQuery = (sql: string) => Promise<readonly (readonly (string | null)[])[]>;

export interface WireSessionOptions {
  readonly hash: HashPort;
  /** Where it is absent, passwords that must be encrypted for the server are not sent. */
  readonly publicKey?: PublicKeyPort;
  readonly maskKey: Uint8Array;
  readonly compilePattern: CompilePattern;
  /** Longest message accepted from either leg; checked before buffering. */
  readonly maxMessageBytes: number;
  /** Longest message accepted before the login is complete. */
  readonly maxStartupBytes: number;
  /** Bytes that may wait behind a pending unit before reading pauses. */
  readonly maxQueuedBytes: number;
  /** Refuse clients that do not start TLS (unless the leg is private). */
  readonly requireClientTls: boolean;
  /** How a client is to prove itself. Default: by a token. Called once, and must not throw. */
  readonly clientMethod?: (client: ClientIntroduction) => ClientMethod;
  /** The client leg was encrypted before its first byte: the host has ended TLS on it (direct TLS). Default: false. */
  readonly clientEncrypted?: boolean;
  /** The server's version in its own words ({@link Catalogue.versionText}), for protocols in which the server speaks first. Absent: not known yet. */
  readonly greeting?: string;
  readonly cellType: Dialect['cellType'];
}

/** Sans-I/O as a wire session is: one login, then statements one after another. */
export interface ServerClientHost {
  send(bytes: Uint8Array): void;
  /** As {@link SessionHost.startTls}. */
  startTls(framing?: TlsFraming): void;
  /** Open another connection, to where the server has sent the gateway, instead of the one there is. Answer: {@link ServerClient.connected}. Default: not done. */
  connectServer?(to: ServerAddress): void;
  randomBytes(length: number): Uint8Array;
  ready(): void;
  /** `refused`: the server answered, and did not let the gateway in. */
  failed(detail: string, refused: boolean): void;
}

export interface ServerClientOptions {
  readonly login: ServerLogin;
  readonly hash: HashPort;
  readonly publicKey?: PublicKeyPort;
  readonly maxMessageBytes: number;
  /** When given: only send a cancel for this key, then end. */
  readonly cancel?: CancelKey;
}

export interface ServerClient {
  /** The transport is open: begins to speak. */
  connected(): void;
  receive(bytes: Uint8Array): void;
  tlsStarted(facts?: TlsFacts): void;
  ended(detail?: string): void;
  query(sql: string, done: (result: InjectResult) => void): void;
}
