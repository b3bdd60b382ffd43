import type { Expression, SessionSetting, Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';

/** Settings of the session in the model. What was consumed since `start` is their span. */

export function setting(
  cursor: TokenCursor,
  start: number,
  name: string,
  values: SessionSetting['values'],
  operation: SessionSetting['operation'] = 'set',
): SessionSetting {
  return { kind: 'setting', span: cursor.spanFrom(start), operation, name, scope: 'session', values };
}

/** The setting is given a value; one that is no constant goes into a variable of the system of that name, too, so that it is told where it comes from. */
export function settingOf(cursor: TokenCursor, start: number, name: string, value: Expression): Statement {
  const values = constantValues(value);
  const set = setting(cursor, start, name, values);
  if (values !== undefined) return set;
  const { span } = set;
  const assigned: Statement = { kind: 'assign', span, target: { kind: 'variable', scope: 'system', name }, value };
  return { kind: 'sequence', span, statements: [assigned, set] };
}

function constantValues(value: Expression): readonly string[] | undefined {
  if (value.kind === 'literal') return [String(value.value)];
  const [operand] = value.kind === 'operator' ? value.operands : [];
  return value.kind === 'operator' && operand?.kind === 'literal' && value.operands.length === 1
    ? [`${value.operator.symbol}${String(operand.value)}`]
    : undefined;
}
