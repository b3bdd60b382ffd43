import { type ColumnName, joinName, type RelationName, splitName } from '../sql/names.js';

/** A column's relation and its own raw name. Throws a `SyntaxError` on a malformed name. */
export function splitColumn(column: ColumnName): {
  readonly relation: RelationName;
  readonly parts: readonly string[];
  readonly name: string;
} {
  const parts = splitName(column);
  return { relation: joinName(...parts.slice(0, -1)), parts, name: parts.at(-1) ?? '' };
}

/** The raw parts of a name; a name that is not well formed (as it was written, unresolved) is one part. */
export function partsOf(name: string): readonly string[] {
  try {
    return splitName(name);
  } catch {
    return [name];
  }
}
