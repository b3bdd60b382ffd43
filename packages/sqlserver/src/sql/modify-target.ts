import type { NameParts, Target } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { operandsOf, parseCalled } from './expression-call.js';
import { ROWSET_FUNCTIONS } from './from-rowset.js';
import { parseTableHints, tableHintsFollow } from './hints.js';
import { parseRelationName } from './names.js';

/** What INSERT, UPDATE, DELETE and MERGE write. */

const FOREIGN = ['openquery', 'openrowset', 'opendatasource'];

/** A table, a view, a table variable, an alias or a common table, with its hints; or a rowset of another server. */
export function parseTarget(cursor: TokenCursor, word: 'insert' | 'other' = 'other'): Target {
  if (cursor.isWord(...FOREIGN) && cursor.isSymbol('(', 1)) return foreignTarget(cursor);
  const name = parseRelationName(cursor);
  if (functionFollows(cursor, word)) return functionTarget(cursor, name);
  if (cursor.isWord('with') || (word === 'other' && tableHintsFollow(cursor))) parseTableHints(cursor);
  return { name, only: false };
}

/** `INSERT t (a)` is a list of columns, `INSERT f() SELECT …` and `UPDATE f(1) SET …` write through an inline function. */
function functionFollows(cursor: TokenCursor, word: 'insert' | 'other'): boolean {
  if (!cursor.isSymbol('(') || tableHintsFollow(cursor)) return false;
  return word === 'other' || cursor.isSymbol(')', 1);
}

/** No relation has the name of the function, so that the statement is opaque. Its arguments may read nothing. */
function functionTarget(cursor: TokenCursor, name: NameParts): Target {
  const arguments_ = operandsOf(parseCalled(cursor, name));
  if (arguments_.some((argument) => !['literal', 'variable', 'default'].includes(argument.kind))) {
    throw cursor.limit('give the function that is written through constants or variables only');
  }
  return { name, only: false };
}

/** It has no name here: one that no relation can have makes the statement opaque. */
function foreignTarget(cursor: TokenCursor): Target {
  const word = cursor.peek().text;
  const source = ROWSET_FUNCTIONS.get(word);
  if (source === undefined) throw cursor.fail('expected a table');
  source(cursor);
  return { name: [`${word}()`], only: false };
}
