import type { SchemaStatement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import type { ObjectKind } from './object-kinds.js';

/** The statement on an object that {@link ObjectKind} describes; what was consumed since `start` is its span. */
export function schemaStatement(
  cursor: TokenCursor,
  start: number,
  operation: SchemaStatement['operation'],
  object: ObjectKind,
  names: SchemaStatement['names'],
): SchemaStatement {
  return {
    kind: 'schema',
    span: cursor.spanFrom(start),
    operation,
    objectKind: object.kind,
    names,
    expressions: [],
    ...(object.code !== undefined && operation !== 'drop' && { code: object.code }),
    ...(object.privileges !== undefined && { privileges: object.privileges }),
  };
}
