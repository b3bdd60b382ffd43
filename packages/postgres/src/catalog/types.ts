import type { CatalogueColumn } from '@sqlwarden/core';
import { FIRST_USER_OID } from './queries.js';
import type { CatalogueType, TypeDetail, TypeReference } from './resolved-catalogue.js';
import { number, optional, type Row, strings, text } from './rows.js';

export interface TypeEntry extends CatalogueType, TypeDetail {
  /** The dialect's name of it. */
  readonly shown: string;
  /** `pg_class.oid` of a composite type's columns; 0 for other types. */
  readonly relationId: number;
}

export type TypesById = ReadonlyMap<number, TypeEntry>;

/** A row of types (`typesSql`). The attributes of composite types are those of their relations, see {@link attributesOf}. */
export function readType(row: Row): TypeEntry {
  const id = number(row, 0);
  return {
    id,
    schema: text(row, 1),
    name: text(row, 2),
    kind: text(row, 3),
    shown: text(row, 4),
    relationId: number(row, 5),
    system: id < FIRST_USER_OID,
    ...readDetails(row),
  };
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

/** The types of a relation's columns, in their order. */
export function attributesOf(columns: readonly CatalogueColumn[]): TypeReference[] {
  return columns.map(({ typeId, typeModifier }) => ({ typeId, typeModifier: typeModifier ?? -1 }));
}
