import type { AlterAction, Expression, ForeignKey, NameParts } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';

/** The actions of one ALTER TABLE as they are read. */
export interface Alteration {
  /** The table as it is called so far. */
  readonly name: NameParts;
  readonly actions: AlterAction[];
  /** Rows are deleted: TRUNCATE PARTITION, DROP PARTITION. */
  deletesRows: boolean;
  /** It returns rows as CHECK TABLE does: CHECK PARTITION. */
  reports: boolean;
  /** A table that rows of it become: CONVERT PARTITION. */
  made?: NameParts;
}

/** Reads an action whose first word was consumed. */
export type ReadAction = (cursor: TokenCursor, alteration: Alteration) => void;

/** Records an action that leaves the columns as they are. */
export function other(
  { actions }: Alteration,
  what: string,
  {
    expressions = [],
    foreignKeys = [],
    unique = [],
  }: {
    readonly expressions?: readonly Expression[];
    readonly foreignKeys?: readonly ForeignKey[];
    readonly unique?: readonly string[];
  } = {},
): void {
  const keys = foreignKeys.length > 0 && { foreignKeys };
  actions.push({ kind: 'other', what, expressions, relations: [], ...keys, ...(unique.length > 0 && { unique }) });
}
