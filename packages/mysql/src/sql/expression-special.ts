import type { Expression, NameParts, Query } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { builtInCall } from './expression-call.js';
import {
  parseArguments,
  parseChar,
  parseExtract,
  parseJsonValue,
  parseMatch,
  parseOne,
  parsePosition,
  parseSubstring,
  parseTrim,
  parseUnitFirst,
  parseWeightString,
  skipUsing,
  UNITS,
} from './expression-function.js';
import { literal, parseParenthesis, unwrapOperand } from './expression-parenthesis.js';
import { parseTypeName } from './expression-type.js';
import { readRelationName } from './names.js';

/**
 * Expressions that begin with a keyword and have a syntax of their own. MySQL Reference Manual, chapter "Functions and Operators"; MariaDB,
 * "Built-in Functions".
 */
interface SpecialForm {
  /** The form stands here, given that its word does. */
  readonly stands: (cursor: TokenCursor) => boolean;
  readonly parse: (cursor: TokenCursor) => Expression;
}

/** The name by which a MySQL server's `VALUES(column)` knows the row that was to be inserted. No relation has it. */
export const PROPOSED_ROW = 'values()';

export const SPECIAL_FORMS: ReadonlyMap<string, SpecialForm> = new Map<string, SpecialForm>([
  ['null', always(() => literal('null', null))],
  ['true', always(() => literal('boolean', true))],
  ['false', always(() => literal('boolean', false))],
  ['case', always(parseCase)],
  ['exists', form(parseExists)],
  ['cast', direct(parseCast)],
  ['convert', form(parseConvert)],
  ['interval', always(parseInterval)],
  ['row', form((cursor) => ({ kind: 'row', fields: parseArguments(cursor) }))],
  ['default', always(parseDefault)],
  ['values', { stands: isProposedColumn, parse: (cursor) => behind(cursor, parseProposedColumn) }],
  ['value', { stands: (cursor) => cursor.isMariaDb && isProposedColumn(cursor), parse: (cursor) => behind(cursor, parseProposedColumn) }],
  ['extract', direct(parseExtract)],
  ['trim', direct(parseTrim)],
  ['substring', direct((cursor) => parseSubstring(cursor, 'substring'))],
  ['substr', direct((cursor) => parseSubstring(cursor, 'substr'))],
  ['mid', direct((cursor) => parseSubstring(cursor, 'mid'))],
  ['position', direct(parsePosition)],
  ['char', form(parseChar)],
  ['match', always(parseMatch)],
  ['timestampadd', form((cursor) => parseUnitFirst(cursor, 'timestampadd'))],
  ['timestampdiff', form((cursor) => parseUnitFirst(cursor, 'timestampdiff'))],
  ['get_format', form((cursor) => parseUnitFirst(cursor, 'get_format'))],
  ['weight_string', form(parseWeightString)],
  ['json_value', form(parseJsonValue)],
  ['next', { stands: (cursor) => cursor.isMariaDb && cursor.isWord('value', 1), parse: (cursor) => parseSequenceValue(cursor, 'nextval') }],
  [
    'previous',
    { stands: (cursor) => cursor.isMariaDb && cursor.isWord('value', 1), parse: (cursor) => parseSequenceValue(cursor, 'lastval') },
  ],
  ...['nextval', 'lastval', 'setval'].map((name) => [name, sequenceForm(name)] as const),
  ...['date', 'time', 'timestamp'].map((name) => [name, temporalForm()] as const),
  ...['current_date', 'current_time', 'current_timestamp', 'localtime', 'localtimestamp', 'utc_date', 'utc_time', 'utc_timestamp'].map(
    (name) => [name, always((cursor) => parseSessionValue(cursor, name))] as const,
  ),
  ['current_user', always((cursor) => parseSessionValue(cursor, 'current_user'))],
  [
    'current_role',
    { stands: (cursor) => cursor.isMariaDb, parse: (cursor) => behind(cursor, (inner) => parseSessionValue(inner, 'current_role')) },
  ],
]);

/** Stands wherever its word stands; `parse` begins behind the word. */
function always(parse: (cursor: TokenCursor) => Expression): SpecialForm {
  return { stands: () => true, parse: (cursor) => behind(cursor, parse) };
}

/** Stands where a parenthesis follows the word. */
function form(parse: (cursor: TokenCursor) => Expression): SpecialForm {
  return { stands: (cursor) => cursor.isSymbol('(', 1), parse: (cursor) => behind(cursor, parse) };
}

/** Stands where a parenthesis follows the word at once. */
function direct(parse: (cursor: TokenCursor) => Expression): SpecialForm {
  return { stands: (cursor) => cursor.isDirectCall(), parse: (cursor) => behind(cursor, parse) };
}

function behind(cursor: TokenCursor, parse: (cursor: TokenCursor) => Expression): Expression {
  cursor.next();
  return parse(cursor);
}

function construct(name: string, operands: readonly Expression[]): Expression {
  return { kind: 'construct', name, operands };
}

function parseCase(cursor: TokenCursor): Expression {
  return cursor.nested(() => {
    const operand = cursor.isWord('when') ? {} : { operand: parseOne(cursor) };
    const whens: { condition: Expression; result: Expression }[] = [];
    while (cursor.accept('when')) {
      const condition = parseOne(cursor);
      cursor.expect('then');
      whens.push({ condition, result: parseOne(cursor) });
    }
    if (whens.length === 0) cursor.fail('WHEN');
    const otherwise = cursor.accept('else') ? { otherwise: parseOne(cursor) } : {};
    cursor.expect('end');
    return { kind: 'case', ...operand, whens, ...otherwise };
  });
}

function parseExists(cursor: TokenCursor): Expression {
  const inner = parseParenthesis(cursor);
  return inner.kind === 'query' ? { kind: 'exists', query: inner.query } : cursor.fail('a subquery');
}

/** `CAST(x AS type)`, `CAST(x AT TIME ZONE '…' AS DATETIME)`. */
function parseCast(cursor: TokenCursor): Expression {
  return cursor.parenthesised(() => {
    const operand = parseOne(cursor);
    if (cursor.acceptWords('at', 'time', 'zone')) {
      cursor.accept('interval');
      if (cursor.next().kind !== 'string') cursor.fail('a time zone');
    }
    cursor.expect('as');
    return { kind: 'cast', operand, type: parseTypeName(cursor) };
  });
}

/** `CONVERT(x, type)`, `CONVERT(x USING charset)`. */
function parseConvert(cursor: TokenCursor): Expression {
  return cursor.parenthesised(() => {
    const operand = parseOne(cursor);
    if (cursor.acceptSymbol(',')) return { kind: 'cast', operand, type: parseTypeName(cursor) };
    skipUsing(cursor);
    return construct('convert using', [operand]);
  });
}

/** `INTERVAL 1 DAY`, or the function `INTERVAL(x, a, b)`. */
function parseInterval(cursor: TokenCursor): Expression {
  return cursor.nested(() => {
    if (!cursor.isSymbol('(')) return parseUnit(cursor, parseOne(cursor));
    const inner = parseParenthesis(cursor);
    if (inner.kind === 'list' && inner.expressions.length > 1) return builtInCall('interval', inner.expressions);
    return parseUnit(cursor, cursor.grammar.continueExpression(cursor, unwrapOperand(inner)));
  });
}

function parseUnit(cursor: TokenCursor, operand: Expression): Expression {
  if (!cursor.isWordOf(UNITS)) cursor.fail('a unit of time');
  cursor.next();
  return construct('interval', [operand]);
}

/** `DEFAULT` as a value, `DEFAULT(column)`. */
function parseDefault(cursor: TokenCursor): Expression {
  return cursor.isSymbol('(') ? construct('default', [parseParenthesised(cursor)]) : { kind: 'default' };
}

function parseParenthesised(cursor: TokenCursor): Expression {
  return cursor.parenthesised(() => parseOne(cursor));
}

function isProposedColumn(cursor: TokenCursor): boolean {
  return cursor.isSymbol('(', 1);
}

/** `VALUES(column)` behind ON DUPLICATE KEY UPDATE: the value that was to be inserted. */
function parseProposedColumn(cursor: TokenCursor): Expression {
  const inner = parseParenthesised(cursor);
  return inner.kind === 'column' ? { kind: 'column', qualifier: [PROPOSED_ROW], name: inner.name } : cursor.fail('a column');
}

/** `DATE '2020-01-01'`; without a string it is a function or a name. */
function temporalForm(): SpecialForm {
  return {
    stands: (cursor) => cursor.peek(1).kind === 'string',
    parse: (cursor) => behind(cursor, (inner) => literal('other', inner.next().text)),
  };
}

/** `CURRENT_DATE`, `CURRENT_TIMESTAMP(6)`, `CURRENT_USER()`. */
function parseSessionValue(cursor: TokenCursor, name: string): Expression {
  if (cursor.acceptSymbol('(')) {
    if (cursor.peek().kind === 'integer') cursor.next();
    cursor.expectSymbol(')');
  }
  return { kind: 'session-value', name };
}

/** `NEXT VALUE FOR s`, `PREVIOUS VALUE FOR s`. */
function parseSequenceValue(cursor: TokenCursor, name: string): Expression {
  cursor.next();
  cursor.expect('value', 'for');
  return builtInCall(name, [readOf(readRelationName(cursor))]);
}

/** `NEXTVAL(s)`, `LASTVAL(s)`, `SETVAL(s, 1)`: the first argument is a relation. */
function sequenceForm(name: string): SpecialForm {
  return {
    stands: (cursor) => cursor.isMariaDb && cursor.isSymbol('(', 1),
    parse: (cursor) =>
      behind(cursor, () =>
        cursor.parenthesised(() => {
          const operands = [readOf(readRelationName(cursor))];
          while (cursor.acceptSymbol(',')) operands.push(parseOne(cursor));
          return builtInCall(name, operands);
        }),
      ),
  };
}

/** A relation as a value: that it is read must not be missing from the model. */
function readOf(name: NameParts): Expression {
  const from = [{ kind: 'relation', name, only: false }] as const;
  const body = { kind: 'select', items: [{ expression: literal('integer', '1'), name: '1' }], from, groupBy: [], windows: [] } as const;
  const query: Query = { kind: 'query', body, orderBy: [], locks: [] };
  return { kind: 'scalar-query', query };
}
