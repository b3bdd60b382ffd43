import type { Expression, NameParts, Select, SelectItem } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseWindow } from './expression-window.js';
import { parseFrom } from './from.js';
import { windowClauseFollows } from './from-alias.js';
import { certainShapes } from './from-shape.js';
import { parseIdentifier } from './names.js';
import { parseNewName } from './object-name.js';
import { parseGroupBy } from './select-group.js';
import { parseSelectItem } from './select-items.js';

/** What the first SELECT of a statement may do besides returning rows. */
export interface SelectIntent {
  into?: NameParts;
  /** Its items assign to variables. */
  assigns: boolean;
}

interface ParsedSelect {
  readonly select: Select;
  /** TOP. */
  readonly limit?: Expression;
}

/** One SELECT … HAVING with its windows. Without `intent` it can neither make a table nor assign. */
export function parseSelect(cursor: TokenCursor, intent: SelectIntent | undefined): ParsedSelect {
  cursor.expectWord('select');
  const distinct = cursor.acceptWord('distinct');
  if (!distinct) cursor.acceptWord('all');
  const limit = parseTop(cursor);
  const items = cursor.list(parseSelectItem);
  noteIntent(cursor, intent, items);
  const from = cursor.acceptWord('from') ? certainShapes(cursor.list(parseFrom), items) : [];
  const where = cursor.acceptWord('where') ? cursor.grammar.expression(cursor) : undefined;
  const groupBy = cursor.isPhrase('group', 'by') ? parseGroupBy(cursor) : [];
  const having = cursor.acceptWord('having') ? cursor.grammar.expression(cursor) : undefined;
  const windows = windowClauseFollows(cursor) ? parseWindows(cursor) : [];
  const select: Select = {
    kind: 'select',
    ...(distinct && { distinct: [] }),
    items,
    from,
    ...(where && { where }),
    groupBy,
    ...(having && { having }),
    windows,
  };
  return { select, ...(limit && { limit }) };
}

function noteIntent(cursor: TokenCursor, intent: SelectIntent | undefined, items: readonly SelectItem[]): void {
  const assigns = items.some((item) => item.expression.kind === 'assignment');
  if (assigns && intent === undefined) throw cursor.fail('expected no assignment inside of another query');
  if (assigns && intent !== undefined) intent.assigns = true;
  if (!cursor.isWord('into')) return;
  if (intent === undefined) throw cursor.fail('expected no INTO inside of another query');
  cursor.next();
  intent.into = parseNewName(cursor);
  // `ON filegroup`
  if (cursor.acceptWord('on')) parseIdentifier(cursor);
}

/** "TOP (Transact-SQL)". A percentage, and WITH TIES, are no number of rows. */
export function parseTop(cursor: TokenCursor): Expression | undefined {
  if (!cursor.acceptWord('top')) return undefined;
  const count = topCount(cursor);
  const percent = cursor.acceptWord('percent');
  const ties = cursor.acceptPhrase('with', 'ties');
  if (!ties) cursor.acceptPhrase('with', 'approximate');
  return percent || ties ? { kind: 'construct', name: percent ? 'top percent' : 'top with ties', operands: [count] } : count;
}

/** TOP of INSERT, UPDATE, DELETE and MERGE, where the parenthesis is required. */
export function parseModificationTop(cursor: TokenCursor): Expression | undefined {
  if (cursor.isWord('top') && !cursor.isSymbol('(', 1)) throw cursor.fail('expected parentheses around the number of rows');
  return parseTop(cursor);
}

/** A parenthesis, or one constant or variable: `TOP 5 * FROM t` multiplies nothing. */
function topCount(cursor: TokenCursor): Expression {
  if (cursor.isSymbol('(')) return cursor.grammar.parenthesis(cursor);
  const token = cursor.peek();
  if (token.kind === 'variable') {
    cursor.next();
    return { kind: 'variable', scope: 'local', name: token.text.slice(1) };
  }
  if (token.kind !== 'integer' && token.kind !== 'decimal' && token.kind !== 'float') throw cursor.fail('expected a number of rows');
  cursor.next();
  return { kind: 'literal', type: token.kind === 'integer' ? 'integer' : 'number', value: token.text };
}

function parseWindows(cursor: TokenCursor): Select['windows'] {
  cursor.expectWord('window');
  return cursor.list((inner) => {
    const name = parseIdentifier(inner);
    inner.expectWord('as');
    return { name, window: inner.parenthesised(parseWindow) };
  });
}
