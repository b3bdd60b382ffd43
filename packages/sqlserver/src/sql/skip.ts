import type { TokenCursor } from './cursor.js';

/**
 * Where statements begin, and how to pass over clauses that neither name relations nor hold expressions. Statements of T-SQL need nothing
 * between them: what passes over tokens must stop where another statement could begin.
 */

const BEGINNINGS = new Set(
  `alter backup begin break bulk checkpoint close commit continue create dbcc deallocate declare delete deny drop dump else end exec execute
  fetch goto grant if insert kill load merge open print raiserror readtext receive reconfigure restore return revert revoke rollback save select
  set setuser shutdown throw truncate update updatetext use waitfor while writetext`.split(/\s+/),
);

/** Words that begin a statement only in front of one of these. */
const PAIRS: ReadonlyMap<string, readonly string[]> = new Map([
  ['add', ['signature', 'counter', 'sensitivity']],
  ['enable', ['trigger']],
  ['disable', ['trigger']],
  ['send', ['on']],
  ['get', ['conversation']],
  ['move', ['conversation']],
  ['copy', ['into']],
  ['rename', ['object', 'database']],
]);

/** What follows DROP where it is a clause of ALTER and no statement. */
const DROP_CLAUSES = ['file', 'encryption', 'member', 'target', 'filter', 'block'];

/** Whether a statement could begin at the current token, or end a block there. */
export function beginsStatement(cursor: TokenCursor): boolean {
  const token = cursor.peek();
  if (isLabel(cursor)) return true;
  if (token.kind !== 'word') return false;
  const second = PAIRS.get(token.text);
  if (second !== undefined) return cursor.isWordAt(1, ...second);
  if (token.text === 'drop') return !cursor.isWordAt(1, ...DROP_CLAUSES);
  if (token.text === 'set') return !cursor.isSymbol('(', 1);
  return BEGINNINGS.has(token.text);
}

/** `name:` that is not `name::`. */
export function isLabel(cursor: TokenCursor): boolean {
  return cursor.isIdentifier() && cursor.isSymbol(':', 1) && !cursor.isSymbol('::', 1);
}

/** Whether nothing more of the current statement can follow. */
export function atStatementEnd(cursor: TokenCursor): boolean {
  return cursor.atEnd || cursor.isSymbol(';') || cursor.isSymbol(')') || beginsStatement(cursor);
}

/** Symbols that stand in options outside of parentheses. */
const OPTION_SYMBOLS = new Set([',', '=', '.', ':', '-', '+']);

/**
 * Passes over the options of a statement up to its end: a semicolon, a parenthesis that was opened outside, or a word that begins another
 * statement. Such a word is an option where no statement can end: behind a comma, an equals sign, or WITH (`WITH ROLLBACK IMMEDIATE`).
 */
export function skipTail(cursor: TokenCursor): void {
  let open = false;
  for (;;) {
    const token = cursor.peek();
    if (token.kind === 'end' || (!open && atStatementEnd(cursor))) return;
    if (cursor.isSymbol('(')) skipParentheses(cursor);
    else if (token.kind === 'symbol' && !OPTION_SYMBOLS.has(token.text)) throw cursor.fail('expected the end of the statement');
    else cursor.next();
    open = token.text === 'with' || ((token.text === ',' || token.text === '=') && token.kind === 'symbol');
  }
}

/** As {@link skipTail}, where one of these words, which begin statements elsewhere, may begin a clause that must follow (`ALTER LOGIN l DROP CREDENTIAL c`). */
export function skipClauses(cursor: TokenCursor, words: readonly string[]): void {
  if (cursor.isWord(...words)) cursor.next();
  skipTail(cursor);
}

const READING_WORDS = new Set([
  'select',
  'insert',
  'update',
  'delete',
  'merge',
  'exec',
  'execute',
  'openrowset',
  'openquery',
  'opendatasource',
]);

/** Passes over `( … )` with whatever is balanced inside, but for what could read or run something. */
export function skipParentheses(cursor: TokenCursor): void {
  cursor.expectSymbol('(');
  for (let depth = 1; depth > 0; ) {
    const token = cursor.peek();
    if (token.kind === 'end') throw cursor.fail('expected )');
    const asUser = cursor.isWord('exec', 'execute') && cursor.isWordAt(1, 'as');
    if (token.kind === 'word' && READING_WORDS.has(token.text) && !asUser)
      throw cursor.limit('statements among options are not understood');
    if (cursor.isSymbol('(')) depth += 1;
    else if (cursor.isSymbol(')')) depth -= 1;
    else if (cursor.isSymbol(';')) throw cursor.fail('expected )');
    cursor.next();
  }
}

/** `WITH ( … )`, when it stands here. */
export function skipWithOptions(cursor: TokenCursor): void {
  if (!cursor.isWord('with') || !cursor.isSymbol('(', 1)) return;
  cursor.next();
  skipParentheses(cursor);
}
