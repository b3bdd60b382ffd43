import { joinName } from '@sqlwarden/core';
import { FIRST_USER_OID } from './queries.js';
import type { CatalogueType, TypeDetail, TypeReference } from './resolved-catalogue.js';
import { append, number, optional, type Row, strings, text } from './rows.js';

export interface TypeEntry extends CatalogueType, TypeDetail {
  /** The dialect's name of it. */
  readonly shown: string;
  /** `pg_class.oid` of a composite type's columns; 0 for other types. */
  readonly relationId: number;
}

export type TypesById = ReadonlyMap<number, TypeEntry>;

/** Rows of TYPES_SQL and COLUMNS_SQL. */
export function readTypes(
  rows: readonly Row[],
  columnRows: readonly Row[],
): { readonly types: ReadonlyMap<string, CatalogueType>; readonly byId: TypesById } {
  const types = new Map<string, CatalogueType>();
  const byId = new Map<number, TypeEntry>();
  const attributes = readAttributes(columnRows);
  for (const row of rows) {
    const id = number(row, 0);
    const relationId = number(row, 5);
    const entry: TypeEntry = {
      id,
      schema: text(row, 1),
      name: text(row, 2),
      kind: text(row, 3),
      shown: text(row, 4),
      relationId,
      system: id < FIRST_USER_OID,
      ...readDetails(row),
      ...(relationId === 0 ? {} : { attributes: attributes.get(relationId) ?? [] }),
    };
    types.set(joinName(entry.schema, entry.name), entry);
    byId.set(id, entry);
  }
  return { types, byId };
}

function readDetails(row: Row): Pick<TypeDetail, 'base' | 'elementId' | 'rangeOf' | 'labels' | 'extension'> {
  const baseId = number(row, 6);
  const elementId = number(row, 8);
  const rangeOf = number(row, 9);
  const extension = optional(row, 11);
  return {
    ...(baseId === 0 ? {} : { base: { typeId: baseId, typeModifier: number(row, 7) } }),
    ...(elementId === 0 ? {} : { elementId }),
    ...(rangeOf === 0 ? {} : { rangeOf }),
    ...(text(row, 3) === 'e' ? { labels: strings(row, 10) } : {}),
    ...(extension === undefined ? {} : { extension }),
  };
}

/** Types of columns by their relation, in the order of the columns. */
function readAttributes(rows: readonly Row[]): ReadonlyMap<number, TypeReference[]> {
  const attributes = new Map<number, TypeReference[]>();
  for (const row of rows) append(attributes, number(row, 0), { typeId: number(row, 3), typeModifier: number(row, 4) });
  return attributes;
}
