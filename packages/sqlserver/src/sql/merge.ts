import type { Merge, MergeWhen } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseFrom } from './from.js';
import { parseAlias } from './from-alias.js';
import { parseTableHints } from './hints.js';
import { parseInsertColumns } from './insert.js';
import { parseAssignments } from './modify-assignments.js';
import { parseOutput } from './modify-output.js';
import { parseTarget } from './modify-target.js';
import { parseModificationTop } from './select.js';

/** "MERGE (Transact-SQL)". The word is at the cursor. */
export function parseMerge(cursor: TokenCursor): Merge {
  const { start } = cursor;
  cursor.expectWord('merge');
  const limit = parseModificationTop(cursor);
  cursor.acceptWord('into');
  const target = parseTarget(cursor);
  const alias = parseAlias(cursor, 'using');
  if (cursor.isWord('with')) parseTableHints(cursor);
  cursor.expectWord('using');
  const source = parseFrom(cursor);
  cursor.expectWord('on');
  const on = cursor.grammar.expression(cursor);
  const whens: MergeWhen[] = [];
  while (cursor.acceptWord('when')) whens.push(parseWhen(cursor));
  if (whens.length === 0) throw cursor.fail('expected WHEN');
  const output = parseOutput(cursor);
  const span = cursor.spanFrom(start);
  return { kind: 'merge', span, target: { ...target, ...(alias && { alias }) }, source, on, whens, ...(limit && { limit }), ...output };
}

/** `[NOT] MATCHED [BY TARGET | SOURCE] [AND condition] THEN action`. */
function parseWhen(cursor: TokenCursor): MergeWhen {
  const match = parseMatch(cursor);
  const condition = cursor.acceptWord('and') ? cursor.grammar.expression(cursor) : undefined;
  cursor.expectWord('then');
  return { match, ...(condition && { condition }), action: parseAction(cursor) };
}

function parseMatch(cursor: TokenCursor): MergeWhen['match'] {
  const isNot = cursor.acceptWord('not');
  cursor.expectWord('matched');
  if (!isNot) return 'matched';
  if (!cursor.acceptWord('by')) return 'not-matched-by-target';
  return cursor.expectOneOf('target', 'source') === 'source' ? 'not-matched-by-source' : 'not-matched-by-target';
}

function parseAction(cursor: TokenCursor): MergeWhen['action'] {
  const word = cursor.expectOneOf('update', 'delete', 'insert');
  if (word === 'delete') return { kind: 'delete' };
  if (word === 'update') {
    cursor.expectWord('set');
    return { kind: 'update', set: parseAssignments(cursor) };
  }
  const columns = cursor.isSymbol('(') ? { columns: parseInsertColumns(cursor) } : {};
  if (cursor.acceptPhrase('default', 'values')) return { kind: 'insert', ...columns };
  cursor.expectWord('values');
  return { kind: 'insert', ...columns, values: cursor.parenthesised((inner) => inner.list(inner.grammar.expression)) };
}
