import type { Expression } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';

/** Texts that are known before they are run: constants, their concatenations, and variables that hold nothing else. */

/** A concatenation of constants is cut at 8000 bytes; what stays below half of that is surely whole. */
const MAX_CONCATENATED = 4000;

/**
 * The text that an expression yields, when it is made of constants alone, or is a variable. In a concatenation a variable that holds nothing may stand
 * for an empty text ("EXECUTE (Transact-SQL)", CONCAT_NULL_YIELDS_NULL), so that what it is given elsewhere is not known there. `source` is the expression as written: characters beyond ASCII of a
 * constant without `N` become others in the code page of the database, so that the text is not known.
 */
export function constantText(cursor: TokenCursor, expression: Expression | undefined, source: string): string | undefined {
  const parts: string[] = [];
  let rest = expression;
  while (rest?.kind === 'operator' && rest.operator.symbol === '+' && rest.operands.length === 2) {
    const last = literalText(rest.operands[1]);
    if (last === undefined) return undefined;
    parts.push(last);
    rest = rest.operands[0];
  }
  const first = parts.length === 0 ? partText(cursor, rest) : literalText(rest);
  if (first === undefined) return undefined;
  const text = [...parts, first].reverse().join('');
  if (parts.length > 0 && text.length > MAX_CONCATENATED) return undefined;
  return isAscii(text) || (parts.length === 0 && /^[\s(]*N/i.test(source)) ? text : undefined;
}

function partText(cursor: TokenCursor, expression: Expression | undefined): string | undefined {
  if (expression?.kind === 'variable' && expression.scope === 'local') return variableText(cursor, expression.name);
  return literalText(expression);
}

function literalText(expression: Expression | undefined): string | undefined {
  if (expression?.kind !== 'literal' || expression.type !== 'string') return undefined;
  return typeof expression.value === 'string' ? expression.value : undefined;
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 126) return false;
  return true;
}

/** A variable of the batch that was declared as a string. */
interface StringVariable {
  /** How many characters it takes. */
  readonly capacity: number;
  /** What it was given; `undefined` before that, and when it is not a constant. */
  text: string | undefined;
  /** How often the batch has named it so far: its declaration, and the SET that gave it the text. */
  mentions: number;
}

interface Variables {
  readonly declared: Map<string, StringVariable>;
  /** How often the whole text names each variable, in comments and strings too. */
  readonly mentions: ReadonlyMap<string, number>;
}

const VARIABLES = new WeakMap<TokenCursor, Variables>();

function variablesOf(cursor: TokenCursor): Variables {
  const known = VARIABLES.get(cursor);
  if (known !== undefined) return known;
  const mentions = new Map<string, number>();
  for (const [name] of cursor.text.matchAll(/@[\p{L}\p{N}_@#$]+/gu)) {
    const folded = name.toLowerCase();
    mentions.set(folded, (mentions.get(folded) ?? 0) + 1);
  }
  const variables: Variables = { declared: new Map(), mentions };
  VARIABLES.set(cursor, variables);
  return variables;
}

const STRING_TYPE = /^\s*n?varchar\s*\(\s*(max|\d+)\s*\)$/i;

/** DECLARE has named `@name` with a type as written and perhaps a value. */
export function noteDeclaration(cursor: TokenCursor, name: string, type: string, value: Expression | undefined): void {
  const length = STRING_TYPE.exec(type)?.[1]?.toLowerCase();
  if (length === undefined) return;
  const variable: StringVariable = { capacity: length === 'max' ? Infinity : Number(length), text: undefined, mentions: 1 };
  variablesOf(cursor).declared.set(name, variable);
  if (value !== undefined) give(cursor, variable, value);
}

/** Whether the text has declared the variable as a string, of some length. */
export function isStringVariable(cursor: TokenCursor, name: string): boolean {
  return VARIABLES.get(cursor)?.declared.has(name) === true;
}

/** `SET @name = value`. */
export function noteAssignment(cursor: TokenCursor, name: string, value: Expression): void {
  const variable = VARIABLES.get(cursor)?.declared.get(name);
  if (variable === undefined) return;
  variable.mentions += 1;
  if (variable.text === undefined && variable.mentions === 2) give(cursor, variable, value);
  else variable.text = undefined;
}

function give(cursor: TokenCursor, variable: StringVariable, value: Expression): void {
  const text = value.kind === 'literal' || value.kind === 'operator' ? constantText(cursor, value, '') : undefined;
  variable.text = text !== undefined && text.length <= variable.capacity ? text : undefined;
}

/**
 * The text that a variable holds where it is used, or it holds nothing. The text of the batch names it nowhere but in the declaration, in the
 * one SET, and here: whatever the order in which statements run, it has no other value.
 */
function variableText(cursor: TokenCursor, name: string): string | undefined {
  const variables = VARIABLES.get(cursor);
  const variable = variables?.declared.get(name);
  if (variable === undefined || !isAscii(name)) return undefined;
  return variables?.mentions.get(`@${name}`) === variable.mentions + 1 ? variable.text : undefined;
}
