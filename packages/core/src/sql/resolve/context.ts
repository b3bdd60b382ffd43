import type { CatalogueRelation, Reference } from '../../catalog/catalogue.js';
import type { FilterFact } from '../facts.js';
import type { AnalyseOptions, StoredBody } from '../knowledge.js';
import type { Expression, NameParts, Query, Select, Variable } from '../model.js';
import type { DataModification } from '../modification.js';
import type { RelationName } from '../names.js';
import type { Statement, TriggerEvent } from '../statement.js';
import type { Effects } from './effects.js';
import type { Scope } from './scope.js';
import type { Column, Outputs, Value } from './value.js';

/** A relation that a name was found to mean. */
export interface ResolvedRelation {
  readonly name: RelationName;
  /** What reading its columns yields. */
  readonly outputs: Outputs;
  /** What reading it reaches besides itself: the relations, routines and conditions of a view. */
  readonly effects?: Effects;
  /** Set for relations of the catalogue. */
  readonly catalogued?: CatalogueRelation;
  /** The row has the dialect's system columns. */
  readonly systemColumns: boolean;
  /** Why nothing certain is known of it. */
  readonly opaque?: {
    readonly kind: 'schema-changed' | 'session-state' | 'unknown-relation' | 'unreadable-relation' | 'foreign-data' | 'complexity';
    readonly detail: string;
  };
  /** Only the session sees it; what is written into its columns is followed. */
  readonly temporary?: boolean;
  /** It may not exist: what makes it may not have run. */
  readonly maybe?: boolean;
  /** A common table or subquery: its columns are those of other relations. */
  readonly derived?: boolean;
  /** Writing it runs code that was installed earlier in the unit. */
  readonly writeOpaque?: boolean;
}

/** A routine whose body is readable; of overloads all bodies. */
export interface StoredRoutine {
  /** `schema.name`. */
  readonly name: string;
  readonly bodies: readonly StoredBody[];
}

export interface BodyArgument {
  readonly name?: string;
  readonly value: Value;
  /** The variable that stands there; it may be one that holds a table. */
  readonly variable?: string;
}

/** What running a body for a call gives. */
export interface BodyResult {
  /** What a function returns. */
  readonly value: Value;
  /** The rows that it returns; `undefined` for none. Not complete where it is not known which of several results comes. */
  readonly outputs: Outputs | undefined;
  /** What its parameters hold in the end, in their order. */
  readonly parameters: readonly Value[];
}

/** The two rows that a trigger sees. */
export interface TriggerRows {
  readonly old: Outputs;
  readonly new: Outputs;
}

/** What expressions and queries ask of the unit that they stand in: its variables, and code that runs where they call it. */
export interface Programs {
  variable(r: Resolver, variable: Variable): Value;
  /** A variable or parameter that is written like a column. */
  local(r: Resolver, name: string): Value | undefined;
  parameter(number: number): Value;
  /** An assignment while rows are read: what the variable held stays possible. */
  assignByRow(r: Resolver, variable: Variable, value: Value, expression: Expression): void;
  /** A value is written into a column of a relation, or into any of them: temporary relations carry it on. */
  carry(relation: RelationName, column: string | undefined, value: Value): void;
  /** The routines of that name, wherever it is looked for: which of them is meant may depend on types. */
  routines(name: NameParts, count: number, searchPath: readonly string[]): readonly StoredRoutine[];
  call(r: Resolver, routines: readonly StoredRoutine[], values: readonly BodyArgument[]): BodyResult;
  /** The foreign keys that refer to a relation and write when it is written. */
  references(relation: RelationName): readonly Reference[];
  /** Runs what the triggers of a relation do when it is written. Gives what they put into columns of the new row. */
  triggers(r: Resolver, relation: RelationName, rows: TriggerRows, events: readonly TriggerEvent[]): readonly Column[];
  /** The rows that a statement inside of another returns. */
  statement(r: Resolver, statement: Statement, scope: Scope): Outputs;
  /** The same for what the catalogue keeps: it sees nothing of the unit. */
  stored(): Programs;
}

/**
 * What the parts of the resolver ask of each other. One per statement (or view): it holds the collection of effects and the limits.
 * Methods throw {@link LimitError} when a limit is reached.
 */
export interface Resolver {
  readonly options: AnalyseOptions;
  readonly searchPath: readonly string[];
  readonly programs: Programs;
  effects: Effects;
  /** Queries in which a name was found outside of them. */
  readonly correlated: WeakSet<Query>;
  /** How selective the WHERE of each select is. */
  readonly selectFilters: WeakMap<Select, FilterFact>;
  /** What a relation name means outside of common tables. `undefined`: nothing known has that name. */
  relation(name: NameParts): ResolvedRelation | undefined;
  /** Calls of a routine of that name are opaque: it was created or changed earlier in the unit. */
  routineChanged(name: NameParts): boolean;
  /** The value of an expression. Records what it reads and calls, not how the value is used. */
  value(expression: Expression, scope: Scope): Value;
  /** The value of a condition; also records what it compares as predicate uses. */
  condition(expression: Expression, scope: Scope, negated?: boolean): Value;
  query(query: Query, scope: Scope): Outputs;
  modify(statement: DataModification, scope: Scope): Outputs;
  /** Runs `body` one level deeper. */
  nested<T>(body: () => T): T;
  /** Runs `body` with a collection of effects of its own, which the caller adds to where it belongs. */
  collect<T>(body: () => T): { readonly result: T; readonly effects: Effects };
  /** Accounts for work that grows faster than the text. */
  spend(amount: number): void;
}

/** The analysis was given up because the statement is too deep or too much work. */
export class LimitError extends Error {
  override readonly name = 'LimitError';
}
