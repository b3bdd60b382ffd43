import type { Expression, TypeName } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseConstant } from './execute-constant.js';
import { parseTypeName, parseVariableName } from './names.js';

/** A parameter of a procedure or function. */
export interface Parameter {
  /** Without its `@`. */
  readonly name: string;
  readonly type: TypeName;
  readonly default?: Expression;
  readonly output: boolean;
}

/** `@name [AS] type [VARYING] [[NOT] NULL] [= default] [OUT | OUTPUT] [READONLY]`. */
export function parseParameter(cursor: TokenCursor): Parameter {
  const name = parseVariableName(cursor);
  cursor.acceptWord('as');
  const type = parseTypeName(cursor);
  cursor.acceptWord('varying');
  if (!cursor.acceptPhrase('not', 'null')) cursor.acceptWord('null');
  const value = cursor.acceptSymbol('=') ? parseConstant(cursor) : undefined;
  let output = false;
  while (cursor.isWord('output', 'out', 'readonly')) output = cursor.next().text !== 'readonly' || output;
  return { name, type, output, ...(value !== undefined && { default: value }) };
}

/** What to expect of the defaults alone. */
export function defaultsOf(parameters: readonly Parameter[]): Expression[] {
  return parameters.flatMap((parameter) => (parameter.default === undefined ? [] : [parameter.default]));
}
