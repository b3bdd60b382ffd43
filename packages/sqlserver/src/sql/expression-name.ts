import type { Expression } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { callEnding, operandsOf, parseCalled } from './expression-call.js';
import { relationalValues } from './expression-xquery.js';
import { foldName } from './names.js';

/** Expressions that begin with a name: columns, calls, methods of columns, static methods of types. */

/** `server.database.schema.relation.column`, and properties and a method behind it. */
const MAX_PARTS = 8;

export function parseNamed(cursor: TokenCursor): Expression {
  const parts = nameOrPseudoColumn(cursor);
  if (cursor.isSymbol('::')) return staticMember(cursor, parts);
  if (cursor.isSymbol('(')) return called(cursor, parts);
  const name = parts.at(-1) ?? '';
  return { kind: 'column', qualifier: parts.slice(0, -1), name };
}

function nameOrPseudoColumn(cursor: TokenCursor): string[] {
  const parts: string[] = [];
  while (cursor.acceptSymbol('.')) {
    // As in parseName: parts left out at the beginning are those of the session.
  }
  for (;;) {
    parts.push(part(cursor, parts.length > 0));
    if (parts.length > MAX_PARTS) throw cursor.fail('expected a name of fewer parts');
    if (!cursor.isSymbol('.') || cursor.isSymbol('*', 1)) return parts;
    cursor.acceptSymbol('.');
    while (cursor.acceptSymbol('.')) parts.push('');
  }
}

/** `$identity`, `$rowguid`, `$node_id` and the like stand where a column may; behind a dot IDENTITYCOL and ROWGUIDCOL do, too. */
function part(cursor: TokenCursor, qualified: boolean): string {
  const token = cursor.peek();
  if (cursor.isIdentifier()) return foldName(cursor.next().text);
  const pseudo = token.kind === 'word' && (token.text.startsWith('$') || (qualified && PSEUDO_COLUMNS.has(token.text)));
  if (!pseudo) throw cursor.fail('expected a name');
  return cursor.next().text;
}

const PSEUDO_COLUMNS = new Set(['identitycol', 'rowguidcol']);

/** `f(…)`, `schema.f(…)`, `column.method(…)`, `$PARTITION.function(…)`: which of them a dotted name means, the catalogue knows. */
function called(cursor: TokenCursor, parts: readonly string[]): Expression {
  const call = callEnding(cursor, parseCalled(cursor, parts));
  const method = parts.at(-1);
  const column = parts.at(-2);
  if (method === undefined || column === undefined) return call;
  if (column === '$partition') {
    return { kind: 'construct', name: '$partition', operands: call.arguments.map((argument) => argument.expression) };
  }
  if (call.over !== undefined || call.orderBy !== undefined || call.distinct === true || call.star === true) return call;
  const operand: Expression = { kind: 'column', qualifier: parts.slice(0, -2), name: column };
  const operands = operandsOf(call);
  return { kind: 'method', operand, method, arguments: [...operands, ...relationalValues(cursor, operands)], call };
}

/** Types of the system whose static methods compute from their arguments alone ("Scope Resolution Operator"). */
const SYSTEM_TYPES = new Set(['geography', 'geometry', 'hierarchyid']);

function staticMember(cursor: TokenCursor, type: readonly string[]): Expression {
  cursor.expectSymbol('::');
  if (cursor.peek().kind !== 'word' && cursor.peek().kind !== 'quoted') throw cursor.fail('expected a method');
  const member = foldName(cursor.next().text);
  const operands = cursor.isSymbol('(') ? parseCalled(cursor, [member]).arguments.map((argument) => argument.expression) : [];
  const name = `${type.at(-1) ?? ''}::${member}`;
  const isOfSystem = type.length === 1 || (type.length === 2 && type[0] === 'sys');
  if (isOfSystem && SYSTEM_TYPES.has(type.at(-1) ?? '')) return { kind: 'construct', name, operands };
  return { kind: 'opaque', reason: { kind: 'unknown-routine', detail: name }, operands };
}
