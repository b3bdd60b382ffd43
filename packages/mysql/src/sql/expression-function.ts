import type { Expression } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { builtInCall } from './expression-call.js';
import { parseTypeName } from './expression-type.js';
import { readAnyName } from './names.js';

/**
 * Functions whose arguments have a syntax of their own; each begins behind the name. MySQL Reference Manual, "String Functions and Operators",
 * "Date and Time Functions", "Full-Text Search Functions", "Functions That Search JSON Values".
 */

/** MySQL Reference Manual, "Temporal Intervals". */
export const UNITS: ReadonlySet<string> = new Set(
  (
    'microsecond second minute hour day week month quarter year second_microsecond minute_microsecond minute_second hour_microsecond ' +
    'hour_second hour_minute day_microsecond day_second day_minute day_hour year_month'
  ).split(' '),
);

export function parseOne(cursor: TokenCursor): Expression {
  return cursor.grammar.expression(cursor);
}

export function parseArguments(cursor: TokenCursor): Expression[] {
  return cursor.parenthesised(() => cursor.list(() => parseOne(cursor)));
}

/** `USING charset`. */
export function skipUsing(cursor: TokenCursor): void {
  cursor.expect('using');
  if (cursor.peek().kind === 'string') cursor.next();
  else readAnyName(cursor);
}

export function parseExtract(cursor: TokenCursor): Expression {
  return cursor.parenthesised(() => {
    if (!cursor.isWordOf(UNITS)) cursor.fail('a unit of time');
    cursor.next();
    cursor.expect('from');
    return builtInCall('extract', [parseOne(cursor)]);
  });
}

/** `TRIM(x)`, `TRIM(LEADING y FROM x)`, `TRIM(y FROM x)`. */
export function parseTrim(cursor: TokenCursor): Expression {
  return cursor.parenthesised(() => {
    const sided = cursor.acceptOneOf('leading', 'trailing', 'both') !== undefined;
    if (sided && cursor.accept('from')) return builtInCall('trim', [parseOne(cursor)]);
    const first = parseOne(cursor);
    if (!sided && cursor.isSymbol(')')) return builtInCall('trim', [first]);
    cursor.expect('from');
    return builtInCall('trim', [parseOne(cursor), first]);
  });
}

/** `SUBSTRING(x, 1, 2)`, `SUBSTRING(x FROM 1 FOR 2)`. */
export function parseSubstring(cursor: TokenCursor, name: string): Expression {
  return cursor.parenthesised(() => {
    const operands = [parseOne(cursor)];
    if (cursor.accept('from')) {
      operands.push(parseOne(cursor));
      if (cursor.accept('for')) operands.push(parseOne(cursor));
    } else while (cursor.acceptSymbol(',')) operands.push(parseOne(cursor));
    return builtInCall(name, operands);
  });
}

export function parsePosition(cursor: TokenCursor): Expression {
  return cursor.parenthesised(() => {
    const part = cursor.grammar.operand(cursor);
    cursor.expect('in');
    return builtInCall('position', [part, parseOne(cursor)]);
  });
}

/** `CHAR(65, 66 USING utf8mb4)`. */
export function parseChar(cursor: TokenCursor): Expression {
  return cursor.parenthesised(() => {
    const operands = cursor.list(() => parseOne(cursor));
    if (cursor.isWord('using')) skipUsing(cursor);
    return builtInCall('char', operands);
  });
}

/** `MATCH (a, b) AGAINST ('…' IN BOOLEAN MODE)`. */
export function parseMatch(cursor: TokenCursor): Expression {
  const columns = cursor.isSymbol('(') ? parseArguments(cursor) : cursor.list(() => cursor.grammar.operand(cursor));
  cursor.expect('against');
  return cursor.parenthesised(() => {
    const text = cursor.grammar.operand(cursor);
    if (!cursor.acceptWords('in', 'boolean', 'mode')) cursor.acceptWords('in', 'natural', 'language', 'mode');
    cursor.acceptWords('with', 'query', 'expansion');
    return { kind: 'operator', operator: { symbol: 'match' }, operands: [...columns, text] };
  });
}

/** `TIMESTAMPADD(MONTH, 1, x)`, `GET_FORMAT(DATE, 'EUR')`: the first argument is a keyword. */
export function parseUnitFirst(cursor: TokenCursor, name: string): Expression {
  return cursor.parenthesised(() => {
    readAnyName(cursor);
    cursor.expectSymbol(',');
    return builtInCall(
      name,
      cursor.list(() => parseOne(cursor)),
    );
  });
}

/** `WEIGHT_STRING(x AS CHAR(4) LEVEL 1)`. */
export function parseWeightString(cursor: TokenCursor): Expression {
  return cursor.parenthesised(() => {
    const operand = parseOne(cursor);
    while (cursor.acceptSymbol(',')) parseOne(cursor);
    if (cursor.accept('as')) parseTypeName(cursor);
    if (cursor.accept('level')) while (!cursor.isSymbol(')')) skipPlain(cursor);
    return builtInCall('weight_string', [operand]);
  });
}

function skipPlain(cursor: TokenCursor): void {
  if (cursor.isSymbol('(')) cursor.fail('a level');
  cursor.next();
}

/** `JSON_VALUE(x, path RETURNING type NULL ON EMPTY DEFAULT 1 ON ERROR)`. */
export function parseJsonValue(cursor: TokenCursor): Expression {
  return cursor.parenthesised(() => {
    const operands = [parseOne(cursor)];
    while (cursor.acceptSymbol(',')) operands.push(parseOne(cursor));
    if (cursor.accept('returning')) parseTypeName(cursor);
    parseOnEmptyOrError(cursor, operands);
    return builtInCall('json_value', operands);
  });
}

/** `NULL ON EMPTY`, `ERROR ON ERROR`, `DEFAULT x ON EMPTY`, one after another; the defaults are added to `operands`. */
export function parseOnEmptyOrError(cursor: TokenCursor, operands: Expression[]): void {
  for (;;) {
    if (cursor.accept('default')) operands.push(cursor.grammar.operand(cursor));
    else if (cursor.acceptOneOf('null', 'error') === undefined) return;
    cursor.expect('on');
    if (cursor.acceptOneOf('empty', 'error') === undefined) cursor.fail('EMPTY or ERROR');
  }
}
