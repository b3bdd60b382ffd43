import type { Statement } from './statement.js';
import type { Catalogue } from '../catalog/catalogue.js';
import type { SqlState } from '../session/contract.js';
import type { OpaqueReason, OutputColumn, RoutineUse, StatementClass } from './facts.js';
import type { Expression, NameParts, OperatorName, Query, TypeName } from './model.js';
import type { RelationName } from './names.js';

/**
 * What the resolver asks of a dialect, and the options of `analyse`. Every answer is about names and meanings of the dialect; the
 * resolver itself knows none. Answers must be pure: the same question has the same answer for the same catalogue.
 */

/** Where the arguments of a routine go besides its result. */
export interface RoutineFlow {
  readonly kind: 'setting' | 'file' | 'notification' | 'external';
  readonly name: string;
}

/** What is known of a routine that was named in a call. */
export interface RoutineFacts {
  /** `schema.name`. */
  readonly name: string;
  readonly category: RoutineUse['category'];
  /**
   * Set when the result or the effect cannot be computed from the arguments alone: it reads relations, files or other sessions, runs text
   * as SQL, or its body is not known. The result is then opaque.
   */
  readonly opaque?: OpaqueReason;
  /**
   * `count`: tells only how many values are not null (COUNT without DISTINCT). `fold`: keeps equality up to letter case (LOWER, UPPER), so that
   * comparing the result for equality is comparing the argument.
   */
  readonly computes?: 'count' | 'fold';
  /**
   * Which arguments' values never make it fail, whatever they are: all, or those at these positions. None when absent. Running out of
   * memory does not count.
   */
  readonly total?: 'all' | readonly number[];
  /** Returns rows: how many there are depends on the arguments. */
  readonly returnsSet?: boolean;
  /** Column names when it stands in FROM and returns a composite; a single column named after the alias or the routine when absent. */
  readonly columns?: readonly string[];
  /** Returns rows of this relation (`RETURNS SETOF people`), by its catalogue name. */
  readonly rowOf?: RelationName;
  /** Returns `record`: a column definition list says the shape. */
  readonly returnsRecord?: boolean;
  /** Its arguments are kept or sent somewhere. */
  readonly flow?: RoutineFlow;
  /** May change session state that names and lexis depend on. */
  readonly changesState?: boolean;
  /** As a trigger, writes what it computes from the columns that its later arguments name into the one that its first argument names. */
  readonly copiesColumns?: boolean;
  /** Takes locks (advisory ones too). */
  readonly locks?: boolean;
  /** Raises the class of the statement: `write` for SETVAL, `administrative` for terminating a backend. Never `session` or `transaction`. */
  readonly raises?: Exclude<StatementClass, 'read' | 'session' | 'transaction'>;
}

export interface RoutineKnowledge {
  /**
   * The routine of that name as the server would find it; of several overloads the union of the worst. `undefined` when there is none, or when
   * user code may be meant that is not understood: the call is then opaque (`unknown-routine`).
   */
  routine(name: NameParts, argumentCount: number, searchPath: readonly string[]): RoutineFacts | undefined;
  /** What an operator calls. `undefined`: user code that is not understood. */
  operator(operator: OperatorName, operandCount: number, searchPath: readonly string[]): RoutineFacts | undefined;
  /** What a cast to a type may call. `undefined`: user code that is not understood. */
  cast(type: TypeName, searchPath: readonly string[]): RoutineFacts | undefined;
}

export interface DialectRules {
  /** Columns that every table has besides those of the catalogue and that hold no data of a row (`ctid`, `tableoid`). */
  readonly systemColumns: ReadonlySet<string>;
  /** Set when the column of a system relation holds protected values or texts of other sessions (`pg_stats.most_common_vals`). */
  sensitiveColumn(relation: RelationName, column: string): OpaqueReason | undefined;
  /** Set when reading the relation at all reaches beyond what its columns say. */
  sensitiveRelation?(relation: RelationName): OpaqueReason | undefined;
  /** The search path under which the names in view definitions are to be read; the system schemas of the catalogue when absent. */
  readonly viewSearchPath?: readonly string[];
  /** Schemas of the system: never the place where an unqualified CREATE puts something, never expanded. */
  isSystemSchema(schema: string): boolean;
  /** Names a schema of temporary relations (`pg_temp`, `pg_temp_3`). */
  isTemporarySchema(schema: string): boolean;
  /** Settings (lower case) whose change alters neither names, lexis nor rights. */
  readonly harmlessSettings: ReadonlySet<string>;
  /** Settings (lower case) whose change is a change of rights (`role`, `session_authorization`). */
  readonly privilegeSettings: ReadonlySet<string>;
  /** The setting (lower case) that holds the list of schemas, when SET of constants can be simulated. */
  readonly searchPathSetting?: string;
  /** The effective schemas after the search path was set to constants; `'default'` for TO DEFAULT. `undefined`: not known. */
  effectiveSearchPath?(values: readonly string[] | 'default', state: SqlState, catalogue: Catalogue): readonly string[] | undefined;
  /**
   * Schemas that the search path names, whether they exist or not. What was searched when the state was read is known; the others are searched
   * as soon as they are made. Not known when absent.
   */
  namedSchemas?(state: SqlState): readonly string[];
  /** `f(row)` may mean `row.f`, and a relation's name may stand for its whole row. */
  readonly rowsAsValues: boolean;
  /** The column that EXPLAIN returns. */
  readonly explainColumn: string;
  /** The columns that SHOW ALL returns; unknown when absent. */
  readonly showAllColumns?: readonly string[];
}

/** The parsed definitions of views and materialised views by their catalogue names. Names inside are those of `DialectRules.viewSearchPath`. */
export type ViewDefinitions = ReadonlyMap<RelationName, Query>;

export interface AnalyseOptions {
  readonly catalogue: Catalogue;
  /** Belongs to `catalogue`: what is derived from it is remembered as long as this object lives. */
  readonly views: ViewDefinitions;
  /** Expressions of generated columns, by relation and column; `undefined` for one that was not understood. */
  readonly generated?: ReadonlyMap<RelationName, ReadonlyMap<string, Expression | undefined>>;
  readonly state: SqlState;
  /** As in `AnalyseContext` of the session contract. */
  readonly stateChangedInTransaction: boolean;
  readonly schemaChangedInTransaction: boolean;
  readonly routines: RoutineKnowledge;
  readonly rules: DialectRules;
  /** Outputs of the cursors that are open in the session, by name: what FETCH returns. */
  readonly cursors?: ReadonlyMap<string, readonly OutputColumn[] | 'unknown'>;
  /** Statements that were prepared in the session by name: what EXECUTE runs. */
  readonly prepared?: ReadonlyMap<string, Statement>;
}
