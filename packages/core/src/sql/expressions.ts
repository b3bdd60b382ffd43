import type { OpaqueReason } from './facts.js';
import type { NameParts, OrderItem, Query } from './model.js';

/** The expressions of the statement model; the rules for adapters are in `model.ts`. */

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
