import type { NameParts, SchemaStatement, Statement } from '@sqlwarden/core';
import { indexStatement } from './create-index.js';
import type { TokenCursor } from './cursor.js';
import { parseName } from './names.js';
import { parseObjectName } from './object-name.js';
import { acceptObjectKind, type ObjectKind } from './object-kinds.js';
import { schemaStatement } from './schema-statement.js';
import { parseDropSensitivity, parseDropSignature } from './security-signature.js';
import { skipTail, skipWithOptions } from './skip.js';
import { together } from './statement-sequence.js';

/** DROP of everything. */

type Parse = (cursor: TokenCursor, start: number) => Statement;

/** Behind DROP and these words. */
const FORMS: readonly (readonly [readonly string[], Parse])[] = [
  [['index'], parseDropIndex],
  [['fulltext', 'index'], parseDropFulltextIndex],
  [['trigger'], parseDropTrigger],
  [['statistics'], parseDropStatistics],
  [['external', 'table'], (cursor, start) => dropRelations(cursor, start, 'foreign table')],
  [['signature'], parseDropSignature],
  [['counter', 'signature'], parseDropSignature],
  [['sensitivity', 'classification'], parseDropSensitivity],
];

export function parseDrop(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  const form = FORMS.find(([words]) => cursor.isPhrase(...words));
  if (form !== undefined) {
    cursor.acceptPhrase(...form[0]);
    return form[1](cursor, start);
  }
  const object = acceptObjectKind(cursor);
  if (object === undefined) throw cursor.fail('expected what to drop');
  return parseDropObject(cursor, start, object);
}

function ifExists(cursor: TokenCursor): boolean {
  return cursor.acceptPhrase('if', 'exists');
}

/** Names separated by commas, then options (`ON SERVER`, `WITH NO DEPENDENTS`, `REMOVE PROVIDER KEY`). */
function parseDropObject(cursor: TokenCursor, start: number, object: ObjectKind): Statement {
  const exists = ifExists(cursor);
  const names = object.nameless === true ? [] : cursor.list(parseObjectName);
  if (cursor.isWord('on', 'with', 'remove', 'restrict', 'cascade', 'authorization')) skipTail(cursor);
  return { ...schemaStatement(cursor, start, 'drop', object, names), ...(exists && { ifExists: true }) };
}

function dropRelations(cursor: TokenCursor, start: number, objectKind: string): Statement {
  const exists = ifExists(cursor);
  const names = cursor.list(parseObjectName);
  return dropped(cursor, start, objectKind, names, exists);
}

function dropped(
  cursor: TokenCursor,
  start: number,
  objectKind: string,
  names: readonly NameParts[],
  exists: boolean,
  details: Partial<SchemaStatement> = {},
): SchemaStatement {
  return {
    kind: 'schema',
    span: cursor.spanFrom(start),
    operation: 'drop',
    objectKind,
    names,
    expressions: [],
    ...(exists && { ifExists: true }),
    ...details,
  };
}

/** `[IF EXISTS] {name ON relation [WITH (…)] | relation.name}, …`. */
function parseDropIndex(cursor: TokenCursor, start: number): Statement {
  const exists = ifExists(cursor);
  const statements = cursor.list((item) => {
    const name = parseName(item);
    const relation = item.acceptWord('on') ? parseObjectName(item) : name.slice(0, -1);
    if (relation.length === 0) throw item.fail('expected ON');
    skipWithOptions(item);
    return { ...indexStatement(item, start, 'drop', name.slice(-1), relation, []), ...(exists && { ifExists: true }) };
  });
  return together(cursor, start, statements);
}

function parseDropFulltextIndex(cursor: TokenCursor, start: number): Statement {
  cursor.expectWord('on');
  const relation = parseObjectName(cursor);
  return dropped(cursor, start, 'fulltext index', [], false, { relation });
}

/** `[IF EXISTS] names [ON {DATABASE | ALL SERVER}]`. Which relation it was on, the name does not say. */
function parseDropTrigger(cursor: TokenCursor, start: number): Statement {
  const exists = ifExists(cursor);
  const names = cursor.list((name) => parseName(name));
  let objectKind = 'trigger';
  if (cursor.acceptWord('on')) objectKind = cursor.expectOneOf('database', 'all') === 'all' ? allServer(cursor) : 'database trigger';
  return dropped(cursor, start, objectKind, names, exists, { privileges: true });
}

function allServer(cursor: TokenCursor): string {
  cursor.expectWord('server');
  return 'server trigger';
}

/** `relation.name, …`. */
function parseDropStatistics(cursor: TokenCursor, start: number): Statement {
  const statements = cursor.list((item) => {
    const name = parseName(item);
    const relation = name.slice(0, -1);
    if (relation.length === 0) throw item.fail('expected the name of the table in front');
    return dropped(item, start, 'statistics', [name.slice(-1)], false, { relation });
  });
  return together(cursor, start, statements);
}
