import type { Expression, NameParts, Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseColumnName, parseIdentifier, parseName } from './names.js';
import { parseNewName, parseObjectName } from './object-name.js';
import { skipTail } from './skip.js';

/** Objects whose definition names relations or has expressions. All behind CREATE and the words of the kind. */

interface Details {
  readonly relation?: NameParts;
  readonly relations?: readonly NameParts[];
  readonly expressions?: readonly Expression[];
}

function created(
  cursor: TokenCursor,
  start: number,
  objectKind: string,
  name: NameParts,
  { expressions = [], ...details }: Details,
): Statement {
  return { kind: 'schema', span: cursor.spanFrom(start), operation: 'create', objectKind, names: [name], expressions, ...details };
}

/** `name ON relation (columns) [WHERE filter] [WITH options]`. */
export function parseCreateStatistics(cursor: TokenCursor, start: number): Statement {
  const name = parseIdentifier(cursor);
  cursor.expectWord('on');
  const relation = parseObjectName(cursor);
  const expressions: Expression[] = cursor.parenthesised((inside) =>
    inside.list((column) => ({ kind: 'column', qualifier: [], name: parseColumnName(column) })),
  );
  if (cursor.acceptWord('where')) expressions.push(cursor.grammar.expression(cursor));
  if (cursor.isWord('with')) skipTail(cursor);
  return created(cursor, start, 'statistics', [name], { relation, expressions });
}

export function parseCreateSequence(cursor: TokenCursor, start: number): Statement {
  const name = parseObjectName(cursor);
  skipTail(cursor);
  return created(cursor, start, 'sequence', name, {});
}

/** `name FOR object`, which may be in another database or on another server. */
export function parseCreateSynonym(cursor: TokenCursor, start: number): Statement {
  const name = parseNewName(cursor);
  cursor.expectWord('for');
  return created(cursor, start, 'synonym', name, { relations: [parseObjectName(cursor)] });
}

/** `name AS text`. */
export function parseCreateXmlSchemaCollection(cursor: TokenCursor, start: number): Statement {
  const name = parseName(cursor);
  cursor.expectWord('as');
  return created(cursor, start, 'xml schema collection', name, { expressions: [cursor.grammar.expression(cursor)] });
}
