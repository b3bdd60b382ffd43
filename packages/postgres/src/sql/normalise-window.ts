import type { OrderItem, Window } from '@sqlwarden/core';
import { operatorName } from './normalise-operator.js';
import { expressions, maybeExpression, type Normaliser } from './normaliser.js';
import { UnknownNodeError, type Shape } from './tree.js';

/** ORDER BY lists and windows. */

/** A list of SortBy nodes. */
export function orderItems(normaliser: Normaliser, shape: Shape, field: string): OrderItem[] {
  return shape.list(field).map((sort) => {
    sort.skip('sortby_dir', 'sortby_nulls');
    const using = sort.has('useOp') ? { using: operatorName(sort, 'useOp').operator } : {};
    const node = sort.child('node');
    if (node === undefined) throw new UnknownNodeError('SortBy without a node');
    return { expression: normaliser.expression(node), ...using };
  });
}

/** A WindowDef, of OVER or of a WINDOW clause (whose `name` the caller reads). */
export function window(normaliser: Normaliser, shape: Shape): Window {
  shape.skip('frameOptions');
  // `OVER w` has only a name, `OVER (w ORDER BY …)` and `WINDOW x AS (w …)` have a reference.
  const reference = shape.optionalText('refname') ?? shape.optionalText('name');
  return {
    ...(reference !== undefined && { reference }),
    partitionBy: expressions(normaliser, shape, 'partitionClause'),
    orderBy: orderItems(normaliser, shape, 'orderClause'),
    frame: [...maybeExpression(normaliser, shape, 'startOffset'), ...maybeExpression(normaliser, shape, 'endOffset')],
  };
}
