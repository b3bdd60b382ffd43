import type { NameParts, Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseIdentifier, parseName } from './names.js';
import { parseObjectName } from './object-name.js';
import { skipParentheses, skipWithOptions } from './skip.js';

/** Row security and audits: what they name on relations ("CREATE SECURITY POLICY", "CREATE DATABASE AUDIT SPECIFICATION"). */

/**
 * Behind `SECURITY POLICY`: `name {ADD | ALTER | DROP} {FILTER | BLOCK} PREDICATE f(columns) ON relation [AFTER | BEFORE operation], … [WITH (…)]`.
 * The function of a predicate is code that runs for every row: what it is given is not resolved.
 */
export function parseSecurityPolicy(cursor: TokenCursor, start: number, operation: 'create' | 'alter'): Statement {
  const name = parseName(cursor);
  const relations: NameParts[] = [];
  while (cursor.isWord('add', 'alter', 'drop') && cursor.isWordAt(1, 'filter', 'block')) {
    cursor.next();
    cursor.next();
    relations.push(parsePredicate(cursor));
    cursor.acceptSymbol(',');
  }
  skipWithOptions(cursor);
  if (!cursor.acceptWord('add')) cursor.acceptWord('drop');
  cursor.acceptPhrase('not', 'for', 'replication');
  return {
    kind: 'schema',
    span: cursor.spanFrom(start),
    operation,
    objectKind: 'security policy',
    names: [name],
    expressions: [],
    relations,
    code: { kind: 'unknown-routine', detail: 'a predicate of a security policy runs for every row' },
    privileges: true,
  };
}

/** `PREDICATE [f(columns)] ON relation [AFTER | BEFORE {INSERT | UPDATE | DELETE}]`; DROP names no function. */
function parsePredicate(cursor: TokenCursor): NameParts {
  cursor.expectWord('predicate');
  if (!cursor.isWord('on')) {
    parseName(cursor);
    skipParentheses(cursor);
  }
  cursor.expectWord('on');
  const relation = parseObjectName(cursor);
  if (cursor.isWord('after', 'before')) {
    cursor.next();
    cursor.expectOneOf('insert', 'update', 'delete');
  }
  return relation;
}

/** Behind `AUDIT SPECIFICATION`: `name [FOR SERVER AUDIT audit] [{ADD | DROP} (actions [ON object BY principals]), …] [WITH (…)]`. */
export function parseAuditSpecification(
  cursor: TokenCursor,
  start: number,
  operation: 'create' | 'alter',
  level: 'database' | 'server',
): Statement {
  const name = parseName(cursor);
  if (cursor.acceptPhrase('for', 'server', 'audit')) parseIdentifier(cursor);
  const relations: NameParts[] = [];
  while (cursor.isWord('add', 'drop') && cursor.isSymbol('(', 1)) {
    cursor.next();
    relations.push(...cursor.parenthesised(auditedObject));
    cursor.acceptSymbol(',');
  }
  skipWithOptions(cursor);
  return {
    kind: 'schema',
    span: cursor.spanFrom(start),
    operation,
    objectKind: `${level} audit specification`,
    names: [name],
    expressions: [],
    relations,
    privileges: true,
  };
}

/** A group, or `actions ON [class::]object BY principals`. */
function auditedObject(cursor: TokenCursor): NameParts[] {
  while (!cursor.isWord('on') && !cursor.isSymbol(')')) {
    if (cursor.peek().kind !== 'word' && !cursor.isSymbol(',')) throw cursor.fail('expected an action to audit');
    cursor.next();
  }
  if (!cursor.acceptWord('on')) return [];
  const isClass = cursor.isSymbol('::', 1);
  const word = isClass ? cursor.next().text : 'object';
  if (isClass) cursor.expectSymbol('::');
  const name = parseObjectName(cursor);
  cursor.expectWord('by');
  cursor.list((principal) => (principal.acceptWord('public') ? 'public' : parseIdentifier(principal)));
  return word === 'object' ? [name] : [];
}
