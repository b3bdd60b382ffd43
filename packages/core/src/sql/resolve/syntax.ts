import { unreachable } from '../../unreachable.js';
import type { Expression, OrderItem, Query, Window } from '../model.js';

/** The expressions directly inside an expression; queries are not entered. */
export function operandsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'literal':
    case 'parameter':
    case 'column':
    case 'star':
    case 'exists':
    case 'scalar-query':
    case 'array-query':
    case 'session-value':
    case 'default':
    case 'cursor-position':
    case 'variable':
      return [];
    case 'call':
      return [
        ...expression.arguments.map((argument) => argument.expression),
        ...ordering(expression.orderBy ?? []),
        ...(expression.filter === undefined ? [] : [expression.filter]),
        ...(expression.over === undefined ? [] : windowOperands(expression.over)),
      ];
    case 'operator':
    case 'logical':
    case 'construct':
    case 'opaque':
      return expression.operands;
    case 'comparison':
      return [expression.left, expression.right];
    case 'not':
    case 'null-test':
    case 'boolean-test':
    case 'in-query':
    case 'cast':
    case 'field':
    case 'field-star':
      return [expression.operand];
    case 'in-list':
      return [expression.operand, ...expression.list];
    case 'quantified':
      return expression.right.kind === 'array' ? [expression.left, expression.right.expression] : [expression.left];
    case 'case':
      return [
        ...(expression.operand === undefined ? [] : [expression.operand]),
        ...expression.whens.flatMap((when) => [when.condition, when.result]),
        ...(expression.otherwise === undefined ? [] : [expression.otherwise]),
      ];
    case 'assignment':
      return [expression.value];
    case 'method':
      return [expression.operand, ...expression.arguments];
    case 'row':
      return expression.fields;
    case 'array':
      return expression.elements;
    case 'subscript':
      return [expression.operand, ...expression.indices];
    default:
      return unreachable(expression);
  }
}

function ordering(items: readonly OrderItem[]): Expression[] {
  return items.map((item) => item.expression);
}

function windowOperands(window: Window): Expression[] {
  return [...window.partitionBy, ...ordering(window.orderBy), ...window.frame];
}

/** The query that an expression is on, if it is on one. */
function queryOf(expression: Expression): Query | undefined {
  switch (expression.kind) {
    case 'exists':
    case 'scalar-query':
    case 'array-query':
    case 'in-query':
      return expression.query;
    case 'quantified':
      return expression.right.kind === 'query' ? expression.right.query : undefined;
    default:
      return undefined;
  }
}

/** Whether the value of an expression may differ from row to row of its select: it names a column, or has a query that does so (`correlated`). */
export function mentionsRows(expression: Expression, correlated: WeakSet<Query>): boolean {
  const waiting: Expression[] = [expression];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (at.kind === 'column' || at.kind === 'star' || at.kind === 'cursor-position' || at.kind === 'opaque') return true;
    const query = queryOf(at);
    if (query !== undefined && correlated.has(query)) return true;
    for (const operand of operandsOf(at)) waiting.push(operand);
  }
  return false;
}
