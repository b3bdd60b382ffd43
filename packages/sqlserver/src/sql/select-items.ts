import type { Expression, SelectItem, Variable } from '@sqlwarden/core';
import { aliasFollows } from './from-alias.js';
import type { TokenCursor } from './cursor.js';
import { foldName } from './names.js';
import { outputName } from './output-name.js';

/** "SELECT Clause (Transact-SQL)": what stands in a select list, and in OUTPUT. */

/** One item: `*`, `t.*`, `@x = value`, `alias = value`, `value AS alias`. */
export function parseSelectItem(cursor: TokenCursor): SelectItem {
  if (cursor.acceptSymbol('*')) return { expression: { kind: 'star', qualifier: [] }, name: '' };
  if (cursor.isVariable()) {
    const operator = assignmentOperator(cursor, 1);
    if (operator !== undefined) return { expression: assignment(cursor, operator), name: '' };
  }
  if ((cursor.isIdentifier() || cursor.isString()) && cursor.isSymbol('=', 1)) return aliasFirst(cursor);
  // The manual wants the N of a national string in upper case: here, `n'x'` could also be the column n with an alias.
  const { kind, start } = cursor.peek();
  if (kind === 'national' && cursor.text[start] === 'n') throw cursor.limit('write the N of the string in upper case');
  const expression = cursor.grammar.value(cursor);
  if (expression.kind === 'column' && cursor.acceptSymbol('.*')) {
    return { expression: { kind: 'star', qualifier: [...expression.qualifier, expression.name] }, name: '' };
  }
  return { expression, name: parseItemAlias(cursor) ?? outputName(expression) };
}

function aliasFirst(cursor: TokenCursor): SelectItem {
  const name = cursor.bind(foldName(cursor.next().text));
  cursor.expectSymbol('=');
  return { expression: cursor.grammar.value(cursor), name };
}

/** `[AS] alias`, also as a string. */
function parseItemAlias(cursor: TokenCursor): string | undefined {
  if (cursor.acceptWord('as')) {
    if (!cursor.isIdentifier() && !cursor.isString()) throw cursor.fail('expected an alias');
    return cursor.bind(foldName(cursor.next().text));
  }
  return cursor.isString() || aliasFollows(cursor) ? cursor.bind(foldName(cursor.next().text)) : undefined;
}

/** Operators of "Compound Operators (Transact-SQL)", without their `=`. */
const COMPOUND = ['||', '+', '-', '*', '/', '%', '&', '^', '|'];

/** The operator of an assignment that stands `ahead`: `''` for `=`, `+` for `+=`; `undefined` when there is none. */
export function assignmentOperator(cursor: TokenCursor, ahead = 0): string | undefined {
  if (cursor.isSymbol('=', ahead)) return '';
  return COMPOUND.find((symbol) => cursor.isSymbol(`${symbol}=`, ahead));
}

/** `@x += value` assigns `@x + value`. */
function assignment(cursor: TokenCursor, operator: string): Expression {
  const variable: Variable = { kind: 'variable', scope: 'local', name: cursor.next().text.slice(1) };
  return { kind: 'assignment', variable, value: assignedValue(cursor, operator, variable) };
}

/** Behind the target of an assignment: the operator, and the value that is assigned. */
export function assignedValue(cursor: TokenCursor, operator: string, target: Expression): Expression {
  cursor.expectSymbol(`${operator}=`);
  const value = cursor.grammar.value(cursor);
  return operator === '' ? value : { kind: 'operator', operator: { symbol: operator }, operands: [target, value] };
}
