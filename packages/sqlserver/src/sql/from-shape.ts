import type { FromItem, OpaqueItem, SelectItem, SubqueryItem } from '@sqlwarden/core';

/**
 * Rowset functions whose columns have names that the text gives, and an order that only the catalogue knows: CHANGETABLE returns the primary
 * key. What takes them by position, `*` and a list of column aliases, is not understood.
 */

const UNCERTAIN = new WeakSet<FromItem>();

/** Marks the query that stands for such a function. */
export function ofUncertainShape(item: SubqueryItem): FromItem {
  if (item.alias !== undefined && item.alias.columns.length > 0) return opaque(item);
  UNCERTAIN.add(item);
  return item;
}

/** The items behind FROM, of which those that a `*` of the select list takes are opaque when their shape is not certain. */
export function certainShapes(from: readonly FromItem[], items: readonly SelectItem[]): readonly FromItem[] {
  const stars = items.flatMap(({ expression }) => (expression.kind === 'star' ? [expression.qualifier.at(-1)] : []));
  return stars.length === 0 ? from : from.map((item) => certain(item, stars));
}

/** `undefined` among the stars is the one that takes everything. */
function certain(item: FromItem, stars: readonly (string | undefined)[]): FromItem {
  if (item.kind === 'join') return { ...item, left: certain(item.left, stars), right: certain(item.right, stars) };
  if (item.kind === 'pivot' || item.kind === 'unpivot') return { ...item, source: certain(item.source, [undefined]) };
  if (item.kind !== 'subquery' || !UNCERTAIN.has(item)) return item;
  return stars.includes(undefined) || stars.includes(item.alias?.name) ? opaque(item) : item;
}

function opaque({ query, alias }: SubqueryItem): OpaqueItem {
  return {
    kind: 'opaque',
    reason: { kind: 'unknown-node', detail: 'the columns of a rowset function by their positions' },
    operands: [{ kind: 'exists', query }],
    ...(alias && { alias }),
  };
}
