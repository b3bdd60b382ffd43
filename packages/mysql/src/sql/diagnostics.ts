import type { Expression, Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { readAnyName } from './names.js';
import { parseTarget } from './query-tail.js';
import { atStatementEnd, expectAssignment, inSequence, type ParseStatement, readString } from './statement-parts.js';

/** SIGNAL, RESIGNAL, GET DIAGNOSTICS. MySQL Reference Manual, "Condition Handling". */

export function parseSignal(what: 'signal' | 'resignal'): ParseStatement {
  return (cursor, start) => {
    if (cursor.accept('sqlstate')) {
      cursor.accept('value');
      readString(cursor);
    } else if (!atStatementEnd(cursor) && !cursor.isWord('set')) readAnyName(cursor);
    const items = cursor.accept('set') ? cursor.list(() => readItem(cursor)) : [];
    // Clients get the text and the number; the text is withheld from them where it has to be, the number is not.
    const values = items.flatMap(({ isText, value }) => (isText ? [value] : []));
    const codes = items.flatMap(({ isText, value }) => (isText ? [] : [value]));
    return { kind: 'message', span: cursor.spanFrom(start), what, values, codes };
  };
}

/** `MESSAGE_TEXT = value`. */
function readItem(cursor: TokenCursor): { readonly isText: boolean; readonly value: Expression } {
  const isText = readAnyName(cursor).toLowerCase() === 'message_text';
  expectAssignment(cursor);
  return { isText, value: cursor.grammar.expression(cursor) };
}

/** Items that hold numbers and codes of the server's. The texts of others may quote values of rows. */
const CODES: ReadonlySet<string> = new Set(['number', 'row_count', 'returned_sqlstate', 'mysql_errno', 'class_origin', 'subclass_origin']);

/** GET [CURRENT | STACKED] DIAGNOSTICS, behind GET. */
export const parseGetDiagnostics: ParseStatement = (cursor, start) => {
  cursor.acceptOneOf('current', 'stacked');
  cursor.expect('diagnostics');
  const number = cursor.acceptOneOf('condition', 'exception') === undefined ? undefined : cursor.grammar.expression(cursor);
  const statements = cursor.list((): Statement => {
    const from = cursor.peek().start;
    const target = parseTarget(cursor);
    expectAssignment(cursor);
    const item = readAnyName(cursor).toLowerCase();
    return { kind: 'assign', span: cursor.spanFrom(from), target, value: valueOf(item, number) };
  });
  return inSequence(cursor, start, statements);
};

function valueOf(item: string, number: Expression | undefined): Expression {
  if (CODES.has(item) && number === undefined) return { kind: 'session-value', name: item };
  const operands = number === undefined ? [] : [number];
  if (CODES.has(item)) return { kind: 'construct', name: item, operands };
  return { kind: 'opaque', reason: { kind: 'session-state', detail: 'a message that may quote values of rows' }, operands };
}
