import type { Argument, Dynamic, NameParts, Statement, Variable } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseDynamicCall } from './execute-call.js';
import { parseConstant } from './execute-constant.js';
import { parseAtServer, skipExecuteOptions } from './execute-options.js';
import { parseExecuteText } from './execute-text.js';
import { parseName, parseRelationIdentifier, parseVariableName } from './names.js';
import { parseExecuteAs } from './session-context.js';
import { isLabel } from './skip.js';

/** EXECUTE of procedures, of text, and EXECUTE AS ("EXECUTE (Transact-SQL)"). */

export function parseExecute(cursor: TokenCursor): Statement {
  if (cursor.isWordAt(1, 'as') && cursor.isWordAt(2, 'login', 'user', 'caller')) return parseExecuteAs(cursor);
  const { start } = cursor.next();
  if (cursor.isSymbol('(')) return parseExecuteText(cursor, start);
  return parseProcedureCall(cursor, start);
}

/** `[@result =] name[;number] | @name [arguments] [WITH options]`, where EXECUTE may stand in front. */
export function parseProcedureCall(cursor: TokenCursor, start: number): Statement {
  const result = cursor.isVariable() && cursor.isSymbol('=', 1) ? resultVariable(cursor) : undefined;
  if (cursor.isVariable()) return procedureVariable(cursor, start, result);
  const source = cursor.acceptWord('opendatasource') ? skipDataSource(cursor) : undefined;
  const name = parseName(cursor, parseRelationIdentifier);
  const isOther = acceptGroupNumber(cursor);
  const arguments_ = parseArguments(cursor);
  const server = source ?? parseAtServer(cursor) ?? remoteServer(name);
  skipExecuteOptions(cursor);
  if (isOther) return unknownProcedure(cursor, start, arguments_, [], result);
  const dynamic = server === undefined ? parseDynamicCall(cursor, start, name, arguments_) : undefined;
  if (dynamic !== undefined) return result === undefined ? dynamic : withResult(dynamic, result);
  return {
    kind: 'call',
    span: cursor.spanFrom(start),
    call: { kind: 'call', name, arguments: arguments_ },
    ...(result !== undefined && { result }),
    ...(server !== undefined && { server }),
  };
}

/** What the system procedure returns is a status. */
function withResult(dynamic: Dynamic, target: Variable): Statement {
  const { span } = dynamic;
  const assigned: Statement = { kind: 'assign', span, target, value: { kind: 'literal', type: 'integer', value: '0' } };
  return { kind: 'block', span, statements: [dynamic, assigned], handlers: [] };
}

/** `OPENDATASOURCE (provider, connection).`, in front of a name of three parts. */
function skipDataSource(cursor: TokenCursor): string {
  cursor.parenthesised((inside) => inside.list((each) => each.grammar.expression(each)));
  cursor.expectSymbol('.');
  return 'opendatasource';
}

/** The first of four parts, unless it is left out. */
function remoteServer(name: NameParts): string | undefined {
  return name.length === 4 && name[0] !== '' ? name[0] : undefined;
}

function resultVariable(cursor: TokenCursor): Variable {
  const variable: Variable = { kind: 'variable', scope: 'local', name: parseVariableName(cursor) };
  cursor.expectSymbol('=');
  return variable;
}

/** The variable holds the name of the procedure: it may be any. */
function procedureVariable(cursor: TokenCursor, start: number, result: Variable | undefined): Statement {
  const name: Variable = { kind: 'variable', scope: 'local', name: parseVariableName(cursor) };
  const arguments_ = parseArguments(cursor);
  skipExecuteOptions(cursor);
  return unknownProcedure(cursor, start, arguments_, [name], result);
}

/** `;number`: whether another of the procedures of one name is meant than the first, whose body the catalogue has. */
function acceptGroupNumber(cursor: TokenCursor): boolean {
  if (!cursor.isSymbol(';') || cursor.peek(1).kind !== 'integer') return false;
  cursor.next();
  return Number(cursor.next().text) !== 1;
}

/** What is called may be any procedure; `named` is what tells which. */
function unknownProcedure(
  cursor: TokenCursor,
  start: number,
  arguments_: readonly Argument[],
  named: readonly Variable[],
  result: Variable | undefined,
): Statement {
  const parameters = arguments_.map((argument, at) => ({
    variable: { kind: 'variable' as const, scope: 'local' as const, name: argument.name ?? String(at + 1) },
    value: argument.expression,
    ...(argument.output === true && argument.expression.kind === 'variable' && { output: argument.expression }),
  }));
  const returned = result === undefined ? [] : [{ variable: result, output: result }];
  return {
    kind: 'dynamic',
    span: cursor.spanFrom(start),
    statements: undefined,
    operands: [...named, ...arguments_.map((argument) => argument.expression)],
    parameters: [...parameters, ...returned],
  };
}

/** `[@name =] value [OUTPUT]`, separated by commas; none when the statement ends at the name. */
function parseArguments(cursor: TokenCursor): Argument[] {
  return startsArgument(cursor) ? cursor.list(parseArgument) : [];
}

function startsArgument(cursor: TokenCursor): boolean {
  const { kind, text } = cursor.peek();
  switch (kind) {
    case 'end':
      return false;
    case 'symbol':
      return text === '-' || text === '+' || text === '?';
    case 'word':
    case 'quoted':
      if (isLabel(cursor) || cursor.isWord('at')) return false;
      return cursor.isIdentifier() || cursor.isWord('null', 'default');
    case 'variable':
    case 'string':
    case 'national':
    case 'integer':
    case 'decimal':
    case 'float':
    case 'money':
    case 'binary':
      return true;
  }
}

function parseArgument(cursor: TokenCursor): Argument {
  let name: string | undefined;
  if (cursor.isVariable() && cursor.isSymbol('=', 1)) {
    name = parseVariableName(cursor);
    cursor.expectSymbol('=');
  }
  const expression = cursor.isSymbol('?') ? cursor.grammar.expression(cursor) : parseConstant(cursor);
  const output = cursor.acceptWord('output') || cursor.acceptWord('out');
  return { expression, ...(name !== undefined && { name }), ...(output && { output }) };
}
