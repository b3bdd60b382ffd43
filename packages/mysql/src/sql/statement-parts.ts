import type { Action, Expression, OpaqueReason, OpaqueStatement, NameParts, SchemaStatement, Span, Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';

/** What the parsers of statements have in common. */

/** Reads a statement whose first word stands at `start` and may have been consumed. */
export type ParseStatement = (cursor: TokenCursor, start: number) => Statement;

/** The statement ends here: at a semicolon or the end of the text. */
export function atStatementEnd(cursor: TokenCursor): boolean {
  return cursor.isEnd() || cursor.isSymbol(';');
}

const QUERY_WORDS: ReadonlySet<string> = new Set(['select', 'with', 'values', 'table']);

/**
 * Skips options up to the end of the statement, or up to a comma or closing parenthesis that belongs to what is around. Only for places where the
 * grammar has no expressions: a query in parentheses there is refused.
 */
export function skipOptions(cursor: TokenCursor): void {
  while (!atStatementEnd(cursor) && !cursor.isSymbol(',') && !cursor.isSymbol(')')) skipOne(cursor);
}

/** Like {@link skipOptions}, and over commas. */
export function skipToEnd(cursor: TokenCursor): void {
  while (!atStatementEnd(cursor) && !cursor.isSymbol(')')) skipOne(cursor);
}

/** Skips words, names and constants up to the end of the statement: parentheses, in which something could be called, are refused. */
export function skipWords(cursor: TokenCursor): void {
  while (!atStatementEnd(cursor) && !cursor.isSymbol('(') && !cursor.isSymbol(')')) cursor.next();
}

/** Skips a token, or a pair of parentheses with what is inside. */
export function skipOne(cursor: TokenCursor): void {
  if (!cursor.isSymbol('(')) {
    cursor.next();
    return;
  }
  let depth = 0;
  do {
    if (cursor.isSymbol('(')) {
      if (cursor.isWordOf(QUERY_WORDS, 1)) cursor.refuse('a query stands where options are expected');
      depth += 1;
    } else if (cursor.isSymbol(')')) depth -= 1;
    else if (atStatementEnd(cursor)) cursor.fail('")"');
    cursor.next();
  } while (depth > 0);
}

export function acceptIfExists(cursor: TokenCursor): boolean {
  return cursor.acceptWords('if', 'exists');
}

export function acceptIfNotExists(cursor: TokenCursor): boolean {
  return cursor.acceptWords('if', 'not', 'exists');
}

/** Consumes `=` or `:=`. */
export function expectAssignment(cursor: TokenCursor): void {
  if (!cursor.acceptSymbol('=') && !cursor.acceptSymbol(':=')) cursor.fail('"="');
}

/** Reads a string. */
export function readString(cursor: TokenCursor): string {
  if (cursor.peek().kind !== 'string') cursor.fail('a string');
  return cursor.next().text;
}

/** Several statements that stand for one; a single one is itself. */
export function inSequence(cursor: TokenCursor, start: number, statements: readonly Statement[]): Statement {
  const [only] = statements;
  if (statements.length === 1 && only !== undefined) return only;
  return { kind: 'sequence', span: cursor.spanFrom(start), statements };
}

export function opaque(
  cursor: TokenCursor,
  start: number,
  action: Action,
  reason: OpaqueReason,
  relations: readonly NameParts[] = [],
): OpaqueStatement {
  return { kind: 'opaque', span: cursor.spanFrom(start), action, reason, ...(relations.length > 0 && { relations }) };
}

/** A value that statements of the kind take from a constant: nothing is read to compute it. */
export function isConstant(expression: Expression): boolean {
  switch (expression.kind) {
    case 'literal':
    case 'parameter':
    case 'variable':
    case 'session-value':
    case 'default':
      return true;
    case 'operator':
    case 'construct':
      return expression.operands.every(isConstant);
    default:
      return false;
  }
}

/** CREATE OR REPLACE is DROP TABLE IF EXISTS and CREATE. */
export function dropFirst(cursor: TokenCursor, start: number, name: NameParts, objectKind = 'table'): SchemaStatement {
  return { kind: 'schema', span: cursor.spanFrom(start), operation: 'drop', objectKind, names: [name], expressions: [], ifExists: true };
}

/** Values that a statement computes without keeping them: their effects are those of conditions. */
export function evaluation(span: Span, values: readonly Expression[]): Statement[] {
  const read = values.filter((value) => !isConstant(value));
  return read.length === 0 ? [] : [{ kind: 'if', span, branches: read.map((condition) => ({ condition, statements: [] })) }];
}
