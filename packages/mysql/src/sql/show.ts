import { type NameParts, type OpaqueReason, type Statement, unreachable } from '@sqlwarden/core';
import { readAccountName } from './account-name.js';
import type { TokenCursor } from './cursor.js';
import { foldName, readAnyName, readRelationName, readRoutineName, readSchemaName, relationIn } from './names.js';
import { SHOW_FORMS, type ShowForm } from './show-forms.js';
import { hasHiddenWork } from './show-filter.js';
import { atStatementEnd, opaque, type ParseStatement, skipWords } from './statement-parts.js';

/** SHOW and DESCRIBE. MySQL Reference Manual, "SHOW Statements"; MariaDB, "SHOW". */

/** What was read behind the words of a SHOW. */
interface ShowParts {
  readonly relations: readonly NameParts[];
  /** The schema that it is about, when it is written. */
  readonly schema?: string | undefined;
}

/** SHOW, behind that word. */
export const parseShow: ParseStatement = (cursor, start) => {
  if (cursor.accept('count')) return parseShowCount(cursor, start);
  const form = SHOW_FORMS.find(({ words }) => cursor.acceptWords(...words)) ?? cursor.fail('what is shown');
  const what = form.words.join(' ');
  const { relations, schema } = readSubject(cursor, form);
  const filter = readFilter(cursor);
  if (filter === 'hidden')
    return opaque(cursor, start, 'show', { kind: 'unknown-node', detail: `SHOW ${what} with a query or a call` }, relations);
  const columns = typeof form.columns === 'function' ? form.columns(cursor.isMariaDb, schema ?? '') : form.columns;
  return {
    kind: 'show',
    span: cursor.spanFrom(start),
    what,
    relations,
    ...(columns !== undefined && { columns }),
    ...(form.reveals !== undefined && { reveals: form.reveals }),
    ...(form.messages === true && { messages: true }),
  };
};

/** `COUNT(*) WARNINGS`: a number only. */
function parseShowCount(cursor: TokenCursor, start: number): Statement {
  cursor.parenthesised(() => cursor.expectSymbol('*'));
  const what = cursor.acceptOneOf('warnings', 'errors') ?? cursor.fail('WARNINGS');
  const columns = [what === 'warnings' ? '@@session.warning_count' : '@@session.error_count'];
  return { kind: 'show', span: cursor.spanFrom(start), what: `count ${what}`, relations: [], columns };
}

function readSubject(cursor: TokenCursor, form: ShowForm): ShowParts {
  switch (form.subject) {
    case undefined:
      return { relations: [] };
    case 'relation':
      return { relations: [readRelationName(cursor)] };
    case 'in-relation':
      return { relations: [readInRelation(cursor)] };
    case 'in-schema':
      return { relations: [], schema: acceptIn(cursor) ? readSchemaName(cursor) : undefined };
    case 'schema':
      cursor.acceptWords('if', 'not', 'exists');
      return { relations: [], schema: readSchemaName(cursor) };
    case 'routine':
      readRoutineName(cursor);
      return { relations: [] };
    case 'account':
      if (!atStatementEnd(cursor)) readAccount(cursor);
      return { relations: [] };
    case 'options':
      skipWords(cursor);
      return { relations: [] };
    default:
      return unreachable(form.subject);
  }
}

function acceptIn(cursor: TokenCursor): boolean {
  return cursor.acceptOneOf('from', 'in') !== undefined;
}

/** `FROM t [FROM schema]`. */
function readInRelation(cursor: TokenCursor): NameParts {
  if (!acceptIn(cursor)) cursor.fail('FROM');
  const name = readRelationName(cursor);
  if (!acceptIn(cursor)) return name;
  return relationIn(readSchemaName(cursor), name.at(-1) ?? '');
}

/** `[FOR] account [USING role, …]`. */
function readAccount(cursor: TokenCursor): void {
  cursor.accept('for');
  readAccountName(cursor);
  if (cursor.accept('using')) cursor.list(() => readAccountName(cursor));
}

/** LIKE and WHERE. `hidden`: the condition reads or calls something. */
function readFilter(cursor: TokenCursor): 'none' | 'plain' | 'hidden' {
  if (cursor.accept('like')) {
    cursor.grammar.expression(cursor);
    return 'plain';
  }
  if (cursor.accept('where')) return hasHiddenWork(cursor.grammar.expression(cursor)) ? 'hidden' : 'plain';
  if (cursor.accept('limit')) {
    skipWords(cursor);
    return 'plain';
  }
  return 'none';
}

const DESCRIBE_COLUMNS = ['field', 'type', 'null', 'key', 'default', 'extra'];

/** DESCRIBE t [column | 'pattern'], behind the verb. */
export function parseDescribe(cursor: TokenCursor, start: number): Statement {
  const relation = readRelationName(cursor);
  if (cursor.peek().kind === 'string') cursor.next();
  else if (!atStatementEnd(cursor)) readAnyName(cursor);
  return { kind: 'show', span: cursor.spanFrom(start), what: 'columns', relations: [relation], columns: DESCRIBE_COLUMNS };
}

/** HELP 'topic'. */
export const parseHelp: ParseStatement = (cursor, start) => {
  if (cursor.peek().kind === 'string') cursor.next();
  else readAnyName(cursor);
  return { kind: 'show', span: cursor.spanFrom(start), what: 'help', relations: [] };
};

/** USE, behind that word. */
export const parseUse: ParseStatement = (cursor, start) => {
  const database = readSchemaName(cursor);
  return { kind: 'use', span: cursor.spanFrom(start), database };
};

const OTHER_SESSIONS: OpaqueReason = { kind: 'foreign-data', detail: 'what another session is running' };

/** `EXPLAIN FOR CONNECTION 5`, MariaDB also `SHOW EXPLAIN FOR 5`: the plan of a statement of another session. */
export function parseExplainConnection(cursor: TokenCursor, start: number): Statement {
  cursor.expect('for');
  if (!cursor.isMariaDb || cursor.isWord('connection')) cursor.expect('connection');
  const { kind } = cursor.next();
  if (kind !== 'integer' && kind !== 'variable') cursor.fail('a number');
  return { kind: 'show', span: cursor.spanFrom(start), what: foldName('explain for connection'), relations: [], reveals: OTHER_SESSIONS };
}
