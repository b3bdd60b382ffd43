import type { Statement } from '@sqlwarden/core';
import { isModule, parseModule } from './create-module.js';
import type { TokenCursor } from './cursor.js';
import { parseProcedureCall } from './execute.js';
import { formatsOfQueries } from './format-only.js';
import { beginsStatement, isLabel } from './skip.js';
import { isStatementWord } from './statement.js';

/**
 * The statements of a batch ("Batches"): semicolons between them are optional, EXECUTE may be left out in front of the first, and what
 * creates a module, a schema, a rule or a default must be the first.
 */
export function parseBatch(cursor: TokenCursor): Statement[] {
  const statements: Statement[] = [];
  skipSemicolons(cursor);
  if (cursor.atEnd) return statements;
  statements.push(...firstStatements(cursor));
  for (;;) {
    skipSemicolons(cursor);
    if (cursor.atEnd) return formatsOfQueries(statements);
    statements.push(cursor.grammar.statement(cursor));
  }
}

function skipSemicolons(cursor: TokenCursor): void {
  while (cursor.acceptSymbol(';'));
}

function firstStatements(cursor: TokenCursor): Statement[] {
  if (isModule(cursor)) return [parseModule(cursor)];
  if (isBareCall(cursor)) return [parseProcedureCall(cursor, cursor.start)];
  return [cursor.grammar.statement(cursor)];
}

/** A name where a statement should begin. */
function isBareCall(cursor: TokenCursor): boolean {
  if (!cursor.isIdentifier() && !cursor.isSymbol('.')) return false;
  return !isLabel(cursor) && !beginsStatement(cursor) && !isStatementWord(cursor);
}
