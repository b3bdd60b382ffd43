import type { Action, OpaqueReason } from './facts.js';
import type { Call, ColumnDefinition, Delete, Expression, Insert, Merge, NameParts, Query, Span, Update } from './model.js';

/** The statements of the model that are not data-modifying ones (those are in `model.ts`, with the rules for adapters). */

/** SELECT, VALUES, TABLE, WITH … that returns rows. `SELECT … INTO t` is {@link CreateTableAs}. */
export interface QueryStatement {
  readonly kind: 'select';
  readonly span: Span;
  readonly query: Query;
}

export interface Truncate {
  readonly kind: 'truncate';
  readonly span: Span;
  readonly relations: readonly { readonly name: NameParts; readonly only: boolean }[];
  readonly cascade: boolean;
}

/** COPY. `stream` is the client's connection (STDIN, STDOUT); a file and a program are the server's. */
export interface Copy {
  readonly kind: 'copy';
  readonly span: Span;
  readonly direction: 'to' | 'from';
  readonly what:
    | { readonly kind: 'relation'; readonly name: NameParts; readonly columns?: readonly string[] }
    | { readonly kind: 'statement'; readonly statement: QueryStatement | Insert | Update | Delete | Merge };
  readonly endpoint: { readonly kind: 'stream' } | { readonly kind: 'file' | 'program' };
  /** COPY … FROM … WHERE. */
  readonly where?: Expression;
  /** Names (lower case) and values of the options as written (`format` → `csv`); `undefined` for an option without a value. */
  readonly options: readonly { readonly name: string; readonly value: string | undefined }[];
}

export interface Explain {
  readonly kind: 'explain';
  readonly span: Span;
  /** The statement is run. */
  readonly analyze: boolean;
  readonly statement: Statement;
}

/** CREATE TABLE … AS, SELECT … INTO, CREATE MATERIALIZED VIEW. */
export interface CreateTableAs {
  readonly kind: 'create-table-as';
  readonly span: Span;
  readonly objectKind: 'table' | 'materialized view';
  readonly name: NameParts;
  readonly columns: readonly string[];
  readonly source: { readonly kind: 'query'; readonly query: Query } | { readonly kind: 'execute'; readonly execute: Execute };
  readonly ifNotExists: boolean;
  readonly temporary: boolean;
  readonly withData: boolean;
}

export interface CreateView {
  readonly kind: 'create-view';
  readonly span: Span;
  readonly name: NameParts;
  readonly columns: readonly string[];
  readonly query: Query;
  readonly replace: boolean;
  readonly temporary: boolean;
}

/** Recomputes a materialised view. */
export interface RefreshView {
  readonly kind: 'refresh-view';
  readonly span: Span;
  readonly name: NameParts;
}

export interface CreateTable {
  readonly kind: 'create-table';
  readonly span: Span;
  readonly name: NameParts;
  /** `foreign table`, or `table`. */
  readonly objectKind: 'table' | 'foreign table';
  readonly columns: readonly ColumnDefinition[];
  /** Relations whose columns are taken over: LIKE, INHERITS, PARTITION OF, OF type. When not empty, `columns` are not all. */
  readonly columnsOf: readonly NameParts[];
  /** Expressions of table constraints, partition keys and bounds. */
  readonly expressions: readonly Expression[];
  /** Tables that foreign keys name. */
  readonly references: readonly NameParts[];
  readonly ifNotExists: boolean;
  readonly temporary: boolean;
}

export type AlterAction =
  | { readonly kind: 'add-column'; readonly column: ColumnDefinition; readonly ifNotExists: boolean }
  | { readonly kind: 'drop-column'; readonly name: string }
  /** `type` when the type changes; `expressions`: USING, SET DEFAULT, SET EXPRESSION. */
  | { readonly kind: 'alter-column'; readonly name: string; readonly type?: TypeText; readonly expressions: readonly Expression[] }
  | { readonly kind: 'rename-column'; readonly name: string; readonly to: string }
  | { readonly kind: 'rename'; readonly to: string }
  | { readonly kind: 'set-schema'; readonly schema: string }
  /** `child`: the relation named becomes a child of this one (ATTACH PARTITION); `parent`: this one becomes its child (INHERIT). */
  | { readonly kind: 'attach'; readonly relation: NameParts; readonly as: 'child' | 'parent' }
  /** `child`: the relation named is no child of this one any more (DETACH PARTITION); `parent`: this one is none of its (NO INHERIT). */
  | { readonly kind: 'detach'; readonly relation: NameParts; readonly as: 'child' | 'parent' }
  /** Anything else that leaves the columns as they are: constraints, owner, storage, row security, triggers on and off. `what` is for people. */
  | {
      readonly kind: 'other';
      readonly what: string;
      readonly expressions: readonly Expression[];
      /** Other relations that it names: foreign keys. */
      readonly relations: readonly NameParts[];
      /** Changes who may do what: OWNER TO, row security. */
      readonly privileges?: boolean;
    };

/** The dialect's text of a type, for people. */
export type TypeText = string;

/** ALTER TABLE | VIEW | MATERIALIZED VIEW | FOREIGN TABLE | INDEX | SEQUENCE | TYPE (composite), and their renames. */
export interface AlterRelation {
  readonly kind: 'alter-relation';
  readonly span: Span;
  /** As the dialect calls it, lower case. */
  readonly objectKind: string;
  readonly name: NameParts;
  readonly actions: readonly AlterAction[];
  readonly ifExists: boolean;
}

/** CREATE FUNCTION, PROCEDURE, AGGREGATE. */
export interface CreateRoutine {
  readonly kind: 'create-routine';
  readonly span: Span;
  readonly objectKind: 'function' | 'procedure' | 'aggregate';
  readonly name: NameParts;
  readonly language: string;
  /** The statements of the body when they are understood; `undefined` when they are not (another language, text that was not parsed). */
  readonly body: readonly Statement[] | undefined;
  /** Names of the parameters, which stand as columns in the body. */
  readonly parameters: readonly string[];
  /** Default values of parameters. */
  readonly expressions: readonly Expression[];
  readonly securityDefiner: boolean;
  readonly replace: boolean;
}

export interface CreateTrigger {
  readonly kind: 'create-trigger';
  readonly span: Span;
  readonly name: string;
  readonly relation: NameParts;
  readonly routine: NameParts;
  /** The routine's arguments; constants. */
  readonly arguments: readonly string[];
  /** The WHEN condition: `old` and `new` stand for the row. */
  readonly when?: Expression;
  readonly replace: boolean;
}

export interface CreateRule {
  readonly kind: 'create-rule';
  readonly span: Span;
  readonly name: string;
  readonly relation: NameParts;
  /** `old` and `new` stand for the row. */
  readonly where?: Expression;
  readonly actions: readonly Statement[];
  readonly replace: boolean;
}

/** Any other statement on an object of the schema. */
export interface SchemaStatement {
  readonly kind: 'schema';
  readonly span: Span;
  readonly operation: 'create' | 'alter' | 'drop' | 'rename' | 'comment';
  /** As the dialect calls it, lower case: `index`, `sequence`, `type`, `schema`, `extension`, `policy`, `role`, `function`, … */
  readonly objectKind: string;
  /** For DROP FUNCTION and the like without argument types. For objects of a relation (`policy`, `trigger`, `rule`): the object's own name. */
  readonly names: readonly NameParts[];
  /** The relation that the object stands on: of an index, trigger, rule, policy, constraint, a commented column. */
  readonly relation?: NameParts;
  /** The name after RENAME TO. */
  readonly newName?: string;
  /** Expressions inside (index keys and predicates, policy conditions): columns are those of `relation`. */
  readonly expressions: readonly Expression[];
  /** Other relations that are read or named (CREATE STATISTICS, PUBLICATION). */
  readonly relations?: readonly NameParts[];
  /** Runs or installs code that was not read: CREATE EXTENSION, LANGUAGE, CAST WITH FUNCTION, OPERATOR, event trigger. */
  readonly code?: OpaqueReason;
  /** Changes who may do what: roles, policies, owners, default privileges, user mappings. */
  readonly privileges?: boolean;
  readonly ifExists?: boolean;
  readonly ifNotExists?: boolean;
}

export interface Privilege {
  readonly kind: 'privilege';
  readonly span: Span;
  readonly operation: 'grant' | 'revoke';
  /** What the rights are on, lower case: `table`, `schema`, `role` (membership), `all tables in schema`, … */
  readonly objectKind: string;
  readonly names: readonly NameParts[];
}

/** SET, RESET, SHOW of something that the session keeps. */
export interface SessionSetting {
  readonly kind: 'setting';
  readonly span: Span;
  readonly operation: 'set' | 'reset' | 'show';
  /** Lower case: `search_path`, `role`, `session_authorization`, `transaction_isolation`, `time zone` as `timezone`; `all` for RESET ALL. */
  readonly name: string;
  readonly scope: 'session' | 'local';
  /** The values, when all of them are constants; `'default'` for TO DEFAULT; `undefined` when they are not constants, and for RESET and SHOW. */
  readonly values: readonly string[] | 'default' | undefined;
}

export interface TransactionControl {
  readonly kind: 'transaction';
  readonly span: Span;
  /** `prepare` is PREPARE TRANSACTION; `finish-prepared` is COMMIT | ROLLBACK PREPARED. */
  readonly operation: 'begin' | 'commit' | 'rollback' | 'savepoint' | 'release' | 'rollback-to' | 'prepare' | 'finish-prepared';
  readonly name?: string;
}

export interface Prepare {
  readonly kind: 'prepare';
  readonly span: Span;
  readonly name: string;
  readonly statement: Statement;
}

export interface Execute {
  readonly kind: 'execute';
  readonly span: Span;
  readonly name: string;
  readonly arguments: readonly Expression[];
}

export interface Deallocate {
  readonly kind: 'deallocate';
  readonly span: Span;
  /** `undefined` for ALL. */
  readonly name: string | undefined;
}

export interface DeclareCursor {
  readonly kind: 'declare';
  readonly span: Span;
  readonly name: string;
  readonly query: Query;
  /** WITH HOLD: outlives the transaction. */
  readonly hold: boolean;
}

export interface Fetch {
  readonly kind: 'fetch';
  readonly span: Span;
  readonly cursor: string;
  /** MOVE: returns no rows. */
  readonly move: boolean;
  /** The number of rows asked for; `null` when it is not a plain forward count. */
  readonly count: number | null;
}

export interface CloseCursor {
  readonly kind: 'close';
  readonly span: Span;
  /** `undefined` for ALL. */
  readonly cursor: string | undefined;
}

export interface CallProcedure {
  readonly kind: 'call';
  readonly span: Span;
  readonly call: Call;
}

/** An anonymous block. */
export interface DoBlock {
  readonly kind: 'do';
  readonly span: Span;
  readonly language: string;
}

export interface LockRelations {
  readonly kind: 'lock';
  readonly span: Span;
  readonly relations: readonly NameParts[];
  readonly mode: string;
}

/** LISTEN, UNLISTEN (`channel` is `undefined` for all). */
export interface Listen {
  readonly kind: 'listen';
  readonly span: Span;
  readonly channel: string | undefined;
}

export interface Notify {
  readonly kind: 'notify';
  readonly span: Span;
  readonly channel: string;
  readonly hasPayload: boolean;
}

/** VACUUM, ANALYZE, REINDEX, CLUSTER, CHECKPOINT, … `what` is the statement's own words, lower case. */
export interface Maintenance {
  readonly kind: 'maintenance';
  readonly span: Span;
  readonly action: 'vacuum' | 'analyze' | 'maintain';
  readonly what: string;
  /** Relations (or indexes) named; empty for the whole database. */
  readonly names: readonly NameParts[];
}

export interface Discard {
  readonly kind: 'discard';
  readonly span: Span;
  readonly what: 'all' | 'plans' | 'sequences' | 'temp';
}

/** A statement that the normaliser does not understand. */
export interface OpaqueStatement {
  readonly kind: 'opaque';
  readonly span: Span;
  /** What it is, as far as that is known. */
  readonly action: Action;
  readonly reason: OpaqueReason;
  /** Relations that it names, as far as they were seen. */
  readonly relations?: readonly NameParts[];
}

export type Statement =
  | QueryStatement
  | Insert
  | Update
  | Delete
  | Merge
  | Truncate
  | Copy
  | Explain
  | CreateTableAs
  | CreateView
  | RefreshView
  | CreateTable
  | AlterRelation
  | CreateRoutine
  | CreateTrigger
  | CreateRule
  | SchemaStatement
  | Privilege
  | SessionSetting
  | TransactionControl
  | Prepare
  | Execute
  | Deallocate
  | DeclareCursor
  | Fetch
  | CloseCursor
  | CallProcedure
  | DoBlock
  | LockRelations
  | Listen
  | Notify
  | Maintenance
  | Discard
  | OpaqueStatement;

export type StatementKind = Statement['kind'];
