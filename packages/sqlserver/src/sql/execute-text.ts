import type { Dynamic, Span, Statement } from '@sqlwarden/core';
import { constantText } from './constant-text.js';
import type { TokenCursor } from './cursor.js';
import { parseConstant } from './execute-constant.js';
import { parseAtServer, skipExecuteOptions } from './execute-options.js';
import { ParseError } from './parse-error.js';
import { withSpan } from './statement-span.js';

/** `EXECUTE ('text' + …, arguments) [AS {LOGIN | USER} = name] [AT server] [WITH RESULT SETS …]`. */
export function parseExecuteText(cursor: TokenCursor, start: number): Statement {
  const open = cursor.start;
  const operands = cursor.parenthesised((inside) => inside.list((each) => each.grammar.expression(each)));
  const close = cursor.spanFrom(open).end;
  const another = parseAs(cursor);
  const server = parseAtServer(cursor);
  const as = another || parseAs(cursor);
  skipExecuteOptions(cursor);
  const span = cursor.spanFrom(start);
  const constant =
    as || server !== undefined || operands.length !== 1 ? undefined : constantText(cursor, operands[0], cursor.text.slice(open, close));
  const statements = constant === undefined ? undefined : parseText(cursor, constant, span);
  const dynamic: Dynamic = { kind: 'dynamic', span, statements, operands, parameters: [], ...(server !== undefined && { server }) };
  return as ? asAnother(dynamic) : dynamic;
}

/** `AS {LOGIN | USER} = 'name'`. */
function parseAs(cursor: TokenCursor): boolean {
  if (!cursor.isWord('as') || !cursor.isWordAt(1, 'login', 'user')) return false;
  cursor.next();
  cursor.next();
  cursor.expectSymbol('=');
  parseConstant(cursor);
  return true;
}

/** The text runs with the rights of another principal. */
function asAnother(dynamic: Dynamic): Statement {
  const { span } = dynamic;
  const change = (operation: 'set' | 'reset'): Statement => ({
    kind: 'setting',
    span,
    operation,
    name: 'execute_as',
    scope: 'session',
    values: undefined,
  });
  return { kind: 'block', span, statements: [change('set'), dynamic, change('reset')], handlers: [] };
}

/**
 * The statements of a text that is run, in the lexical state of this place. `undefined` when it is not understood, and when QUOTED_IDENTIFIER at
 * run time may be another than here: "the setting of the session", which is saved when the whole batch was parsed ("SET QUOTED_IDENTIFIER").
 */
export function parseText(cursor: TokenCursor, text: string, span: Span): readonly Statement[] | undefined {
  if (text.includes('"') && /quoted_identifier|ansi_defaults/i.test(cursor.text)) return undefined;
  return tryParse(() => {
    const inner = cursor.inner(text);
    return inner.grammar.batch(inner).map((statement) => withSpan(statement, span));
  });
}

/** What cannot be parsed fails when it is run, or is not understood: no reason to refuse the batch. */
export function tryParse<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}
