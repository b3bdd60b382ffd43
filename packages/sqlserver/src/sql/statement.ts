import type { Statement } from '@sqlwarden/core';
import { parseAlter } from './alter.js';
import { parseBackup } from './backup.js';
import { parseBulkInsert, parseCopyInto, parseInsertBulk } from './bulk.js';
import { parseBegin, parseBreak, parseContinue, parseGoto, parseIf, parseLabel, parseReturn, parseWaitFor, parseWhile } from './control.js';
import { parsePrint, parseRaiserror, parseThrow } from './control-message.js';
import { parseEndConversation, parseGetConversation, parseMoveConversation, parseReceive, parseSend } from './conversation.js';
import { parseCreate } from './create.js';
import { parseClose, parseDeallocate, parseFetch, parseOpen } from './cursor-statement.js';
import type { TokenCursor } from './cursor.js';
import { parseDeclare } from './declare.js';
import { parseDrop } from './drop.js';
import { parseExecute } from './execute.js';
import {
  parseCheckpoint,
  parseDisableTrigger,
  parseEnableTrigger,
  parseKill,
  parseReconfigure,
  parseRename,
  parseShutdown,
  parseTruncate,
  parseUpdateStatistics,
} from './maintenance.js';
import { parseDbcc } from './maintenance-dbcc.js';
import { parseDataStatement } from './parse-data-statement.js';
import { parseDeny, parseGrant, parseRevoke } from './security.js';
import { parseAddSignature } from './security-signature.js';
import { parseRevert, parseSetUser, parseUse } from './session-context.js';
import { parseSet } from './session-set.js';
import { beginsStatement, isLabel } from './skip.js';
import { parseReadText, parseUpdateText, parseWriteText } from './text-pointer.js';
import { parseCommit, parseRollback, parseSave } from './transaction.js';

type Parse = (cursor: TokenCursor) => Statement;

const STATEMENTS: ReadonlyMap<string, Parse> = new Map<string, Parse>([
  ['add', parseAddSignature],
  ['alter', parseAlter],
  ['backup', parseBackup],
  ['begin', parseBegin],
  ['break', parseBreak],
  ['bulk', parseBulkInsert],
  ['checkpoint', parseCheckpoint],
  ['close', parseClose],
  ['commit', parseCommit],
  ['continue', parseContinue],
  ['copy', parseCopyInto],
  ['create', parseCreate],
  ['dbcc', parseDbcc],
  ['deallocate', parseDeallocate],
  ['declare', parseDeclare],
  ['deny', parseDeny],
  ['disable', parseDisableTrigger],
  ['drop', parseDrop],
  ['dump', parseBackup],
  ['enable', parseEnableTrigger],
  ['end', parseEndConversation],
  ['exec', parseExecute],
  ['execute', parseExecute],
  ['fetch', parseFetch],
  ['get', parseGetConversation],
  ['goto', parseGoto],
  ['grant', parseGrant],
  ['if', parseIf],
  ['kill', parseKill],
  ['load', parseBackup],
  ['move', parseMoveConversation],
  ['open', parseOpen],
  ['print', parsePrint],
  ['raiserror', parseRaiserror],
  ['readtext', parseReadText],
  ['receive', parseReceive],
  ['reconfigure', parseReconfigure],
  ['rename', parseRename],
  ['restore', parseBackup],
  ['return', parseReturn],
  ['revert', parseRevert],
  ['revoke', parseRevoke],
  ['rollback', parseRollback],
  ['save', parseSave],
  ['send', parseSend],
  ['set', parseSet],
  ['setuser', parseSetUser],
  ['shutdown', parseShutdown],
  ['throw', parseThrow],
  ['truncate', parseTruncate],
  ['updatetext', parseUpdateText],
  ['use', parseUse],
  ['waitfor', parseWaitFor],
  ['while', parseWhile],
  ['writetext', parseWriteText],
]);

/** Whether a statement of its own grammar begins here; else a word that is not reserved is the name of a procedure. */
export function isStatementWord(cursor: TokenCursor): boolean {
  const token = cursor.peek();
  if (token.kind !== 'word' || !STATEMENTS.has(token.text)) return false;
  return !cursor.isIdentifier() || beginsStatement(cursor);
}

/** One statement inside a batch, without the semicolon behind it. */
export function parseStatement(cursor: TokenCursor): Statement {
  return cursor.descend(statement);
}

function statement(cursor: TokenCursor): Statement {
  if (isLabel(cursor)) return parseLabel(cursor);
  if (cursor.isPhrase('insert', 'bulk')) return parseInsertBulk(cursor);
  if (cursor.isPhrase('update', 'statistics')) return parseUpdateStatistics(cursor);
  const parse = isStatementWord(cursor) ? STATEMENTS.get(cursor.peek().text) : undefined;
  const parsed = parse === undefined ? parseDataStatement(cursor) : parse(cursor);
  if (parsed === undefined) throw cursor.fail('expected a statement');
  return parsed;
}
