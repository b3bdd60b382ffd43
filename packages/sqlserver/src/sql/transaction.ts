import type { Statement, TransactionControl, Variable } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseIdentifier, parseVariableName } from './names.js';
import { isLabel, skipWithOptions } from './skip.js';

/** BEGIN, COMMIT, ROLLBACK, SAVE TRANSACTION. */

/** The value of a variable that holds the name comes back in messages: there is no transaction of that name. */
function transaction(
  cursor: TokenCursor,
  start: number,
  operation: TransactionControl['operation'],
  name: TransactionName | undefined,
): Statement {
  const span = cursor.spanFrom(start);
  const text = typeof name === 'object' ? `@${name.name}` : name;
  const control: TransactionControl = { kind: 'transaction', span, operation, ...(text !== undefined && { name: text }) };
  if (typeof name !== 'object') return control;
  return { kind: 'block', span, statements: [control, { kind: 'message', span, what: 'transaction', values: [name] }], handlers: [] };
}

type TransactionName = string | Variable;

/** A name, or the variable that holds it. */
function transactionName(cursor: TokenCursor): TransactionName | undefined {
  if (cursor.isVariable()) return { kind: 'variable', scope: 'local', name: parseVariableName(cursor) };
  return cursor.isIdentifier() && !isLabel(cursor) ? parseIdentifier(cursor) : undefined;
}

export function parseBeginTransaction(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  cursor.acceptWord('distributed');
  cursor.expectOneOf('tran', 'transaction');
  const name = transactionName(cursor);
  if (cursor.acceptPhrase('with', 'mark') && (cursor.isString() || cursor.isVariable())) cursor.next();
  return transaction(cursor, start, 'begin', name);
}

/** Whether TRAN stands there, so that a name may follow. */
function transactionWord(cursor: TokenCursor): boolean {
  if (!cursor.isWord('tran', 'transaction')) {
    cursor.acceptWord('work');
    return false;
  }
  cursor.next();
  return true;
}

export function parseCommit(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  const name = transactionWord(cursor) ? transactionName(cursor) : undefined;
  skipWithOptions(cursor);
  return transaction(cursor, start, 'commit', name);
}

/** A name is that of a savepoint or of the outermost transaction. */
export function parseRollback(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  const name = transactionWord(cursor) ? transactionName(cursor) : undefined;
  return transaction(cursor, start, name === undefined ? 'rollback' : 'rollback-to', name);
}

export function parseSave(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  cursor.expectOneOf('tran', 'transaction');
  const name = transactionName(cursor);
  if (name === undefined) throw cursor.fail('expected the name of a savepoint');
  return transaction(cursor, start, 'savepoint', name);
}
