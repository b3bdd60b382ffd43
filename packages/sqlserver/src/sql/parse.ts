import type { ParseContext, ParseFailure, ParseResult, Statement } from '@sqlwarden/core';
import { parseBatch } from './batch.js';
import { TokenCursor } from './cursor.js';
import { parseExecute } from './execute.js';
import { parseExpression, parseParenthesis, parseValue } from './expression.js';
import { parseFrom } from './from.js';
import type { Grammar } from './grammar.js';
import { isCaseSensitive, lexicalState } from './lexical-state.js';
import { modelDepth } from './parse-depth.js';
import { parseModification } from './modify.js';
import { ParseError } from './parse-error.js';
import { parseContinuedQuery, parseQuery } from './query.js';
import { parseStatement } from './statement.js';

/** UTF-16 units. A bulk load of that size takes about a second. */
const MAX_TEXT = 4 * 1024 * 1024;
/** The statements may not hang in one another deeper than what reads them (resolver, structured clone) takes on an ordinary stack. */
const MAX_MODEL_DEPTH = 1500;

export const GRAMMAR: Grammar = {
  expression: parseExpression,
  value: parseValue,
  parenthesis: parseParenthesis,
  fromItem: parseFrom,
  query: parseQuery,
  continuedQuery: parseContinuedQuery,
  modification: (cursor) => parseModification(cursor),
  execute: parseExecute,
  statement: parseStatement,
  batch: parseWholeBatch,
};

/**
 * Parses one batch, as the server gets it: GO is a command of clients. The statements of the answer are `Statement`s of core.
 *
 * Failures: `syntax` where the server would refuse the text as well; `limit` where it might take it and we do not; `internal` is a bug.
 */
export function parseUnit(text: string, context: ParseContext): ParseResult {
  if (text.length > MAX_TEXT) return failure('limit', 'the text is too long', 0);
  const state = lexicalState(context);
  if (state === undefined && text.includes('"'))
    return failure('limit', 'QUOTED_IDENTIFIER is not known, and the text has double quotes', text.indexOf('"'));
  const known = state ?? { quotedIdentifier: true, serverVersion: context.serverVersion, caseSensitive: isCaseSensitive(context) };
  try {
    const cursor = new TokenCursor(text, known, GRAMMAR);
    const statements = parseWholeBatch(cursor);
    if (!cursor.atEnd) throw cursor.fail('expected the end of the batch');
    if (modelDepth(statements) > MAX_MODEL_DEPTH) return failure('limit', 'the statement is nested too deep', 0);
    return { ok: true, unit: { statements } };
  } catch (error) {
    if (error instanceof ParseError) return failure(error.code, error.message, error.position);
    if (error instanceof RangeError) return failure('limit', 'the statement is nested too deep', 0);
    return failure('internal', 'the parser failed', 0);
  }
}

/** A batch, or the text of dynamic SQL. */
function parseWholeBatch(cursor: TokenCursor): Statement[] {
  const statements = parseBatch(cursor);
  cursor.requireCertainNames();
  return statements;
}

function failure(kind: ParseFailure['kind'], message: string, position: number): ParseResult {
  return { ok: false, failure: { kind, message, position } };
}
