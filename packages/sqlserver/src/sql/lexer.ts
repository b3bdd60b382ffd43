import { isReserved } from './keywords.js';
import {
  ASTERISK,
  AT,
  BACKSLASH,
  CARRIAGE_RETURN,
  CLOSE_BRACKET,
  DOLLAR,
  DOT,
  DOUBLE_QUOTE,
  isBlank,
  isCurrency,
  isDigit,
  isHexDigit,
  isPunctuation,
  isWordPart,
  isWordStart,
  LINE_FEED,
  MINUS,
  OPEN_BRACKET,
  PLUS,
  QUOTE,
  SLASH,
} from './lexer-characters.js';
import { ParseError } from './parse-error.js';
import type { Token, TokenKind } from './tokens.js';

/** Characters that end a line for some reader but for the server perhaps not. */
const DOUBTFUL_LINE_ENDS = /[\r\u0085\u2028\u2029]/;
const CONTINUATIONS = /\\\r?\n/g;
const ASCII = /^[!-~]*$/;
const ALONE_ON_LINE = /^[ \t]*(?:\d+[ \t]*)?;?[ \t]*(?:--[^\n]*)?(?:\r?\n|$)/;

/**
 * Reads the tokens of a T-SQL text one after another ("Transact-SQL syntax conventions", "Constants", "Database Identifiers", "-- (Comment)",
 * "Slash Star (Block Comment)", "Backslash (Line Continuation)"). It looks at no character twice, but for a line that begins with GO. What
 * readers of the text could see in different ways is a `limit` error; see {@link ParseError}.
 */
export class Lexer {
  readonly text: string;
  #at: number;
  /** SET QUOTED_IDENTIFIER at this place of the text. */
  quotedIdentifier: boolean;

  constructor(text: string, quotedIdentifier: boolean) {
    if (text.includes('\0')) throw this.#limit('remove the NUL character', text.indexOf('\0'));
    this.text = text;
    this.#at = 0;
    this.quotedIdentifier = quotedIdentifier;
  }

  /** Goes back to an offset where a token ended. */
  rewind(offset: number): void {
    this.#at = offset;
  }

  next(): Token {
    this.#skipBlanks();
    const start = this.#at;
    const code = this.text.charCodeAt(start);
    if (Number.isNaN(code)) return { kind: 'end', text: '', start, end: start };
    if (isWordStart(code)) return this.#word(start);
    if (isDigit(code) || (code === DOT && isDigit(this.#peek(1)))) return this.#number(start);
    if (code === QUOTE) return this.#string('string', start, start);
    if (code === AT) return this.#variable(start);
    if (code === OPEN_BRACKET) return this.#quoted(start, CLOSE_BRACKET);
    if (code === DOUBLE_QUOTE) return this.quotedIdentifier ? this.#quoted(start, DOUBLE_QUOTE) : this.#string('string', start, start);
    if (isCurrency(code)) return this.#dollar(start, code);
    if (isPunctuation(code)) return this.#token('symbol', start, start + 1);
    throw this.#limit('remove the character that is neither a blank nor one of T-SQL', start);
  }

  #peek(ahead: number): number {
    return this.text.charCodeAt(this.#at + ahead);
  }

  #token(kind: TokenKind, start: number, end: number, text = this.text.slice(start, end)): Token {
    this.#at = end;
    return { kind, text, start, end };
  }

  #limit(message: string, position: number): ParseError {
    return new ParseError('limit', message, position);
  }

  #skipBlanks(): void {
    for (;;) {
      const code = this.#peek(0);
      if (isBlank(code)) this.#at += 1;
      else if (code === MINUS && this.#peek(1) === MINUS) this.#skipLineComment();
      else if (code === SLASH && this.#peek(1) === ASTERISK) this.#skipBlockComment();
      else return;
    }
  }

  /** The manual ends a comment at a carriage return as well as at a line feed; where that would make a difference, the text is refused. */
  #skipLineComment(): void {
    const feed = this.text.indexOf('\n', this.#at);
    const end = feed < 0 ? this.text.length : feed;
    const comment = this.text.slice(this.#at, end);
    const doubtful = comment.search(DOUBTFUL_LINE_ENDS);
    if (doubtful >= 0 && /[^\s\u0085]/.test(comment.slice(doubtful))) {
      throw this.#limit('end the comment with a line feed', this.#at + doubtful);
    }
    this.#at = end;
  }

  #skipBlockComment(): void {
    const start = this.#at;
    let depth = 0;
    let at = start;
    for (; at < this.text.length; at += 1) {
      const code = this.text.charCodeAt(at);
      const next = this.text.charCodeAt(at + 1);
      if (code === SLASH && next === ASTERISK) depth += 1;
      else if (code === ASTERISK && next === SLASH) depth -= 1;
      else continue;
      at += 1;
      if (depth > 0) continue;
      this.#at = at + 1;
      return;
    }
    throw new ParseError('syntax', 'close the block comment', start);
  }

  #word(start: number): Token {
    let end = start + 1;
    while (isWordPart(this.text.charCodeAt(end))) end += 1;
    const text = this.text.slice(start, end).toLowerCase();
    if (text === 'n') {
      const after = this.text.charCodeAt(end);
      if (after === QUOTE || (after === DOUBLE_QUOTE && !this.quotedIdentifier)) return this.#string('national', start, end);
    }
    if (text === 'go' && this.#isAlone(start, end))
      throw new ParseError('syntax', 'GO is a command of client tools: send batches one by one', start);
    this.#checkLookalike(start, end);
    return this.#token('word', start, end, text);
  }

  /**
   * Letters that look like those of a keyword (fullwidth forms, the Kelvin sign) are not known to mean the same to the server. `ª` and `º` are
   * part of everyday words, and of no keyword.
   */
  #checkLookalike(start: number, end: number): void {
    const word = this.text.slice(start, end);
    if (ASCII.test(word)) return;
    if (ASCII.test(word.replace(/[ªº]/g, 'ß').normalize('NFKC'))) throw this.#limit('quote the name that looks like an ASCII one', start);
  }

  #isAlone(start: number, end: number): boolean {
    let before = start - 1;
    while (before >= 0 && (this.text[before] === ' ' || this.text[before] === '\t')) before -= 1;
    if (before >= 0 && this.text.charCodeAt(before) !== LINE_FEED && this.text.charCodeAt(before) !== CARRIAGE_RETURN) return false;
    const feed = this.text.indexOf('\n', end);
    return ALONE_ON_LINE.test(this.text.slice(end, feed < 0 ? undefined : feed + 1));
  }

  #variable(start: number): Token {
    let end = start + 1;
    while (isWordPart(this.text.charCodeAt(end))) end += 1;
    const text = this.text.slice(start, end).toLowerCase();
    this.#checkLookalike(start, end);
    return this.#token('variable', start, end, text);
  }

  /** `[a]]b]`, `"a""b"`: the closing mark is doubled inside. */
  #quoted(start: number, mark: number): Token {
    const end = this.#closing(start + 1, mark, 'close the quoted name', start);
    const closing = String.fromCharCode(mark);
    const text = this.text.slice(start + 1, end - 1).replaceAll(closing + closing, closing);
    if (text === '') throw new ParseError('syntax', 'a name must not be empty', start);
    return this.#token('quoted', start, end, text);
  }

  #string(kind: 'string' | 'national', start: number, open: number): Token {
    const mark = this.text.charCodeAt(open);
    const end = this.#closing(open + 1, mark, 'close the string', start);
    const quote = String.fromCharCode(mark);
    let text = this.text.slice(open + 1, end - 1);
    if (text.includes(quote)) text = text.replaceAll(quote + quote, quote);
    if (text.includes('\\')) text = text.replaceAll(CONTINUATIONS, '');
    return this.#token(kind, start, end, text);
  }

  /** The offset behind the closing mark. */
  #closing(from: number, mark: number, message: string, start: number): number {
    const closing = String.fromCharCode(mark);
    for (let at = from; ; at += 2) {
      at = this.text.indexOf(closing, at);
      if (at < 0) throw new ParseError('syntax', message, start);
      if (this.text.charCodeAt(at + 1) !== mark) return at + 1;
    }
  }

  #number(start: number): Token {
    const first = this.text.charCodeAt(start);
    const second = this.text.charCodeAt(start + 1) | 32;
    if (first === 48 && second === 120) return this.#binary(start);
    let end = this.#digits(start);
    let kind: TokenKind = 'integer';
    if (this.text.charCodeAt(end) === DOT) {
      kind = 'decimal';
      end = this.#digits(end + 1);
    }
    // `1e` is a constant, too: the exponent may be missing.
    if ((this.text.charCodeAt(end) | 32) === 101) {
      kind = 'float';
      end += 1;
      const sign = this.text.charCodeAt(end);
      if (sign === PLUS || sign === MINUS) {
        end += 1;
        // `1e+a` may be a constant with an alias, or a sum.
        if (!isDigit(this.text.charCodeAt(end)) && !this.#endsItem(end)) throw this.#limit('write the digits of the exponent', start);
      }
      end = this.#digits(end);
    }
    return this.#token(kind, start, end);
  }

  /** Whether nothing follows but the end of an item of a list, or of the statement. */
  #endsItem(from: number): boolean {
    let at = from;
    while (isBlank(this.text.charCodeAt(at))) at += 1;
    return at >= this.text.length || ',);'.includes(this.text.charAt(at));
  }

  #digits(from: number): number {
    let at = from;
    while (isDigit(this.text.charCodeAt(at))) at += 1;
    return at;
  }

  #binary(start: number): Token {
    let end = start + 2;
    for (;;) {
      while (isHexDigit(this.text.charCodeAt(end))) end += 1;
      if (this.text.charCodeAt(end) !== BACKSLASH) break;
      const feed = this.text.charCodeAt(end + 1) === CARRIAGE_RETURN ? end + 2 : end + 1;
      if (this.text.charCodeAt(feed) !== LINE_FEED) break;
      end = feed + 1;
    }
    return this.#token('binary', start, end, this.text.slice(start, end).replaceAll(CONTINUATIONS, ''));
  }

  /** `$1.50`, `€ 2`, `$-3`, `$` (nothing, as money), `$action`. */
  #dollar(start: number, code: number): Token {
    const after = this.text.charCodeAt(start + 1);
    if (code === DOLLAR && isWordStart(after)) {
      let end = start + 2;
      while (isWordPart(this.text.charCodeAt(end))) end += 1;
      const text = this.text.slice(start, end).toLowerCase();
      // `SELECT $from t` may be nothing as money, and FROM. Other words can only be an alias then, and are no column that there is.
      if (isReserved(text.slice(1)) && text !== '$identity') throw this.#limit('write a blank behind the currency symbol', start);
      return this.#token('word', start, end, text);
    }
    let amount = start + 1;
    while (isBlank(this.text.charCodeAt(amount))) amount += 1;
    const sign = this.text.charCodeAt(amount);
    if (sign === MINUS || sign === PLUS) amount += 1;
    const follows =
      isDigit(this.text.charCodeAt(amount)) || (this.text.charCodeAt(amount) === DOT && isDigit(this.text.charCodeAt(amount + 1)));
    let end = this.#digits(follows ? amount : start + 1);
    if (this.text.charCodeAt(end) === DOT) end = this.#digits(end + 1);
    return this.#token('money', start, end);
  }
}
