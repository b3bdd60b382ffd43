import type { Expression } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseName } from './names.js';

/** Conditions with a syntax of their own: "CONTAINS", "FREETEXT", "MATCH (SQL Graph)". */

/** `CONTAINS((a, b), 'words', LANGUAGE 'x')`: derives from the columns and the words. */
export function parseContainment(cursor: TokenCursor): Expression {
  const name = cursor.next().text;
  return cursor.parenthesised((inner) => {
    const operands = parseSearched(inner);
    inner.expectSymbol(',');
    operands.push(inner.grammar.expression(inner));
    if (inner.acceptSymbol(',')) {
      inner.expectWord('language');
      operands.push(inner.grammar.expression(inner));
    }
    return { kind: 'construct', name, operands };
  });
}

/** `column`, `(columns)`, `*`, `(*)`, `PROPERTY(column, 'name')`. */
export function parseSearched(cursor: TokenCursor): Expression[] {
  if (cursor.isSymbol('(')) return cursor.parenthesised((inner) => inner.list(searchedColumn).flat());
  return searchedColumn(cursor);
}

function searchedColumn(cursor: TokenCursor): Expression[] {
  if (cursor.acceptSymbol('*')) return [{ kind: 'row', fields: [{ kind: 'star', qualifier: [] }] }];
  if (cursor.isWord('property') && cursor.isSymbol('(', 1)) {
    cursor.next();
    return cursor.parenthesised((inner) => inner.list((each) => each.grammar.expression(each)));
  }
  const parts: string[] = [...parseNameBeforeStar(cursor)];
  if (cursor.acceptSymbol('.*')) return [{ kind: 'row', fields: [{ kind: 'star', qualifier: parts }] }];
  return [{ kind: 'column', qualifier: parts.slice(0, -1), name: parts.at(-1) ?? '' }];
}

function parseNameBeforeStar(cursor: TokenCursor): readonly string[] {
  const value = cursor.grammar.value(cursor);
  if (value.kind !== 'column') throw cursor.fail('expected a column');
  return [...value.qualifier, value.name];
}

/**
 * `MATCH(a-(e)->b AND SHORTEST_PATH(…))` joins nodes by edges that stand in FROM; it names no columns but their own ids, which hold no data of
 * a row.
 */
export function parseMatch(cursor: TokenCursor): Expression {
  cursor.next();
  cursor.parenthesised(pattern);
  return { kind: 'construct', name: 'match', operands: [] };
}

function pattern(cursor: TokenCursor): void {
  let depth = 0;
  while (depth > 0 || !cursor.isSymbol(')')) {
    const token = cursor.peek();
    if (token.kind === 'symbol' && '()-<>+{},='.includes(token.text)) {
      if (token.text === '(') depth += 1;
      if (token.text === ')') depth -= 1;
      cursor.next();
    } else if (cursor.isWord('and') || token.kind === 'integer' || cursor.isSymbol('.')) cursor.next();
    else parseName(cursor);
  }
}
