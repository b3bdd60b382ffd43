import type { NameParts, SchemaStatement, Statement } from '@sqlwarden/core';
import { parseCreateTable } from './create-table.js';
import { parseViewDefinition } from './create-view.js';
import type { TokenCursor } from './cursor.js';
import { parseIdentifier } from './names.js';
import { parseDeny, parseGrant, parseRevoke } from './security.js';

/** CREATE SCHEMA with what it creates at once: tables, views and rights inside it. */

/** Behind `SCHEMA`: `{name [AUTHORIZATION owner] | AUTHORIZATION owner} [elements]`. */
export function parseCreateSchema(cursor: TokenCursor, start: number): Statement {
  const named = cursor.isWord('authorization') ? undefined : parseIdentifier(cursor);
  const owner = cursor.acceptWord('authorization') ? parseIdentifier(cursor) : undefined;
  const name = named ?? owner ?? '';
  const created: SchemaStatement = {
    kind: 'schema',
    span: cursor.spanFrom(start),
    operation: 'create',
    objectKind: 'schema',
    names: [[name]],
    expressions: [],
    ...(owner !== undefined && { privileges: true }),
  };
  const elements: Statement[] = [];
  for (let element = parseElement(cursor, name); element !== undefined; element = parseElement(cursor, name)) elements.push(element);
  if (elements.length === 0) return created;
  return { kind: 'block', span: cursor.spanFrom(start), statements: [created, ...elements], handlers: [] };
}

function parseElement(cursor: TokenCursor, schema: string): Statement | undefined {
  const { start } = cursor.peek();
  if (cursor.acceptPhrase('create', 'table')) return inSchema(parseCreateTable(cursor, start), schema);
  if (cursor.acceptPhrase('create', 'view')) return inSchema(parseViewDefinition(cursor, start, false), schema);
  if (cursor.isWord('grant')) return inSchema(parseGrant(cursor), schema);
  if (cursor.isWord('deny')) return inSchema(parseDeny(cursor), schema);
  return cursor.isWord('revoke') ? inSchema(parseRevoke(cursor), schema) : undefined;
}

/** Names without a schema are those of the new one. */
function inSchema(statement: Statement, schema: string): Statement {
  const within = (name: NameParts): NameParts => (name.length === 1 ? [schema, ...name] : name);
  if (statement.kind === 'privilege' && statement.objectKind === 'table') return { ...statement, names: statement.names.map(within) };
  if (statement.kind !== 'create-table' && statement.kind !== 'create-view' && statement.kind !== 'create-table-as') return statement;
  return { ...statement, name: within(statement.name) };
}
