import type { Expression, NameParts, SchemaStatement, Statement } from '@sqlwarden/core';
import { readIndexType, readKeyParts, skipIndexOptions } from './create-column.js';
import { skipWait } from './create-table.js';
import { readNameOrString } from './create-type.js';
import type { TokenCursor } from './cursor.js';
import { foldName, foldRelation, isName, readAnyName, readColumnName, readRelationName, readSchemaName } from './names.js';
import { acceptIfNotExists, dropFirst, inSequence, readString, skipOptions, skipToEnd } from './statement-parts.js';

/** CREATE and ALTER of what is neither a relation with columns nor a routine nor an account. */

type Operation = SchemaStatement['operation'];

export interface SchemaDetails {
  readonly relation?: NameParts;
  readonly newName?: string;
  readonly expressions?: readonly Expression[];
  readonly unique?: boolean;
  readonly relations?: readonly NameParts[];
  readonly code?: SchemaStatement['code'];
  readonly privileges?: boolean;
  readonly ifExists?: boolean;
  readonly ifNotExists?: boolean;
}

/** A statement on objects of the schema. */
export function schema(
  cursor: TokenCursor,
  start: number,
  operation: Operation,
  objectKind: string,
  names: readonly NameParts[],
  { expressions = [], code, ...rest }: SchemaDetails = {},
): SchemaStatement {
  return {
    kind: 'schema',
    span: cursor.spanFrom(start),
    operation,
    objectKind,
    names,
    expressions,
    ...rest,
    ...(code !== undefined && { code }),
  };
}

/** CREATE INDEX behind the word INDEX. MySQL Reference Manual, "CREATE INDEX Statement". */
export function parseCreateIndex(cursor: TokenCursor, start: number, unique: boolean): Statement {
  const ifNotExists = acceptIfNotExists(cursor);
  const name = readColumnName(cursor);
  readIndexType(cursor);
  cursor.expect('on');
  const relation = readRelationName(cursor);
  skipWait(cursor);
  const expressions = readKeyParts(cursor, unique);
  skipIndexOptions(cursor);
  skipOptions(cursor);
  return schema(cursor, start, 'create', 'index', [[name]], { relation, expressions, ifNotExists, ...(unique && { unique }) });
}

/** CREATE and ALTER DATABASE. MySQL Reference Manual, "CREATE DATABASE Statement". */
export function parseDatabase(cursor: TokenCursor, start: number, operation: 'create' | 'alter', replace = false): Statement {
  const ifNotExists = operation === 'create' && acceptIfNotExists(cursor);
  // ALTER DATABASE without a name is on the current one.
  const names: NameParts[] = isName(cursor) && !startsDatabaseOption(cursor) ? [[readSchemaName(cursor)]] : [];
  skipToEnd(cursor);
  const statement = schema(cursor, start, operation, 'schema', names, operation === 'create' ? { ifNotExists } : {});
  const [name] = names;
  return replace && name !== undefined ? inSequence(cursor, start, [dropFirst(cursor, start, name, 'schema'), statement]) : statement;
}

const DATABASE_OPTIONS: ReadonlySet<string> = new Set([
  'default',
  'character',
  'charset',
  'collate',
  'comment',
  'encryption',
  'read',
  'upgrade',
]);

function startsDatabaseOption(cursor: TokenCursor): boolean {
  if (!cursor.isWordOf(DATABASE_OPTIONS)) return false;
  return !cursor.isWord('upgrade') || cursor.isWord('data', 1);
}

/** MariaDB: CREATE and ALTER SEQUENCE. Its options are numbers. */
export function parseSequence(cursor: TokenCursor, start: number, operation: 'create' | 'alter', replace = false): Statement {
  const guard = operation === 'create' ? { ifNotExists: acceptIfNotExists(cursor) } : { ifExists: cursor.acceptWords('if', 'exists') };
  const name = readRelationName(cursor);
  skipToEnd(cursor);
  const statement = schema(cursor, start, operation, 'sequence', [name], guard);
  return replace ? inSequence(cursor, start, [dropFirst(cursor, start, name, 'sequence'), statement]) : statement;
}

/** CREATE and ALTER SERVER: where FEDERATED tables lie. */
export function parseServer(cursor: TokenCursor, start: number, operation: 'create' | 'alter'): Statement {
  acceptIfNotExists(cursor);
  const name = readNameOrString(cursor);
  skipToEnd(cursor);
  return schema(cursor, start, operation, 'server', [[foldName(name)]], { code: { kind: 'foreign-data', detail: 'another server' } });
}

/** TABLESPACE, UNDO TABLESPACE, LOGFILE GROUP, RESOURCE GROUP, SPATIAL REFERENCE SYSTEM, LIBRARY: a name, and options without expressions. */
export function parsePlainObject(
  cursor: TokenCursor,
  start: number,
  operation: 'create' | 'alter' | 'drop',
  objectKind: string,
): Statement {
  acceptIfNotExists(cursor);
  cursor.acceptWords('if', 'exists');
  const name = cursor.peek().kind === 'integer' ? cursor.next().text : readAnyName(cursor);
  const renamed = operation === 'alter' && cursor.acceptWords('rename', 'to') ? readAnyName(cursor) : undefined;
  skipToEnd(cursor);
  return schema(cursor, start, operation, objectKind, [[foldName(name)]], renamed === undefined ? {} : { newName: foldName(renamed) });
}

/** Kinds of objects of {@link parsePlainObject} by their words. */
export const PLAIN_OBJECTS: readonly (readonly string[])[] = [
  ['tablespace'],
  ['undo', 'tablespace'],
  ['logfile', 'group'],
  ['resource', 'group'],
  ['spatial', 'reference', 'system'],
];

/** `CREATE [AGGREGATE] FUNCTION f RETURNS type SONAME 'library'`, read behind the name: code of a library. */
export function parseLoadableFunction(cursor: TokenCursor, start: number, name: NameParts): Statement {
  cursor.expect('returns');
  if (cursor.acceptOneOf('string', 'integer', 'int', 'real', 'decimal', 'dec') === undefined) cursor.fail('a type');
  cursor.expect('soname');
  readString(cursor);
  return schema(cursor, start, 'create', 'function', [name], { code: { kind: 'unknown-routine', detail: 'a function of a library' } });
}

/** INSTALL and UNINSTALL of plugins and components: code of a library. */
export function parseInstall(cursor: TokenCursor, start: number, operation: 'create' | 'drop'): Statement {
  const objectKind = cursor.acceptOneOf('plugin', 'component', 'soname');
  if (objectKind === undefined) cursor.fail('PLUGIN');
  cursor.acceptWords('if', 'exists');
  acceptIfNotExists(cursor);
  const names = cursor.list((): NameParts => [foldRelation(readNameOrString(cursor), cursor.state)]);
  if (cursor.accept('soname')) readString(cursor);
  const code = { kind: 'unknown-routine', detail: 'code of a library' } as const;
  return schema(cursor, start, operation, objectKind === 'soname' ? 'plugin' : objectKind, names, { code });
}
