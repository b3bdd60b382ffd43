import type { Control, If, Statement } from '@sqlwarden/core';
import { parseBeginConversation } from './conversation.js';
import type { TokenCursor } from './cursor.js';
import { parseConstant } from './execute-constant.js';
import { parseIdentifier } from './names.js';
import { atStatementEnd, skipParentheses } from './skip.js';
import { parseBeginTransaction } from './transaction.js';

/** Blocks, branches and loops ("Control-of-Flow Language"). */

/** The statements up to END; at least one. */
function parseBlockStatements(cursor: TokenCursor): Statement[] {
  const statements: Statement[] = [];
  for (;;) {
    while (cursor.acceptSymbol(';'));
    if (cursor.isWord('end') && !cursor.isWordAt(1, 'conversation')) break;
    statements.push(cursor.grammar.statement(cursor));
  }
  if (statements.length === 0) throw cursor.fail('expected a statement');
  return statements;
}

export function parseBegin(cursor: TokenCursor): Statement {
  if (cursor.isWordAt(1, 'tran', 'transaction', 'distributed')) return parseBeginTransaction(cursor);
  if (cursor.isWordAt(1, 'dialog', 'conversation')) return parseBeginConversation(cursor);
  if (cursor.isWordAt(1, 'try')) return parseTry(cursor);
  const { start } = cursor.next();
  if (cursor.acceptWord('atomic')) {
    cursor.expectWord('with');
    skipParentheses(cursor);
  }
  const statements = parseBlockStatements(cursor);
  cursor.expectWord('end');
  return { kind: 'block', span: cursor.spanFrom(start), statements, handlers: [] };
}

/** `BEGIN TRY … END TRY BEGIN CATCH … END CATCH`; CATCH may be empty. */
function parseTry(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  cursor.expectWord('try');
  const statements = parseBlockStatements(cursor);
  cursor.expectWord('end', 'try');
  cursor.acceptSymbol(';');
  cursor.expectWord('begin', 'catch');
  while (cursor.acceptSymbol(';'));
  const handling = cursor.peek().start;
  // Also an empty one goes on after a statement that has failed.
  const handlers = cursor.isPhrase('end', 'catch') ? [control(cursor, handling, 'catch')] : parseBlockStatements(cursor);
  cursor.expectWord('end', 'catch');
  return { kind: 'block', span: cursor.spanFrom(start), statements, handlers };
}

/** A chain of ELSE IF is one statement of several branches. */
export function parseIf(cursor: TokenCursor): Statement {
  const { start } = cursor.peek();
  const branches: If['branches'][number][] = [];
  let more = true;
  while (more) {
    const condition = cursor.acceptWord('if') ? cursor.grammar.expression(cursor) : undefined;
    branches.push({ ...(condition !== undefined && { condition }), statements: [cursor.grammar.statement(cursor)] });
    if (cursor.isSymbol(';') && cursor.isWordAt(1, 'else')) cursor.next();
    more = condition !== undefined && cursor.acceptWord('else');
  }
  return { kind: 'if', span: cursor.spanFrom(start), branches };
}

export function parseWhile(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  const condition = cursor.grammar.expression(cursor);
  const statements = [cursor.grammar.statement(cursor)];
  return { kind: 'loop', span: cursor.spanFrom(start), condition, statements };
}

function control(cursor: TokenCursor, start: number, what: Control['what']): Statement {
  return { kind: 'control', span: cursor.spanFrom(start), what };
}

export function parseBreak(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  return control(cursor, start, 'break');
}

export function parseContinue(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  return control(cursor, start, 'continue');
}

export function parseGoto(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  parseIdentifier(cursor);
  return control(cursor, start, 'goto');
}

export function parseLabel(cursor: TokenCursor): Statement {
  const { start } = cursor.peek();
  parseIdentifier(cursor);
  cursor.expectSymbol(':');
  return control(cursor, start, 'label');
}

export function parseReturn(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  const value = atStatementEnd(cursor) ? undefined : cursor.grammar.expression(cursor);
  return { kind: 'control', span: cursor.spanFrom(start), what: 'return', ...(value !== undefined && { value }) };
}

/** `WAITFOR DELAY | TIME value`, `WAITFOR (statement) [, TIMEOUT value]`. */
export function parseWaitFor(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  if (!cursor.isSymbol('(')) {
    cursor.expectOneOf('delay', 'time');
    const value = cursor.grammar.expression(cursor);
    return { kind: 'control', span: cursor.spanFrom(start), what: 'wait', value };
  }
  const statement = cursor.parenthesised((inside) => inside.grammar.statement(inside));
  if (cursor.acceptSymbol(',')) {
    cursor.expectWord('timeout');
    parseConstant(cursor);
  }
  return { ...statement, span: cursor.spanFrom(start) };
}
