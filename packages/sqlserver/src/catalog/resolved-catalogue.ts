import type { Catalogue, Expression, RelationName, ResolvedCatalogue, StoredBody, ViewDefinitions } from '@sqlwarden/core';

/** A catalogue of a database of SQL Server made ready for resolution. Immutable; what is derived from it may be remembered as long as it lives. */
export interface SqlserverCatalogue extends ResolvedCatalogue {
  readonly catalogue: Catalogue;
  /** Definitions of views, and of synonyms of relations; one that could not be read or parsed is missing. */
  readonly views: ViewDefinitions;
  /** Expressions of computed columns by relation and column; `undefined` for one that was not understood. */
  readonly generated: ReadonlyMap<RelationName, ReadonlyMap<string, Expression | undefined>>;
  /** Bodies of procedures and functions by `schema.name`. */
  readonly bodies: ReadonlyMap<string, readonly StoredBody[]>;
  /** Bodies of triggers by relation; `undefined` for one that was not understood, or that may be there unseen. */
  readonly triggers: ReadonlyMap<RelationName, readonly (StoredBody | undefined)[]>;
  /** The columns of table-valued functions, by `schema.name`. */
  readonly functionColumns: ReadonlyMap<string, readonly string[]>;
  /** The routines that synonyms stand for, by the synonym's `schema.name`. */
  readonly routineSynonyms: ReadonlyMap<string, string>;
  /** Types of assemblies by `schema.name`: a conversion to one runs its code. */
  readonly assemblyTypes: ReadonlySet<string>;
}

export function isSqlserverCatalogue(catalogue: ResolvedCatalogue): catalogue is SqlserverCatalogue {
  return 'views' in catalogue && 'routineSynonyms' in catalogue;
}
