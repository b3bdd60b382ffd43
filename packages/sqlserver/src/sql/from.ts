import type { Expression, FromItem, JoinItem, NameParts, PivotItem, RelationItem, UnpivotItem } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { parseAlias } from './from-alias.js';
import { parseRoutineSource, ROWSET_FUNCTIONS } from './from-rowset.js';
import { parseTableHints, tableHintsFollow } from './hints.js';
import { parseIdentifier, parseRelationName } from './names.js';
import { setOperationFollows } from './query-words.js';

/** "FROM clause plus JOIN, APPLY, PIVOT (Transact-SQL)". */

/** One item of the list behind FROM, with everything that is joined to it. */
export function parseFrom(cursor: TokenCursor): FromItem {
  return cursor.descend((inner) => {
    let item = parsePrimary(inner);
    for (;;) {
      const next = joined(inner, item) ?? pivoted(inner, item);
      if (next === undefined) return item;
      item = next;
    }
  });
}

interface JoinWords {
  readonly type: JoinItem['type'];
  readonly apply: boolean;
}

/** The item with one more joined to it, if a join stands at the cursor. */
function joined(cursor: TokenCursor, left: FromItem): FromItem | undefined {
  const words = joinWords(cursor);
  if (words === undefined) return undefined;
  const { type, apply } = words;
  let right = parsePrimary(cursor);
  if (apply) return { kind: 'join', type, left, right: lateral(right), natural: false, ...(type === 'left' && { on: ALWAYS }) };
  if (type === 'cross') return { kind: 'join', type, left, right, natural: false };
  // `a JOIN b JOIN c ON … ON …`: what has no ON yet waits for the joins behind it.
  while (!cursor.isWord('on')) {
    const from = right;
    const next = cursor.descend((inner) => joined(inner, from) ?? pivoted(inner, from));
    if (next === undefined) throw cursor.fail('expected ON');
    right = next;
  }
  cursor.expectWord('on');
  return { kind: 'join', type, left, right, natural: false, on: cursor.grammar.expression(cursor) };
}

/** What stands behind APPLY sees what stands before it. */
function lateral(item: FromItem): FromItem {
  return item.kind === 'subquery' && !item.lateral ? { ...item, lateral: true } : item;
}

/** OUTER APPLY is a left join on no condition. */
const ALWAYS: Expression = { kind: 'literal', type: 'boolean', value: true };

const HINTS = ['loop', 'hash', 'merge', 'remote', 'reduce', 'replicate', 'redistribute'];

function joinWords(cursor: TokenCursor): JoinWords | undefined {
  if (cursor.acceptWord('join')) return { type: 'inner', apply: false };
  if (cursor.isWord('cross', 'outer') && cursor.isWordAt(1, 'apply')) {
    const type = cursor.next().text === 'cross' ? 'cross' : 'left';
    cursor.next();
    return { type, apply: true };
  }
  if (!cursor.isWord('inner', 'left', 'right', 'full', 'cross')) return undefined;
  const word = cursor.next().text;
  if (word !== 'inner' && word !== 'cross') cursor.acceptWord('outer');
  if (cursor.isWord(...HINTS)) cursor.next();
  cursor.expectWord('join');
  return { type: JOIN_TYPES[word] ?? 'inner', apply: false };
}

const JOIN_TYPES: Readonly<Record<string, JoinItem['type']>> = { left: 'left', right: 'right', full: 'full', cross: 'cross' };

function pivoted(cursor: TokenCursor, source: FromItem): FromItem | undefined {
  if (!cursor.isSymbol('(', 1)) return undefined;
  if (cursor.acceptWord('pivot')) return pivot(cursor, source);
  if (cursor.acceptWord('unpivot')) return unpivot(cursor, source);
  return undefined;
}

function pivot(cursor: TokenCursor, source: FromItem): PivotItem {
  const parts = cursor.parenthesised((inner) => {
    const value = inner.grammar.value(inner);
    const aggregate = value.kind === 'method' ? value.call : value;
    if (aggregate?.kind !== 'call') throw inner.fail('expected an aggregate');
    inner.expectWord('for');
    const column = columnReference(inner);
    inner.expectWord('in');
    return { aggregate, column, values: inner.parenthesised((list) => list.list((each) => each.bind(parseIdentifier(each)))) };
  });
  const alias = parseAlias(cursor);
  return { kind: 'pivot', source, ...parts, ...(alias && { alias }) };
}

function unpivot(cursor: TokenCursor, source: FromItem): UnpivotItem {
  const parts = cursor.parenthesised((inner) => {
    const value = inner.bind(parseIdentifier(inner));
    inner.expectWord('for');
    const name = inner.bind(parseIdentifier(inner));
    inner.expectWord('in');
    return { value, name, columns: inner.parenthesised((list) => list.list(columnReference)) };
  });
  const alias = parseAlias(cursor);
  return { kind: 'unpivot', source, ...parts, ...(alias && { alias }) };
}

function columnReference(cursor: TokenCursor): PivotItem['column'] {
  const value = cursor.grammar.value(cursor);
  if (value.kind !== 'column') throw cursor.fail('expected a column');
  return value;
}

/** A table, a function, or something in parentheses, with its alias. */
function parsePrimary(cursor: TokenCursor): FromItem {
  if (cursor.isSymbol('(')) return parenthesised(cursor);
  if (cursor.isSymbol('{') && cursor.isWordAt(1, 'oj')) return outerJoinEscape(cursor);
  const { text, kind } = cursor.peek();
  const rowset = kind === 'word' && cursor.isSymbol('(', 1) ? ROWSET_FUNCTIONS.get(text) : undefined;
  if (rowset !== undefined) return rowset(cursor);
  if (cursor.isSymbol('::')) {
    cursor.expectSymbol('::');
    return parseRoutineSource(cursor, [parseIdentifier(cursor)]);
  }
  const name = parseRelationName(cursor);
  if (name[0]?.startsWith('@') === true && cursor.isSymbol('.')) return variableMethod(cursor, name[0]);
  if (cursor.isSymbol('(') && !tableHintsFollow(cursor)) return parseRoutineSource(cursor, name);
  return relation(cursor, name);
}

/** `@x.nodes('…') AS t (c)`. */
function variableMethod(cursor: TokenCursor, variable: string): FromItem {
  cursor.expectSymbol('.');
  const method = parseIdentifier(cursor);
  const operand: Expression = { kind: 'variable', scope: 'local', name: variable.slice(1) };
  return parseRoutineSource(cursor, [method], operand);
}

/** `{oj a LEFT OUTER JOIN b ON …}` ("ODBC Escape Sequences"). */
function outerJoinEscape(cursor: TokenCursor): FromItem {
  cursor.expectSymbol('{');
  cursor.expectWord('oj');
  const item = parseFrom(cursor);
  cursor.expectSymbol('}');
  return item;
}

/** A derived table, the rows of a modification, or joined tables. */
function parenthesised(cursor: TokenCursor): FromItem {
  const item = cursor.parenthesised(insideParenthesis);
  // A query in two pairs of parentheses has its alias behind the outer one.
  if (item.kind !== 'subquery' && item.kind !== 'modification') return item;
  if (item.alias !== undefined) return item;
  cursor.acceptPhrase('for', 'path');
  const alias = parseAlias(cursor);
  return { ...item, ...(alias && { alias }) };
}

function insideParenthesis(cursor: TokenCursor): FromItem {
  if (cursor.isWord('select', 'values', 'with')) return { kind: 'subquery', query: cursor.grammar.query(cursor), lateral: false };
  if (cursor.isWord('insert', 'update', 'delete', 'merge')) {
    const statement = cursor.grammar.modification(cursor);
    if (statement === undefined) throw cursor.fail('expected a statement');
    return { kind: 'modification', statement };
  }
  const item = parseFrom(cursor);
  const isQuery = item.kind === 'subquery' && item.alias === undefined;
  if (!isQuery || !(setOperationFollows(cursor) || cursor.isWord('order'))) return item;
  return { kind: 'subquery', query: cursor.grammar.continuedQuery(cursor, item.query), lateral: false };
}

/** A table with what may stand behind it: the period, the alias, the sample and the hints, which older texts have in any order. */
function relation(cursor: TokenCursor, name: NameParts): RelationItem {
  const sample: Expression[] = [];
  let alias: RelationItem['alias'];
  let locks = false;
  for (;;) {
    if (tableHintsFollow(cursor)) locks = parseTableHints(cursor) || locks;
    else if (cursor.isPhrase('for', 'system_time')) sample.push(...period(cursor));
    else if (cursor.isPhrase('for', 'path')) cursor.acceptPhrase('for', 'path');
    else if (cursor.isWord('tablesample')) sample.push(...tableSample(cursor));
    else if (alias === undefined && (alias = parseAlias(cursor)) !== undefined) continue;
    else break;
  }
  return { kind: 'relation', name, only: false, ...(alias && { alias }), ...(sample.length > 0 && { sample }), ...(locks && { locks }) };
}

/** `FOR SYSTEM_TIME AS OF t`, `FROM a TO b`, `BETWEEN a AND b`, `CONTAINED IN (a, b)`, `ALL`. */
function period(cursor: TokenCursor): Expression[] {
  cursor.expectWord('for', 'system_time');
  const value = (): Expression => cursor.grammar.value(cursor);
  if (cursor.acceptWord('all')) return [];
  if (cursor.acceptPhrase('as', 'of')) return [value()];
  if (cursor.acceptPhrase('contained', 'in')) return cursor.parenthesised((inner) => inner.list(inner.grammar.value));
  const word = cursor.expectOneOf('from', 'between');
  const from = value();
  cursor.expectWord(word === 'from' ? 'to' : 'and');
  return [from, value()];
}

/** `TABLESAMPLE SYSTEM (10 PERCENT) REPEATABLE (1)`. */
function tableSample(cursor: TokenCursor): Expression[] {
  cursor.expectWord('tablesample');
  cursor.acceptWord('system');
  const sample = cursor.parenthesised((inner) => {
    const size = inner.grammar.value(inner);
    if (!inner.acceptWord('percent')) inner.acceptWord('rows');
    return size;
  });
  return cursor.acceptWord('repeatable') ? [sample, cursor.grammar.parenthesis(cursor)] : [sample];
}
