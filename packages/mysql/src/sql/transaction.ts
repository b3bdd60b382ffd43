import type { NameParts, Statement, TransactionControl } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { readColumnName, readRelationName, readTableAlias } from './names.js';
import { atStatementEnd, type ParseStatement } from './statement-parts.js';

/** Transactions and locks. MySQL Reference Manual, "Transactional and Locking Statements"; MariaDB, "Transactions". */

type Operation = TransactionControl['operation'];

function control(cursor: TokenCursor, start: number, operation: Operation, name?: string): Statement {
  return { kind: 'transaction', span: cursor.spanFrom(start), operation, ...(name !== undefined && { name }) };
}

/** START TRANSACTION, behind START. */
export const parseStartTransaction: ParseStatement = (cursor, start) => {
  cursor.expect('transaction');
  if (!atStatementEnd(cursor)) {
    cursor.list(() => {
      if (cursor.acceptWords('with', 'consistent', 'snapshot')) {
        // MariaDB, Percona: the snapshot of another session.
        if (cursor.acceptWords('from', 'session')) cursor.grammar.expression(cursor);
      } else {
        cursor.expect('read');
        if (cursor.acceptOneOf('only', 'write') === undefined) cursor.fail('ONLY');
      }
    });
  }
  return control(cursor, start, 'begin');
};

/** BEGIN, behind that word. */
export const parseBegin: ParseStatement = (cursor, start) => {
  cursor.accept('work');
  return control(cursor, start, 'begin');
};

/** `[WORK] [AND [NO] CHAIN] [[NO] RELEASE]`. */
function readCompletion(cursor: TokenCursor): void {
  if (cursor.accept('and')) {
    cursor.accept('no');
    cursor.expect('chain');
  }
  if (cursor.acceptWords('no', 'release')) return;
  cursor.accept('release');
}

export const parseCommit: ParseStatement = (cursor, start) => {
  cursor.accept('work');
  readCompletion(cursor);
  return control(cursor, start, 'commit');
};

export const parseRollback: ParseStatement = (cursor, start) => {
  cursor.accept('work');
  if (cursor.accept('to')) {
    cursor.accept('savepoint');
    return control(cursor, start, 'rollback-to', readColumnName(cursor));
  }
  readCompletion(cursor);
  return control(cursor, start, 'rollback');
};

export const parseSavepoint: ParseStatement = (cursor, start) => control(cursor, start, 'savepoint', readColumnName(cursor));

export const parseRelease: ParseStatement = (cursor, start) => {
  cursor.expect('savepoint');
  return control(cursor, start, 'release', readColumnName(cursor));
};

/** XA: MySQL Reference Manual, "XA Transaction SQL Statements". */
export const parseXa: ParseStatement = (cursor, start) => {
  const verb = cursor.acceptOneOf('start', 'begin', 'end', 'prepare', 'commit', 'rollback', 'recover');
  if (verb === undefined) return cursor.fail('START');
  if (verb === 'recover') {
    if (cursor.accept('convert')) cursor.expect('xid');
    if (cursor.accept('format')) {
      cursor.expectSymbol('=');
      cursor.next();
    }
    const columns = ['formatid', 'gtrid_length', 'bqual_length', 'data'];
    return { kind: 'show', span: cursor.spanFrom(start), what: 'xa recover', relations: [], columns };
  }
  readXid(cursor);
  return control(cursor, start, xaOperation(cursor, verb));
};

function xaOperation(cursor: TokenCursor, verb: 'start' | 'begin' | 'end' | 'prepare' | 'commit' | 'rollback'): Operation {
  switch (verb) {
    case 'start':
    case 'begin':
      cursor.acceptOneOf('join', 'resume');
      return 'begin';
    case 'end':
      if (cursor.accept('suspend') && cursor.accept('for')) cursor.expect('migrate');
      // Changes nothing but what may follow.
      return 'release';
    case 'prepare':
      return 'prepare';
    case 'commit':
      return cursor.acceptWords('one', 'phase') ? 'commit' : 'finish-prepared';
    case 'rollback':
      return 'rollback';
  }
}

/** `gtrid [, bqual [, formatID]]`. */
function readXid(cursor: TokenCursor): void {
  cursor.list(() => {
    const { kind } = cursor.peek();
    if (kind !== 'string' && kind !== 'hexadecimal' && kind !== 'bits' && kind !== 'integer') cursor.fail('a string');
    cursor.next();
  });
}

/** LOCK TABLES, LOCK INSTANCE FOR BACKUP, behind LOCK. */
export const parseLock: ParseStatement = (cursor, start) => {
  if (cursor.acceptWords('instance', 'for', 'backup')) {
    return { kind: 'maintenance', span: cursor.spanFrom(start), action: 'maintain', what: 'lock instance for backup', names: [] };
  }
  if (cursor.acceptOneOf('tables', 'table') === undefined) cursor.fail('TABLES');
  const modes = new Set<string>();
  const relations = cursor.list((): NameParts => {
    const relation = readRelationName(cursor);
    if (!cursor.isWord('read') && !cursor.isWord('write') && !cursor.isWord('low_priority')) {
      cursor.accept('as');
      readTableAlias(cursor);
    }
    modes.add(readLockMode(cursor));
    return relation;
  });
  if (cursor.isMariaDb && cursor.accept('wait')) cursor.next();
  else cursor.accept('nowait');
  return { kind: 'lock', span: cursor.spanFrom(start), relations, mode: modes.has('write') ? 'write' : 'read' };
};

function readLockMode(cursor: TokenCursor): 'read' | 'write' {
  cursor.accept('low_priority');
  const mode = cursor.acceptOneOf('read', 'write') ?? cursor.fail('READ');
  if (mode === 'read') cursor.accept('local');
  else cursor.accept('concurrent');
  return mode;
}

/** UNLOCK TABLES, behind UNLOCK. It also commits when tables were locked. */
export const parseUnlock: ParseStatement = (cursor, start) => {
  if (cursor.accept('instance')) {
    return { kind: 'maintenance', span: cursor.spanFrom(start), action: 'maintain', what: 'unlock instance', names: [] };
  }
  if (cursor.acceptOneOf('tables', 'table') === undefined) cursor.fail('TABLES');
  return { kind: 'lock', span: cursor.spanFrom(start), relations: [], mode: 'unlock' };
};
