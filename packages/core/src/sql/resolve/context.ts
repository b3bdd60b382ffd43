import type { CatalogueRelation } from '../../catalog/catalogue.js';
import type { FilterFact } from '../facts.js';
import type { AnalyseOptions } from '../knowledge.js';
import type { Delete, Expression, Insert, Merge, NameParts, Query, Select, Update } from '../model.js';
import type { RelationName } from '../names.js';
import type { Effects } from './effects.js';
import type { Scope } from './scope.js';
import type { Outputs, Value } from './value.js';

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
  /** Writing it runs code that was installed earlier in the unit. */
  readonly writeOpaque?: boolean;
}

export type DataModification = Insert | Update | Delete | Merge;

/**
 * What the parts of the resolver ask of each other. One per statement (or view): it holds the collection of effects and the limits.
 * Methods throw {@link LimitError} when a limit is reached.
 */
export interface Resolver {
  readonly options: AnalyseOptions;
  readonly searchPath: readonly string[];
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
