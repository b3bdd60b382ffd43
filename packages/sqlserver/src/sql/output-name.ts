import type { Expression } from '@sqlwarden/core';

/** The name that the result header shows for an expression without an alias: that of the column, else none. */
export function outputName(expression: Expression): string {
  if (expression.kind === 'column') return expression.name;
  return '';
}
