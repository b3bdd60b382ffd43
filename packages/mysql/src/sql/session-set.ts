import type { Expression, Into, SessionSetting, Statement } from '@sqlwarden/core';
import { readAccountName } from './account-name.js';
import { schema } from './create-object.js';
import { readNameOrString } from './create-type.js';
import type { TokenCursor } from './cursor.js';
import { foldName, isName, readAnyName } from './names.js';
import { parseExecute, parsePrepare } from './prepare.js';
import { parseTarget } from './query-tail.js';
import { isLocal, type Locals, localVariable } from './routine-locals.js';
import { expectAssignment, inSequence, readString } from './statement-parts.js';
import { acceptTransactionCharacteristics } from './transaction-characteristics.js';

/**
 * SET in all its forms. MySQL Reference Manual, "SET Syntax for Variable Assignment", "SET NAMES Statement", "SET TRANSACTION Statement", "SET
 * ROLE Statement", "SET PASSWORD Statement"; MariaDB, "SET", "SET STATEMENT".
 */

/** Reads a SET behind that word. `locals`: the variables of the body that it stands in. */
export function parseSet(cursor: TokenCursor, start: number, locals?: Locals): Statement {
  if (cursor.isMariaDb && cursor.isWord('statement') && !cursor.isSymbol('=', 1)) return parseSetStatement(cursor, start);
  const special = parseSpecial(cursor, start);
  if (special !== undefined) return special;
  const list: SetList = { locals, scope: 'session' };
  const statements = cursor.list(() => parseItem(cursor, list)).flat();
  return inSequence(cursor, start, statements);
}

/** Forms that stand alone, not in a list. */
function parseSpecial(cursor: TokenCursor, start: number): Statement | undefined {
  if (cursor.isWord('role') && !assigns(cursor, 1)) return parseSetRole(cursor, start);
  if (cursor.acceptWords('default', 'role')) return parseDefaultRole(cursor, start);
  if (cursor.acceptWords('resource', 'group')) return parseResourceGroup(cursor, start);
  const at = cursor.isWordOf(SCOPES) ? 1 : 0;
  if (cursor.isWord('transaction', at) && !assigns(cursor, at + 1)) {
    const scope = at === 0 ? 'local' : readScope(cursor);
    cursor.expect('transaction');
    return { ...transactionSettings(cursor, start), scope };
  }
  return undefined;
}

function assigns(cursor: TokenCursor, ahead: number): boolean {
  return cursor.isSymbol('=', ahead) || cursor.isSymbol(':=', ahead);
}

function transactionSettings(cursor: TokenCursor, start: number): SessionSetting {
  const values = acceptTransactionCharacteristics(cursor);
  if (values.length === 0) cursor.fail('ISOLATION LEVEL or READ');
  return setting(cursor, start, 'transaction', 'session', values);
}

const SCOPES: ReadonlySet<string> = new Set(['global', 'session', 'local', 'persist', 'persist_only']);

type Scope = SessionSetting['scope'];

/** GLOBAL, PERSIST and PERSIST_ONLY are for other sessions, too. */
function readScope(cursor: TokenCursor): Scope {
  const word = cursor.next().text;
  return word === 'session' || word === 'local' ? 'session' : 'global';
}

function setting(cursor: TokenCursor, start: number, name: string, scope: Scope, values: SessionSetting['values']): SessionSetting {
  return { kind: 'setting', span: cursor.spanFrom(start), operation: 'set', name, scope, values };
}

// ---------------------------------------------------------------- one item of the list

/** One SET with its items. */
interface SetList {
  readonly locals: Locals | undefined;
  /** Of names without a scope of their own: that of the last keyword in front of them. `@@global.` is none. */
  scope: Scope;
}

function parseItem(cursor: TokenCursor, list: SetList): Statement[] {
  const { locals } = list;
  const token = cursor.peek();
  const { start } = token;
  if (token.kind === 'variable') return [parseUserVariable(cursor)];
  const names = parseNames(cursor, start) ?? parsePassword(cursor, start);
  if (names !== undefined) return [names];
  if (cursor.acceptSymbol('@@')) {
    const scope = cursor.isWordOf(SCOPES) && cursor.isSymbol('.', 1) ? readScope(cursor) : undefined;
    if (scope !== undefined) cursor.expectSymbol('.');
    return parseSystemVariable(cursor, start, scope ?? 'session', locals);
  }
  if (cursor.isWordOf(SCOPES) && !assigns(cursor, 1) && !cursor.isSymbol('.', 1)) {
    list.scope = readScope(cursor);
    return parseSystemVariable(cursor, start, list.scope, locals);
  }
  const local = locals === undefined ? undefined : readLocal(cursor, locals);
  return local === undefined ? parseUnscoped(cursor, start, list) : [assignment(cursor, start, local)];
}

/**
 * MySQL 5.6 Reference Manual, "SET Syntax": the last GLOBAL or SESSION holds for names that have none. MariaDB does so; whether newer versions of
 * MySQL do, for PERSIST too, is not said: there either may be set.
 */
function parseUnscoped(cursor: TokenCursor, start: number, { scope, locals }: SetList): Statement[] {
  const statements = parseSystemVariable(cursor, start, scope, locals);
  const set = statements.at(-1);
  if (scope !== 'global' || cursor.isMariaDb || set?.kind !== 'setting') return statements;
  return [...statements, { ...set, scope: 'session', values: undefined }];
}

function parseUserVariable(cursor: TokenCursor): Statement {
  const { start } = cursor.peek();
  return assignment(cursor, start, parseTarget(cursor));
}

function assignment(cursor: TokenCursor, start: number, target: Into): Statement {
  expectAssignment(cursor);
  const value = cursor.grammar.expression(cursor);
  return { kind: 'assign', span: cursor.spanFrom(start), target, value };
}

/** A variable of the body, a field of one, or a column of NEW; `undefined` when a variable of the system stands here. */
function readLocal(cursor: TokenCursor, locals: Locals): Into | undefined {
  if (!isName(cursor)) return undefined;
  const first = foldName(cursor.peek().text);
  const isField = cursor.isSymbol('.', 1);
  const isRow = isField && (first === 'new' || first === 'old');
  if (!isRow && !isLocal(locals, first)) return undefined;
  readAnyName(cursor);
  if (!cursor.acceptSymbol('.')) return localVariable(first);
  return { kind: 'column', qualifier: [first], name: foldName(readAnyName(cursor)) };
}

/**
 * `name = value` of a variable of the system. A value that is no constant is assigned, too, so that what it reads is seen.
 */
function parseSystemVariable(cursor: TokenCursor, start: number, scope: Scope, locals?: Locals): Statement[] {
  const names = [readAnyName(cursor)];
  while (cursor.acceptSymbol('.')) names.push(readAnyName(cursor));
  const name = foldName(names.join('.'));
  expectAssignment(cursor);
  if (cursor.isWord('default') && !cursor.isSymbol('(', 1)) {
    cursor.next();
    return [setting(cursor, start, name, scope, 'default')];
  }
  const bare = readBareValue(cursor, locals);
  if (bare !== undefined) return [setting(cursor, start, name, scope, [bare])];
  const value = cursor.grammar.expression(cursor);
  const constant = constantText(value);
  const set = setting(cursor, start, name, scope, constant === undefined ? undefined : [constant]);
  if (constant !== undefined) return [set];
  const target = { kind: 'variable', scope: 'system', name } as const;
  return [{ kind: 'assign', span: set.span, target, value }, set];
}

/** Words that stand for themselves. ON is one, and so is any name that is not the beginning of an expression. */
const BARE_VALUES: ReadonlySet<string> = new Set(['on', 'all', 'binary', 'row', 'system']);

const ITEM_ENDS: ReadonlySet<string> = new Set([',', ';', ')']);

function readBareValue(cursor: TokenCursor, locals: Locals | undefined): string | undefined {
  const token = cursor.peek();
  const following = cursor.peek(1);
  const isAlone = following.kind === 'end' || (following.kind === 'operator' && ITEM_ENDS.has(following.text)) || cursor.isWord('for', 1);
  if (!isAlone) return undefined;
  if (!cursor.isWordOf(BARE_VALUES) && (!isPlainWord(cursor) || isLocal(locals, foldName(token.text)))) return undefined;
  cursor.next();
  return token.text;
}

const EXPRESSION_WORDS: ReadonlySet<string> = new Set(['null', 'true', 'false', 'default', 'current_user']);

/** A name alone is its text: `SET sql_mode = ansi`, `SET character_set_results = utf8mb4`. */
function isPlainWord(cursor: TokenCursor): boolean {
  return isName(cursor) && !cursor.isWordOf(EXPRESSION_WORDS);
}

function constantText(value: Expression): string | undefined {
  if (value.kind !== 'literal' || value.value === null) return undefined;
  return String(value.value);
}

// ---------------------------------------------------------------- NAMES, PASSWORD, ROLE

function parseNames(cursor: TokenCursor, start: number): Statement | undefined {
  if (cursor.isWord('names') && !assigns(cursor, 1)) {
    cursor.next();
    const charset = readNameOrString(cursor);
    const values = cursor.accept('collate') ? [charset, readNameOrString(cursor)] : [charset];
    return setting(cursor, start, 'names', 'session', defaultOr(values));
  }
  const isCharset = cursor.acceptWords('character', 'set') || cursor.acceptWords('char', 'set');
  if (!isCharset && (assigns(cursor, 1) || !cursor.accept('charset'))) return undefined;
  return setting(cursor, start, 'character set', 'session', defaultOr([readNameOrString(cursor)]));
}

function defaultOr(values: readonly string[]): SessionSetting['values'] {
  return values[0]?.toLowerCase() === 'default' ? 'default' : values;
}

/** `PASSWORD [FOR account] = …`, `PASSWORD TO RANDOM`. */
function parsePassword(cursor: TokenCursor, start: number): Statement | undefined {
  if (!cursor.isWord('password')) return undefined;
  cursor.next();
  const account = cursor.accept('for') ? readAccountName(cursor) : 'current_user';
  if (!cursor.acceptWords('to', 'random')) {
    expectAssignment(cursor);
    readPassword(cursor);
  }
  if (cursor.accept('replace')) readNameOrString(cursor);
  cursor.acceptWords('retain', 'current', 'password');
  return schema(cursor, start, 'alter', 'user', [[account]], { privileges: true });
}

/** A string, or `PASSWORD('…')`. */
function readPassword(cursor: TokenCursor): void {
  if (cursor.acceptOneOf('password', 'old_password') === undefined) readString(cursor);
  else cursor.parenthesised(() => readString(cursor));
}

function parseSetRole(cursor: TokenCursor, start: number): Statement {
  cursor.expect('role');
  const names: string[] = [];
  if (cursor.isWord('all') && cursor.isWord('except', 1)) cursor.next();
  const isExcept = cursor.accept('except');
  if (cursor.isWord('default')) names.push(cursor.next().text);
  else if (cursor.isWord('all')) names.push(cursor.next().text);
  else names.push(...cursor.list(() => readAccountName(cursor)));
  return setting(cursor, start, 'role', 'session', isExcept ? undefined : names);
}

/** SET DEFAULT ROLE: what an account is allowed when it logs in. */
function parseDefaultRole(cursor: TokenCursor, start: number): Statement {
  if (cursor.isWord('all') || cursor.isWord('none')) cursor.next();
  else cursor.list(() => readAccountName(cursor));
  const accounts: string[] = [];
  if (cursor.acceptOneOf('to', 'for') !== undefined) accounts.push(...cursor.list(() => readAccountName(cursor)));
  if (accounts.length === 0) accounts.push('current_user');
  return schema(
    cursor,
    start,
    'alter',
    'user',
    accounts.map((account) => [account]),
    { privileges: true },
  );
}

function parseResourceGroup(cursor: TokenCursor, start: number): Statement {
  const name = readAnyName(cursor);
  if (cursor.accept('for')) cursor.list(() => cursor.next());
  return setting(cursor, start, 'resource group', 'session', [name]);
}

// ---------------------------------------------------------------- SET STATEMENT

/** `SET STATEMENT a = 1, b = 2 FOR statement`: the settings hold for one statement. */
function parseSetStatement(cursor: TokenCursor, start: number): Statement {
  cursor.expect('statement');
  const settings = cursor.list(() => parseSystemVariable(cursor, cursor.peek().start, 'local')).flat();
  cursor.expect('for');
  return inSequence(cursor, start, [...settings, parseUnderSettings(cursor)]);
}

function parseUnderSettings(cursor: TokenCursor): Statement {
  const { start } = cursor.peek();
  if (cursor.accept('prepare')) return parsePrepare(cursor, start, 'changeable');
  if (cursor.accept('execute')) return parseExecute(cursor, start, 'changeable');
  return cursor.grammar.statement(cursor);
}
