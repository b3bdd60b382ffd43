import type { Catalogue, Expression, RelationName, ResolvedCatalogue, StoredBody, ViewDefinitions } from '@sqlwarden/core';
import { systemRoutines } from './system-routines.js';

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

const elsewhere = new WeakMap<SqlserverCatalogue, Map<string, SqlserverCatalogue>>();
/** Sessions can name databases that there are not; those that are remembered are forgotten together. */
const MAX_DATABASES = 100;

/** What is known of another database of the same server: what the server brings to each. */
export function inDatabase(catalogue: SqlserverCatalogue, database: string): SqlserverCatalogue {
  const known = elsewhere.get(catalogue) ?? new Map<string, SqlserverCatalogue>();
  elsewhere.set(catalogue, known);
  const found = known.get(database);
  if (found !== undefined) return found;
  if (known.size >= MAX_DATABASES) known.clear();
  const made = withoutObjects(catalogue, database);
  known.set(database, made);
  return made;
}

function withoutObjects({ catalogue }: SqlserverCatalogue, database: string): SqlserverCatalogue {
  const relations = [...catalogue.relations].filter(([, { schema }]) => schema === 'sys' || schema === 'information_schema');
  return {
    catalogue: {
      ...catalogue,
      database,
      relations: new Map(relations),
      relationsById: new Map(relations.map(([, relation]) => [relation.id, relation])),
      routines: systemRoutines(),
      schemas: new Set(['sys', 'information_schema']),
    },
    views: new Map(),
    generated: new Map(),
    bodies: new Map(),
    triggers: new Map(),
    functionColumns: new Map(),
    routineSynonyms: new Map(),
    assemblyTypes: new Set(),
  };
}
