import type { Expression, Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { readColumnName } from './names.js';
import { ParseError } from './parse-error.js';
import { isPlainText } from './parse-state.js';
import { atStatementEnd, type ParseStatement } from './statement-parts.js';

/** Prepared statements as text. MySQL Reference Manual, "Prepared Statements"; MariaDB, "PREPARE Statement", "EXECUTE IMMEDIATE". */

/**
 * Whether a text is read as the rest of this one is. `changeable`: what runs before it may have changed that; only a text that means the same
 * however it is read is then understood.
 */
type Lexis = 'same' | 'changeable';

/** PREPARE, behind that word. */
export function parsePrepare(cursor: TokenCursor, start: number, lexis: Lexis = 'same'): Statement {
  const name = readColumnName(cursor);
  cursor.expect('from');
  const from = cursor.peek().start;
  const text = readText(cursor, lexis);
  const statement: Statement = text.statement ?? {
    kind: 'dynamic',
    span: cursor.spanFrom(from),
    statements: undefined,
    operands: [text.expression],
    parameters: [],
  };
  return { kind: 'prepare', span: cursor.spanFrom(start), name, statement };
}

interface DynamicText {
  readonly expression: Expression;
  /** The statement, when the text is a constant that could be read. */
  readonly statement: Statement | undefined;
}

function readText(cursor: TokenCursor, lexis: Lexis): DynamicText {
  const token = cursor.peek();
  const expression = cursor.grammar.expression(cursor);
  const isConstant = token.kind === 'string' && token.end === cursor.lastEnd && (lexis === 'same' || isPlainText(token.text));
  return { expression, statement: isConstant ? parseText(cursor, token.text) : undefined };
}

/** The one statement of a text; `undefined` when it was not understood: what the server makes of it is then seen when it is run. */
function parseText(cursor: TokenCursor, text: string): Statement | undefined {
  const inner = cursor.forText(text);
  try {
    const statement = cursor.grammar.statement(inner);
    inner.acceptSymbol(';');
    inner.checkStatementEnd();
    return inner.isEnd() ? statement : undefined;
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

/** EXECUTE and EXECUTE IMMEDIATE, behind EXECUTE. */
export function parseExecute(cursor: TokenCursor, start: number, lexis: Lexis = 'same'): Statement {
  if (cursor.isWord('immediate') && !cursor.isWord('using', 1) && !isEndAhead(cursor)) {
    cursor.next();
    const { expression, statement } = readText(cursor, lexis);
    const operands = [expression, ...readUsing(cursor)];
    const statements = statement === undefined ? undefined : [statement];
    return { kind: 'dynamic', span: cursor.spanFrom(start), statements, operands, parameters: [] };
  }
  const name = readColumnName(cursor);
  return { kind: 'execute', span: cursor.spanFrom(start), name, arguments: readUsing(cursor) };
}

function isEndAhead(cursor: TokenCursor): boolean {
  return cursor.peek(1).kind === 'end' || cursor.isSymbol(';', 1);
}

function readUsing(cursor: TokenCursor): Expression[] {
  if (!cursor.accept('using')) return [];
  return cursor.list((): Expression => {
    // MariaDB: DEFAULT and IGNORE stand for what a column is without a value.
    const isLast = cursor.isSymbol(',', 1) || isEndAhead(cursor);
    if (isLast && cursor.acceptOneOf('default', 'ignore') !== undefined) return { kind: 'default' };
    return cursor.grammar.expression(cursor);
  });
}

/** DEALLOCATE PREPARE, behind DEALLOCATE. */
export const parseDeallocate: ParseStatement = (cursor, start) => {
  cursor.expect('prepare');
  const name = readColumnName(cursor);
  if (!atStatementEnd(cursor)) cursor.fail('the end of the statement');
  return { kind: 'deallocate', span: cursor.spanFrom(start), name };
};
