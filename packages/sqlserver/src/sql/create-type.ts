import type { NameParts, SchemaStatement, Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseTableType } from './declare.js';
import { parseName, parseTypeName } from './names.js';
import { parseNewName } from './object-name.js';

/** Behind `CREATE TYPE`: `name {FROM base | AS TABLE (…) | EXTERNAL NAME …}` ("CREATE TYPE"). */
export function parseCreateType(cursor: TokenCursor, start: number): Statement {
  const name = parseNewName(cursor);
  if (cursor.acceptPhrase('external', 'name')) {
    parseName(cursor);
    return { ...type(cursor, start, name), code: { kind: 'unknown-routine', detail: 'a type of an assembly is code' } };
  }
  if (cursor.acceptWord('from')) {
    parseTypeName(cursor);
    if (!cursor.acceptPhrase('not', 'null')) cursor.acceptWord('null');
    return type(cursor, start, name);
  }
  cursor.expectWord('as');
  const { columns, expressions } = parseTableType(cursor);
  const inside = [...columns.flatMap((column) => column.expressions ?? []), ...expressions];
  return { ...type(cursor, start, name), expressions: inside, columns };
}

function type(cursor: TokenCursor, start: number, name: NameParts): SchemaStatement {
  return { kind: 'schema', span: cursor.spanFrom(start), operation: 'create', objectKind: 'type', names: [name], expressions: [] };
}
