import type { Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseName } from './names.js';

/** RULE and DEFAULT as objects of a schema ("CREATE RULE", "CREATE DEFAULT"), deprecated. */

/** `name AS condition`; a variable in it stands for the value. */
export function parseRule(cursor: TokenCursor, start: number): Statement {
  return bound(cursor, start, 'rule');
}

/** `name AS constant`. */
export function parseDefault(cursor: TokenCursor, start: number): Statement {
  return bound(cursor, start, 'default');
}

function bound(cursor: TokenCursor, start: number, objectKind: string): Statement {
  const name = parseName(cursor);
  cursor.expectWord('as');
  const expression = cursor.grammar.expression(cursor);
  return { kind: 'schema', span: cursor.spanFrom(start), operation: 'create', objectKind, names: [name], expressions: [expression] };
}
