import type { Action, OpaqueReason } from './facts.js';
import type { Call, ColumnDefinition, Expression, ForeignKey, NameParts, Query, Span, Variable } from './model.js';
import type { Assignment, DataModification } from './modification.js';
import type {
  Assign,
  Block,
  Control,
  DeclareTable,
  DeclareVariables,
  Dynamic,
  If,
  Loop,
  Message,
  OpenCursor,
  Sequence,
} from './procedure.js';

/** The statements of the model that are neither in `modification.ts` nor in `procedure.ts`; the rules for adapters are in `model.ts`. */

/** SELECT, VALUES, TABLE, WITH … that returns rows. `SELECT … INTO t` is {@link CreateTableAs}. */
export interface QueryStatement {
  readonly kind: 'select';
  readonly span: Span;
  readonly query: Query;
  /** The rows do not go to the client: they are assigned (`SELECT … INTO @a`; `assignments`: the items do it themselves) or written to a file. */
  readonly into?:
    | { readonly kind: 'variables'; readonly variables: readonly Into[] }
    | { readonly kind: 'assignments' }
    | { readonly kind: 'file' };
}

/** Where a value is put: a variable, or what is written like a column (a local variable of a MySQL routine). */
export type Into = Variable | { readonly kind: 'column'; readonly qualifier: readonly string[]; readonly name: string };

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
    | { readonly kind: 'statement'; readonly statement: QueryStatement | DataModification };
  readonly endpoint: { readonly kind: 'stream' } | { readonly kind: 'file' | 'program' };
  /** COPY … FROM … WHERE. */
  readonly where?: Expression;
  /** LOAD DATA … SET: columns that are computed; fields that are read into variables are written nowhere else. */
  readonly set?: readonly Assignment[];
  /** LOAD DATA … REPLACE. */
  readonly replaces?: boolean;
  /** Names (lower case) and values of the options as written (`format` → `csv`); `undefined` for an option without a value. */
  readonly options: readonly { readonly name: string; readonly value: string | undefined }[];
}

export interface Explain {
  readonly kind: 'explain';
  readonly span: Span;
  /** The statement is run. */
  readonly analyze: boolean;
  readonly statement: Statement;
  /** The columns that it returns, when the dialect's one column is not it; `unknown`: a setting of the session decides. */
  readonly columns?: readonly string[] | 'unknown';
}

/** CREATE TABLE … AS, SELECT … INTO, CREATE MATERIALIZED VIEW. */
export interface CreateTableAs {
  readonly kind: 'create-table-as';
  readonly span: Span;
  readonly objectKind: 'table' | 'materialized view';
  readonly name: NameParts;
  readonly columns: readonly string[];
  /** Columns that are defined besides those of the query: they stand in front of them, one of the same name is the query's. */
  readonly definitions?: readonly ColumnDefinition[];
  /** As in {@link CreateTable}. */
  readonly expressions?: readonly Expression[];
  readonly foreignKeys?: readonly ForeignKey[];
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
  readonly foreignKeys?: readonly ForeignKey[];
  /** Other tables that its options name. */
  readonly references: readonly NameParts[];
  readonly ifNotExists: boolean;
  readonly temporary: boolean;
}

export type AlterAction =
  | {
      readonly kind: 'add-column';
      readonly column: ColumnDefinition;
      readonly ifNotExists: boolean;
      readonly position?: ColumnPosition;
    }
  | { readonly kind: 'drop-column'; readonly name: string }
  /** `type` when the type changes; `expressions`: USING, SET DEFAULT, SET EXPRESSION. */
  | {
      readonly kind: 'alter-column';
      readonly name: string;
      readonly type?: TypeText;
      readonly expressions: readonly Expression[];
      readonly position?: ColumnPosition;
    }
  | { readonly kind: 'rename-column'; readonly name: string; readonly to: string }
  | { readonly kind: 'rename'; readonly to: string }
  /** `undefined`: to the schema where an unqualified CREATE puts things. */
  | { readonly kind: 'set-schema'; readonly schema: string | undefined }
  /** `child`: the relation named becomes a child of this one (ATTACH PARTITION); `parent`: this one becomes its child (INHERIT). */
  | { readonly kind: 'attach'; readonly relation: NameParts; readonly as: 'child' | 'parent' }
  /** `child`: the relation named is no child of this one any more (DETACH PARTITION); `parent`: this one is none of its (NO INHERIT). */
  | { readonly kind: 'detach'; readonly relation: NameParts; readonly as: 'child' | 'parent' }
  /** The rows of this relation and those of another change places, or move there: EXCHANGE PARTITION, SWITCH. */
  | { readonly kind: 'exchange'; readonly relation: NameParts }
  /** Anything else that leaves the columns as they are: constraints, owner, storage, row security, triggers on and off. `what` is for people. */
  | {
      readonly kind: 'other';
      readonly what: string;
      readonly expressions: readonly Expression[];
      /** Other relations that it names, besides those of foreign keys. */
      readonly relations: readonly NameParts[];
      readonly foreignKeys?: readonly ForeignKey[];
      /** Columns that are to be unique: it fails where two rows have equal values. */
      readonly unique?: readonly string[];
      /** Changes who may do what: OWNER TO, row security. */
      readonly privileges?: boolean;
    };

/** Where a column comes to stand; at the end, or where it was, when absent. */
export type ColumnPosition = 'first' | { readonly after: string };

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

/** CREATE FUNCTION, PROCEDURE, AGGREGATE, EVENT; ALTER of those whose whole definition it gives anew (`replace`). */
export interface CreateRoutine {
  readonly kind: 'create-routine';
  readonly span: Span;
  readonly objectKind: 'function' | 'procedure' | 'aggregate' | 'event';
  readonly name: NameParts;
  readonly language: string;
  /** The statements of the body when they are understood; `undefined` when they are not (another language, text that was not parsed). */
  readonly body: readonly Statement[] | undefined;
  /** Names of the parameters, which stand as columns in the body, or as variables; without `@`. */
  readonly parameters: readonly string[];
  /** Those of them that give values back: OUT, INOUT, OUTPUT. */
  readonly outputs?: readonly string[];
  /** As in `StoredBody`; unknown when absent. */
  readonly returns?: 'nothing' | 'value' | 'table';
  /** Names of the columns of a `table` that it returns, when they are declared; `rowOf`: they are those of this relation. */
  readonly resultColumns?: readonly string[];
  readonly rowOf?: NameParts;
  /** The table variable whose rows it returns, with its `@`: `RETURNS @t TABLE (…)`. A {@link DeclareTable} of the body says its columns. */
  readonly resultRelation?: string;
  /** Only triggers can run it: `old` and `new` are rows of relations that are not told here. */
  readonly forTriggers?: boolean;
  /** Default values of parameters. */
  readonly expressions: readonly Expression[];
  readonly securityDefiner: boolean;
  /** As in `StoredBody`. */
  readonly settings?: readonly string[];
  readonly replace: boolean;
}

export type TriggerEvent = 'insert' | 'update' | 'delete' | 'truncate';

export interface CreateTrigger {
  readonly kind: 'create-trigger';
  readonly span: Span;
  readonly name: string;
  readonly relation: NameParts;
  /** The routine that it runs; absent when it has a body of its own. */
  readonly routine?: NameParts;
  /** What sets it off; anything when absent. */
  readonly events?: readonly TriggerEvent[];
  /** The statements of its own body, when they are understood. */
  readonly body?: readonly Statement[];
  /** The names by which the body knows the row before and after, or the tables of such rows; `old` and `new` when absent. */
  readonly rows?: { readonly old: string; readonly new: string };
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
  /** Of an index: making it fails where two rows have equal keys. */
  readonly unique?: boolean;
  /** Other relations that are read or named (CREATE STATISTICS, PUBLICATION). */
  readonly relations?: readonly NameParts[];
  /** The columns of a table type. */
  readonly columns?: readonly ColumnDefinition[];
  /** Runs or installs code that was not read: CREATE EXTENSION, LANGUAGE, CAST WITH FUNCTION, OPERATOR, event trigger. */
  readonly code?: OpaqueReason;
  /** Changes who may do what: roles, policies, owners, default privileges, user mappings. */
  readonly privileges?: boolean;
  /** Of a routine: settings, by lower-case name, that it gets values of its own for. */
  readonly settings?: readonly string[];
  readonly ifExists?: boolean;
  readonly ifNotExists?: boolean;
}

export interface Privilege {
  readonly kind: 'privilege';
  readonly span: Span;
  readonly operation: 'grant' | 'revoke' | 'deny';
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
  /** `global`: for other sessions, too. */
  readonly scope: 'session' | 'local' | 'global';
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
  /** Which row: one that is not the next. */
  readonly position?: Expression;
  /** The row is assigned instead of returned. */
  readonly into?: readonly Into[];
}

export interface CloseCursor {
  readonly kind: 'close';
  readonly span: Span;
  /** `undefined` for ALL. */
  readonly cursor: string | undefined;
  /** It can be opened again (T-SQL, where DEALLOCATE ends a cursor). */
  readonly keeps?: true;
}

export interface CallProcedure {
  readonly kind: 'call';
  readonly span: Span;
  readonly call: Call;
  /** The variable that its return value is assigned to: `EXEC @x = p`. */
  readonly result?: Variable;
  /** The server that it runs on, when it is another one. */
  readonly server?: string;
}

/** SHOW, DESCRIBE and the like: what the server says of itself. */
export interface Show {
  readonly kind: 'show';
  readonly span: Span;
  /** The statement's own words, lower case: `create table`, `columns`, `processlist`. */
  readonly what: string;
  /** Relations that it tells something of. */
  readonly relations: readonly NameParts[];
  /** The columns that it returns, when they are known. */
  readonly columns?: readonly string[];
  /** Set when what it tells may hold values of rows, or texts of sessions. */
  readonly reveals?: OpaqueReason;
  /** It tells the messages of earlier statements: by itself that reveals nothing, because whoever passes its rows on cleans them. */
  readonly messages?: true;
}

/** USE: what unqualified names mean from here on. */
export interface Use {
  readonly kind: 'use';
  readonly span: Span;
  readonly database: string;
}

/** An anonymous block. */
export interface DoBlock {
  readonly kind: 'do';
  readonly span: Span;
  readonly language: string;
  /** What it runs, when it is understood. */
  readonly body?: readonly Statement[];
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
  /** The columns that it returns, when it returns rows. */
  readonly columns?: readonly string[];
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
  | DataModification
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
  | Show
  | Use
  | Sequence
  | Block
  | If
  | Loop
  | Control
  | DeclareVariables
  | DeclareTable
  | Assign
  | OpenCursor
  | Message
  | Dynamic
  | DoBlock
  | LockRelations
  | Listen
  | Notify
  | Maintenance
  | Discard
  | OpaqueStatement;

export type StatementKind = Statement['kind'];
