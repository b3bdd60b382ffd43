import type { AlterAction } from '@sqlwarden/core';
import { skipGenerated } from './create-column.js';
import type { TokenCursor } from './cursor.js';
import { parseColumnName, parseIdentifier, parseTypeName } from './names.js';
import { skipParentheses, skipWithOptions } from './skip.js';

/** Behind `ALTER`: `COLUMN name {type options | ADD property | DROP property}`. */
export function parseAlterColumn(cursor: TokenCursor): readonly AlterAction[] {
  cursor.expectWord('column');
  const name = parseColumnName(cursor);
  if (cursor.isWord('add', 'drop')) return changeProperty(cursor, name);
  const { start } = cursor;
  parseTypeName(cursor);
  const type = cursor.text.slice(start, cursor.spanFrom(start).end);
  const masked = skipOptions(cursor);
  skipWithOptions(cursor);
  const altered: AlterAction = { kind: 'alter-column', name, type, expressions: [] };
  return masked ? [altered, masking('masked')] : [altered];
}

/** What an action is called that may change which columns `*` has: the table is not known after it. */
export const VISIBILITY = 'column visibility';

/** A mask is what readers without the right to see values are shown. */
function masking(what: string): AlterAction {
  return { kind: 'other', what, expressions: [], relations: [], privileges: true };
}

/** `{ADD | DROP} {ROWGUIDCOL | PERSISTED | NOT FOR REPLICATION | SPARSE | HIDDEN | MASKED [WITH (…)]}`. */
function changeProperty(cursor: TokenCursor, name: string): AlterAction[] {
  const verb = cursor.next().text;
  const altered: AlterAction = { kind: 'alter-column', name, expressions: [] };
  if (cursor.acceptPhrase('not', 'for', 'replication')) {
    skipWithOptions(cursor);
    return [altered];
  }
  const property = cursor.expectOneOf('rowguidcol', 'persisted', 'sparse', 'hidden', 'masked');
  skipWithOptions(cursor);
  if (property === 'masked') return [altered, masking(`${verb} masked`)];
  const isVisible = property !== 'hidden' && property !== 'sparse';
  return isVisible ? [altered] : [altered, { kind: 'other', what: VISIBILITY, expressions: [], relations: [] }];
}

/** What may follow the type. Whether a mask is among it. */
function skipOptions(cursor: TokenCursor): boolean {
  let masked = false;
  for (;;) {
    if (cursor.acceptWord('collate')) parseIdentifier(cursor);
    else if (cursor.isWord('masked', 'encrypted')) {
      masked = cursor.next().text === 'masked' || masked;
      cursor.expectWord('with');
      skipParentheses(cursor);
    } else if (cursor.acceptWord('generated')) skipGenerated(cursor);
    else if (cursor.acceptWord('column_set')) cursor.expectWord('for', 'all_sparse_columns');
    else if (cursor.isWord('null', 'sparse', 'filestream', 'hidden', 'persisted', 'rowguidcol')) cursor.next();
    else if (!cursor.acceptPhrase('not', 'null') && !cursor.acceptPhrase('not', 'for', 'replication')) return masked;
  }
}
