import type { Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';

/** What one statement of the text does, when that is several things; it began at `start` and ends here. */
export function together(cursor: TokenCursor, start: number, statements: readonly Statement[]): Statement {
  const [only] = statements;
  return statements.length === 1 && only !== undefined ? only : { kind: 'sequence', span: cursor.spanFrom(start), statements };
}
