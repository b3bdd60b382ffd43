import type { TokenCursor } from './cursor.js';

/** Whether the query before the cursor goes on as the operand of a set operation. */
export function setOperationFollows(cursor: TokenCursor): boolean {
  return cursor.isWord('union', 'except', 'intersect');
}
