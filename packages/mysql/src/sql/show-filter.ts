import type { Expression } from '@sqlwarden/core';

/**
 * Whether a condition does more than compare what it is given: it has a query, a call or an assignment, whose effects would be lost where only
 * its presence is noted. Looks at everything; what it does not know counts.
 */
export function hasHiddenWork(expression: Expression): boolean {
  switch (expression.kind) {
    case 'literal':
    case 'parameter':
    case 'column':
    case 'variable':
    case 'session-value':
      return false;
    case 'comparison':
      return hasHiddenWork(expression.left) || hasHiddenWork(expression.right);
    case 'logical':
    case 'operator':
      return expression.operands.some(hasHiddenWork);
    case 'not':
    case 'null-test':
    case 'boolean-test':
      return hasHiddenWork(expression.operand);
    case 'in-list':
      return hasHiddenWork(expression.operand) || expression.list.some(hasHiddenWork);
    default:
      return true;
  }
}
