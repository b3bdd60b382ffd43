import type { Call, Expression } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { callEnding, operandsOf, parseCalled, skipModifiers } from './expression-call.js';
import { parseContainment, parseMatch } from './expression-search.js';
import { parseOver } from './expression-window.js';
import { parseName, parseTypeName } from './names.js';

/** Expressions that begin with a word of the grammar: CASE, CAST, EXISTS, CURRENT_TIMESTAMP, … */

type Form = (cursor: TokenCursor) => Expression;

/** The expression at the cursor if its first word makes it one of these; else `undefined`, and nothing is consumed. */
export function parseKeywordForm(cursor: TokenCursor): Expression | undefined {
  const { text } = cursor.peek();
  const form = WORDS.get(text) ?? (cursor.isSymbol('(', 1) ? FUNCTIONS.get(text) : undefined);
  if (form !== undefined) return form(cursor);
  if (cursor.isPhrase('next', 'value', 'for')) return nextValue(cursor);
  return undefined;
}

/** `NEXT VALUE FOR sequence`: the sequence is a constant argument. */
function nextValue(cursor: TokenCursor): Call {
  cursor.expectWord('next', 'value', 'for');
  const { start } = cursor;
  parseName(cursor);
  const { end } = cursor.spanFrom(start);
  const value = cursor.text.slice(start, end).toLowerCase();
  const call: Call = {
    kind: 'call',
    name: ['next value for'],
    arguments: [{ expression: { kind: 'literal', type: 'other', value } }],
    builtIn: true,
  };
  return cursor.acceptWord('over') ? { ...call, over: parseOver(cursor) } : call;
}

/** `CURRENT_TIMESTAMP`, and with a precision in parentheses in an ODBC escape. */
function sessionValue(cursor: TokenCursor): Expression {
  const name = cursor.next().text;
  if (!cursor.isSymbol('(')) return { kind: 'session-value', name };
  return { kind: 'construct', name, operands: operandsOf(parseCalled(cursor, [name])) };
}

/** `{fn EXTRACT(HOUR FROM value)}`. */
function extract(cursor: TokenCursor): Expression {
  const name = cursor.next().text;
  return cursor.parenthesised((inner) => {
    parseName(inner);
    inner.expectWord('from');
    return { kind: 'construct', name, operands: [inner.grammar.expression(inner)] };
  });
}

function construct(cursor: TokenCursor): Expression {
  const name = cursor.next().text;
  return { kind: 'construct', name, operands: operandsOf(parseCalled(cursor, [name])) };
}

/** LEFT, RIGHT: functions whose names are reserved. */
function reservedCall(cursor: TokenCursor): Expression {
  return parseCalled(cursor, [cursor.next().text]);
}

function caseExpression(cursor: TokenCursor): Expression {
  cursor.expectWord('case');
  return cursor.descend((inner) => {
    const operand = inner.isWord('when') ? undefined : inner.grammar.expression(inner);
    const whens: { condition: Expression; result: Expression }[] = [];
    while (inner.acceptWord('when')) {
      const condition = inner.grammar.expression(inner);
      inner.expectWord('then');
      whens.push({ condition, result: inner.grammar.expression(inner) });
    }
    if (whens.length === 0) throw inner.fail('expected WHEN');
    const otherwise = inner.acceptWord('else') ? inner.grammar.expression(inner) : undefined;
    inner.expectWord('end');
    return { kind: 'case', ...(operand && { operand }), whens, ...(otherwise && { otherwise }) };
  });
}

/** IIF is a CASE in other words. */
function iif(cursor: TokenCursor): Expression {
  cursor.next();
  return cursor.parenthesised((inner) => {
    const condition = inner.grammar.expression(inner);
    inner.expectSymbol(',');
    const result = inner.grammar.expression(inner);
    inner.expectSymbol(',');
    return { kind: 'case', whens: [{ condition, result }], otherwise: inner.grammar.expression(inner) };
  });
}

/** CAST, TRY_CAST, PARSE, TRY_PARSE: `(value AS type USING culture)`. */
function cast(cursor: TokenCursor): Expression {
  const name = cursor.next().text;
  return cursor.parenthesised((inner) => {
    const operand = inner.grammar.expression(inner);
    inner.expectWord('as');
    const value: Expression = { kind: 'cast', operand, type: parseTypeName(inner) };
    if (!inner.acceptWord('using')) return value;
    return { kind: 'construct', name, operands: [value, inner.grammar.expression(inner)] };
  });
}

/** CONVERT, TRY_CONVERT: `(type, value, style)`. */
function convert(cursor: TokenCursor): Expression {
  const name = cursor.next().text;
  return cursor.parenthesised((inner) => {
    const type = parseTypeName(inner);
    inner.expectSymbol(',');
    const value: Expression = { kind: 'cast', operand: inner.grammar.expression(inner), type };
    if (!inner.acceptSymbol(',')) return value;
    return { kind: 'construct', name, operands: [value, inner.grammar.expression(inner)] };
  });
}

function exists(cursor: TokenCursor): Expression {
  cursor.expectWord('exists');
  const value = cursor.grammar.parenthesis(cursor);
  if (value.kind !== 'scalar-query') throw cursor.fail('expected a query');
  return { kind: 'exists', query: value.query };
}

function nullLiteral(cursor: TokenCursor): Expression {
  cursor.next();
  return { kind: 'literal', type: 'null', value: null };
}

function defaultValue(cursor: TokenCursor): Expression {
  cursor.next();
  return { kind: 'default' };
}

/** `TRIM(BOTH characters FROM string)`. */
function trim(cursor: TokenCursor): Expression {
  const name = cursor.next().text;
  return cursor.parenthesised((inner) => {
    if (inner.isWord('leading', 'trailing', 'both') && !inner.isSymbol(',', 1) && !inner.isSymbol(')', 1)) inner.next();
    const operands = [inner.grammar.expression(inner)];
    if (inner.acceptWord('from') || inner.acceptSymbol(',')) operands.push(inner.grammar.expression(inner));
    return { kind: 'construct', name, operands };
  });
}

/** `JSON_OBJECT('key' : value, … NULL ON NULL)`, `JSON_ARRAY(value, …)`. */
function json(cursor: TokenCursor): Expression {
  const name = cursor.next().text;
  return cursor.parenthesised((inner) => {
    const operands: Expression[] = [];
    skipModifiers(inner);
    while (!inner.isSymbol(')')) {
      operands.push(inner.grammar.expression(inner));
      skipModifiers(inner);
      if (!inner.acceptSymbol(':') && !inner.acceptSymbol(',')) break;
    }
    return { kind: 'construct', name, operands };
  });
}

/** `UPDATE(column)` in a trigger tells whether the statement names the column; it does not read it. */
function updateTest(cursor: TokenCursor): Expression {
  cursor.next();
  cursor.parenthesised((inner) => parseName(inner));
  return { kind: 'construct', name: 'update', operands: [] };
}

/** `IDENTITY(type, seed, increment)` in SELECT … INTO. */
function identity(cursor: TokenCursor): Expression {
  cursor.next();
  const operands = cursor.parenthesised((inner) => {
    parseTypeName(inner);
    return inner.acceptSymbol(',') ? inner.list((each) => each.grammar.expression(each)) : [];
  });
  return { kind: 'construct', name: 'identity', operands };
}

/** `$action` in the OUTPUT of MERGE: what happened to the row. */
function action(cursor: TokenCursor): Expression {
  cursor.next();
  return { kind: 'construct', name: '$action', operands: [] };
}

/** IDENTITYCOL, ROWGUIDCOL: whichever column has that property. */
function pseudoColumn(cursor: TokenCursor): Expression {
  return { kind: 'column', qualifier: [], name: cursor.next().text };
}

/** JSON_OBJECTAGG, JSON_ARRAYAGG and the rest are calls; their windows are read here. */
function aggregate(cursor: TokenCursor): Expression {
  return callEnding(cursor, parseCalled(cursor, [cursor.next().text]));
}

/** Reserved words that are an expression, or begin one. */
const WORDS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['case', caseExpression],
  ['null', nullLiteral],
  ['default', defaultValue],
  ['exists', exists],
  ['current_timestamp', sessionValue],
  ['current_date', sessionValue],
  ['current_time', sessionValue],
  ['current_user', sessionValue],
  ['session_user', sessionValue],
  ['system_user', sessionValue],
  ['user', sessionValue],
  ['$action', action],
  ['identitycol', pseudoColumn],
  ['rowguidcol', pseudoColumn],
]);

/** Words that make a form of their own with a parenthesis behind them. */
const FUNCTIONS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['cast', cast],
  ['try_cast', cast],
  ['parse', cast],
  ['try_parse', cast],
  ['convert', convert],
  ['try_convert', convert],
  ['coalesce', construct],
  ['nullif', construct],
  ['choose', construct],
  ['tsequal', construct],
  ['iif', iif],
  ['left', reservedCall],
  ['right', reservedCall],
  ['trim', trim],
  ['extract', extract],
  ['json_object', json],
  ['json_array', json],
  ['json_objectagg', aggregate],
  ['json_arrayagg', aggregate],
  ['update', updateTest],
  ['identity', identity],
  ['contains', parseContainment],
  ['freetext', parseContainment],
  ['match', parseMatch],
]);
