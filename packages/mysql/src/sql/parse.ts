import type { ParseContext, ParseResult, Statement } from '@sqlwarden/core';
import { TokenCursor, type Grammar } from './cursor.js';
import { continueExpression, parseExpression, parseOperand } from './expression.js';
import { isDecodedOtherwise, readLexicalState } from './lexical-state.js';
import { ParseError } from './parse-error.js';
import { isAscii, isPlainText, stateAfter, unreadAfter } from './parse-state.js';
import { parseQuery } from './query.js';
import { parseStatement } from './statement.js';

const GRAMMAR: Grammar = {
  expression: parseExpression,
  operand: parseOperand,
  continueExpression,
  query: parseQuery,
  statement: parseStatement,
};

/**
 * Parses the statements of a text in the order in which the server takes them. Never throws; linear in the length of the text. The keys of
 * `context.lexical` are those of {@link readLexicalState}.
 */
export function parseUnit(text: string, context: ParseContext): ParseResult {
  const lexical = readLexicalState(context);
  if (!lexical.ok) return { ok: false, failure: { kind: 'unsupported', message: lexical.message } };
  try {
    return { ok: true, unit: { statements: parseStatements(new TokenCursor(text, lexical.state, GRAMMAR)) } };
  } catch (error) {
    if (error instanceof ParseError) {
      return { ok: false, failure: { kind: error.kind, message: error.message, position: error.position } };
    }
    return { ok: false, failure: { kind: 'internal', message: 'the parser failed' } };
  }
}

function parseStatements(cursor: TokenCursor): Statement[] {
  const statements: Statement[] = [];
  for (let isRestPlain = false; ; ) {
    while (cursor.acceptSymbol(';')) cursor.checkStatementEnd();
    if (cursor.isEnd()) return statements;
    const statement = parseStatement(cursor);
    statements.push(statement);
    cursor.checkStatementEnd();
    if (!cursor.isEnd() && !cursor.isSymbol(';')) cursor.fail('the end of the statement');
    const unread = unreadAfter(statement, cursor.state);
    if (unread !== undefined) throw new ParseError('unsupported', unread, statement.span.start);
    const state = stateAfter(statement, cursor.state);
    if (state === undefined) isRestPlain ||= checkRest(cursor);
    else if (state !== cursor.state) {
      if (isDecodedOtherwise(cursor.state, state) && !isAscii(cursor.text.slice(cursor.lastEnd))) refuseRest(cursor);
      cursor.changeState(state);
    }
  }
}

/** The statement before may have changed how texts are read: what stands behind it must mean the same however it is read. */
function checkRest(cursor: TokenCursor): true {
  return isPlainText(cursor.text.slice(cursor.lastEnd)) || refuseRest(cursor);
}

function refuseRest(cursor: TokenCursor): never {
  return cursor.refuse('the statement before may have changed how texts are read: send what follows in a text of its own');
}
