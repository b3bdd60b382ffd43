import { joinName } from '@sqlwarden/core';
import { FIRST_USER_OID } from './queries.js';
import type { CatalogueType } from './resolved-catalogue.js';
import { number, type Row, text } from './rows.js';

export interface TypeEntry extends CatalogueType {
  /** The dialect's name of it. */
  readonly shown: string;
  /** `pg_class.oid` of a composite type's columns; 0 for other types. */
  readonly relationId: number;
}

export type TypesById = ReadonlyMap<number, TypeEntry>;

/** Rows of TYPES_SQL. */
export function readTypes(rows: readonly Row[]): { readonly types: ReadonlyMap<string, CatalogueType>; readonly byId: TypesById } {
  const types = new Map<string, CatalogueType>();
  const byId = new Map<number, TypeEntry>();
  for (const row of rows) {
    const id = number(row, 0);
    const entry: TypeEntry = {
      id,
      schema: text(row, 1),
      name: text(row, 2),
      kind: text(row, 3),
      shown: text(row, 4),
      relationId: number(row, 5),
      system: id < FIRST_USER_OID,
    };
    types.set(joinName(entry.schema, entry.name), entry);
    byId.set(id, entry);
  }
  return { types, byId };
}
