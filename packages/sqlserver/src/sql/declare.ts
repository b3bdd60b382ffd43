import type { DeclareVariables, Statement, TypeName, Variable } from '@sqlwarden/core';
import type { TableElements } from './create-element.js';
import { noteDeclaration } from './constant-text.js';
import { parseTableElements } from './create-table-elements.js';
import { parseCursorDefinition } from './cursor-statement.js';
import type { TokenCursor } from './cursor.js';
import { parseIdentifier, parseTypeName } from './names.js';
import { skipWithOptions } from './skip.js';
import { together } from './statement-sequence.js';

/** DECLARE of variables, table variables and cursors ("DECLARE @local_variable", "DECLARE CURSOR"). */

type Declared = DeclareVariables['variables'][number];

/** Several kinds of variables in one DECLARE are a sequence. */
export function parseDeclare(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  if (!cursor.isVariable()) return parseCursorDefinition(cursor, start, parseIdentifier(cursor));
  const scalars: Declared[] = [];
  const statements: Statement[] = [];
  do declareOne(cursor, start, scalars, statements);
  while (cursor.acceptSymbol(','));
  if (scalars.length > 0) statements.unshift({ kind: 'declare-variables', span: cursor.spanFrom(start), variables: scalars });
  return together(cursor, start, statements);
}

function declareOne(cursor: TokenCursor, start: number, scalars: Declared[], statements: Statement[]): void {
  if (!cursor.isVariable()) throw cursor.fail('expected a variable');
  const name = cursor.next().text;
  const variable: Variable = { kind: 'variable', scope: 'local', name: name.slice(1) };
  cursor.acceptWord('as');
  if (cursor.isWord('table')) {
    statements.push(tableVariable(cursor, start, name));
    return;
  }
  const typeStart = cursor.start;
  const type = parseTypeName(cursor);
  const typeText = cursor.text.slice(typeStart, cursor.spanFrom(typeStart).end);
  const value = cursor.acceptSymbol('=') ? cursor.grammar.expression(cursor) : undefined;
  noteDeclaration(cursor, variable.name, typeText, value);
  scalars.push({ variable, type, ...(value !== undefined && { value }) });
  if (value === undefined && mayBeTableType(type)) {
    statements.push({ kind: 'declare-table', span: cursor.spanFrom(start), name, columns: undefined, type });
  }
}

function tableVariable(cursor: TokenCursor, start: number, name: string): Statement {
  const { columns } = parseTableType(cursor);
  return { kind: 'declare-table', span: cursor.spanFrom(start), name, columns };
}

/** `TABLE (…)` of a variable, and of what a function returns. */
export function parseTableType(cursor: TokenCursor): TableElements {
  cursor.expectWord('table');
  const elements = parseTableElements(cursor);
  skipWithOptions(cursor);
  return elements;
}

/** Types of the system ("Data types (Transact-SQL)"): any other may be a table type. */
const SYSTEM_TYPES = new Set(
  `bigint binary bit char character cursor date datetime datetime2 datetimeoffset dec decimal float geography geometry hierarchyid image int
  integer json money nchar ntext numeric nvarchar real rowversion smalldatetime smallint smallmoney sql_variant sysname text time timestamp
  tinyint uniqueidentifier varbinary varchar vector xml`.split(/\s+/),
);

/** Which type a user's name stands for is known to the catalogue alone: such a variable is declared as both. */
export function mayBeTableType(type: TypeName): boolean {
  return !SYSTEM_TYPES.has(type.name.at(-1) ?? '') && type.modified !== true;
}
