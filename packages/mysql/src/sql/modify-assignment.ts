import type { Assignment, AssignmentTarget } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { foldName, foldQualifier, readName } from './names.js';

/** `a = 1, t.b = DEFAULT`: the list behind SET of UPDATE, INSERT and LOAD DATA, and behind ON DUPLICATE KEY UPDATE. */
export function parseAssignments(cursor: TokenCursor): Assignment[] {
  return cursor.list(() => {
    const target = readAssignmentTarget(cursor);
    if (!cursor.acceptSymbol('=')) cursor.expectSymbol(':=');
    return { targets: [target], value: cursor.grammar.expression(cursor) };
  });
}

/** `column`, `table.column`, `schema.table.column`. */
export function readAssignmentTarget(cursor: TokenCursor): AssignmentTarget {
  cursor.acceptSymbol('.');
  const names = [readName(cursor)];
  while (names.length < 3 && cursor.acceptSymbol('.')) names.push(readName(cursor));
  const column = foldName(names.pop() ?? '');
  if (names.length === 0) return { column, path: [] };
  return { column, path: [], qualifier: foldQualifier(names, cursor.state) };
}
