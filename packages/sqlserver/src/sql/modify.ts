import type { DataModification, Delete, JoinedDelete, JoinedUpdate, Update, With } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseFrom } from './from.js';
import { skipQueryHints } from './hints.js';
import { parseInsert } from './insert.js';
import { parseMerge } from './merge.js';
import { parseAssignments } from './modify-assignments.js';
import { parseOutput } from './modify-output.js';
import { parseTarget } from './modify-target.js';
import { parseRelationIdentifier } from './names.js';
import { parseModificationTop } from './select.js';

/** "UPDATE (Transact-SQL)", "DELETE (Transact-SQL)"; INSERT and MERGE have files of their own. */

/**
 * INSERT, UPDATE, DELETE or MERGE at the cursor, with its OPTION; `undefined` when there is none. `common` is the WITH that was read in front
 * of it, `start` where the statement begins.
 */
export function parseModification(cursor: TokenCursor, common?: With, start = cursor.start): DataModification | undefined {
  return cursor.descend((inner) => {
    const statement = dispatch(inner);
    if (statement === undefined) return undefined;
    skipQueryHints(inner);
    return { ...statement, span: inner.spanFrom(start), ...(common && { with: common }) };
  });
}

function dispatch(cursor: TokenCursor): DataModification | undefined {
  if (cursor.isWord('insert')) return parseInsert(cursor);
  if (cursor.isWord('update')) return parseUpdate(cursor);
  if (cursor.isWord('delete')) return parseDelete(cursor);
  if (cursor.isWord('merge')) return parseMerge(cursor);
  return undefined;
}

function parseUpdate(cursor: TokenCursor): Update | JoinedUpdate {
  const { start } = cursor;
  cursor.expectWord('update');
  const limit = parseModificationTop(cursor);
  const target = parseTarget(cursor);
  cursor.expectWord('set');
  const set = parseAssignments(cursor);
  const output = parseOutput(cursor);
  const from = cursor.acceptWord('from') ? cursor.list(parseFrom) : [];
  const where = parseWhere(cursor);
  const rest = { span: cursor.spanFrom(start), set, ...where, ...(limit && { limit }), ...output };
  // Whether the target is one of the items, or stands beside them, is a question of what the names mean.
  if (from.length > 0) return { kind: 'joined-update', target: target.name, from, ...rest };
  return { kind: 'update', target, from, ...rest };
}

function parseDelete(cursor: TokenCursor): Delete | JoinedDelete {
  const { start } = cursor;
  cursor.expectWord('delete');
  const limit = parseModificationTop(cursor);
  cursor.acceptWord('from');
  const target = parseTarget(cursor);
  const output = parseOutput(cursor);
  const from = cursor.acceptWord('from') ? cursor.list(parseFrom) : [];
  const where = parseWhere(cursor);
  const rest = { span: cursor.spanFrom(start), ...where, ...(limit && { limit }), ...output };
  if (from.length > 0) return { kind: 'joined-delete', targets: [target.name], from, ...rest };
  return { kind: 'delete', target, using: from, ...rest };
}

/** `WHERE condition`, `WHERE CURRENT OF cursor`. */
function parseWhere(cursor: TokenCursor): Pick<Update, 'where'> {
  if (!cursor.acceptWord('where')) return {};
  if (!cursor.acceptPhrase('current', 'of')) return { where: cursor.grammar.expression(cursor) };
  if (cursor.isWord('global') && cursor.isIdentifier(1)) cursor.next();
  const name = cursor.isVariable() ? cursor.next().text : parseRelationIdentifier(cursor);
  return { where: { kind: 'cursor-position', cursor: name } };
}
