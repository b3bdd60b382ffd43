import type { Expression, Query, Span, Statement } from '@sqlwarden/core';
import { isSpace } from './characters.js';
import { Lexer } from './lexer.js';
import type { LexicalState } from './lexical-state.js';
import { ParseError } from './parse-error.js';
import type { Token } from './tokens.js';

/** The parts of the grammar that refer to one another: given to the cursor, so that their modules need not import each other in a circle. */
export interface Grammar {
  readonly expression: (cursor: TokenCursor) => Expression;
  /** An expression without comparisons and conditions, where IN, AND and the like mean something else. */
  readonly operand: (cursor: TokenCursor) => Expression;
  /** The rest of an expression whose first operand was parsed. */
  readonly continueExpression: (cursor: TokenCursor, first: Expression) => Expression;
  /** A query, or the rest of one whose first operand, in parentheses, was parsed. */
  readonly query: (cursor: TokenCursor, first?: Query) => Query;
  readonly statement: (cursor: TokenCursor) => Statement;
}

/** How deep parentheses, subqueries, blocks and the like may stand in one another. */
const MAX_DEPTH = 200;

/** Where the tokens that were consumed are given up, so that long scripts do not keep them. */
const KEPT_TOKENS = 4096;

/** Reads the tokens of a text from left to right with any lookahead. Everything that fails throws a {@link ParseError}. */
export class TokenCursor {
  readonly text: string;
  readonly grammar: Grammar;
  /** In the body of a trigger: NEW and OLD are names of rows in any letter case. */
  inTrigger = false;
  /** Behind ON DUPLICATE KEY UPDATE: VALUES is a function. */
  inDuplicateKey = false;
  #lexer: Lexer;
  #tokens: Token[] = [];
  #at = 0;
  #depth: number;
  #parameters = 0;
  #lastEnd = 0;

  constructor(text: string, state: LexicalState, grammar: Grammar, depth = 0) {
    this.text = text;
    this.grammar = grammar;
    this.#lexer = new Lexer(text, state);
    this.#depth = depth;
  }

  get state(): LexicalState {
    return this.#lexer.state;
  }

  get isMariaDb(): boolean {
    return this.#lexer.state.flavour === 'mariadb';
  }

  /** Where the token ends that was consumed last. */
  get lastEnd(): number {
    return this.#lastEnd;
  }

  /** A cursor over another text that is read under the same state: the text of PREPARE. */
  forText(text: string): TokenCursor {
    if (this.#depth + 1 > MAX_DEPTH) this.tooDeep();
    return new TokenCursor(text, this.state, this.grammar, this.#depth + 1);
  }

  /**
   * From the token on that stands here, which is the end of a statement, the text is read under another state. What was looked at already is
   * read anew; not what stands before the token, where a comment with code may have been closed.
   */
  changeState(state: LexicalState): void {
    if (this.#lexer.isInsideComment) this.refuse('the session is changed inside of a comment with code');
    const { start } = this.peek();
    this.#tokens = [];
    this.#at = 0;
    this.#lexer = new Lexer(this.text, state, start);
  }

  // ------------------------------------------------------------ looking

  /** The token `ahead` places from here. Beyond the end there are only `end` tokens; what cannot be read is not looked beyond. */
  peek(ahead = 0): Token {
    const tokens = this.#tokens;
    while (tokens.length <= this.#at + ahead) {
      const last = tokens.at(-1);
      if (last !== undefined && (last.kind === 'end' || last.kind === 'broken' || last.kind === 'unreadable')) return last;
      tokens.push(this.#lexer.read());
    }
    const token = tokens[this.#at + ahead];
    if (token === undefined) throw new TypeError('a token is missing');
    if (ahead === 0) this.#check(token);
    return token;
  }

  #check(token: Token): void {
    if (token.kind === 'broken') throw new ParseError('syntax', token.text, token.start);
    if (token.kind === 'unreadable') throw new ParseError('limit', token.text, token.start);
  }

  /** An unquoted word, in lower case, stands here; keyword or not. */
  isWord(word: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'word' && token.text === word;
  }

  /** These words stand here one after another. */
  areWords(...words: readonly string[]): boolean {
    return words.every((word, at) => this.isWord(word, at));
  }

  /** One of these words stands here. */
  isWordOf(words: ReadonlySet<string>, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'word' && words.has(token.text);
  }

  isSymbol(symbol: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'operator' && token.text === symbol;
  }

  isEnd(): boolean {
    return this.peek().kind === 'end';
  }

  /** A parenthesis follows this token at once (or, with IGNORE_SPACE, after spaces): what makes a built-in name a function. */
  isDirectCall(ahead = 0): boolean {
    let at = this.peek(ahead).end;
    if (this.state.ignoreSpace) while (isSpace(this.text.charCodeAt(at))) at += 1;
    return this.text.charCodeAt(at) === 0x28;
  }

  // ------------------------------------------------------------ moving

  next(): Token {
    const token = this.peek();
    if (token.kind === 'end') this.fail('more text');
    this.#at += 1;
    this.#lastEnd = token.end;
    if (this.#at >= KEPT_TOKENS) {
      this.#tokens = this.#tokens.slice(this.#at);
      this.#at = 0;
    }
    return token;
  }

  /** Consumes the word if it stands here. */
  accept(word: string): boolean {
    if (!this.isWord(word)) return false;
    this.next();
    return true;
  }

  /** Consumes the words if all of them stand here. */
  acceptWords(...words: readonly string[]): boolean {
    if (!this.areWords(...words)) return false;
    for (let count = words.length; count > 0; count -= 1) this.next();
    return true;
  }

  /** Consumes one of the words, and says which. */
  acceptOneOf<Word extends string>(...words: readonly Word[]): Word | undefined {
    const token = this.peek();
    const found = token.kind === 'word' ? words.find((word) => word === token.text) : undefined;
    if (found !== undefined) this.next();
    return found;
  }

  acceptSymbol(symbol: string): boolean {
    if (!this.isSymbol(symbol)) return false;
    this.next();
    return true;
  }

  expect(...words: readonly string[]): void {
    for (const word of words) if (!this.accept(word)) this.fail(word.toUpperCase());
  }

  expectSymbol(symbol: string): void {
    if (!this.acceptSymbol(symbol)) this.fail(`"${symbol}"`);
  }

  /** The number of the parameter that was just consumed, counted from 1 over the text. */
  countParameter(): number {
    this.#parameters += 1;
    return this.#parameters;
  }

  // ------------------------------------------------------------ parts

  /** Items separated by commas; at least one. */
  list<Item>(item: () => Item): Item[] {
    const items = [item()];
    while (this.acceptSymbol(',')) items.push(item());
    return items;
  }

  /** What stands in parentheses. */
  parenthesised<Result>(inner: () => Result): Result {
    return this.nested(() => {
      this.expectSymbol('(');
      const result = inner();
      this.expectSymbol(')');
      return result;
    });
  }

  /** Parses one level deeper. Whatever calls itself again goes through here, so that the stack cannot overflow. */
  nested<Result>(parse: () => Result): Result {
    if (this.#depth >= MAX_DEPTH) this.tooDeep();
    this.#depth += 1;
    const result = parse();
    this.#depth -= 1;
    return result;
  }

  /** The span from `start` to what was consumed last. */
  spanFrom(start: number): Span {
    return { start, end: Math.max(start, this.#lastEnd) };
  }

  /** A statement must not end while a comment with code is open: the server would read its end as something else. */
  checkStatementEnd(): void {
    if (this.#lexer.isInsideComment) throw new ParseError('syntax', 'a comment is not closed where the statement ends', this.peek().start);
  }

  // ------------------------------------------------------------ failing

  /** A syntax error here. `expected` is for people. */
  fail(expected: string): never {
    const token = this.peek();
    throw new ParseError('syntax', `syntax error at ${describe(token)}: expected ${expected}`, token.start);
  }

  /** What stands here may be correct, but is not read. */
  refuse(why: string): never {
    throw new ParseError('limit', why, this.peek().start);
  }

  private tooDeep(): never {
    throw new ParseError('limit', `parts of the statement stand more than ${MAX_DEPTH} levels deep in one another`, this.peek().start);
  }
}

/** Names the token without quoting what may be a literal or a name of the user's. */
function describe(token: Token): string {
  switch (token.kind) {
    case 'end':
      return 'the end';
    case 'operator':
      return `"${token.text}"`;
    case 'word':
    case 'name':
      return 'a name';
    case 'string':
      return 'a string';
    case 'variable':
      return 'a variable';
    default:
      return 'a number';
  }
}
