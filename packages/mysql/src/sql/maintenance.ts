import type { Maintenance, NameParts, Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { foldName, isName, readAnyName, readName, readRelationName } from './names.js';
import {
  atStatementEnd,
  evaluation,
  inSequence,
  opaque,
  type ParseStatement,
  skipOne,
  skipOptions,
  skipToEnd,
  skipWords,
} from './statement-parts.js';
import { schema } from './create-object.js';

/**
 * Upkeep of tables and the server, replication, killing. MySQL Reference Manual, "Table Maintenance Statements", "Other Administrative
 * Statements", "Replication Statements"; MariaDB, "Administrative SQL Statements".
 */

function maintain(cursor: TokenCursor, start: number, what: string, names: readonly NameParts[] = []): Maintenance {
  return { kind: 'maintenance', span: cursor.spanFrom(start), action: 'maintain', what, names };
}

/** Upkeep that reports on each table. */
export function maintainTables(cursor: TokenCursor, start: number, what: string, names: readonly NameParts[]): Maintenance {
  const action = what.startsWith('analyze') ? 'analyze' : 'maintain';
  return { ...maintain(cursor, start, what, names), action, columns: ['table', 'op', 'msg_type', 'msg_text'] };
}

/** Statements whose options name nothing: the words in front of them are what they do. `subjects`: what must follow, when something must. */
export function plainMaintenance(what: string, ...subjects: readonly string[]): ParseStatement {
  return (cursor, start) => {
    if (subjects.length > 0 && cursor.acceptOneOf(...subjects) === undefined) cursor.fail(subjects.join(' or ').toUpperCase());
    skipWords(cursor);
    return maintain(cursor, start, what);
  };
}

/** ANALYZE, CHECK, OPTIMIZE, REPAIR TABLE, behind the verb. */
export function parseTableMaintenance(verb: 'analyze' | 'check' | 'optimize' | 'repair'): ParseStatement {
  return (cursor, start) => {
    cursor.acceptOneOf('no_write_to_binlog', 'local');
    const kind = cursor.acceptOneOf('table', 'tables', 'view') ?? cursor.fail('TABLE');
    const names = cursor.list((): NameParts => {
      const name = readRelationName(cursor);
      skipMaintenanceOptions(cursor);
      return name;
    });
    return maintainTables(cursor, start, `${verb} ${kind === 'view' ? 'view' : 'table'}`, names);
  };
}

/** PERSISTENT FOR …, UPDATE HISTOGRAM ON a, b, FOR UPGRADE, QUICK: a comma of theirs is no comma between tables. */
function skipMaintenanceOptions(cursor: TokenCursor): void {
  const hasColumns = cursor.areWords('update', 'histogram') || cursor.areWords('drop', 'histogram');
  if (hasColumns) skipToEnd(cursor);
  else skipOptions(cursor);
}

/** CHECKSUM TABLE: what it returns is computed from every row. */
export const parseChecksum: ParseStatement = (cursor, start) => {
  if (cursor.acceptOneOf('table', 'tables') === undefined) cursor.fail('TABLE');
  const relations = cursor.list(() => readRelationName(cursor));
  cursor.acceptOneOf('quick', 'extended');
  const reveals = { kind: 'unreadable-relation', detail: 'a checksum over all rows' } as const;
  return { kind: 'show', span: cursor.spanFrom(start), what: 'checksum table', relations, columns: ['table', 'checksum'], reveals };
};

/** CACHE INDEX and LOAD INDEX INTO CACHE. */
export const parseCacheIndex: ParseStatement = (cursor, start) => {
  cursor.expect('index');
  const names = readIndexedTables(cursor);
  cursor.expect('in');
  readAnyName(cursor);
  return maintainTables(cursor, start, 'cache index', names);
};

export const parseLoadIndex: ParseStatement = (cursor, start) => {
  cursor.expect('index', 'into', 'cache');
  return maintainTables(cursor, start, 'load index', readIndexedTables(cursor));
};

const INDEX_LIST_WORDS: ReadonlySet<string> = new Set(['partition', 'index', 'key', 'ignore', 'leaves', 'all']);

function readIndexedTables(cursor: TokenCursor): NameParts[] {
  return cursor.list(() => {
    const name = readRelationName(cursor);
    while (cursor.isWordOf(INDEX_LIST_WORDS) || cursor.isSymbol('(')) skipOne(cursor);
    return name;
  });
}

// ---------------------------------------------------------------- FLUSH, RESET, KILL

/** FLUSH. Of its forms those on tables name some, and that on privileges makes edited rights take effect. */
export const parseFlush: ParseStatement = (cursor, start) => {
  cursor.acceptOneOf('no_write_to_binlog', 'local');
  if (cursor.acceptOneOf('tables', 'table') !== undefined) return flushTables(cursor, start);
  const options = cursor.list(() => readFlushOption(cursor));
  if (options.includes('privileges')) return schema(cursor, start, 'alter', 'privileges', [], { privileges: true });
  return maintain(cursor, start, `flush ${options.join(', ')}`);
};

function readFlushOption(cursor: TokenCursor): string {
  const words: string[] = [];
  while (!atStatementEnd(cursor) && !cursor.isSymbol(',')) {
    const token = cursor.next();
    if (token.kind === 'word') words.push(token.text);
  }
  if (words.length === 0) cursor.fail('what is flushed');
  return words.join(' ');
}

function flushTables(cursor: TokenCursor, start: number): Statement {
  const names = !atStatementEnd(cursor) && isName(cursor) ? cursor.list(() => readRelationName(cursor)) : [];
  if (cursor.accept('with')) cursor.expect('read', 'lock');
  else if (cursor.accept('for')) cursor.expect('export');
  if (cursor.accept('and')) cursor.expect('disable', 'checkpoint');
  return maintain(cursor, start, 'flush tables', names);
}

/** RESET: of the server's logs and caches, and of persisted variables. */
export const parseReset: ParseStatement = (cursor, start) => {
  if (cursor.accept('persist')) {
    cursor.acceptWords('if', 'exists');
    const names = atStatementEnd(cursor) ? [] : [readAnyName(cursor)];
    while (cursor.acceptSymbol('.')) names.push(readAnyName(cursor));
    const name = names.length === 0 ? 'all' : foldName(names.join('.'));
    return { kind: 'setting', span: cursor.spanFrom(start), operation: 'reset', name, scope: 'global', values: undefined };
  }
  const { text } = cursor.peek();
  skipWords(cursor);
  return maintain(cursor, start, `reset ${text}`);
};

/** KILL. The number may be an expression. */
export const parseKill: ParseStatement = (cursor, start) => {
  cursor.acceptOneOf('hard', 'soft');
  cursor.acceptOneOf('connection', 'query');
  if (cursor.accept('user')) {
    skipWords(cursor);
    return maintain(cursor, start, 'kill');
  }
  if (cursor.isWord('id') && !cursor.isSymbol('(', 1)) cursor.next();
  const value = cursor.grammar.expression(cursor);
  return inSequence(cursor, start, [...evaluation(cursor.spanFrom(start), [value]), maintain(cursor, start, 'kill')]);
};

/** PURGE BINARY LOGS TO 'file' | BEFORE time. */
export const parsePurge: ParseStatement = (cursor, start) => {
  if (cursor.acceptOneOf('binary', 'master') === undefined) cursor.fail('BINARY');
  cursor.expect('logs');
  if (cursor.acceptOneOf('to', 'before') === undefined) cursor.fail('TO');
  const value = cursor.grammar.expression(cursor);
  return inSequence(cursor, start, [...evaluation(cursor.spanFrom(start), [value]), maintain(cursor, start, 'purge binary logs')]);
};

// ---------------------------------------------------------------- what comes from outside, or goes there

/** Statements that bring rows or code from other places, or send them there: what they do is not in the text. */
export function parseForeign(action: 'maintain' | 'copy' | 'create', detail: string): ParseStatement {
  return (cursor, start) => {
    skipToEnd(cursor);
    return opaque(cursor, start, action, { kind: 'foreign-data', detail });
  };
}

/** BINLOG 'events': changes of rows in a form of the server's own. */
export const parseBinlog: ParseStatement = (cursor, start) => {
  cursor.list(() => cursor.grammar.expression(cursor));
  return opaque(cursor, start, 'unknown', { kind: 'dynamic-sql', detail: 'BINLOG' });
};

/** HANDLER: reads rows of a table that may have been opened under another name. */
export const parseHandler: ParseStatement = (cursor, start) => {
  const relation = readRelationName(cursor);
  const verb = cursor.acceptOneOf('open', 'read', 'close') ?? cursor.fail('READ');
  if (verb === 'open' && !atStatementEnd(cursor)) {
    cursor.accept('as');
    readName(cursor);
  }
  if (verb === 'read') readHandlerRead(cursor);
  return opaque(cursor, start, 'select', { kind: 'unknown-node', detail: 'HANDLER' }, [relation]);
};

const POSITIONS: ReadonlySet<string> = new Set(['first', 'next', 'prev', 'last']);

/** `[index] FIRST`, `index = (1, 2)`, with WHERE and LIMIT; which index does not matter. */
function readHandlerRead(cursor: TokenCursor): void {
  if (cursor.isWordOf(POSITIONS) && (atStatementEndAhead(cursor) || cursor.isWord('where', 1) || cursor.isWord('limit', 1))) cursor.next();
  else {
    readAnyName(cursor);
    if (cursor.isWordOf(POSITIONS)) cursor.next();
    else {
      if (!['=', '<=', '>=', '<', '>'].some((symbol) => cursor.acceptSymbol(symbol))) cursor.fail('"="');
      cursor.parenthesised(() => cursor.list(() => cursor.grammar.expression(cursor)));
    }
  }
  if (cursor.accept('where')) cursor.grammar.expression(cursor);
  if (cursor.accept('limit')) skipWords(cursor);
}

function atStatementEndAhead(cursor: TokenCursor): boolean {
  return cursor.peek(1).kind === 'end' || cursor.isSymbol(';', 1);
}

/** MariaDB: BACKUP STAGE, BACKUP LOCK t, BACKUP UNLOCK. */
export const parseBackup: ParseStatement = (cursor, start) => {
  if (cursor.accept('lock')) {
    const relation = readRelationName(cursor);
    return { kind: 'lock', span: cursor.spanFrom(start), relations: [relation], mode: 'read' };
  }
  if (cursor.accept('unlock')) return { kind: 'lock', span: cursor.spanFrom(start), relations: [], mode: 'unlock' };
  cursor.expect('stage');
  readAnyName(cursor);
  return maintain(cursor, start, 'backup stage');
};
