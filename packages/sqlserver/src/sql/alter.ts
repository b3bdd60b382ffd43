import type { Statement } from '@sqlwarden/core';
import { parseAlterDatabase } from './alter-database.js';
import { parseAlterIndex, parseAlterFulltextIndex } from './alter-index.js';
import { parseAlterTable } from './alter-table.js';
import { isModule } from './create-module.js';
import { parseAuditSpecification, parseSecurityPolicy } from './create-security.js';
import type { TokenCursor } from './cursor.js';
import { parseIdentifier, parseName } from './names.js';
import { acceptObjectKind, type ObjectKind } from './object-kinds.js';
import { schemaStatement } from './schema-statement.js';
import { parseSecurable } from './securable.js';
import { skipClauses } from './skip.js';

/** ALTER of everything that is no module. */

type Parse = (cursor: TokenCursor, start: number) => Statement;

/** Behind ALTER and these words. */
const FORMS: readonly (readonly [readonly string[], Parse])[] = [
  [['table'], parseAlterTable],
  [['external', 'table'], parseAlterTable],
  [['index'], parseAlterIndex],
  [['fulltext', 'index'], parseAlterFulltextIndex],
  [['schema'], parseTransfer],
  [['authorization'], parseAuthorization],
  [['security', 'policy'], (cursor, start) => parseSecurityPolicy(cursor, start, 'alter')],
  [['database', 'audit', 'specification'], (cursor, start) => parseAuditSpecification(cursor, start, 'alter', 'database')],
  [['server', 'audit', 'specification'], (cursor, start) => parseAuditSpecification(cursor, start, 'alter', 'server')],
];

export function parseAlter(cursor: TokenCursor): Statement {
  if (isModule(cursor)) throw cursor.fail('put this statement first in its batch');
  const { start } = cursor.next();
  const form = FORMS.find(([words]) => cursor.isPhrase(...words));
  if (form !== undefined) {
    cursor.acceptPhrase(...form[0]);
    return form[1](cursor, start);
  }
  const object = acceptObjectKind(cursor);
  if (object === undefined) throw cursor.fail('expected what to alter');
  if (object.kind === 'database') return parseAlterDatabase(cursor, start);
  if (object.kind === 'role' || object.kind === 'server role') return parseAlterRole(cursor, start, object);
  return parseAlterObject(cursor, start, object);
}

/** `name {{ADD | DROP} MEMBER principal | WITH NAME = name}`: members have the rights of the role. */
function parseAlterRole(cursor: TokenCursor, start: number, object: ObjectKind): Statement {
  const names = [[parseIdentifier(cursor)]];
  if (!cursor.isWord('add', 'drop')) {
    cursor.expectWord('with', 'name');
    cursor.expectSymbol('=');
    return { ...schemaStatement(cursor, start, 'rename', object, names), newName: parseIdentifier(cursor) };
  }
  const operation = cursor.next().text === 'add' ? 'grant' : 'revoke';
  cursor.expectWord('member');
  parseIdentifier(cursor);
  return { kind: 'privilege', span: cursor.spanFrom(start), operation, objectKind: object.kind, names };
}

/** A name, then clauses. */
function parseAlterObject(cursor: TokenCursor, start: number, object: ObjectKind): Statement {
  const names = object.nameless === true ? [] : [parseName(cursor)];
  if (object.kind === 'partition function') {
    cursor.expectSymbol('(');
    cursor.expectSymbol(')');
  }
  if (object.kind === 'event session') {
    cursor.expectWord('on');
    cursor.expectOneOf('server', 'database');
  }
  if (object.kind === 'broker priority') cursor.acceptPhrase('for', 'conversation');
  if (object.kind === 'database scoped configuration') cursor.acceptPhrase('for', 'secondary');
  if (object.kind === 'availability group' && cursor.isWord('grant', 'deny') && cursor.isWordAt(1, 'create')) cursor.next();
  if (object.kind === 'xml schema collection') {
    cursor.expectWord('add');
    return { ...schemaStatement(cursor, start, 'alter', object, names), expressions: [cursor.grammar.expression(cursor)] };
  }
  skipClauses(cursor, object.clauses ?? []);
  return schemaStatement(cursor, start, 'alter', object, names);
}

/** Behind `SCHEMA`: `schema TRANSFER [class::]name`. Rights on what moves are lost. */
function parseTransfer(cursor: TokenCursor, start: number): Statement {
  const schema = parseIdentifier(cursor);
  cursor.expectWord('transfer');
  const { objectClass, name } = parseSecurable(cursor);
  const span = cursor.spanFrom(start);
  if (objectClass !== 'object')
    return { kind: 'schema', span, operation: 'alter', objectKind: objectClass, names: [name], expressions: [], privileges: true };
  const rights = { kind: 'other' as const, what: 'transfer', expressions: [], relations: [], privileges: true };
  return {
    kind: 'alter-relation',
    span,
    objectKind: 'table',
    name,
    actions: [{ kind: 'set-schema', schema }, rights],
    ifExists: false,
  };
}

/** Behind `AUTHORIZATION`: `ON [class::]name TO {SCHEMA OWNER | principal}`. */
function parseAuthorization(cursor: TokenCursor, start: number): Statement {
  cursor.expectWord('on');
  const { objectClass, name } = parseSecurable(cursor);
  cursor.expectWord('to');
  if (!cursor.acceptPhrase('schema', 'owner')) parseIdentifier(cursor);
  const span = cursor.spanFrom(start);
  return {
    kind: 'schema',
    span,
    operation: 'alter',
    objectKind: objectClass,
    names: [name],
    expressions: [],
    privileges: true,
    ...(objectClass === 'object' && { relations: [name] }),
  };
}
