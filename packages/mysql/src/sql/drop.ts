import type { NameParts, Statement } from '@sqlwarden/core';
import { readAccountName } from './account-name.js';
import { PLAIN_OBJECTS, parsePlainObject, schema } from './create-object.js';
import { skipWait } from './create-table.js';
import { readNameOrString } from './create-type.js';
import type { TokenCursor } from './cursor.js';
import { foldName, readAnyName, readColumnName, readRelationName, readRoutineName, readSchemaName } from './names.js';
import { acceptIfExists, type ParseStatement, skipOptions } from './statement-parts.js';

/** DROP of everything. MySQL Reference Manual, "Data Definition Statements", "Account Management Statements". */

const DROPS: Readonly<Record<string, ParseStatement>> = {
  table: (cursor, start) => dropRelations(cursor, start, 'table'),
  tables: (cursor, start) => dropRelations(cursor, start, 'table'),
  view: (cursor, start) => dropRelations(cursor, start, 'view'),
  sequence: (cursor, start) => dropRelations(cursor, start, 'sequence'),
  index: dropIndex,
  database: dropDatabase,
  schema: dropDatabase,
  trigger: (cursor, start) => dropOne(cursor, start, 'trigger', readRelationName),
  event: (cursor, start) => dropOne(cursor, start, 'event', readRoutineName),
  function: (cursor, start) => dropOne(cursor, start, 'function', readRoutineName),
  procedure: (cursor, start) => dropOne(cursor, start, 'procedure', readRoutineName),
  package: (cursor, start) => {
    cursor.accept('body');
    return dropOne(cursor, start, 'procedure', readRoutineName);
  },
  library: (cursor, start) => dropOne(cursor, start, 'function', readRoutineName),
  server: (cursor, start) => dropOne(cursor, start, 'server', (from) => [foldName(readNameOrString(from))]),
  user: (cursor, start) => dropAccounts(cursor, start, 'user'),
  role: (cursor, start) => dropAccounts(cursor, start, 'role'),
  prepare: (cursor, start) => {
    const name = readColumnName(cursor);
    return { kind: 'deallocate', span: cursor.spanFrom(start), name };
  },
};

/** Reads a DROP behind its first word. */
export function parseDrop(cursor: TokenCursor, start: number): Statement {
  const plain = PLAIN_OBJECTS.find((words) => cursor.acceptWords(...words));
  if (plain !== undefined) return parsePlainObject(cursor, start, 'drop', plain.join(' '));
  if (cursor.accept('temporary') && !cursor.isWord('table') && !cursor.isWord('tables') && !cursor.isWord('sequence')) cursor.fail('TABLE');
  if (cursor.acceptOneOf('online', 'offline') !== undefined && !cursor.isWord('index')) cursor.fail('INDEX');
  const token = cursor.peek();
  const drop = token.kind === 'word' && Object.hasOwn(DROPS, token.text) ? DROPS[token.text] : undefined;
  if (drop === undefined) return cursor.fail('what is dropped');
  cursor.next();
  return drop(cursor, start);
}

function dropRelations(cursor: TokenCursor, start: number, objectKind: string): Statement {
  const ifExists = acceptIfExists(cursor);
  const names = cursor.list(() => readRelationName(cursor));
  skipWait(cursor);
  cursor.acceptOneOf('restrict', 'cascade');
  return schema(cursor, start, 'drop', objectKind, names, { ifExists });
}

function dropIndex(cursor: TokenCursor, start: number): Statement {
  const ifExists = acceptIfExists(cursor);
  const name = foldName(cursor.isWord('primary') ? readAnyName(cursor) : readColumnName(cursor));
  cursor.expect('on');
  const relation = readRelationName(cursor);
  skipOptions(cursor);
  return schema(cursor, start, 'drop', 'index', [[name]], { relation, ifExists });
}

function dropDatabase(cursor: TokenCursor, start: number): Statement {
  const ifExists = acceptIfExists(cursor);
  return schema(cursor, start, 'drop', 'schema', [[readSchemaName(cursor)]], { ifExists });
}

function dropOne(cursor: TokenCursor, start: number, objectKind: string, read: (cursor: TokenCursor) => NameParts): Statement {
  const ifExists = acceptIfExists(cursor);
  return schema(cursor, start, 'drop', objectKind, [read(cursor)], { ifExists });
}

function dropAccounts(cursor: TokenCursor, start: number, objectKind: string): Statement {
  const ifExists = acceptIfExists(cursor);
  const names = cursor.list((): NameParts => [readAccountName(cursor)]);
  return schema(cursor, start, 'drop', objectKind, names, { ifExists, privileges: true });
}
