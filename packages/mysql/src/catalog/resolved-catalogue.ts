import type {
  Catalogue,
  CatalogueRoutine,
  Expression,
  RelationName,
  ResolvedCatalogue,
  StoredBody,
  ViewDefinitions,
} from '@sqlwarden/core';
import type { Flavour } from '../sql/functions.js';

/** A catalogue of MySQL or MariaDB made ready for resolution. Immutable; what is derived from it may be remembered as long as it lives. */
export interface MysqlCatalogue extends ResolvedCatalogue {
  readonly catalogue: Catalogue;
  readonly flavour: Flavour;
  /** Definitions of views; one that could not be read or parsed is missing. */
  readonly views: ViewDefinitions;
  /** Expressions of generated columns by relation and column; `undefined` for one that was not understood. */
  readonly generated: ReadonlyMap<RelationName, ReadonlyMap<string, Expression | undefined>>;
  /** Bodies of stored routines by `schema.name`. A name that a function and a procedure share has both. */
  readonly bodies: ReadonlyMap<string, readonly StoredBody[]>;
  /** Bodies of triggers by relation; `undefined` for one that was not understood, or that may be there unseen. */
  readonly triggers: ReadonlyMap<RelationName, readonly (StoredBody | undefined)[]>;
  /** Stored routines by `schema.name`. */
  readonly routines: ReadonlyMap<string, readonly CatalogueRoutine[]>;
  /** Names of loadable functions. */
  readonly loadable: ReadonlySet<string>;
}

export function isMysqlCatalogue(catalogue: ResolvedCatalogue): catalogue is MysqlCatalogue {
  return 'views' in catalogue && 'loadable' in catalogue && 'flavour' in catalogue;
}
