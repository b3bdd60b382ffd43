import type { Statement } from '@sqlwarden/core';
import { expectBatchEnd } from './create-body.js';
import type { TokenCursor } from './cursor.js';
import { parseColumnNames } from './names.js';
import { skipQueryHints } from './hints.js';
import { parseNewName } from './object-name.js';
import { skipParentheses } from './skip.js';

/** CREATE and ALTER VIEW ("CREATE VIEW"), and the materialised views of Azure Synapse. */

/** Behind `VIEW`: `name [(columns)] [WITH attributes] AS query [WITH CHECK OPTION]`, up to the end of the batch. */
export function parseView(cursor: TokenCursor, start: number, replace: boolean): Statement {
  const view = parseViewDefinition(cursor, start, replace);
  expectBatchEnd(cursor);
  return view;
}

/** As {@link parseView}, inside CREATE SCHEMA. */
export function parseViewDefinition(cursor: TokenCursor, start: number, replace: boolean): Statement {
  const name = parseNewName(cursor);
  const columns = cursor.isSymbol('(') ? parseColumnNames(cursor) : [];
  if (cursor.acceptWord('with')) cursor.list((option) => option.expectOneOf('encryption', 'schemabinding', 'view_metadata'));
  cursor.expectWord('as');
  const query = cursor.grammar.query(cursor);
  cursor.acceptPhrase('with', 'check', 'option');
  return { kind: 'create-view', span: cursor.spanFrom(start), name, columns, query, replace, temporary: false };
}

/** Behind `CREATE MATERIALIZED VIEW`: `name WITH (…) AS query`. */
export function parseMaterializedView(cursor: TokenCursor, start: number): Statement {
  const name = parseNewName(cursor);
  if (cursor.acceptWord('with')) skipParentheses(cursor);
  cursor.expectWord('as');
  const query = cursor.grammar.query(cursor);
  skipQueryHints(cursor);
  return {
    kind: 'create-table-as',
    span: cursor.spanFrom(start),
    objectKind: 'materialized view',
    name,
    columns: [],
    source: { kind: 'query', query },
    ifNotExists: false,
    temporary: false,
    withData: true,
  };
}
