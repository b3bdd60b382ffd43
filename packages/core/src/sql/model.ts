import type { Call, ColumnReference, Expression, OperatorName, TypeName, Window } from './expressions.js';
import type { OpaqueReason } from './facts.js';
import type { DataModification, Delete, Insert, Merge, Update } from './modification.js';

export type * from './expressions.js';

/**
 * The statement model: what every dialect's SQL is normalised to, and what the resolver reads. This file has FROM items and queries,
 * `expressions.ts` what stands in them; `modification.ts` has the data-modifying statements (which may stand in a WITH), `procedure.ts` those of
 * batches and routine bodies, `statement.ts` everything else.
 *
 * Rules for adapters that build it:
 * * Plain data only (no classes, functions, cycles): it survives structured cloning.
 * * Names are raw identifier parts after the dialect's folding, without quotes; never joined.
 * * What the dialect's normaliser does not know becomes an `opaque` node that keeps the operands it could see. Nothing is left out.
 * * The shape is that of the text. Nothing is resolved: `a.b` is a {@link ColumnReference} whatever `a` turns out to be.
 */

/** UTF-16 offsets in the text of the unit, end exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A name as written, outermost part first: `[relation]`, `[schema, relation]`, `[database, schema, relation]`. Never empty. */
export type NameParts = readonly string[];

// ---------------------------------------------------------------- FROM

/** `AS name (columns)`. Fewer column names than columns rename only the first ones. */
export interface Alias {
  readonly name: string;
  readonly columns: readonly string[];
}

export interface RelationItem {
  readonly kind: 'relation';
  readonly name: NameParts;
  /** `ONLY t`: without children. */
  readonly only: boolean;
  readonly alias?: Alias;
  /** Arguments of TABLESAMPLE and FOR SYSTEM_TIME. */
  readonly sample?: readonly Expression[];
  /** A hint takes locks beyond those of a plain read. */
  readonly locks?: boolean;
}

export interface SubqueryItem {
  readonly kind: 'subquery';
  readonly query: Query;
  readonly lateral: boolean;
  readonly alias?: Alias;
}

/** A column as a definition list gives it: `AS t (a int, b text)`, CREATE TABLE, ADD COLUMN. */
export interface ColumnDefinition {
  readonly name: string;
  readonly type: TypeName;
  readonly notNull?: boolean;
  /** As in `CatalogueColumn`. */
  readonly hidden?: boolean;
  readonly implicit?: boolean;
  /** DEFAULT, GENERATED and CHECK expressions of the column. */
  readonly expressions?: readonly Expression[];
  /** The DEFAULT or GENERATED expression alone, when there is one (also in `expressions`). */
  readonly default?: Expression;
  readonly foreignKeys?: readonly ForeignKey[];
}

/** What becomes of the rows that refer to one that is deleted or whose key changes; `restrict`: nothing, the statement fails. */
export type ReferentialAction = 'restrict' | 'cascade' | 'set-null' | 'set-default';

/** REFERENCES, FOREIGN KEY: every value that is written is looked for in the other relation. */
export interface ForeignKey {
  /** Its columns, in the order of those that they refer to. */
  readonly columns: readonly string[];
  readonly relation: NameParts;
  /** The columns of `relation`; its primary key when empty. */
  readonly referenced: readonly string[];
  readonly onDelete: ReferentialAction;
  readonly onUpdate: ReferentialAction;
}

/** A routine in FROM; several with ROWS FROM. Arguments may refer to items on the left (LATERAL is implied). */
export interface RoutineItem {
  readonly kind: 'routine';
  readonly calls: readonly {
    /** A {@link Call}, or the expression that the grammar allows in its place. */
    readonly call: Expression;
    /** The column definition list, when there is one. */
    readonly columns?: readonly ColumnDefinition[];
  }[];
  readonly ordinality: boolean;
  readonly alias?: Alias;
}

/** Built-in syntax that makes a table from its operands and nothing else: XMLTABLE, JSON_TABLE. Every column derives from every operand. */
export interface ConstructItem {
  readonly kind: 'construct';
  readonly name: string;
  readonly operands: readonly Expression[];
  readonly columns: readonly string[];
  readonly alias?: Alias;
}

export interface JoinItem {
  readonly kind: 'join';
  readonly type: 'inner' | 'left' | 'right' | 'full' | 'cross';
  readonly left: FromItem;
  readonly right: FromItem;
  readonly natural: boolean;
  readonly using?: readonly string[];
  /** `USING (a) AS alias`: names the merged columns. */
  readonly usingAlias?: string;
  readonly on?: Expression;
  /** `(a JOIN b ON …) AS alias`: hides the names inside. */
  readonly alias?: Alias;
}

/**
 * `source PIVOT (aggregate FOR column IN (values)) AS alias`: groups by every column of `source` that neither names, and has one column more
 * for each value.
 */
export interface PivotItem {
  readonly kind: 'pivot';
  readonly source: FromItem;
  readonly aggregate: Call;
  readonly column: ColumnReference;
  /** The names of the columns that it adds. */
  readonly values: readonly string[];
  readonly alias?: Alias;
}

/** `source UNPIVOT (value FOR name IN (columns)) AS alias`: one row for each of the columns, which are replaced by `value` and `name`. */
export interface UnpivotItem {
  readonly kind: 'unpivot';
  readonly source: FromItem;
  readonly value: string;
  readonly name: string;
  readonly columns: readonly ColumnReference[];
  readonly alias?: Alias;
}

/** The rows that a data-modifying statement returns: `FROM (DELETE … OUTPUT deleted.*) AS t`. */
export interface ModificationItem {
  readonly kind: 'modification';
  readonly statement: DataModification;
  readonly alias?: Alias;
}

/** A FROM item that the normaliser does not understand. */
export interface OpaqueItem {
  readonly kind: 'opaque';
  readonly reason: OpaqueReason;
  readonly operands: readonly Expression[];
  /** Relations that it names, as far as they were seen: they are read. */
  readonly relations?: readonly NameParts[];
  readonly alias?: Alias;
}

export type FromItem =
  | RelationItem
  | SubqueryItem
  | RoutineItem
  | ConstructItem
  | JoinItem
  | PivotItem
  | UnpivotItem
  | ModificationItem
  | OpaqueItem;

// ---------------------------------------------------------------- queries

/** One item of a select list or RETURNING. `name`: what the result header shows (the alias, or what the dialect makes of the expression); unused for stars. */
export interface SelectItem {
  readonly expression: Expression;
  readonly name: string;
}

/** An integer literal is a position among the outputs; a bare name is an output name first. */
export interface OrderItem {
  readonly expression: Expression;
  /** `ORDER BY x USING >`. */
  readonly using?: OperatorName;
}

export interface Select {
  readonly kind: 'select';
  /** `DISTINCT` is `[]`, `DISTINCT ON (a)` is `[a]`. */
  readonly distinct?: readonly Expression[];
  readonly items: readonly SelectItem[];
  /** Joined by commas. */
  readonly from: readonly FromItem[];
  readonly where?: Expression;
  /** Every expression of GROUP BY, those of ROLLUP, CUBE and GROUPING SETS too. An integer literal is a position; a bare name may be an output name. */
  readonly groupBy: readonly Expression[];
  readonly having?: Expression;
  readonly windows: readonly { readonly name: string; readonly window: Window }[];
}

export interface Values {
  readonly kind: 'values';
  readonly rows: readonly (readonly Expression[])[];
}

export interface SetOperation {
  readonly kind: 'set-operation';
  readonly operator: 'union' | 'intersect' | 'except';
  readonly all: boolean;
  readonly left: Query;
  readonly right: Query;
}

export interface OpaqueBody {
  readonly kind: 'opaque';
  readonly reason: OpaqueReason;
}

export type QueryBody = Select | Values | SetOperation | OpaqueBody;

/** FOR UPDATE and its kin. `of` is empty for all relations. */
export interface RowLock {
  readonly strength: string;
  readonly of: readonly NameParts[];
}

export interface CommonTable {
  readonly name: string;
  readonly columns: readonly string[];
  readonly body: CommonTableBody;
  /** Names of the columns that SEARCH and CYCLE clauses add, in order. */
  readonly addedColumns?: readonly string[];
}

export type CommonTableBody = Query | Insert | Update | Delete | Merge;

export interface With {
  /** Each table knows the ones before it, `'itself'`: and itself, `true`: and all others. */
  readonly recursive: boolean | 'itself';
  readonly tables: readonly CommonTable[];
}

/** A query of any form: SELECT, VALUES, UNION …, `TABLE x` (as `SELECT * FROM x`), with what may stand around it. */
export interface Query {
  readonly kind: 'query';
  readonly with?: With;
  readonly body: QueryBody;
  readonly orderBy: readonly OrderItem[];
  readonly limit?: Expression;
  readonly offset?: Expression;
  readonly locks: readonly RowLock[];
  /** The whole result becomes one document in one column of this name: FOR XML, FOR JSON. */
  readonly document?: string;
}
