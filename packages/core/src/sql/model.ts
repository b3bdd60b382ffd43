import type { OpaqueReason } from './facts.js';
import type { DataModification, Delete, Insert, Merge, Update } from './modification.js';

/**
 * The statement model: what every dialect's SQL is normalised to, and what the resolver reads. This file has expressions, FROM items
 * and queries; `modification.ts` has the data-modifying statements (which may stand in a WITH), `procedure.ts` those of batches and routine
 * bodies, `statement.ts` everything else.
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

// ---------------------------------------------------------------- expressions

/** A constant of the text. `value` is the text of a string, number or other constant; `null` and booleans are themselves. */
export interface Literal {
  readonly kind: 'literal';
  readonly type: 'null' | 'boolean' | 'integer' | 'number' | 'string' | 'other';
  readonly value: string | boolean | null;
}

/** A bound value: `$1`, `?`, `@p1`. Counted from 1. */
export interface Parameter {
  readonly kind: 'parameter';
  readonly number: number;
}

/** `name`, `relation.name`, `schema.relation.name`, … Whether it is a column, a whole row or a function-style access comes out of resolution. */
export interface ColumnReference {
  readonly kind: 'column';
  readonly qualifier: readonly string[];
  readonly name: string;
}

/** `*` (empty qualifier) or `t.*`, where a list of expressions stands: select items, RETURNING, `ROW(t.*)`, an argument. Not `count(*)`. */
export interface Star {
  readonly kind: 'star';
  readonly qualifier: readonly string[];
}

/** An argument of a call; `name` for `f(name => value)`, `output` when the routine may write the variable that stands there. */
export interface Argument {
  readonly expression: Expression;
  readonly name?: string;
  readonly output?: boolean;
}

/** A call by name of a function, aggregate, window function or procedure. */
export interface Call {
  readonly kind: 'call';
  readonly name: NameParts;
  readonly arguments: readonly Argument[];
  /** `count(*)`. */
  readonly star?: boolean;
  /** `count(DISTINCT x)`. */
  readonly distinct?: boolean;
  /** `array_agg(x ORDER BY y)`, and the WITHIN GROUP list. */
  readonly orderBy?: readonly OrderItem[];
  readonly filter?: Expression;
  readonly over?: Window;
  /** Written as syntax of its own that the server turns into a call of a routine of the system (`EXTRACT`, `CURRENT_DATE`, `SUBSTRING … FROM`). */
  readonly builtIn?: boolean;
}

/** A window, as OVER (…) or WINDOW w AS (…) define it. `OVER w` is a window with only `reference`. */
export interface Window {
  readonly reference?: string;
  readonly partitionBy: readonly Expression[];
  readonly orderBy: readonly OrderItem[];
  /** Offsets of the frame clause. */
  readonly frame: readonly Expression[];
}

/** The name of an operator: its symbol (lower case for words: `like`, `between`, `is json`) and the schema, when `OPERATOR(schema.+)` names one. */
export interface OperatorName {
  readonly symbol: string;
  readonly schema?: string;
}

/** An operator other than the ones below, prefix (one operand), infix (two), or wordy (`BETWEEN`, `LIKE … ESCAPE`: three). */
export interface Operator {
  readonly kind: 'operator';
  readonly operator: OperatorName;
  readonly operands: readonly Expression[];
}

export type ComparisonTest =
  | 'equal'
  | 'not-equal'
  | 'less'
  | 'less-or-equal'
  | 'greater'
  | 'greater-or-equal'
  | 'distinct'
  | 'not-distinct';

/** `=`, `<>`, `<`, …, `IS [NOT] DISTINCT FROM`. Rows are compared with {@link RowConstructor}s as operands. */
export interface Comparison {
  readonly kind: 'comparison';
  readonly test: ComparisonTest;
  readonly operator: OperatorName;
  readonly left: Expression;
  readonly right: Expression;
}

export interface Logical {
  readonly kind: 'logical';
  readonly operator: 'and' | 'or';
  readonly operands: readonly Expression[];
}

export interface Not {
  readonly kind: 'not';
  readonly operand: Expression;
}

/** `IS [NOT] NULL`. */
export interface NullTest {
  readonly kind: 'null-test';
  readonly operand: Expression;
  readonly negated: boolean;
}

/** `IS [NOT] TRUE | FALSE | UNKNOWN`. */
export interface BooleanTest {
  readonly kind: 'boolean-test';
  readonly operand: Expression;
  readonly test: 'true' | 'false' | 'unknown';
  readonly negated: boolean;
}

/** `x [NOT] IN (a, b)`. */
export interface InList {
  readonly kind: 'in-list';
  readonly operator: OperatorName;
  readonly operand: Expression;
  readonly list: readonly Expression[];
  readonly negated: boolean;
}

/** `x [NOT] IN (SELECT …)`. */
export interface InQuery {
  readonly kind: 'in-query';
  readonly operator: OperatorName;
  readonly operand: Expression;
  readonly query: Query;
  readonly negated: boolean;
}

export interface Exists {
  readonly kind: 'exists';
  readonly query: Query;
}

/** `(SELECT …)` as a value. Several columns only as the source of a multiple assignment or in a row comparison. */
export interface ScalarQuery {
  readonly kind: 'scalar-query';
  readonly query: Query;
}

/** `ARRAY(SELECT …)`. */
export interface ArrayQuery {
  readonly kind: 'array-query';
  readonly query: Query;
}

/** `x = ANY (…)`, `x < ALL (…)`. `test` is `other` for operators that compare nothing (`x ~ ANY (…)`). */
export interface Quantified {
  readonly kind: 'quantified';
  readonly test: ComparisonTest | 'other';
  readonly operator: OperatorName;
  readonly quantifier: 'any' | 'all';
  readonly left: Expression;
  readonly right: { readonly kind: 'query'; readonly query: Query } | { readonly kind: 'array'; readonly expression: Expression };
}

export interface Case {
  readonly kind: 'case';
  /** `CASE operand WHEN …`. */
  readonly operand?: Expression;
  readonly whens: readonly { readonly condition: Expression; readonly result: Expression }[];
  readonly otherwise?: Expression;
}

export interface TypeName {
  /** As written after folding; system types of the grammar with their schema (`[pg_catalog, int4]`). */
  readonly name: NameParts;
  readonly array: boolean;
  /** Written with a length, precision or the like, so that the cast may cut the value: `varchar(3)`. */
  readonly modified?: boolean;
}

export interface Cast {
  readonly kind: 'cast';
  readonly operand: Expression;
  readonly type: TypeName;
}

/** `ROW(a, b)`, `(a, b)`. Fields may hold a {@link Star}. */
export interface RowConstructor {
  readonly kind: 'row';
  readonly fields: readonly Expression[];
}

/** `ARRAY[a, b]`. */
export interface ArrayConstructor {
  readonly kind: 'array';
  readonly elements: readonly Expression[];
}

/**
 * Built-in syntax that computes a value from its operands and nothing else: COALESCE, NULLIF, GREATEST, COLLATE, AT TIME ZONE, GROUPING,
 * XML and JSON constructors, … The value derives from every operand. `name` is for people, lower case.
 */
export interface Construct {
  readonly kind: 'construct';
  readonly name: string;
  readonly operands: readonly Expression[];
}

/** A value of the session that no column feeds: CURRENT_USER, CURRENT_TIMESTAMP, CURRENT_SCHEMA. `name` lower case. */
export interface SessionValue {
  readonly kind: 'session-value';
  readonly name: string;
}

/** `(x).f`. */
export interface FieldSelection {
  readonly kind: 'field';
  readonly operand: Expression;
  readonly field: string;
}

/** `(x).*`. Stands where a {@link Star} may stand. */
export interface FieldStar {
  readonly kind: 'field-star';
  readonly operand: Expression;
}

/** `x[i]`, `x[i:j]`. */
export interface Subscript {
  readonly kind: 'subscript';
  readonly operand: Expression;
  readonly indices: readonly Expression[];
}

/** `DEFAULT` as a value of INSERT or UPDATE. */
export interface DefaultValue {
  readonly kind: 'default';
}

/** `WHERE CURRENT OF cursor`. */
export interface CursorPosition {
  readonly kind: 'cursor-position';
  readonly cursor: string;
}

/**
 * A variable that is told from columns by how it is written: `@x`. `local`: it lives as long as the batch (T-SQL); `session`: as long as the
 * session (MySQL); `system`: `@@x`, which the server sets. Names are folded and without `@`. The local variables of MySQL's routines are
 * written like columns, and are {@link ColumnReference}s.
 */
export interface Variable {
  readonly kind: 'variable';
  readonly scope: 'local' | 'session' | 'system';
  readonly name: string;
}

/** Assigns while rows are read, and is the value: `@x := value` (MySQL), `SELECT @x = value` (T-SQL). */
export interface VariableAssignment {
  readonly kind: 'assignment';
  readonly variable: Variable;
  readonly value: Expression;
}

/**
 * `operand.method(arguments)`. Where the text could also be a call of a routine in a schema of that name (`a.value('…')`), `call` is that
 * call: it is meant when the catalogue has such a routine.
 */
export interface MethodCall {
  readonly kind: 'method';
  readonly operand: Expression;
  readonly method: string;
  readonly arguments: readonly Expression[];
  readonly call?: Call;
}

/** An expression that the normaliser does not understand. Its value may derive from anything in reach. */
export interface OpaqueExpression {
  readonly kind: 'opaque';
  readonly reason: OpaqueReason;
  /** The parts that were understood; they are resolved so that what they name is reported. */
  readonly operands: readonly Expression[];
}

export type Expression =
  | Literal
  | Parameter
  | ColumnReference
  | Star
  | Call
  | Operator
  | Comparison
  | Logical
  | Not
  | NullTest
  | BooleanTest
  | InList
  | InQuery
  | Exists
  | ScalarQuery
  | ArrayQuery
  | Quantified
  | Case
  | Cast
  | RowConstructor
  | ArrayConstructor
  | Construct
  | SessionValue
  | FieldSelection
  | FieldStar
  | Subscript
  | DefaultValue
  | CursorPosition
  | Variable
  | VariableAssignment
  | MethodCall
  | OpaqueExpression;

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
  readonly recursive: boolean;
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
