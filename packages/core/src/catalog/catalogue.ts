import type { ReferentialAction } from '../sql/model.js';
import type { ColumnName, RelationName } from '../sql/names.js';

/**
 * What must be known of a database to resolve names and lineage: a committed snapshot, read by an adapter.
 * Contract between adapters (which read it), core/sql (which resolves against it) and core/policy (which classifies its columns).
 */
export type RelationKind =
  | 'table'
  | 'partitioned'
  | 'view'
  | 'materialized-view'
  | 'foreign-table'
  | 'sequence'
  | 'composite'
  | 'index'
  | 'system';

export interface CatalogueColumn {
  readonly name: string;
  /** The server's number of the column (PostgreSQL `attnum`), for binding by the result header. */
  readonly number: number;
  /** The dialect's name of the type with its modifiers (`character varying(80)`). */
  readonly type: string;
  /** The server's identifier of the type (PostgreSQL type OID). */
  readonly typeId: number;
  /** The server's modifier of the type (PostgreSQL `atttypmod`), when it has one. */
  readonly typeModifier?: number;
  readonly notNull: boolean;
  /** Computed by the server from other columns; COPY of the table leaves it out. */
  readonly generated?: boolean;
  /** Can be named, but `*`, INSERT without a column list and NATURAL JOIN pass over it. */
  readonly hidden?: boolean;
  /** INSERT without a column list passes over it: identity and computed columns of T-SQL. `*` has it. */
  readonly implicit?: boolean;
  /** The declared maximum length in characters, when there is one. */
  readonly maxLength?: number;
}

export interface CatalogueRelation {
  /** The server's identifier (PostgreSQL `pg_class.oid`). Negative where the catalogue has it without having asked the server. */
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  readonly columns: readonly CatalogueColumn[];
  /** The text of the defining query of a view or materialised view. */
  readonly definition?: string;
  /** Names of the relations that this one inherits from or is a partition of. */
  readonly parents: readonly RelationName[];
  /** True when row triggers or rules may run code when it is written. */
  readonly hasTriggers: boolean;
  /** The foreign keys that refer to it and write the relation that they are of when this one is written. */
  readonly referencedBy?: readonly Reference[];
}

/** A foreign key, seen from the relation that it refers to. */
export interface Reference {
  /** The relation that it is of, and its columns in the order of those that they refer to. */
  readonly relation: RelationName;
  readonly columns: readonly string[];
  /** The columns that it refers to; not known when empty. */
  readonly referenced: readonly string[];
  readonly onDelete: ReferentialAction;
  readonly onUpdate: ReferentialAction;
}

export interface CatalogueRoutine {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: 'function' | 'procedure' | 'aggregate' | 'window';
  readonly language: string;
  readonly volatility: 'immutable' | 'stable' | 'volatile';
  readonly securityDefiner: boolean;
  /** Pins its own search path (PostgreSQL `SET search_path` on the function). */
  readonly pinnedSearchPath: boolean;
  readonly returnsSet: boolean;
  /** The dialect's name of the return type. */
  readonly returnType: string;
  readonly argumentTypes: readonly string[];
  /** The body, when it is readable. */
  readonly body?: string;
  /** Belongs to an installed extension or to the system. */
  readonly origin: 'system' | 'extension' | 'user';
}

export interface Catalogue {
  /** Goes up whenever the content changed; part of the key of every cached decision. */
  readonly version: number;
  /** The server's version, e.g. 180004. */
  readonly serverVersion: number;
  /** The version in the server's own words, where a client is told it before its server is reached. */
  readonly versionText?: string;
  readonly database: string;
  /** Keyed by `schema.relation` ({@link joinName}). */
  readonly relations: ReadonlyMap<RelationName, CatalogueRelation>;
  /** Relations by the server's identifier. */
  readonly relationsById: ReadonlyMap<number, CatalogueRelation>;
  /** Keyed by `schema.name`; overloads together. */
  readonly routines: ReadonlyMap<string, readonly CatalogueRoutine[]>;
  readonly schemas: ReadonlySet<string>;
}

/** A column with all that a mask must know of it. */
export interface CatalogueColumnRef {
  readonly name: ColumnName;
  readonly relation: CatalogueRelation;
  readonly column: CatalogueColumn;
}
