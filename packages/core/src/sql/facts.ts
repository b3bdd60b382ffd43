import type { ColumnName, RelationName } from './names.js';

/**
 * What a statement does, as policy, masking, approvals and the ledger read it. Plain data: can be stored, cloned and compared.
 * Soundness is asymmetric: facts may claim too much, never too little. What could not be seen through is `opaque`.
 */

export const ACTIONS = [
  'select',
  'insert',
  'update',
  'delete',
  'merge',
  'truncate',
  'copy',
  'create',
  'alter',
  'drop',
  'rename',
  'comment',
  'grant',
  'revoke',
  'deny',
  'call',
  'do',
  'set',
  'reset',
  'show',
  'explain',
  'begin',
  'commit',
  'rollback',
  'savepoint',
  'prepare',
  'execute',
  'deallocate',
  'declare',
  'open',
  'fetch',
  'close',
  'lock',
  'listen',
  'notify',
  'vacuum',
  'analyze',
  'maintain',
  'discard',
  'use',
  'control',
  'raise',
  'empty',
  'unknown',
] as const;
/**
 * The verb of a statement, over all dialects. `maintain` is REINDEX, CLUSTER, CHECKPOINT and the like; `control` is the condition of IF and
 * WHILE, RETURN and whatever else only steers; `raise` is PRINT, THROW, SIGNAL; `unknown` is always opaque.
 */
export type Action = (typeof ACTIONS)[number];

export const STATEMENT_CLASSES = [
  'read',
  'write',
  'schema',
  'privilege',
  'session',
  'transaction',
  'procedural',
  'administrative',
] as const;
/** What kind of effect a statement has. The strongest effect wins: a WITH that deletes is `write`. */
export type StatementClass = (typeof STATEMENT_CLASSES)[number];

/** How a column is used in a statement. One column may have several uses. */
export const COLUMN_USES = [
  /** its value reaches an output column, unchanged or derived */
  'output',
  /** compared for equality (or IN) with bound values, literals, or in a join with a column */
  'predicate-equality',
  /** any other condition: range, LIKE, IS NULL, inside an expression, CASE */
  'predicate-other',
  'join',
  'group',
  'order',
  /** its value flows into something written */
  'write-source',
  'write-target',
  /** an argument of a routine that is not a plain operator or known pure function */
  'argument',
  /** its value may decide whether the statement fails: a division, a cast, a function that is not defined everywhere */
  'failure',
  /** only counted (count(column)) */
  'count',
] as const;
export type ColumnUseKind = (typeof COLUMN_USES)[number];

export interface ColumnUse {
  readonly column: ColumnName;
  readonly use: ColumnUseKind;
}

/** `same`: the output passes the column through unchanged. `derived`: anything computed from it. `counted`: only how many rows there were. */
export type OriginKind = 'same' | 'derived' | 'counted';

export interface Origin {
  readonly column: ColumnName;
  readonly how: OriginKind;
}

/**
 * How the branches of UNION and the rows of VALUES differ in one column. `columns`: they come from different columns. `values`: some are
 * the statement's own, so that whoever wrote it chose them.
 */
export type Mixture = 'columns' | 'values';

export interface OutputColumn {
  /** The name the result header will show, as far as it is known. */
  readonly name: string;
  /** Every base column that this output derives from. */
  readonly origins: readonly Origin[];
  /** True when its value could not be seen through: it may derive from anything that is in reach. */
  readonly opaque: boolean;
  /** Rows of different origins stand under one another in it; see {@link Mixture}. */
  readonly mixed?: Mixture;
}

/** Why a part of a statement could not be seen through. */
export interface OpaqueReason {
  readonly kind:
    | 'unknown-node' // the parser's node is not one that the normaliser knows
    | 'unknown-relation' // a name that the catalogue cannot resolve
    | 'unreadable-relation' // a view whose definition is not known or could not be traced
    | 'unknown-column'
    | 'unknown-routine' // a routine whose body cannot be read or is not understood
    | 'dynamic-sql' // text executed at run time
    | 'session-state' // names cannot be resolved: what they depend on is not known
    | 'schema-changed' // an earlier statement of the unit changed what this one names
    | 'foreign-data' // reads outside of this database: files, other servers, large objects, other sessions
    | 'complexity'; // a limit of the analysis was reached
  /** For people: names the node, relation or routine; never a literal of the statement. */
  readonly detail: string;
}

/** Values move from `from` into something that is stored or kept. */
export interface Flow {
  readonly from: readonly ColumnName[];
  /** Those of `from` whose values do not arrive as they are: what arrives was computed from them. */
  readonly computed?: readonly ColumnName[];
  /** Where they go: a column, a new relation, a session variable, a file, another session. */
  readonly to:
    | { readonly kind: 'column'; readonly column: ColumnName }
    | { readonly kind: 'relation'; readonly relation: RelationName }
    | { readonly kind: 'setting' | 'file' | 'notification' | 'external'; readonly name: string }
    /** A notice or error that the client gets. What it says is withheld by the adapter wherever protected columns are in reach. */
    | { readonly kind: 'message'; readonly name: string };
}

export interface RoutineUse {
  /** `schema.name`. */
  readonly name: string;
  /** What the catalogue and the built-in tables know of it. */
  readonly category: 'pure' | 'aggregate' | 'window' | 'volatile' | 'elevated' | 'session' | 'unknown';
}

/**
 * An object that a schema statement makes, changes or removes. Where the statement gives the object another name, or moves it to another
 * schema, the next change is a `rename` of the same kind with the new full name.
 */
export interface SchemaChange {
  readonly operation: 'create' | 'alter' | 'drop' | 'rename' | 'comment';
  /** As the dialect calls it, lower case: `table`, `view`, `index`, `function`, `schema`, `type`, … */
  readonly kind: string;
  /** `schema.name` when resolved, else the name as it was written. */
  readonly name: string;
  /** The parent whose child or partition it is no more. */
  readonly leaves?: RelationName;
  /** For columns added, changed, dropped or renamed by ALTER TABLE. */
  readonly columns?: readonly {
    readonly operation: 'add' | 'alter' | 'drop' | 'rename';
    readonly name: string;
    readonly to?: string;
    readonly type?: string;
  }[];
}

/** `always-true`: a condition that excludes nothing (`1=1`, `id=id`, `true OR …`). `none`: the statement has no use for one. */
export type FilterFact = 'present' | 'absent' | 'always-true' | 'none';

/** What running a statement may do to session state that names and lexis depend on. `unknown`: anything (a probe is needed after it). */
export type StateEffect = 'none' | 'unknown';

export interface StatementFacts {
  readonly action: Action;
  /** Further verbs inside: data-modifying parts of a WITH, the UPDATE of an upsert, what EXPLAIN ANALYZE runs, the body of a routine. */
  readonly alsoActions?: readonly Action[];
  /** Those of them that only triggers and foreign keys run. */
  readonly firedActions?: readonly Action[];
  /** A part of it in a WITH or FROM writes rows, which the server's count of affected rows leaves out. */
  readonly modifiesInside?: true;
  readonly class: StatementClass;
  /** Where the statement stands in the unit's text: UTF-16 offsets, end exclusive. */
  readonly span: { readonly start: number; readonly end: number };
  /** Base relations and views named or reached (through views), whose rows may be read. */
  readonly reads: readonly RelationName[];
  readonly writes: readonly RelationName[];
  readonly columns: readonly ColumnUse[];
  /** In order; `undefined` when the statement returns no rows; `'unknown'` when it may return rows of unknown shape. */
  readonly outputs: readonly OutputColumn[] | 'unknown' | undefined;
  readonly routines: readonly RoutineUse[];
  readonly filter: FilterFact;
  /** The number of rows asked for, when it is a literal; `null` when there is no limit or it is not known. */
  readonly limit: number | null;
  readonly opaque: readonly OpaqueReason[];
  /** A cursor that the statement opens, with what FETCH will return from it. */
  readonly cursor?: { readonly name: string; readonly outputs: readonly OutputColumn[] | 'unknown'; readonly hold: boolean };
  /** The name that the statement is prepared under, for EXECUTE. */
  readonly prepares?: string;
  /** The prepared statement that is forgotten; its name is `undefined` for all of them. */
  readonly deallocates?: { readonly name: string | undefined };
  /** The cursor that the statement closes; its name is `undefined` for all of them. */
  readonly closes?: { readonly name: string | undefined };
  /** Its rows are messages of earlier statements (SHOW WARNINGS), whose texts may quote any value: whoever passes them on cleans them. */
  readonly messages?: true;
  /** What the statement leaves in variables of the session (MySQL `@x`): what reading them yields from then on. */
  readonly assigns?: readonly VariableFacts[];
  readonly flows: readonly Flow[];
  /** Takes row or table locks beyond those of a plain read. */
  readonly locks: boolean;
  readonly schemaChanges: readonly SchemaChange[];
  readonly stateEffect: StateEffect;
  /**
   * Settings of the session that it may give a value, by lower-case name, whatever they were; absent when none. Setting one back to what the
   * session began with does not count, nor do those that change neither names, lexis nor rights.
   */
  readonly settings?: SettingNames;
  /** Runs with, or grants, rights beyond those of the role: SECURITY DEFINER, SET ROLE, GRANT, superuser functions. */
  readonly elevated: boolean;
}

/** `unknown`: any of them. */
export type SettingNames = readonly string[] | 'unknown';

/** A variable that lives on after the statement. */
export interface VariableFacts {
  readonly name: string;
  /** Every base column that its value derives from; one that is only counted leaves `counted`. */
  readonly origins: readonly Origin[];
  readonly opaque: boolean;
}

/** A temporary relation of the session. */
export interface TemporaryFacts {
  readonly name: RelationName;
  /** What reading its columns yields; `'unknown'` when they are not known. */
  readonly columns: readonly OutputColumn[] | 'unknown';
  /** It may not exist. */
  readonly maybe?: boolean;
}

/** The facts of everything that the server takes as one: a Query message, an Execute, a batch, an RPC. */
export interface UnitFacts {
  /** In the order of the text; the statements of blocks, branches and loops stand for themselves, after the conditions that lead to them. */
  readonly statements: readonly StatementFacts[];
  /** Which of the statements run, how often and in which order, is not known: there are branches, loops or procedures among them. */
  readonly branching?: boolean;
  /** The temporary relations that the session has after the unit, when it may have made, filled or dropped any: all that are known. */
  readonly temporary?: readonly TemporaryFacts[];
}
