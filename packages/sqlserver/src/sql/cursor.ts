import type { Span } from '@sqlwarden/core';
import type { Grammar } from './grammar.js';
import { isReserved } from './keywords.js';
import { Lexer } from './lexer.js';
import type { LexicalState } from './lexical-state.js';
import { NameTwins } from './name-twins.js';
import { ParseError } from './parse-error.js';
import type { Token } from './tokens.js';

/** How deep expressions, queries and statements may stand in one another. Natural SQL stays below 25. */
const MAX_DEPTH = 200;
/** A text of more tokens is refused: an IN list of 3 MB of numbers has about a million. */
const MAX_TOKENS = 1_500_000;

/**
 * The place in a text where the parser stands, with the tokens in front of it. Tokens are read when they are looked at, so that
 * {@link setQuotedIdentifier} changes the meaning of all that follow. Methods that fail throw a {@link ParseError}.
 */
export class TokenCursor {
  readonly grammar: Grammar;
  readonly #lexer: Lexer;
  readonly #serverVersion: number;
  readonly #caseSensitive: boolean;
  readonly #names: NameTwins;
  #tokens: Token[] = [];
  #index = 0;
  #read = 0;
  #depth: number;
  #lastEnd = 0;

  constructor(text: string, state: LexicalState, grammar: Grammar, depth = 0) {
    this.grammar = grammar;
    this.#lexer = new Lexer(text, state.quotedIdentifier);
    this.#serverVersion = state.serverVersion;
    this.#caseSensitive = state.caseSensitive;
    this.#names = new NameTwins(text, state.caseSensitive);
    this.#depth = depth;
  }

  get text(): string {
    return this.#lexer.text;
  }

  /** The lexical state at this place. */
  get state(): LexicalState {
    return { quotedIdentifier: this.#lexer.quotedIdentifier, serverVersion: this.#serverVersion, caseSensitive: this.#caseSensitive };
  }

  /** A cursor on another text (the constant of `EXEC ('…')`), in the state of this place and as deep as it. Offsets are those of that text. */
  inner(text: string, quotedIdentifier = this.#lexer.quotedIdentifier): TokenCursor {
    const depth = this.#depth + 1;
    if (depth > MAX_DEPTH) throw this.limit('the statement is nested too deep');
    return new TokenCursor(text, { ...this.state, quotedIdentifier }, this.grammar, depth);
  }

  /** SET QUOTED_IDENTIFIER works while the text is parsed, from here on; the caller has consumed the statement. */
  setQuotedIdentifier(on: boolean): void {
    this.#lexer.quotedIdentifier = on;
    this.#tokens.length = this.#index;
    this.#lexer.rewind(this.#lastEnd);
  }

  /** The token `ahead` of the current one; the last is of kind `end`. */
  peek(ahead = 0): Token {
    let token = this.#tokens[this.#index + ahead];
    while (token === undefined) {
      this.#read += 1;
      if (this.#read > MAX_TOKENS) throw new ParseError('limit', 'the text has too many tokens', this.#lastEnd);
      this.#tokens.push(this.#lexer.next());
      token = this.#tokens[this.#index + ahead];
    }
    return token;
  }

  /** Consumes the current token. */
  next(): Token {
    const token = this.peek();
    if (token.kind === 'end') return token;
    this.#index += 1;
    this.#lastEnd = token.end;
    if (!this.#names.note(token, this.text.slice(token.start, token.end))) {
      throw this.limit('spell names alike that differ in accents, width or invisible characters only');
    }
    if (this.#index === 4096) {
      this.#tokens = this.#tokens.slice(this.#index);
      this.#index = 0;
    }
    return token;
  }

  /** The text gives this name, folded, to something of its own: an alias, a common table, a column of them. */
  bind(name: string): string {
    this.#names.bind(name);
    return name;
  }

  /** To be called at the end of a text: names that it gives must mean the same to whatever collation the database has. */
  requireCertainNames(): void {
    const name = this.#names.severalSpellings;
    if (name !== undefined) throw this.limit('spell the names that the text gives always in the same case');
  }

  get atEnd(): boolean {
    return this.peek().kind === 'end';
  }

  /** From `start` to the end of the last token consumed. */
  spanFrom(start: number): Span {
    return { start, end: Math.max(start, this.#lastEnd) };
  }

  /** Where the current token begins. */
  get start(): number {
    return this.peek().start;
  }

  /** Whether the current token is one of these unquoted words (lower case). */
  isWord(...words: readonly string[]): boolean {
    const token = this.peek();
    return token.kind === 'word' && words.includes(token.text);
  }

  isWordAt(ahead: number, ...words: readonly string[]): boolean {
    const token = this.peek(ahead);
    return token.kind === 'word' && words.includes(token.text);
  }

  /** Whether these words stand here one after another. */
  isPhrase(...words: readonly string[]): boolean {
    return words.every((word, at) => this.isWordAt(at, word));
  }

  acceptWord(word: string): boolean {
    if (!this.isWord(word)) return false;
    this.next();
    return true;
  }

  /** Consumes all of these words, or none. */
  acceptPhrase(...words: readonly string[]): boolean {
    if (!this.isPhrase(...words)) return false;
    for (let at = 0; at < words.length; at += 1) this.next();
    return true;
  }

  expectWord(...words: readonly string[]): void {
    for (const word of words) if (!this.acceptWord(word)) throw this.fail(`expected ${word.toUpperCase()}`);
  }

  /** Consumes one of these words and returns it. */
  expectOneOf(...words: readonly string[]): string {
    if (!this.isWord(...words)) throw this.fail(`expected ${words.map((word) => word.toUpperCase()).join(' or ')}`);
    return this.next().text;
  }

  /** Whether the characters of `symbols` stand here, blanks between them or not. */
  isSymbol(symbols: string, ahead = 0): boolean {
    for (let at = 0; at < symbols.length; at += 1) {
      const token = this.peek(ahead + at);
      if (token.kind !== 'symbol' || token.text !== symbols[at]) return false;
    }
    return true;
  }

  acceptSymbol(symbols: string): boolean {
    if (!this.isSymbol(symbols)) return false;
    for (let at = 0; at < symbols.length; at += 1) this.next();
    return true;
  }

  expectSymbol(symbols: string): void {
    if (!this.acceptSymbol(symbols)) throw this.fail(`expected ${symbols}`);
  }

  /** Whether the token can be an identifier: quoted, or a word that is not reserved. */
  isIdentifier(ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'quoted' || (token.kind === 'word' && !token.text.startsWith('$') && !isReserved(token.text));
  }

  isVariable(ahead = 0): boolean {
    return this.peek(ahead).kind === 'variable';
  }

  isString(ahead = 0): boolean {
    const { kind } = this.peek(ahead);
    return kind === 'string' || kind === 'national';
  }

  /** Items separated by commas, at least one. */
  list<T>(item: (cursor: TokenCursor) => T): T[] {
    const items = [item(this)];
    while (this.acceptSymbol(',')) items.push(item(this));
    return items;
  }

  /** `( … )`. */
  parenthesised<T>(inside: (cursor: TokenCursor) => T): T {
    this.expectSymbol('(');
    const result = this.descend(inside);
    this.expectSymbol(')');
    return result;
  }

  /** Runs a production that may contain itself; fails when that goes too deep. */
  descend<T>(production: (cursor: TokenCursor) => T): T {
    if (this.#depth >= MAX_DEPTH) throw this.limit('the statement is nested too deep');
    this.#depth += 1;
    const result = production(this);
    this.#depth -= 1;
    return result;
  }

  /** A `syntax` error at the current token. `expectation`: what to write, lower case; no literal of the text. */
  fail(expectation: string): ParseError {
    return new ParseError('syntax', expectation, this.peek().start);
  }

  /** A `limit` error: the server might take the text, we do not. */
  limit(message: string): ParseError {
    return new ParseError('limit', message, this.#lastEnd);
  }
}
