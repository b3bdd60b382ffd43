import type { Assignment, AssignmentTarget, ColumnReference, Expression, MethodCall, Variable } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { assignedValue, assignmentOperator } from './select-items.js';

/** The list behind SET in UPDATE and MERGE. */
export function parseAssignments(cursor: TokenCursor): Assignment[] {
  return cursor.list(parseAssignment);
}

function parseAssignment(cursor: TokenCursor): Assignment {
  if (cursor.isVariable()) return variableAssignment(cursor);
  const target = cursor.grammar.value(cursor);
  if (target.kind === 'method') return mutation(cursor, target);
  if (target.kind !== 'column') throw cursor.fail('expected a column');
  return columnAssignment(cursor, target);
}

function columnAssignment(cursor: TokenCursor, column: ColumnReference): Assignment {
  const operator = assignmentOperator(cursor);
  if (operator === undefined) throw cursor.fail('expected =');
  return { targets: [targetOf(column)], value: assignedValue(cursor, operator, column) };
}

function targetOf(column: ColumnReference): AssignmentTarget {
  const { qualifier, name } = column;
  return { column: name, path: [], ...(qualifier.length > 0 && { qualifier }) };
}

/** `@x = value`, `@x = column = value`, `@x += value`. */
function variableAssignment(cursor: TokenCursor): Assignment {
  const variable: Variable = { kind: 'variable', scope: 'local', name: cursor.next().text.slice(1) };
  const operator = assignmentOperator(cursor);
  if (operator === undefined) throw cursor.fail('expected =');
  const value = assignedValue(cursor, operator, variable);
  const isColumn = operator === '' && value.kind === 'column' && assignmentOperator(cursor) !== undefined;
  return isColumn ? { ...columnAssignment(cursor, value), variable } : { targets: [], value, variable };
}

/** `column.WRITE (value, offset, length)`, `column.modify('…')`, and other methods that change the value they belong to. */
function mutation(cursor: TokenCursor, call: MethodCall): Assignment {
  const { operand, method } = call;
  if (operand.kind !== 'column') throw cursor.fail('expected a column');
  const operands: Expression[] = [operand, ...call.arguments];
  if (method === 'write' || method === 'modify') {
    return { targets: [targetOf(operand)], value: { kind: 'construct', name: method, operands } };
  }
  const reason = { kind: 'unknown-routine', detail: `method ${method}` } as const;
  return { targets: [targetOf(operand)], value: { kind: 'opaque', reason, operands } };
}
