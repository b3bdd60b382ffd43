import type { Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';

/** Bodies of modules: what they contain runs later, and to the end of the batch. */

const BODIES = new WeakSet<TokenCursor>();

/** Whether the cursor stands in the body of a procedure, function or trigger. */
export function isInBody(cursor: TokenCursor): boolean {
  return BODIES.has(cursor);
}

/** Every statement up to the end of the batch. */
export function parseBody(cursor: TokenCursor): Statement[] {
  BODIES.add(cursor);
  const statements: Statement[] = [];
  for (;;) {
    while (cursor.acceptSymbol(';'));
    if (cursor.atEnd) return statements;
    statements.push(cursor.grammar.statement(cursor));
  }
}

/** An optional semicolon, and then the end of the batch. */
export function expectBatchEnd(cursor: TokenCursor): void {
  while (cursor.acceptSymbol(';'));
  if (!cursor.atEnd) throw cursor.fail('expected the end of the batch');
}
