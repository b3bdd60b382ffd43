import type { ColumnReference, Expression, NameParts, SchemaStatement, Statement } from '@sqlwarden/core';
import { skipIndexOptions } from './create-constraint.js';
import type { TokenCursor } from './cursor.js';
import { parseColumnName, parseIdentifier } from './names.js';
import { parseObjectName } from './object-name.js';
import { skipParentheses, skipTail } from './skip.js';
import { skipStorage } from './skip-storage.js';

/** CREATE INDEX of all kinds ("CREATE INDEX", "CREATE COLUMNSTORE INDEX", "CREATE XML INDEX", "CREATE SPATIAL INDEX", …). */

const INDEX_WORDS = [
  'unique',
  'clustered',
  'nonclustered',
  'columnstore',
  'hash',
  'primary',
  'xml',
  'spatial',
  'selective',
  'json',
  'vector',
];

/** Whether INDEX stands here, behind words that say of what kind. */
export function isIndexStart(cursor: TokenCursor): boolean {
  let at = 0;
  while (at < 4 && cursor.isWordAt(at, ...INDEX_WORDS)) at += 1;
  return cursor.isWordAt(at, 'index');
}

/** `[kind] INDEX name ON relation (columns) [INCLUDE (columns)] [WHERE filter] options`. */
export function parseCreateIndex(cursor: TokenCursor, start: number): Statement {
  while (cursor.isWord(...INDEX_WORDS)) cursor.next();
  cursor.expectWord('index');
  const name = parseIdentifier(cursor);
  cursor.expectWord('on');
  const relation = parseObjectName(cursor);
  const expressions: Expression[] = cursor.isSymbol('(') ? indexColumns(cursor) : [];
  while (indexClause(cursor, expressions));
  return indexStatement(cursor, start, 'create', [name], relation, expressions);
}

export function indexStatement(
  cursor: TokenCursor,
  start: number,
  operation: SchemaStatement['operation'],
  name: NameParts,
  relation: NameParts,
  expressions: readonly Expression[],
): SchemaStatement {
  return { kind: 'schema', span: cursor.spanFrom(start), operation, objectKind: 'index', names: [name], relation, expressions };
}

/** `(column [ASC | DESC], …)` as references. */
function indexColumns(cursor: TokenCursor): ColumnReference[] {
  return cursor.parenthesised((inside) => inside.list(indexColumn));
}

function indexColumn(cursor: TokenCursor): ColumnReference {
  const name = parseColumnName(cursor);
  if (!cursor.acceptWord('asc')) cursor.acceptWord('desc');
  return { kind: 'column', qualifier: [], name };
}

/** Reads one clause behind the columns, when there is one. */
function indexClause(cursor: TokenCursor, expressions: Expression[]): boolean {
  if (cursor.acceptWord('include')) expressions.push(...indexColumns(cursor));
  else if (cursor.acceptWord('where')) expressions.push(cursor.grammar.expression(cursor));
  else if (cursor.isWord('order') && cursor.isSymbol('(', 1)) {
    cursor.next();
    expressions.push(...indexColumns(cursor));
  } else if (cursor.acceptPhrase('using', 'xml', 'index')) xmlIndex(cursor);
  else if (cursor.acceptWord('using')) cursor.next();
  else if (cursor.isPhrase('with', 'xmlnamespaces')) {
    cursor.next();
    cursor.next();
    skipParentheses(cursor);
  } else if (cursor.isWord('for') && cursor.isSymbol('(', 1)) {
    cursor.next();
    skipParentheses(cursor);
  } else if (cursor.isWord('with')) skipIndexOptions(cursor);
  else if (cursor.isWord('on', 'filestream_on')) skipStorage(cursor);
  else return false;
  return true;
}

/** `USING XML INDEX primary_index [FOR {VALUE | PATH | PROPERTY | (path)}]`, behind its words. */
function xmlIndex(cursor: TokenCursor): void {
  parseIdentifier(cursor);
  if (cursor.isWord('for') && !cursor.isSymbol('(', 1)) {
    cursor.next();
    cursor.expectOneOf('value', 'path', 'property');
  }
}

/** Behind `FULLTEXT INDEX`: `ON relation [(column TYPE COLUMN t LANGUAGE l, …)] [KEY INDEX name] options`. */
export function parseCreateFulltextIndex(cursor: TokenCursor, start: number): Statement {
  cursor.expectWord('on');
  const relation = parseObjectName(cursor);
  if (cursor.isSymbol('(')) skipParentheses(cursor);
  if (cursor.acceptPhrase('key', 'index')) parseIdentifier(cursor);
  skipTail(cursor);
  return {
    kind: 'schema',
    span: cursor.spanFrom(start),
    operation: 'create',
    objectKind: 'fulltext index',
    names: [],
    relation,
    expressions: [],
  };
}
