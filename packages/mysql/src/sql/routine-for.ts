import type { Expression, Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { isName, readColumnName } from './names.js';
import { localVariable } from './routine-locals.js';
import { evaluation } from './statement-parts.js';

/** What a FOR loop of MariaDB goes over: MariaDB, "FOR". */

export interface ForHead {
  readonly before: readonly Statement[];
  readonly condition?: Expression;
  /** What happens at the beginning of each round. */
  readonly each: readonly Statement[];
}

/** Reads what stands behind IN; `name` is the variable of the loop. */
export function readForHead(cursor: TokenCursor, start: number, name: string): ForHead {
  const isQuery = cursor.isSymbol('(') && cursor.isWordOf(FOR_QUERY_WORDS, 1);
  if (isQuery) {
    const query = cursor.parenthesised(() => cursor.grammar.query(cursor));
    const span = cursor.spanFrom(start);
    return overRows(cursor, start, name, name, [{ kind: 'declare', span, name, query, hold: false }], []);
  }
  const isCursor = !cursor.isWord('reverse') && isName(cursor) && (cursor.isWord('do', 1) || cursor.isSymbol('(', 1));
  if (isCursor) {
    const source = readColumnName(cursor);
    const values = cursor.isSymbol('(') ? readArguments(cursor) : [];
    return overRows(cursor, start, name, source, [], values);
  }
  cursor.accept('reverse');
  const from = cursor.grammar.expression(cursor);
  if (!cursor.acceptSymbol('..')) cursor.fail('".."');
  const to = cursor.grammar.expression(cursor);
  const span = cursor.spanFrom(start);
  const variable: Expression = { kind: 'column', qualifier: [], name };
  return {
    before: [{ kind: 'declare-variables', span, variables: [{ variable: localVariable(name), value: from }] }],
    condition: { kind: 'comparison', test: 'less-or-equal', operator: { symbol: '<=' }, left: variable, right: to },
    each: [],
  };
}

const FOR_QUERY_WORDS: ReadonlySet<string> = new Set(['select', 'with', 'values']);

/** `(a, b)`, `()`. */
export function readArguments(cursor: TokenCursor): Expression[] {
  return cursor.parenthesised(() => (cursor.isSymbol(')') ? [] : cursor.list(() => cursor.grammar.expression(cursor))));
}

function overRows(
  cursor: TokenCursor,
  start: number,
  name: string,
  source: string,
  before: readonly Statement[],
  values: readonly Expression[],
): ForHead {
  const span = cursor.spanFrom(start);
  const row = localVariable(name);
  return {
    before: [
      ...before,
      { kind: 'declare-variables', span, variables: [{ variable: row }] },
      ...evaluation(span, values),
      { kind: 'open', span, cursor: source },
    ],
    each: [{ kind: 'fetch', span, cursor: source, move: false, count: 1, into: [row] }],
  };
}
