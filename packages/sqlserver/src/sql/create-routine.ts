import type { CreateRoutine, NameParts, Span, Statement } from '@sqlwarden/core';
import { expectBatchEnd, parseBody } from './create-body.js';
import type { TableElements } from './create-element.js';
import { defaultsOf, type Parameter, parseParameter } from './create-parameter.js';
import { parseTableElements } from './create-table-elements.js';
import type { TokenCursor } from './cursor.js';
import { mayBeTableType, parseTableType } from './declare.js';
import { parseName, parseTypeName } from './names.js';
import { skipParentheses } from './skip.js';

/** CREATE and ALTER of procedures and functions ("CREATE PROCEDURE", "CREATE FUNCTION"). Bodies run to the end of the batch. */

interface Header {
  readonly start: number;
  readonly name: NameParts;
  readonly parameters: readonly Parameter[];
  readonly replace: boolean;
}

interface Body {
  readonly returns: 'nothing' | 'value' | 'table';
  /** `undefined` for code of the CLR. */
  readonly statements: readonly Statement[] | undefined;
  readonly securityDefiner: boolean;
  readonly resultRelation?: string;
  readonly resultColumns?: readonly string[];
}

function routine(cursor: TokenCursor, header: Header, body: Body): CreateRoutine {
  const span = cursor.spanFrom(header.start);
  const { returns, statements, resultRelation, resultColumns } = body;
  return {
    kind: 'create-routine',
    span,
    objectKind: returns === 'nothing' ? 'procedure' : 'function',
    name: header.name,
    language: statements === undefined ? 'clr' : 'tsql',
    body: statements === undefined ? undefined : [...tableParameters(header, span), ...statements],
    parameters: header.parameters.map((parameter) => parameter.name),
    outputs: header.parameters.filter((parameter) => parameter.output).map((parameter) => parameter.name),
    returns,
    ...(resultColumns !== undefined && { resultColumns }),
    ...(resultRelation !== undefined && { resultRelation }),
    expressions: defaultsOf(header.parameters),
    securityDefiner: body.securityDefiner,
    replace: header.replace,
  };
}

/** Parameters of table types stand as relations in the body. */
function tableParameters(header: Header, span: Span): Statement[] {
  return header.parameters
    .filter((parameter) => parameter.default === undefined && mayBeTableType(parameter.type))
    .map((parameter) => ({ kind: 'declare-table', span, name: `@${parameter.name}`, columns: undefined, type: parameter.type }));
}

/** Behind `PROCEDURE`: `name[;number] [parameters] [WITH options] [FOR REPLICATION] AS body`. */
export function parseProcedure(cursor: TokenCursor, start: number, replace: boolean): Statement {
  const name = numbered(cursor, parseName(cursor));
  const header: Header = { start, name, parameters: procedureParameters(cursor), replace };
  const securityDefiner = parseModuleOptions(cursor);
  cursor.acceptPhrase('for', 'replication');
  cursor.expectWord('as');
  if (isExternal(cursor)) return external(cursor, header, 'nothing', securityDefiner);
  return routine(cursor, header, { returns: 'nothing', statements: parseBody(cursor), securityDefiner });
}

/** Procedures of one name and different numbers have bodies of their own; the name alone is that of number 1. */
function numbered(cursor: TokenCursor, name: NameParts): NameParts {
  if (!cursor.acceptSymbol(';')) return name;
  if (cursor.peek().kind !== 'integer') throw cursor.fail('expected a number');
  const number = Number(cursor.next().text);
  return number === 1 ? name : [...name.slice(0, -1), `${name.at(-1) ?? ''};${number}`];
}

function procedureParameters(cursor: TokenCursor): Parameter[] {
  if (cursor.isVariable()) return cursor.list(parseParameter);
  if (!cursor.isSymbol('(')) return [];
  return cursor.parenthesised((inside) => (inside.isSymbol(')') ? [] : inside.list(parseParameter)));
}

function isExternal(cursor: TokenCursor): boolean {
  return cursor.isPhrase('external', 'name');
}

/** `EXTERNAL NAME assembly.class.method`: code of the CLR. */
function external(
  cursor: TokenCursor,
  header: Header,
  returns: Body['returns'],
  securityDefiner: boolean,
  resultColumns?: readonly string[],
): Statement {
  cursor.expectWord('external', 'name');
  parseName(cursor);
  expectBatchEnd(cursor);
  const columns = resultColumns !== undefined && { resultColumns };
  return routine(cursor, header, { returns, statements: undefined, securityDefiner, ...columns });
}

/** `WITH ENCRYPTION, RECOMPILE, EXECUTE AS …, …`. Whether the module runs with rights other than those of the caller. */
export function parseModuleOptions(cursor: TokenCursor): boolean {
  let definer = false;
  if (!cursor.acceptWord('with')) return definer;
  cursor.list((option) => {
    if (option.isWord('exec', 'execute')) definer = parseExecuteAsClause(option) || definer;
    else if (option.isPhrase('returns', 'null') || option.isPhrase('called', 'on')) skipNullInput(option);
    else if (option.acceptWord('inline')) {
      option.acceptSymbol('=');
      option.expectOneOf('on', 'off');
    } else {
      option.expectOneOf('encryption', 'recompile', 'native_compilation', 'schemabinding');
    }
  });
  return definer;
}

/** `EXECUTE AS {CALLER | SELF | OWNER | 'user'}`. */
function parseExecuteAsClause(cursor: TokenCursor): boolean {
  cursor.next();
  cursor.expectWord('as');
  if (cursor.acceptWord('caller')) return false;
  if (!cursor.isString()) cursor.expectOneOf('self', 'owner');
  else cursor.next();
  return true;
}

/** `RETURNS NULL ON NULL INPUT`, `CALLED ON NULL INPUT`. */
function skipNullInput(cursor: TokenCursor): void {
  if (cursor.next().text === 'returns') cursor.expectWord('null');
  cursor.expectWord('on', 'null', 'input');
}

/** Behind `FUNCTION`: `name (parameters) RETURNS {type | TABLE | @t TABLE (…)} [WITH options] [AS] body`. */
export function parseFunction(cursor: TokenCursor, start: number, replace: boolean): Statement {
  const name = parseName(cursor);
  const header: Header = { start, name, parameters: procedureParameters(cursor), replace };
  cursor.expectWord('returns');
  if (cursor.isVariable()) return tableFunction(cursor, header);
  if (cursor.acceptWord('table')) return cursor.isSymbol('(') ? externalTable(cursor, header) : inlineFunction(cursor, header);
  parseTypeName(cursor);
  return scalarFunction(cursor, header);
}

function scalarFunction(cursor: TokenCursor, header: Header): Statement {
  const securityDefiner = parseModuleOptions(cursor);
  cursor.acceptWord('as');
  if (isExternal(cursor)) return external(cursor, header, 'value', securityDefiner);
  if (!cursor.isWord('begin', 'return')) throw cursor.fail('expected BEGIN');
  return routine(cursor, header, { returns: 'value', statements: parseBody(cursor), securityDefiner });
}

/** `RETURNS TABLE AS RETURN (query)`: its rows are those of the query. */
function inlineFunction(cursor: TokenCursor, header: Header): Statement {
  const securityDefiner = parseModuleOptions(cursor);
  cursor.acceptWord('as');
  cursor.expectWord('return');
  const { start } = cursor.peek();
  const query = cursor.grammar.query(cursor);
  const statements: Statement[] = [{ kind: 'select', span: cursor.spanFrom(start), query }];
  expectBatchEnd(cursor);
  return routine(cursor, header, { returns: 'table', statements, securityDefiner });
}

/** `RETURNS @t TABLE (…) AS BEGIN … END`: returns the rows that its table variable has at last. */
function tableFunction(cursor: TokenCursor, header: Header): Statement {
  const name = cursor.next().text;
  const elements: TableElements = parseTableType(cursor);
  const span = cursor.spanFrom(header.start);
  const securityDefiner = parseModuleOptions(cursor);
  cursor.acceptWord('as');
  if (!cursor.isWord('begin')) throw cursor.fail('expected BEGIN');
  const statements: Statement[] = [{ kind: 'declare-table', span, name, columns: elements.columns }, ...parseBody(cursor)];
  return routine(cursor, header, { returns: 'table', statements, securityDefiner, resultRelation: name });
}

/** `RETURNS TABLE (columns) [WITH …] [ORDER (…)] AS EXTERNAL NAME …`. */
function externalTable(cursor: TokenCursor, header: Header): Statement {
  const { columns } = parseTableElements(cursor);
  const securityDefiner = parseModuleOptions(cursor);
  if (cursor.acceptWord('order')) skipParentheses(cursor);
  cursor.acceptWord('as');
  return external(
    cursor,
    header,
    'table',
    securityDefiner,
    columns.map((column) => column.name),
  );
}
