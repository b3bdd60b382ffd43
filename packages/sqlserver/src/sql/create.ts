import type { Statement } from '@sqlwarden/core';
import { parseAuditSpecification, parseSecurityPolicy } from './create-security.js';
import { isIndexStart, parseCreateFulltextIndex, parseCreateIndex } from './create-index.js';
import { isModule } from './create-module.js';
import { parseCreateSequence, parseCreateStatistics, parseCreateSynonym, parseCreateXmlSchemaCollection } from './create-object.js';
import { parseCreateExternalTable, parseCreateTable } from './create-table.js';
import { parseCreateType } from './create-type.js';
import { parseMaterializedView } from './create-view.js';
import type { TokenCursor } from './cursor.js';
import { parseName } from './names.js';
import { acceptObjectKind, type ObjectKind } from './object-kinds.js';
import { schemaStatement } from './schema-statement.js';
import { skipParentheses, skipTail } from './skip.js';

/** CREATE of everything that is no module. */

type Parse = (cursor: TokenCursor, start: number) => Statement;

/** Behind CREATE and these words. */
const FORMS: readonly (readonly [readonly string[], Parse])[] = [
  [['table'], parseCreateTable],
  [['external', 'table'], parseCreateExternalTable],
  [['materialized', 'view'], parseMaterializedView],
  [['statistics'], parseCreateStatistics],
  [['type'], parseCreateType],
  [['sequence'], parseCreateSequence],
  [['synonym'], parseCreateSynonym],
  [['fulltext', 'index'], parseCreateFulltextIndex],
  [['xml', 'schema', 'collection'], parseCreateXmlSchemaCollection],
  [['security', 'policy'], (cursor, start) => parseSecurityPolicy(cursor, start, 'create')],
  [['database', 'audit', 'specification'], (cursor, start) => parseAuditSpecification(cursor, start, 'create', 'database')],
  [['server', 'audit', 'specification'], (cursor, start) => parseAuditSpecification(cursor, start, 'create', 'server')],
];

export function parseCreate(cursor: TokenCursor): Statement {
  if (isModule(cursor)) throw cursor.fail('put this statement first in its batch');
  const { start } = cursor.next();
  const form = FORMS.find(([words]) => cursor.isPhrase(...words));
  if (form !== undefined) {
    cursor.acceptPhrase(...form[0]);
    return form[1](cursor, start);
  }
  if (isIndexStart(cursor)) return parseCreateIndex(cursor, start);
  const object = acceptObjectKind(cursor);
  if (object === undefined) throw cursor.fail('expected what to create');
  return parseCreateObject(cursor, start, object);
}

/** A name and options. */
function parseCreateObject(cursor: TokenCursor, start: number, object: ObjectKind): Statement {
  const names = object.nameless === true ? [] : [parseName(cursor)];
  // Of a partition function: the type.
  if (cursor.isSymbol('(')) skipParentheses(cursor);
  skipTail(cursor);
  return schemaStatement(cursor, start, 'create', object, names);
}
