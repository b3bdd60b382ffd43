import type { DeclareVariables, Expression, Statement, TypeName } from '@sqlwarden/core';
import { readType } from './create-type.js';
import type { TokenCursor } from './cursor.js';
import { isName, readAnyName, readColumnName, readName } from './names.js';
import { readArguments, readForHead } from './routine-for.js';
import { parseExecute, parsePrepare } from './prepare.js';
import { parseTarget } from './query-tail.js';
import { parseSet } from './session-set.js';
import { childOf, type Locals, localVariable } from './routine-locals.js';
import { evaluation, type ParseStatement, readString } from './statement-parts.js';

/**
 * Compound statements: what bodies of stored programs are made of, and in MariaDB texts, too. MySQL Reference Manual, "Compound Statements";
 * MariaDB, "Programmatic & Compound Statements".
 */

type ParseInBody = (cursor: TokenCursor, start: number, locals: Locals) => Statement;

const BODY_STATEMENTS: Readonly<Record<string, ParseInBody>> = {
  begin: parseBlock,
  if: parseIf,
  case: parseCase,
  loop: parseLoop,
  repeat: parseRepeat,
  while: parseWhile,
  for: parseFor,
  leave: (cursor, start) => jump(cursor, start, 'break'),
  iterate: (cursor, start) => jump(cursor, start, 'continue'),
  return: (cursor, start) => {
    const value = cursor.grammar.expression(cursor);
    return { kind: 'control', span: cursor.spanFrom(start), what: 'return', value };
  },
  open: parseOpen,
  fetch: parseFetch,
  close: (cursor, start) => {
    const name = readColumnName(cursor);
    return { kind: 'close', span: cursor.spanFrom(start), cursor: name };
  },
  set: (cursor, start, locals) => parseSet(cursor, start, locals),
  prepare: (cursor, start) => parsePrepare(cursor, start, 'changeable'),
  execute: (cursor, start) => parseExecute(cursor, start, 'changeable'),
};

/** Words that begin a compound statement; without a label, BEGIN is one only in bodies and as BEGIN NOT ATOMIC. */
export const COMPOUND_WORDS: ReadonlySet<string> = new Set(['begin', 'if', 'case', 'loop', 'repeat', 'while', 'for']);

/** A label of a compound statement stands here. */
export function isLabel(cursor: TokenCursor): boolean {
  return cursor.isSymbol(':', 1) && isName(cursor);
}

/** Reads one statement of a body, without the semicolon behind it. */
export function parseBodyStatement(cursor: TokenCursor, locals: Locals): Statement {
  return cursor.nested(() => {
    const { start } = cursor.peek();
    if (isLabel(cursor)) {
      readName(cursor);
      cursor.expectSymbol(':');
      if (!cursor.isWordOf(COMPOUND_WORDS) || cursor.isWord('if') || cursor.isWord('case')) cursor.fail('BEGIN or a loop');
    }
    const token = cursor.peek();
    const parse = token.kind === 'word' && Object.hasOwn(BODY_STATEMENTS, token.text) ? BODY_STATEMENTS[token.text] : undefined;
    if (parse === undefined) return cursor.grammar.statement(cursor);
    cursor.next();
    return parse(cursor, start, locals);
  });
}

/** Statements, each with its semicolon, up to one of the words. */
function parseList(cursor: TokenCursor, locals: Locals, ...until: readonly string[]): Statement[] {
  const statements: Statement[] = [];
  const ends: ReadonlySet<string> = new Set(until);
  while (!cursor.isWordOf(ends)) {
    statements.push(parseBodyStatement(cursor, locals));
    cursor.expectSymbol(';');
  }
  return statements;
}

/** The label may be repeated behind the end. */
function acceptLabel(cursor: TokenCursor): void {
  if (isName(cursor) && !cursor.isSymbol(';')) readName(cursor);
}

// ---------------------------------------------------------------- BEGIN … END

function parseBlock(cursor: TokenCursor, start: number, outer: Locals): Statement {
  cursor.acceptWords('not', 'atomic');
  const locals = childOf(outer);
  const statements: Statement[] = [];
  const handlers: Statement[] = [];
  while (cursor.isWord('declare')) {
    const { start: from } = cursor.next();
    const declared = parseDeclare(cursor, from, locals, handlers);
    if (declared !== undefined) statements.push(declared);
    cursor.expectSymbol(';');
  }
  statements.push(...parseList(cursor, locals, 'end'));
  cursor.expect('end');
  acceptLabel(cursor);
  return { kind: 'block', span: cursor.spanFrom(start), statements, handlers };
}

function parseDeclare(cursor: TokenCursor, start: number, locals: Locals, handlers: Statement[]): Statement | undefined {
  if (cursor.isWord('continue') || cursor.isWord('exit') || (cursor.isWord('undo') && cursor.isWord('handler', 1))) {
    handlers.push(parseHandler(cursor, locals));
    return undefined;
  }
  if (cursor.isWord('condition', 1)) {
    skipCondition(cursor);
    return undefined;
  }
  if (cursor.isWord('cursor', 1)) return parseCursor(cursor, start, locals);
  return parseVariables(cursor, start, locals);
}

/** `name CONDITION FOR value`. */
function skipCondition(cursor: TokenCursor): void {
  readName(cursor);
  cursor.expect('condition', 'for');
  readConditionValue(cursor);
}

function readConditionValue(cursor: TokenCursor): void {
  if (cursor.accept('sqlstate')) {
    cursor.accept('value');
    readString(cursor);
  } else if (cursor.peek().kind === 'integer') cursor.next();
  else if (cursor.accept('not')) cursor.expect('found');
  else readAnyName(cursor);
}

function parseHandler(cursor: TokenCursor, locals: Locals): Statement {
  if (cursor.acceptOneOf('continue', 'exit', 'undo') === undefined) cursor.fail('CONTINUE');
  cursor.expect('handler', 'for');
  cursor.list(() => readConditionValue(cursor));
  return parseBodyStatement(cursor, locals);
}

/** `name CURSOR [(parameters)] FOR query`; MariaDB has parameters. */
function parseCursor(cursor: TokenCursor, start: number, locals: Locals): Statement {
  const name = readColumnName(cursor);
  cursor.expect('cursor');
  const parameters = cursor.isSymbol('(') ? cursor.parenthesised(() => cursor.list(() => readCursorParameter(cursor, locals))) : [];
  cursor.expect('for');
  const query = cursor.grammar.query(cursor);
  const span = cursor.spanFrom(start);
  const declared: Statement = { kind: 'declare', span, name, query, hold: false };
  if (parameters.length === 0) return declared;
  return { kind: 'sequence', span, statements: [{ kind: 'declare-variables', span, variables: parameters }, declared] };
}

type Declared = DeclareVariables['variables'][number];

function readCursorParameter(cursor: TokenCursor, locals: Locals): Declared {
  cursor.accept('in');
  const name = readColumnName(cursor);
  locals.names.add(name);
  return { variable: localVariable(name), type: readType(cursor) };
}

/** `a, b type [DEFAULT value]`. */
function parseVariables(cursor: TokenCursor, start: number, locals: Locals): Statement {
  const names = cursor.list(() => readColumnName(cursor));
  const type: TypeName = readType(cursor);
  if (cursor.accept('collate')) readAnyName(cursor);
  const value = cursor.accept('default') || cursor.acceptSymbol(':=') ? cursor.grammar.expression(cursor) : undefined;
  for (const name of names) locals.names.add(name);
  const variables = names.map((name): Declared => ({ variable: localVariable(name), type, ...(value !== undefined && { value }) }));
  return { kind: 'declare-variables', span: cursor.spanFrom(start), variables };
}

// ---------------------------------------------------------------- IF, CASE

type Branch = { readonly condition?: Expression; readonly statements: readonly Statement[] };

function parseIf(cursor: TokenCursor, start: number, locals: Locals): Statement {
  const branches: Branch[] = [];
  do {
    const condition = cursor.grammar.expression(cursor);
    cursor.expect('then');
    branches.push({ condition, statements: parseList(cursor, locals, 'elseif', 'else', 'end') });
  } while (cursor.accept('elseif'));
  if (cursor.accept('else')) branches.push({ statements: parseList(cursor, locals, 'end') });
  cursor.expect('end', 'if');
  return { kind: 'if', span: cursor.spanFrom(start), branches };
}

function parseCase(cursor: TokenCursor, start: number, locals: Locals): Statement {
  const operand = cursor.isWord('when') ? undefined : cursor.grammar.expression(cursor);
  const branches: Branch[] = [];
  while (cursor.accept('when')) {
    const when = cursor.grammar.expression(cursor);
    cursor.expect('then');
    // An operand that takes computing is computed once.
    const isCompared = operand !== undefined && (branches.length === 0 || operand.kind === 'column' || operand.kind === 'variable');
    branches.push({ condition: isCompared ? equal(operand, when) : when, statements: parseList(cursor, locals, 'when', 'else', 'end') });
  }
  if (branches.length === 0) cursor.fail('WHEN');
  if (cursor.accept('else')) branches.push({ statements: parseList(cursor, locals, 'end') });
  cursor.expect('end', 'case');
  return { kind: 'if', span: cursor.spanFrom(start), branches };
}

function equal(left: Expression, right: Expression): Expression {
  return { kind: 'comparison', test: 'equal', operator: { symbol: '=' }, left, right };
}

// ---------------------------------------------------------------- loops

function parseLoop(cursor: TokenCursor, start: number, locals: Locals): Statement {
  const statements = parseList(cursor, locals, 'end');
  cursor.expect('end', 'loop');
  acceptLabel(cursor);
  return { kind: 'loop', span: cursor.spanFrom(start), statements };
}

function parseRepeat(cursor: TokenCursor, start: number, locals: Locals): Statement {
  const statements = parseList(cursor, locals, 'until');
  cursor.expect('until');
  const condition = cursor.grammar.expression(cursor);
  cursor.expect('end', 'repeat');
  acceptLabel(cursor);
  return { kind: 'loop', span: cursor.spanFrom(start), condition, statements };
}

function parseWhile(cursor: TokenCursor, start: number, locals: Locals): Statement {
  const condition = cursor.grammar.expression(cursor);
  cursor.expect('do');
  const statements = parseList(cursor, locals, 'end');
  cursor.expect('end', 'while');
  acceptLabel(cursor);
  return { kind: 'loop', span: cursor.spanFrom(start), condition, statements };
}

/**
 * MariaDB: `FOR i IN [REVERSE] a .. b DO`, `FOR r IN c [(arguments)] DO`, `FOR r IN (query) DO`. The variable is declared for the loop; a row of
 * the cursor is fetched into it.
 */
function parseFor(cursor: TokenCursor, start: number, outer: Locals): Statement {
  const name = readColumnName(cursor);
  cursor.expect('in');
  const locals = childOf(outer);
  locals.names.add(name);
  const head = readForHead(cursor, start, name);
  cursor.expect('do');
  const statements = [...head.each, ...parseList(cursor, locals, 'end')];
  cursor.expect('end', 'for');
  acceptLabel(cursor);
  const span = cursor.spanFrom(start);
  const loop: Statement = { kind: 'loop', span, ...(head.condition !== undefined && { condition: head.condition }), statements };
  return { kind: 'block', span, statements: [...head.before, loop], handlers: [] };
}

// ---------------------------------------------------------------- jumps, cursors

function jump(cursor: TokenCursor, start: number, what: 'break' | 'continue'): Statement {
  readName(cursor);
  return { kind: 'control', span: cursor.spanFrom(start), what };
}

function parseOpen(cursor: TokenCursor, start: number): Statement {
  const name = readColumnName(cursor);
  const values = cursor.isSymbol('(') ? readArguments(cursor) : [];
  const span = cursor.spanFrom(start);
  const open: Statement = { kind: 'open', span, cursor: name };
  return values.length === 0 ? open : { kind: 'sequence', span, statements: [...evaluation(span, values), open] };
}

/** `FETCH [[NEXT] FROM] c INTO a, b`; MariaDB: FETCH GROUP NEXT ROW in an aggregate function. */
function parseFetch(cursor: TokenCursor, start: number): Statement {
  if (cursor.acceptWords('group', 'next', 'row')) return { kind: 'control', span: cursor.spanFrom(start), what: 'wait' };
  if (!cursor.acceptWords('next', 'from')) cursor.accept('from');
  const name = readColumnName(cursor);
  cursor.expect('into');
  const into = cursor.list(() => parseTarget(cursor));
  return { kind: 'fetch', span: cursor.spanFrom(start), cursor: name, move: false, count: 1, into };
}

/** Compound statements outside of bodies (MariaDB). */
export const parseCompound: ParseStatement = (cursor) => parseBodyStatement(cursor, { names: new Set(), outer: undefined });
