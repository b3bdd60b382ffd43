import type { ColumnDefinition, Expression, NameParts } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseIdentifier } from './names.js';

/** What stands in the parentheses of CREATE TABLE, of a table type, and behind ALTER TABLE … ADD. */
export interface TableElements {
  readonly columns: readonly ColumnDefinition[];
  /** Of constraints and filtered indexes. */
  readonly expressions: readonly Expression[];
  /** Tables that foreign keys and edge constraints name. */
  readonly references: readonly NameParts[];
}

/** Collects elements while they are read. */
export interface TableElementsBuilder {
  /** `DEFAULT value FOR column`, which only ALTER TABLE has. */
  readonly defaults: { readonly column: string; readonly value: Expression }[];
  readonly columns: ColumnDefinition[];
  readonly expressions: Expression[];
  readonly references: NameParts[];
}

export function emptyElements(): TableElementsBuilder {
  return { defaults: [], columns: [], expressions: [], references: [] };
}

/** A name of a column, also `$node_id` and its kin. */
export function parseColumnName(cursor: TokenCursor): string {
  const { kind, text } = cursor.peek();
  if (kind === 'word' && text.startsWith('$')) return cursor.next().text;
  return parseIdentifier(cursor);
}

/** `(a, b)`: names alone. */
export function parseColumnNames(cursor: TokenCursor): string[] {
  return cursor.parenthesised((inside) => inside.list(parseColumnName));
}
