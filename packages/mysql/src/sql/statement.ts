import type { Argument, Expression, Statement } from '@sqlwarden/core';
import { parseGrant } from './account-grant.js';
import { parseRenameUser } from './account.js';
import { parseAlter } from './alter.js';
import { parseRenameTable } from './alter-table.js';
import { parseCreate } from './create.js';
import { parseInstall } from './create-object.js';
import type { TokenCursor } from './cursor.js';
import { parseGetDiagnostics, parseSignal } from './diagnostics.js';
import { parseDrop } from './drop.js';
import { parseLoadData } from './load-data.js';
import {
  parseBackup,
  parseBinlog,
  parseCacheIndex,
  parseChecksum,
  parseFlush,
  parseForeign,
  parseHandler,
  parseKill,
  parseLoadIndex,
  parsePurge,
  parseReset,
  parseTableMaintenance,
  plainMaintenance,
} from './maintenance.js';
import { parseDataStatement } from './modify.js';
import { readRelationName, readRoutineName } from './names.js';
import { parseDeallocate, parseExecute, parsePrepare } from './prepare.js';
import { COMPOUND_WORDS, isLabel, parseCompound } from './routine-block.js';
import { parseSet } from './session-set.js';
import { parseHelp, parseShow, parseUse } from './show.js';
import { parseAnalyzeStatement, parseExplain, startsExplained } from './show-explain.js';
import type { ParseStatement } from './statement-parts.js';
import {
  parseBegin,
  parseCommit,
  parseLock,
  parseRelease,
  parseRollback,
  parseSavepoint,
  parseStartTransaction,
  parseUnlock,
  parseXa,
} from './transaction.js';

const REPLICATION = ['slave', 'replica', 'all', 'group_replication'];
const START_REPLICATION = plainMaintenance('start replication', ...REPLICATION);

/** Statements by their first word. MySQL Reference Manual, "SQL Statements"; MariaDB, "SQL Statements & Structure". */
const STATEMENTS: Readonly<Record<string, ParseStatement>> = {
  create: parseCreate,
  alter: parseAlter,
  drop: parseDrop,
  rename: (cursor, start) => {
    if (cursor.accept('user')) return parseRenameUser(cursor, start);
    if (cursor.acceptOneOf('table', 'tables') === undefined) cursor.fail('TABLE');
    return parseRenameTable(cursor, start);
  },
  truncate: (cursor, start) => {
    cursor.accept('table');
    const name = readRelationName(cursor);
    if (cursor.isMariaDb && cursor.accept('wait')) cursor.next();
    else cursor.accept('nowait');
    return { kind: 'truncate', span: cursor.spanFrom(start), relations: [{ name, only: false }], cascade: false };
  },
  grant: (cursor, start) => parseGrant(cursor, start, 'grant'),
  revoke: (cursor, start) => parseGrant(cursor, start, 'revoke'),
  set: (cursor, start) => parseSet(cursor, start),
  show: parseShow,
  describe: parseExplain,
  desc: parseExplain,
  explain: parseExplain,
  help: parseHelp,
  use: parseUse,
  begin: parseBegin,
  start: (cursor, start) => (cursor.isWord('transaction') ? parseStartTransaction : START_REPLICATION)(cursor, start),
  stop: plainMaintenance('stop replication', ...REPLICATION),
  commit: parseCommit,
  rollback: parseRollback,
  savepoint: parseSavepoint,
  release: parseRelease,
  xa: parseXa,
  lock: parseLock,
  unlock: parseUnlock,
  prepare: (cursor, start) => parsePrepare(cursor, start),
  execute: (cursor, start) => parseExecute(cursor, start),
  deallocate: parseDeallocate,
  call: parseCall,
  do: parseDo,
  handler: parseHandler,
  load: (cursor, start) => (cursor.isWord('index') ? parseLoadIndex : parseLoadData)(cursor, start),
  kill: parseKill,
  flush: parseFlush,
  reset: parseReset,
  purge: parsePurge,
  change: parseForeign('maintain', 'replication from another server'),
  install: (cursor, start) => parseInstall(cursor, start, 'create'),
  uninstall: (cursor, start) => parseInstall(cursor, start, 'drop'),
  analyze: (cursor, start) => {
    const isStatement = cursor.isMariaDb && (startsAnalyzed(cursor) || cursor.isWord('format'));
    return (isStatement ? parseAnalyzeStatement : parseTableMaintenance('analyze'))(cursor, start);
  },
  check: parseTableMaintenance('check'),
  checksum: parseChecksum,
  optimize: parseTableMaintenance('optimize'),
  repair: parseTableMaintenance('repair'),
  cache: parseCacheIndex,
  binlog: parseBinlog,
  clone: parseForeign('copy', 'a copy of the whole server'),
  shutdown: plainMaintenance('shutdown'),
  restart: plainMaintenance('restart'),
  import: parseForeign('create', 'tables of files'),
  backup: parseBackup,
  signal: parseSignal('signal'),
  resignal: parseSignal('resignal'),
  get: parseGetDiagnostics,
};

/**
 * Reads one statement, up to the semicolon behind it. Throws a `ParseError` for what the server would not read, and for what is not read here.
 */
export function parseStatement(cursor: TokenCursor): Statement {
  return cursor.nested(() => {
    const token = cursor.peek();
    if (cursor.isMariaDb && startsCompound(cursor)) return parseCompound(cursor, token.start);
    const parse = token.kind === 'word' && Object.hasOwn(STATEMENTS, token.text) ? STATEMENTS[token.text] : undefined;
    if (parse === undefined) return parseDataStatement(cursor) ?? cursor.fail('a statement');
    cursor.next();
    return parse(cursor, token.start);
  });
}

/** MariaDB takes compound statements outside of bodies. BEGIN alone begins a transaction. */
function startsCompound(cursor: TokenCursor): boolean {
  if (isLabel(cursor)) return true;
  return cursor.isWord('begin') ? cursor.isWord('not', 1) : cursor.isWordOf(COMPOUND_WORDS);
}

/** ANALYZE of a statement; ANALYZE TABLE is upkeep. */
function startsAnalyzed(cursor: TokenCursor): boolean {
  return startsExplained(cursor) && !cursor.isWord('table');
}

/** CALL. Where a variable stands alone the procedure may write it. */
function parseCall(cursor: TokenCursor, start: number): Statement {
  const name = readRoutineName(cursor);
  const values = cursor.isSymbol('(') ? cursor.parenthesised(() => (cursor.isSymbol(')') ? [] : readExpressions(cursor))) : [];
  return { kind: 'call', span: cursor.spanFrom(start), call: { kind: 'call', name, arguments: values.map(asArgument) } };
}

function asArgument(expression: Expression): Argument {
  const isWritable = expression.kind === 'column' || expression.kind === 'parameter' || expression.kind === 'variable';
  return { expression, ...(isWritable && { output: true }) };
}

function readExpressions(cursor: TokenCursor): Expression[] {
  return cursor.list(() => cursor.grammar.expression(cursor));
}

/** DO: computes values and gives none back. */
function parseDo(cursor: TokenCursor, start: number): Statement {
  const items = readExpressions(cursor).map((expression) => ({ expression, name: '' }));
  const body = { kind: 'select', items, from: [], groupBy: [], windows: [] } as const;
  return {
    kind: 'select',
    span: cursor.spanFrom(start),
    query: { kind: 'query', body, orderBy: [], locks: [] },
    into: { kind: 'assignments' },
  };
}
