import type { Action, NameParts, Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseName } from './names.js';

/** READTEXT, WRITETEXT and UPDATETEXT: values through pointers, deprecated. Which row a pointer leads to is not seen. */

/** `relation.column`, which has the parts of a name. */
function relationOfColumn(cursor: TokenCursor): NameParts {
  const name = parseName(cursor);
  if (name.length < 2) throw cursor.fail('expected table.column');
  return name.slice(0, -1);
}

function throughPointer(cursor: TokenCursor, start: number, action: Action, relations: readonly NameParts[]): Statement {
  return {
    kind: 'opaque',
    span: cursor.spanFrom(start),
    action,
    reason: { kind: 'unknown-node', detail: 'a text pointer' },
    relations,
  };
}

/** Pointers, offsets and data: constants and variables. */
function values(cursor: TokenCursor): void {
  while (isValue(cursor)) {
    cursor.acceptSymbol('-');
    cursor.next();
  }
}

function isValue(cursor: TokenCursor): boolean {
  const { kind } = cursor.peek();
  return ['variable', 'binary', 'integer', 'string', 'national'].includes(kind) || cursor.isWord('null') || cursor.isSymbol('-');
}

/** `READTEXT table.column pointer offset size [HOLDLOCK]`. */
export function parseReadText(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  const relation = relationOfColumn(cursor);
  values(cursor);
  cursor.acceptWord('holdlock');
  return throughPointer(cursor, start, 'select', [relation]);
}

/** `WRITETEXT [BULK] table.column pointer [WITH LOG] data`. */
export function parseWriteText(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  cursor.acceptWord('bulk');
  const relation = relationOfColumn(cursor);
  values(cursor);
  cursor.acceptPhrase('with', 'log');
  values(cursor);
  return throughPointer(cursor, start, 'update', [relation]);
}

/** `UPDATETEXT [BULK] table.column pointer offset length [WITH LOG] [data | table.column pointer]`. */
export function parseUpdateText(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  cursor.acceptWord('bulk');
  const relations = [relationOfColumn(cursor)];
  values(cursor);
  cursor.acceptPhrase('with', 'log');
  values(cursor);
  if (cursor.isIdentifier() || cursor.isSymbol('.')) {
    relations.push(relationOfColumn(cursor));
    values(cursor);
  }
  return throughPointer(cursor, start, 'update', relations);
}
