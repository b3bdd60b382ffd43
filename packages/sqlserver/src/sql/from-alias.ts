import type { Alias } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { tableHintsFollow } from './hints.js';
import { parseColumnNames, parseRelationIdentifier } from './names.js';

/** Aliases without AS: any word that is not reserved, unless it must be something else. */

/** Whether an alias stands at the cursor. A word with a colon behind it is the label of the next statement. */
export function aliasFollows(cursor: TokenCursor): boolean {
  if (!cursor.isIdentifier()) return false;
  if (cursor.isSymbol(':', 1) && !cursor.isSymbol('::', 1)) return cursor.peek().kind === 'quoted';
  return !windowClauseFollows(cursor);
}

/** `WINDOW name AS (` at the cursor: the word is not reserved. */
export function windowClauseFollows(cursor: TokenCursor): boolean {
  return cursor.isWord('window') && cursor.isIdentifier(1) && cursor.isWordAt(2, 'as') && cursor.isSymbol('(', 3);
}

/** `[AS] name [(columns)]`, unless one of the words `but` stands there. */
export function parseAlias(cursor: TokenCursor, ...but: readonly string[]): Alias | undefined {
  if (!cursor.acceptWord('as') && (cursor.isWord(...but) || !aliasFollows(cursor))) return undefined;
  const name = cursor.bind(parseRelationIdentifier(cursor));
  const hasColumns = cursor.isSymbol('(') && !tableHintsFollow(cursor);
  return { name, columns: hasColumns ? parseColumnNames(cursor) : [] };
}
