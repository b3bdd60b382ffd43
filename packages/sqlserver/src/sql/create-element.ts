import type { ColumnDefinition, Expression, ForeignKey } from '@sqlwarden/core';

/** What stands in the parentheses of CREATE TABLE, of a table type, and behind ALTER TABLE … ADD. */
export interface TableElements {
  readonly columns: readonly ColumnDefinition[];
  /** Of constraints and filtered indexes. */
  readonly expressions: readonly Expression[];
  /** Those of the table, edge constraints too. */
  readonly foreignKeys: readonly ForeignKey[];
}

/** Collects elements while they are read. */
export interface TableElementsBuilder {
  /** `DEFAULT value FOR column`, which only ALTER TABLE has. */
  readonly defaults: { readonly column: string; readonly value: Expression }[];
  readonly columns: ColumnDefinition[];
  /** Names of SPARSE columns, and of the one that is `COLUMN_SET FOR ALL_SPARSE_COLUMNS`. */
  readonly sparse: string[];
  readonly columnSets: string[];
  readonly expressions: Expression[];
  readonly foreignKeys: ForeignKey[];
}

export function emptyElements(): TableElementsBuilder {
  return { defaults: [], columns: [], sparse: [], columnSets: [], expressions: [], foreignKeys: [] };
}

/**
 * The columns of a table that has a column set ("Use Column Sets"): it is an XML of all sparse columns, which can then be named, but are not
 * in `*`.
 */
export function withColumnSets(
  columns: readonly ColumnDefinition[],
  sparse: readonly string[],
  columnSets: readonly string[],
): readonly ColumnDefinition[] {
  if (columnSets.length === 0) return columns;
  const operands = sparse.map((name): Expression => ({ kind: 'column', qualifier: [], name }));
  const all: Expression = { kind: 'construct', name: 'column_set', operands };
  return columns.map((column) => {
    if (sparse.includes(column.name)) return { ...column, hidden: true };
    return columnSets.includes(column.name) ? { ...column, expressions: [...(column.expressions ?? []), all], default: all } : column;
  });
}
