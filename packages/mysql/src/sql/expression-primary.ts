import { unreachable, type Expression } from '@sqlwarden/core';
import { isAscii } from './characters.js';
import type { TokenCursor } from './cursor.js';
import { parseCall } from './expression-call.js';
import { literal, parseParenthesis, unwrapOperand } from './expression-parenthesis.js';
import { SPECIAL_FORMS } from './expression-special.js';
import { DIRECT_FUNCTIONS, KEYWORD_FUNCTIONS } from './keywords.js';
import { foldName, foldQualifier, foldSchema, isName, readAnyName, readName } from './names.js';
import type { Token } from './tokens.js';

/** Names of character sets, which turn the string behind `_name` into one of that set. MySQL Reference Manual, "Character Set Introducers". */
const CHARSETS: ReadonlySet<string> = new Set(
  (
    'armscii8 ascii big5 binary cp1250 cp1251 cp1256 cp1257 cp850 cp852 cp866 cp932 dec8 eucjpms euckr gb18030 gb2312 gbk geostd8 greek hebrew ' +
    'hp8 keybcs2 koi8r koi8u latin1 latin2 latin5 latin7 macce macroman sjis swe7 tis620 ucs2 ujis utf16 utf16le utf32 utf8 utf8mb3 utf8mb4'
  ).split(' '),
);

/** An operand without operators. */
export function parsePrimary(cursor: TokenCursor): Expression {
  const token = cursor.peek();
  switch (token.kind) {
    case 'string':
      return parseString(cursor);
    case 'integer':
      cursor.next();
      return literal('integer', token.text);
    case 'decimal':
    case 'float':
      cursor.next();
      return literal('number', token.text);
    case 'hexadecimal':
    case 'bits':
      cursor.next();
      return literal('other', token.text);
    case 'variable':
      return parseVariable(cursor);
    case 'operator':
      return parseSymbol(cursor, token);
    case 'word':
      return parseWord(cursor, token);
    case 'name':
      return parseNamed(cursor);
    case 'end':
    case 'broken':
    case 'unreadable':
      return cursor.fail('an expression');
    default:
      return unreachable(token.kind);
  }
}

/** Strings next to one another are one. */
function parseString(cursor: TokenCursor): Expression {
  const parts = [cursor.next().text];
  while (cursor.peek().kind === 'string') parts.push(cursor.next().text);
  return literal('string', parts.join(''));
}

/** The name of a variable of the session: the same in any letter case, and on some servers with or without accents and spaces at its end. */
export function variableName(cursor: TokenCursor, token: Token): string {
  if (!isAscii(token.text)) cursor.refuse('the name of a variable has characters beyond ASCII, which may stand for one another');
  if (token.text.endsWith(' ')) cursor.refuse('the name of a variable ends in a space, which counts on some servers only');
  return token.text.toLowerCase();
}

function parseVariable(cursor: TokenCursor): Expression {
  const token = cursor.next();
  if (token.text === '') cursor.fail('the name of a variable');
  const variable = { kind: 'variable', scope: 'session', name: variableName(cursor, token) } as const;
  if (!cursor.acceptSymbol(':=')) return variable;
  return { kind: 'assignment', variable, value: cursor.nested(() => cursor.grammar.expression(cursor)) };
}

function parseSymbol(cursor: TokenCursor, token: Token): Expression {
  switch (token.text) {
    case '(':
      return unwrapOperand(parseParenthesis(cursor));
    case '?':
      cursor.next();
      return { kind: 'parameter', number: cursor.countParameter() };
    case '@@':
      return parseSystemVariable(cursor);
    case '{':
      return parseBraces(cursor);
    case '.':
      return parseNamed(cursor);
    default:
      return cursor.fail('an expression');
  }
}

/** `@@name`, `@@global.name`, `@@session.name`, `@@keycache.name`. */
function parseSystemVariable(cursor: TokenCursor): Expression {
  cursor.next();
  const parts = [foldName(readAnyName(cursor))];
  while (cursor.acceptSymbol('.')) parts.push(foldName(readName(cursor)));
  if (parts.length > 1 && (parts[0] === 'global' || parts[0] === 'session' || parts[0] === 'local')) parts.shift();
  return { kind: 'variable', scope: 'system', name: parts.join('.') };
}

/** `{d '2020-01-01'}`, `{fn now()}`: ODBC escapes. */
function parseBraces(cursor: TokenCursor): Expression {
  return cursor.nested(() => {
    cursor.expectSymbol('{');
    readAnyName(cursor);
    const inner = cursor.grammar.expression(cursor);
    cursor.expectSymbol('}');
    return inner.kind === 'literal' ? { ...inner, type: 'other' } : inner;
  });
}

function parseWord(cursor: TokenCursor, token: Token): Expression {
  const special = SPECIAL_FORMS.get(token.text);
  if (special !== undefined && special.stands(cursor)) return special.parse(cursor);
  if (token.text.startsWith('_') && CHARSETS.has(token.text.slice(1))) return parseIntroduced(cursor);
  const isCall = DIRECT_FUNCTIONS.has(token.text) ? cursor.isDirectCall() : KEYWORD_FUNCTIONS.has(token.text) && cursor.isSymbol('(', 1);
  if (isCall) {
    cursor.next();
    return parseCall(cursor, [token.text], true);
  }
  return parseNamed(cursor);
}

/** `_utf8mb4'…'`, `_binary 0x…`. */
function parseIntroduced(cursor: TokenCursor): Expression {
  cursor.next();
  const { kind } = cursor.peek();
  return kind === 'string' || kind === 'hexadecimal' || kind === 'bits'
    ? parsePrimary(cursor)
    : cursor.fail('a string of that character set');
}

/** A column, or a call of a routine by name. */
function parseNamed(cursor: TokenCursor): Expression {
  if (cursor.acceptSymbol('.')) return parseQualified(cursor, []);
  if (!isName(cursor)) return cursor.fail('an expression');
  const isQuoted = cursor.peek().kind === 'name';
  const first = readName(cursor);
  if (cursor.isSymbol('(')) return parseNamedCall(cursor, foldName(first), isQuoted);
  if (cursor.acceptSymbol('.')) return parseQualified(cursor, [first]);
  return { kind: 'column', qualifier: [], name: foldName(first) };
}

function parseQualified(cursor: TokenCursor, before: readonly string[]): Expression {
  const names = [...before, readName(cursor)];
  const [first, last] = names;
  if (first !== undefined && last !== undefined && names.length === 2 && cursor.isSymbol('(')) {
    return parseCall(cursor, [foldSchema(first, cursor.state), foldName(last)], false);
  }
  while (names.length < 3 && cursor.acceptSymbol('.')) names.push(readName(cursor));
  if (before.length === 0 && names.length < 2) cursor.fail('a column');
  const name = foldName(names.pop() ?? '');
  return { kind: 'column', qualifier: rowOfTrigger(cursor, names) ?? foldQualifier(names, cursor.state), name };
}

/** `NEW` and `OLD` are the same in any letter case. */
function rowOfTrigger(cursor: TokenCursor, qualifier: readonly string[]): string[] | undefined {
  const folded = foldName(qualifier[0] ?? '');
  return cursor.inTrigger && qualifier.length === 1 && (folded === 'new' || folded === 'old') ? [folded] : undefined;
}

/**
 * A call of a name that is no keyword here. Where the server has its function of that name in its grammar (`count`, `left`), the name
 * in quotes, or before a space, means a routine of the user's.
 */
function parseNamedCall(cursor: TokenCursor, name: string, isQuoted: boolean): Expression {
  const call = parseCall(cursor, [name], false);
  if (!DIRECT_FUNCTIONS.has(name) && !(isQuoted && KEYWORD_FUNCTIONS.has(name))) return call;
  const operands = call.kind === 'call' ? call.arguments.map((argument) => argument.expression) : [];
  return { kind: 'opaque', reason: { kind: 'unknown-routine', detail: name }, operands };
}
