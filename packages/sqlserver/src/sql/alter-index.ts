import type { Statement } from '@sqlwarden/core';
import { indexStatement } from './create-index.js';
import type { TokenCursor } from './cursor.js';
import { parseIdentifier } from './names.js';
import { parseObjectName } from './object-name.js';
import { skipParentheses, skipTail } from './skip.js';

/** Behind `INDEX`: `{name | ALL} ON relation {REBUILD | DISABLE | REORGANIZE | SET | RESUME | PAUSE | ABORT | FOR} options`. */
export function parseAlterIndex(cursor: TokenCursor, start: number): Statement {
  const name = cursor.acceptWord('all') ? 'all' : parseIdentifier(cursor);
  cursor.expectWord('on');
  const relation = parseObjectName(cursor);
  if (cursor.acceptPhrase('with', 'xmlnamespaces')) skipParentheses(cursor);
  if (cursor.acceptWord('set') || cursor.acceptWord('for')) skipParentheses(cursor);
  else cursor.expectOneOf('rebuild', 'disable', 'reorganize', 'resume', 'pause', 'abort');
  skipTail(cursor);
  return indexStatement(cursor, start, 'alter', [name], relation, []);
}

const CLAUSES = ['enable', 'disable', 'set', 'add', 'alter', 'drop', 'start', 'stop', 'pause', 'resume'];

/** Behind `FULLTEXT INDEX`: `ON relation {ENABLE | SET … | ADD (…) | ALTER COLUMN … | DROP (…) | START …} [WITH NO POPULATION]`. */
export function parseAlterFulltextIndex(cursor: TokenCursor, start: number): Statement {
  cursor.expectWord('on');
  const relation = parseObjectName(cursor);
  const clause = cursor.expectOneOf(...CLAUSES);
  if (clause === 'alter') {
    cursor.expectWord('column');
    parseIdentifier(cursor);
    cursor.expectOneOf('add', 'drop');
  }
  if (clause === 'start') cursor.expectOneOf('full', 'incremental', 'update');
  skipTail(cursor);
  return {
    kind: 'schema',
    span: cursor.spanFrom(start),
    operation: 'alter',
    objectKind: 'fulltext index',
    names: [],
    relation,
    expressions: [],
  };
}
