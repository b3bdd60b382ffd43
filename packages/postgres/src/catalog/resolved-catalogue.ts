import type {
  Catalogue,
  CatalogueRoutine,
  Expression,
  RelationName,
  ResolvedCatalogue,
  Statement,
  StoredBody,
  ViewDefinitions,
} from '@sqlwarden/core';
import type { Setters } from './setters.js';

/** What PostgreSQL's catalogue says of a routine besides the contract's {@link CatalogueRoutine}. */
export interface RoutineDetail {
  readonly routine: CatalogueRoutine;
  readonly minArguments: number;
  /** `Infinity` for variadic ones. */
  readonly maxArguments: number;
  /** Names of the output parameters, when there is more than none. */
  readonly columns?: readonly string[];
  /** The relation or composite type whose rows it returns. */
  readonly rowOf?: RelationName;
  readonly returnsRecord: boolean;
  /** The extension that it belongs to. */
  readonly extension?: string;
  /** The functions that an aggregate of a user calls (`pg_proc.oid`). */
  readonly calls?: readonly number[];
  /** Parameters in the order in which a call gives them; those that only go out are behind (of a procedure, in their places). */
  readonly parameters: readonly { readonly name: string; readonly output: boolean }[];
  /** As in `StoredBody`. */
  readonly searchPath?: readonly string[] | 'caller';
  /** As in `StoredBody`. */
  readonly settings?: readonly string[];
  /** The parsed body, of language SQL or PL/pgSQL. */
  readonly body?: readonly Statement[];
}

/** An operator that is not the system's, and the routine that it calls. */
export interface UserOperator {
  readonly schema: string;
  readonly symbol: string;
  /** `pg_proc.oid`. */
  readonly routineId: number;
}

/** A type as names find it. */
export interface CatalogueType {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  /** `pg_type.typtype`: base, composite, domain, enum, multirange, pseudo, range. */
  readonly kind: string;
  readonly system: boolean;
}

/** What values of a type are made of, for masks. */
export interface TypeDetail {
  readonly id: number;
  readonly name: string;
  readonly kind: string;
  /** The type under a domain, with its modifier. */
  readonly base?: TypeReference;
  /** Of an array. */
  readonly elementId?: number;
  /** The subtype of a range; the range of a multirange. */
  readonly rangeOf?: number;
  /** Of an enum, in their order. */
  readonly labels?: readonly string[];
  /** Of a composite type: its columns in order. */
  readonly attributes?: readonly TypeReference[];
  /** The extension that it belongs to. */
  readonly extension?: string;
}

/** A type and its modifier; -1 for none. */
export interface TypeReference {
  readonly typeId: number;
  readonly typeModifier: number;
}

/**
 * A catalogue of PostgreSQL made ready for resolution. Immutable; what is derived from it may be remembered as long as it lives.
 */
export interface PostgresCatalogue extends ResolvedCatalogue {
  readonly catalogue: Catalogue;
  /** Definitions of views and materialised views; one that could not be parsed is missing. */
  readonly views: ViewDefinitions;
  /** Expressions of generated columns by relation and column. */
  readonly generated: ReadonlyMap<RelationName, ReadonlyMap<string, Expression | undefined>>;
  /** Routines by `schema.name`, overloads together. */
  readonly routines: ReadonlyMap<string, readonly RoutineDetail[]>;
  readonly routinesById: ReadonlyMap<number, RoutineDetail>;
  /** Readable bodies of routines of users; as `AnalyseOptions.bodies`. */
  readonly bodies: ReadonlyMap<string, readonly StoredBody[]>;
  /** What writing a relation runs besides, those of its children and partitions too; `undefined` for one that is not understood. */
  readonly triggers: ReadonlyMap<RelationName, readonly (StoredBody | undefined)[]>;
  /** What sets something while rows are read or written; nothing when absent. */
  readonly setters?: Setters;
  /** Operators of users and extensions by symbol. */
  readonly operators: ReadonlyMap<string, readonly UserOperator[]>;
  /** Routines that user-defined casts call, by the name of the target type (`schema.name`). */
  readonly casts: ReadonlyMap<string, readonly number[]>;
  /** Types by `schema.name`. */
  readonly types: ReadonlyMap<string, CatalogueType>;
  /** Types by `pg_type.oid`. */
  readonly typesById: ReadonlyMap<number, TypeDetail>;
}

export function isPostgresCatalogue(catalogue: ResolvedCatalogue): catalogue is PostgresCatalogue {
  return 'views' in catalogue && 'routinesById' in catalogue && 'operators' in catalogue;
}
