import type { Statement, TriggerEvent } from './statement.js';
import type { Catalogue } from '../catalog/catalogue.js';
import type { SqlState } from '../session/contract.js';
import type { OpaqueReason, OutputColumn, RoutineUse, SettingNames, StatementClass, TemporaryFacts, VariableFacts } from './facts.js';
import type { Expression, NameParts, OperatorName, Query, TypeName } from './model.js';
import type { ColumnName, RelationName } from './names.js';

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
  /** Returns rows of the composite type of this argument, from 0 on (`json_populate_record(null::t, …)`). */
  readonly rowOfArgument?: number;
  /** Returns `record`: a column definition list says the shape. */
  readonly returnsRecord?: boolean;
  /** A procedure that returns names, types and settings, never values of rows: its rows tell as little as those of SHOW. */
  readonly shows?: boolean;
  /** Its arguments are kept or sent somewhere. */
  readonly flow?: RoutineFlow;
  /** May change session state that names and lexis depend on. */
  readonly changesState?: boolean;
  /** The settings of the session that it gives a value, as in `StatementFacts`. */
  readonly settings?: SettingNames;
  /** As a trigger, writes what it computes from the columns that its later arguments name into the one that its first argument names. */
  readonly copiesColumns?: boolean;
  /** Takes locks (advisory ones too). */
  readonly locks?: boolean;
  /** Raises the class of the statement: `write` for SETVAL, `administrative` for terminating a backend. Never `session` or `transaction`. */
  readonly raises?: Exclude<StatementClass, 'read' | 'session' | 'transaction'>;
}

/** For each operand the base columns whose values it is, unchanged; `undefined` for one that is computed, or not known. */
export type Sources = readonly (readonly ColumnName[] | undefined)[];

export interface RoutineKnowledge {
  /**
   * The routine of that name as the server would find it; of several overloads the union of the worst. `undefined` when there is none, or when
   * user code may be meant that is not understood: the call is then opaque (`unknown-routine`). `kind` is `procedure` for CALL and EXEC.
   */
  routine(
    name: NameParts,
    argumentCount: number,
    searchPath: readonly string[],
    kind?: 'function' | 'procedure',
    values?: readonly Expression[],
    sources?: Sources,
  ): RoutineFacts | undefined;
  /** What an operator calls; `operands` where they are at hand. `undefined`: user code that is not understood. */
  operator(
    operator: OperatorName,
    operandCount: number,
    searchPath: readonly string[],
    operands?: readonly Expression[],
    sources?: Sources,
  ): RoutineFacts | undefined;
  /** What a cast to a type may call. `undefined`: user code that is not understood. */
  cast(type: TypeName, searchPath: readonly string[], source?: readonly ColumnName[]): RoutineFacts | undefined;
  /**
   * The positions of operands that may fail to become of one type with the others, of whatever they hold: of those of a CASE, COALESCE and their like
   * (`whole`), or of rows under one another. An operand that is no expression of its own is `undefined`. Absent: none ever does.
   */
  mixes?(whole: Expression | undefined, operands: readonly (Expression | undefined)[], sources: Sources): readonly number[];
  /** Whether a value becomes one of a variable's type whatever it holds. Absent: it always does. */
  fits?(type: TypeName, value: Expression | undefined, source: readonly ColumnName[] | undefined): boolean;
  /**
   * For an expression that does nothing but take a part out of a JSON document: the document, the keys and positions on the way (`null` for one
   * that is not constant), and the operands that choose them. `undefined` for every other one, and where user code may be meant.
   */
  documentAccess?(expression: Expression, searchPath: readonly string[]): DocumentAccess | undefined;
}

export interface DocumentAccess {
  readonly document: Expression;
  readonly path: readonly (string | null)[];
  readonly choosing: readonly Expression[];
}

export interface DialectRules {
  /** A procedure gives a value back to whoever calls it, which the server tells where nobody takes it (the return status of T-SQL). */
  readonly proceduresReturn?: true;
  /** What comes after a statement that has failed may run all the same (T-SQL): a value or a name that it should have given may be the one before. */
  readonly goesOnAfterErrors?: true;
  /** Columns that every table has besides those of the catalogue and that hold no data of a row (`ctid`, `tableoid`). */
  readonly systemColumns: ReadonlySet<string>;
  /** Set when the column of a system relation holds protected values or texts of other sessions (`pg_stats.most_common_vals`). */
  sensitiveColumn(relation: RelationName, column: string): OpaqueReason | undefined;
  /** Set when reading the relation at all reaches beyond what its columns say. */
  sensitiveRelation?(relation: RelationName): OpaqueReason | undefined;
  /** What writing a system relation comes to: rows of it are accounts, rights or settings of the server. */
  writingIs?(relation: RelationName): 'privilege' | 'administrative' | undefined;
  /** The search path under which the names in view definitions are to be read; the system schemas of the catalogue when absent. */
  readonly viewSearchPath?: readonly string[];
  /**
   * Where unqualified names in stored definitions (views, bodies, triggers, generated columns) are looked for, by the schema of the object or
   * of the relation that it is on; wins over `viewSearchPath`.
   */
  storedSearchPath?(schema: string): readonly string[];
  /** Schemas of the system: never the place where an unqualified CREATE puts something, never expanded. */
  isSystemSchema(schema: string): boolean;
  /** Names a schema of temporary relations (`pg_temp`, `pg_temp_3`). */
  isTemporarySchema(schema: string): boolean;
  /** The schema of temporary relations and table variables in names of facts; `pg_temp` when absent. */
  readonly temporarySchema?: 'pg_temp' | 'tempdb';
  /** A temporary relation has the schema that it is made in, and hides another of its name there (MySQL). */
  readonly temporaryShadows?: boolean;
  /** Tells by its name alone that a relation is temporary, whatever stands before it (`#t`). */
  isTemporaryName?(relation: string): boolean;
  /** The effective schemas after `USE database`. `undefined`: not known. */
  searchPathOf?(database: string, state: SqlState, catalogue: Catalogue): readonly string[] | undefined;
  /** Settings (lower case) whose change alters neither names, lexis nor rights. */
  readonly harmlessSettings: ReadonlySet<string>;
  /** Settings (lower case) whose change is a change of rights (`role`, `session_authorization`). */
  readonly privilegeSettings: ReadonlySet<string>;
  /** Settings (lower case) that the parser of the unit follows itself, or that mean nothing in it: names stay certain, the next unit needs a probe. */
  readonly lexicalSettings?: ReadonlySet<string>;
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
  /** Assignments of SET are made in order: `SET a = b, c = a` gives `c` what `b` was (MySQL). */
  readonly assignsInOrder?: boolean;
  /** Variables and parameters of bodies are told from columns by a mark (T-SQL); else they are written like columns. */
  readonly variablesMarked?: boolean;
  /** Names of outputs may stand inside the expressions of HAVING, GROUP BY and ORDER BY (MySQL); else only alone, in the latter two. */
  readonly outputNamesInside?: boolean;
  /** Methods of values (`x.value('…')`) that compute from value and arguments and nothing else; other methods are opaque. Folded names. */
  readonly pureMethods?: ReadonlySet<string>;
  /**
   * Operators and functions may leave operands out for what others are (NULL), and what cannot be converted to what they take is a warning that
   * clients hear of (MySQL).
   */
  readonly looseOperands?: boolean;
  /** EXPLAIN runs functions while it plans (MySQL). */
  readonly explainRunsRoutines?: boolean;
  /** A routine in FROM is a table, whose columns only its declaration tells (T-SQL); else one without such is a column of its own name. */
  readonly functionsInFromAreTables?: boolean;
  /** A procedure returns no rows of its own; CALL returns the parameters that go out as one row (PostgreSQL). */
  readonly callReturnsParameters?: boolean;
  /** `*` shows the columns of USING in the order of the first table (MySQL); else in that of the list. */
  readonly mergesInTableOrder?: boolean;
  /** What VALUES calls its columns, from 0 on; `column1`, `column2` … when absent. */
  valuesColumn?(at: number): string;
  /** The column that EXPLAIN returns. */
  readonly explainColumn: string;
  /** The columns that SHOW ALL returns; unknown when absent. */
  readonly showAllColumns?: readonly string[];
}

/** The parsed definitions of views and materialised views by their catalogue names. Names inside are those of `DialectRules.viewSearchPath`. */
export type ViewDefinitions = ReadonlyMap<RelationName, Query>;

/** The parsed body of a routine or trigger. Names inside are resolved as in stored definitions (`DialectRules.viewSearchPath`). */
export interface StoredBody {
  /** Names of the parameters; how the dialect writes variables in bodies is how they are referred to. */
  readonly parameters: readonly { readonly name: string; readonly output: boolean }[];
  readonly statements: readonly Statement[];
  /** What it returns: nothing but results of its statements, one value (that of RETURN, else of its last query), or rows. */
  readonly returns: 'nothing' | 'value' | 'table';
  /** Names of the columns of the rows that it returns, when they are not those of its query; `rowOf`: those of this relation. */
  readonly columns?: readonly string[];
  readonly rowOf?: RelationName;
  /** The table variable whose rows it returns, with its `@`; the rows of its one query when absent. */
  readonly resultRelation?: string;
  /** Where unqualified names are looked for; `'caller'`: where the session looks. When absent, as in stored definitions. */
  readonly searchPath?: readonly string[] | 'caller';
  /** Runs with the rights of another than the caller. */
  readonly securityDefiner?: boolean;
  /** Settings, by lower-case name, that have values of its own while it runs. */
  readonly settings?: readonly string[];
  /** For triggers: what sets it off; anything when absent. */
  readonly events?: readonly TriggerEvent[];
  /** For triggers, as in `CreateTrigger`. */
  readonly rows?: { readonly old: string; readonly new: string };
  /** For triggers: rows that its statements return come back in the place of those that were written, column by column. */
  readonly returnsWritten?: boolean;
}

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
  /** Bodies of user routines that are readable, by `schema.name`; of overloads all. A routine that is not here is what `routines` says of it. */
  readonly bodies?: ReadonlyMap<string, readonly StoredBody[]>;
  /** Bodies of the triggers of a relation; `undefined` for one that is not understood. A relation that is not here has none but those that the catalogue says. */
  readonly triggers?: ReadonlyMap<RelationName, readonly (StoredBody | undefined)[]>;
  /** As in `AnalyseContext` of the session contract. */
  readonly documents?: ReadonlySet<ColumnName>;
  /** Variables of the session that earlier units have given a value, by name. One that is not here is null, or not known where `variablesKnown` is false. */
  readonly variables?: ReadonlyMap<string, VariableFacts>;
  readonly variablesKnown?: boolean;
  /** Temporary relations that earlier units have left in the session (`UnitFacts.temporary`). */
  readonly temporary?: readonly TemporaryFacts[];
  /** Statements that were prepared in the session by name: what EXECUTE runs. */
  readonly prepared?: ReadonlyMap<string, Statement>;
}
