import type { Argument, Dynamic, Expression, NameParts, Variable } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseConstant } from './execute-constant.js';
import { constantText } from './constant-text.js';
import { parseText, tryParse } from './execute-text.js';
import { parseTypeName, parseVariableName } from './names.js';

/** System procedures whose arguments are run as SQL: sp_executesql and its kin. */

/** Which arguments are the text and the declaration of its parameters; those behind `values` are their values. */
interface TextArguments {
  readonly text: { readonly at: number; readonly name: string };
  readonly parameters?: { readonly at: number; readonly name: string };
  readonly values: number;
  /** What the procedure returns through arguments in front of the text: handles. */
  readonly handles: readonly number[];
}

const TEXT_PROCEDURES: ReadonlyMap<string, TextArguments> = new Map<string, TextArguments>([
  ['sp_executesql', { text: { at: 0, name: 'stmt' }, parameters: { at: 1, name: 'params' }, values: 2, handles: [] }],
  ['sp_prepare', { text: { at: 2, name: 'stmt' }, parameters: { at: 1, name: 'params' }, values: Infinity, handles: [0] }],
  ['sp_prepexec', { text: { at: 2, name: 'stmt' }, parameters: { at: 1, name: 'params' }, values: 3, handles: [0] }],
  ['sp_cursoropen', { text: { at: 1, name: 'stmt' }, values: Infinity, handles: [0] }],
  ['sp_cursorprepare', { text: { at: 2, name: 'stmt' }, parameters: { at: 1, name: 'params' }, values: Infinity, handles: [0] }],
  ['sp_cursorprepexec', { text: { at: 3, name: 'stmt' }, parameters: { at: 2, name: 'params' }, values: Infinity, handles: [0, 1] }],
]);

/** "If a user-created procedure has the same name as a system procedure, the user-created one might never be executed." */
const SYSTEM_SCHEMAS: ReadonlySet<string | undefined> = new Set([undefined, '', 'sys', 'dbo']);

/** The call as text that is run; `undefined` for any other procedure. */
export function parseDynamicCall(
  cursor: TokenCursor,
  start: number,
  name: NameParts,
  arguments_: readonly Argument[],
): Dynamic | undefined {
  const known = TEXT_PROCEDURES.get(name.at(-1) ?? '');
  if (known === undefined || !SYSTEM_SCHEMAS.has(name.at(-2))) return undefined;
  const span = cursor.spanFrom(start);
  const text = argumentAt(arguments_, known.text);
  const declaration = known.parameters === undefined ? undefined : argumentAt(arguments_, known.parameters);
  const declared = declaredParameters(cursor, declaration);
  const constant = text === undefined || isElsewhere(name) ? undefined : constantText(cursor, text.expression, 'N');
  const statements = constant === undefined || declared === undefined ? undefined : parseText(cursor, constant, span);
  const values = valueArguments(arguments_, known);
  const handles = known.handles.flatMap((at) => outputOf(arguments_[at], String(at + 1)));
  const operands = statements === undefined ? arguments_.map((argument) => argument.expression) : [text?.expression].filter(isPresent);
  return { kind: 'dynamic', span, statements, operands, parameters: [...bind(declared, values), ...handles] };
}

function isPresent(expression: Expression | undefined): expression is Expression {
  return expression !== undefined;
}

/** In front of the procedure's name, a database is where the text runs. */
function isElsewhere(name: NameParts): boolean {
  return name.length > 2 && name.at(-3) !== '';
}

function argumentAt(arguments_: readonly Argument[], { at, name }: { readonly at: number; readonly name: string }): Argument | undefined {
  const named = arguments_.find((argument) => argument.name === name || (name === 'stmt' && argument.name === 'statement'));
  const positional = arguments_[at];
  return named ?? (positional?.name === undefined ? positional : undefined);
}

/** Arguments behind text and declaration, in order. */
function valueArguments(arguments_: readonly Argument[], known: TextArguments): Argument[] {
  return arguments_.filter(
    ({ name }, at) => at >= known.values || (name !== undefined && !['stmt', 'statement', 'params', 'handle'].includes(name)),
  );
}

type Parameter = Dynamic['parameters'][number];

function outputOf(argument: Argument | undefined, name: string): Parameter[] {
  if (argument?.output !== true || argument.expression.kind !== 'variable') return [];
  return [{ variable: local(name), output: argument.expression }];
}

function local(name: string): Variable {
  return { kind: 'variable', scope: 'local', name };
}

/** `'@a int, @b nvarchar(10) OUTPUT'`: names in order; none for NULL. `undefined` when the text is not known or not understood. */
function declaredParameters(cursor: TokenCursor, declaration: Argument | undefined): readonly string[] | undefined {
  if (declaration === undefined) return [];
  const { expression } = declaration;
  if (expression.kind === 'literal' && expression.value === null) return [];
  const text = constantText(cursor, expression, 'N');
  if (text === undefined) return undefined;
  if (text.trim() === '') return [];
  return tryParse(() => {
    const inner = cursor.inner(text);
    const names = inner.list(parameterDeclaration);
    if (!inner.atEnd) throw inner.fail('expected the end of the parameters');
    return names;
  });
}

function parameterDeclaration(cursor: TokenCursor): string {
  const name = parseVariableName(cursor);
  cursor.acceptWord('as');
  parseTypeName(cursor);
  if (cursor.acceptSymbol('=')) parseConstant(cursor);
  cursor.acceptWord('readonly');
  if (!cursor.acceptWord('output')) cursor.acceptWord('out');
  return name;
}

/** The parameters with what they are given: by name, else in order. */
function bind(declared: readonly string[] | undefined, values: readonly Argument[]): Parameter[] {
  const given = new Map<string, Argument>();
  for (const [at, value] of values.entries()) given.set(value.name ?? declared?.[at] ?? String(at + 1), value);
  const names = new Set([...(declared ?? []), ...given.keys()]);
  return [...names].map((name) => {
    const argument = given.get(name);
    const { expression, output } = argument ?? {};
    return {
      variable: local(name),
      ...(expression !== undefined && expression.kind !== 'default' && { value: expression }),
      ...(output === true && expression?.kind === 'variable' && { output: expression }),
    };
  });
}
