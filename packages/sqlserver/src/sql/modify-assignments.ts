import type { Assignment, AssignmentTarget, ColumnReference, Expression, MethodCall, Variable } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { relationalValues } from './expression-xquery.js';
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
  return { targets: [targetOf(operand)], value: mutated(cursor, method, [operand, ...call.arguments]) };
}

/** What a value is after a method has changed it; it is the first of the operands. */
export function mutated(cursor: TokenCursor, method: string, operands: readonly Expression[]): Expression {
  if (method === 'write') return { kind: 'construct', name: method, operands };
  if (method === 'modify') return { kind: 'construct', name: method, operands: [...operands, ...relationalValues(cursor, operands)] };
  return { kind: 'opaque', reason: { kind: 'unknown-routine', detail: `method ${method}` }, operands };
}
