import { endsDashes, isAscii, isBit, isDigit, isHexDigit, isLetter, isNamePart, isSpace } from './characters.js';
import { versionedComment } from './lexer-comment.js';
import { readNumber } from './lexer-number.js';
import { readQuoted } from './lexer-string.js';
import type { LexicalState } from './lexical-state.js';
import type { Token, TokenKind } from './tokens.js';

/** What the next token is read as: the servers' lexers read what stands next to a dot or behind `@@` in ways of their own. */
type Mode = 'start' | 'separator' | 'after-dot' | 'system-name';

/**
 * Splits a text into tokens, one at a time, in one pass. MySQL Reference Manual, chapter "Language Structure" (Literal Values, Schema Object
 * Names, Keywords, Comments); MariaDB "Identifier Names", "Comment Syntax", "Numeric Literals". Never throws: what cannot be read is a
 * token of its own.
 */
export class Lexer {
  readonly text: string;
  readonly state: LexicalState;
  #at = 0;
  #mode: Mode = 'start';
  /** Inside of the code of an executable comment. */
  #inComment = false;

  constructor(text: string, state: LexicalState, from = 0) {
    this.text = text;
    this.state = state;
    this.#at = from;
  }

  /** An executable comment is open: a statement must not end here. */
  get isInsideComment(): boolean {
    return this.#inComment;
  }

  read(): Token {
    const mode = this.#mode;
    this.#mode = 'start';
    if (mode === 'separator') return this.#dot();
    if (mode === 'after-dot') return this.#plainName('name');
    if (mode === 'system-name') return this.#systemName();
    const problem = this.#skipBlank();
    if (problem !== undefined) return problem;
    const start = this.#at;
    if (start >= this.text.length) return this.#atEnd();
    const code = this.text.charCodeAt(start);
    if (isLetter(code) || code === 0x5f || code >= 0x80) return this.#word(code);
    if (isDigit(code)) return this.#number();
    return this.#other(code);
  }

  #token(kind: TokenKind, start: number, text: string): Token {
    return { kind, text, start, end: this.#at };
  }

  #fail(kind: 'broken' | 'unreadable', text: string): Token {
    const start = Math.min(this.#at, this.text.length);
    this.#at = this.text.length;
    return { kind, text, start, end: start };
  }

  #atEnd(): Token {
    if (this.#inComment) return this.#fail('broken', 'a comment is not closed');
    return this.#token('end', this.#at, '');
  }

  // ------------------------------------------------------------ blanks and comments

  /** Moves to the next token; what cannot be skipped is the token. */
  #skipBlank(): Token | undefined {
    const { text } = this;
    for (;;) {
      const code = text.charCodeAt(this.#at);
      if (isSpace(code)) this.#at += 1;
      else if (code === 0x23 || (code === 0x2d && text.charCodeAt(this.#at + 1) === 0x2d && endsDashes(text.charCodeAt(this.#at + 2)))) {
        const problem = this.#skipLine();
        if (problem !== undefined) return problem;
      } else if (code === 0x2f && text.charCodeAt(this.#at + 1) === 0x2a) {
        const problem = this.#skipComment();
        if (problem !== undefined) return problem;
      } else if (this.#inComment && code === 0x2a && text.charCodeAt(this.#at + 1) === 0x2f) {
        this.#inComment = false;
        this.#at += 2;
      } else return undefined;
    }
  }

  #skipLine(): Token | undefined {
    const feed = this.text.indexOf('\n', this.#at);
    const end = feed < 0 ? this.text.length : feed;
    if (this.text.slice(this.#at, end).includes('\0')) return this.#fail('unreadable', 'a NUL character stands outside of strings');
    this.#at = end;
    return undefined;
  }

  #skipComment(): Token | undefined {
    const comment = versionedComment(this.text, this.#at, this.state);
    switch (comment.kind) {
      case 'code':
        this.#inComment = true;
        this.#at = comment.from;
        return undefined;
      case 'skipped':
        this.#at = comment.to;
        return undefined;
      case 'unclosed':
        return this.#fail('broken', 'a comment is not closed');
      case 'unreadable':
        return this.#fail('unreadable', comment.why);
    }
  }

  // ------------------------------------------------------------ names

  /** The end of a run of name characters from `at`; negative when one of them may not stand in a name without quotes. */
  #nameEnd(at: number): number {
    const { text } = this;
    let end = at;
    let isWide = false;
    for (let code = text.charCodeAt(end); isNamePart(code); code = text.charCodeAt(end)) {
      if (code >= 0x80) isWide = true;
      end += 1;
    }
    return isWide && !this.#mayBeName(text.slice(at, end)) ? -1 : end;
  }

  #mayBeName(name: string): boolean {
    switch (this.state.wideNames) {
      case 'all':
        return !/[\ud800-\udfff]/.test(name);
      case 'latin1':
        return !/[^\0-\x7f\xc0-\xd6\xd8-\xf6\xf8-\xff]/.test(name);
      case 'none':
        return false;
    }
  }

  #word(code: number): Token {
    const quote = this.text.charCodeAt(this.#at + 1) === 0x27;
    if (quote && (code === 0x6e || code === 0x4e)) return this.#string(this.#at, this.#at + 1);
    if (quote && (code === 0x78 || code === 0x58)) return this.#quotedDigits('hexadecimal', isHexDigit);
    if (quote && (code === 0x62 || code === 0x42)) return this.#quotedDigits('bits', isBit);
    return this.#plainName('word');
  }

  /** A run of name characters. One that a dot and a further name follow at once is not a keyword, whatever it is called. */
  #plainName(kind: 'word' | 'name'): Token {
    const start = this.#at;
    const end = this.#nameEnd(start);
    if (end < 0) return this.#fail('unreadable', 'a name without quotes has a character that it may not have in this character set');
    this.#at = end;
    const raw = this.text.slice(start, end);
    const isQualifier = this.text.charCodeAt(end) === 0x2e && isNamePart(this.text.charCodeAt(end + 1));
    if (isQualifier) this.#mode = 'separator';
    if (kind === 'name' || isQualifier || !isAscii(raw)) return this.#token('name', start, raw);
    return this.#token('word', start, raw.toLowerCase());
  }

  #dot(): Token {
    const start = this.#at;
    this.#at += 1;
    if (isNamePart(this.text.charCodeAt(this.#at))) this.#mode = 'after-dot';
    return this.#token('operator', start, '.');
  }

  #systemName(): Token {
    if (!isNamePart(this.text.charCodeAt(this.#at))) return this.#fail('broken', 'a name is missing behind @@');
    const token = this.#plainName('word');
    if (token.kind === 'unreadable') return token;
    if (this.text.charCodeAt(this.#at) === 0x2e) this.#mode = 'separator';
    return { ...token, kind: 'word', text: token.text.toLowerCase() };
  }

  #quotedName(): Token {
    const start = this.#at;
    const { value, end } = readQuoted(this.text, start, true);
    if (end < 0) return this.#fail('broken', 'a quoted name is not closed');
    if (value.includes('\0')) return this.#fail('broken', 'a quoted name has a NUL character');
    this.#at = end;
    return this.#token('name', start, value);
  }

  // ------------------------------------------------------------ literals

  #string(start: number, quoteAt: number): Token {
    const { value, end } = readQuoted(this.text, quoteAt, this.state.noBackslashEscapes);
    if (end < 0) return this.#fail('broken', 'a string is not closed');
    this.#at = end;
    return this.#token('string', start, value);
  }

  #quotedDigits(kind: 'hexadecimal' | 'bits', isPart: (code: number) => boolean): Token {
    const start = this.#at;
    let end = start + 2;
    while (isPart(this.text.charCodeAt(end))) end += 1;
    const isOdd = kind === 'hexadecimal' && (end - start) % 2 === 1;
    if (this.text.charCodeAt(end) !== 0x27 || isOdd) return this.#fail('broken', 'a hexadecimal or bit literal is malformed');
    this.#at = end + 1;
    return this.#token(kind, start, this.text.slice(start, end + 1));
  }

  #number(): Token {
    const number = readNumber(this.text, this.#at, this.state.flavour === 'mariadb');
    if (number === 'name') return this.#plainName('name');
    if (number === 'unreadable') return this.#fail('unreadable', 'a number has an exponent without digits');
    const start = this.#at;
    this.#at = number.end;
    return this.#token(number.kind, start, this.text.slice(start, number.end));
  }

  // ------------------------------------------------------------ symbols

  #other(code: number): Token {
    const following = this.text.charCodeAt(this.#at + 1);
    switch (code) {
      case 0x00:
        return this.#fail('unreadable', 'a NUL character stands outside of strings');
      case 0x22:
        return this.state.ansiQuotes ? this.#quotedName() : this.#string(this.#at, this.#at);
      case 0x24:
        return this.#dollar();
      case 0x27:
        return this.#string(this.#at, this.#at);
      case 0x2e:
        if (isDigit(following)) return this.#number();
        if (following === 0x2e && this.state.flavour === 'mariadb') return this.#symbol(2);
        return this.#dot();
      case 0x40:
        return this.#variable(following);
      case 0x5c:
        return this.#backslash(following);
      case 0x60:
        return this.#quotedName();
      default:
        return this.#operator(code, following);
    }
  }

  #symbol(length: number): Token {
    const start = this.#at;
    this.#at += length;
    return this.#token('operator', start, this.text.slice(start, this.#at));
  }

  #operator(code: number, following: number): Token {
    switch (code) {
      case 0x21: // !
      case 0x3c: // <
      case 0x3d: // =
      case 0x3e: // >
        return this.#comparison();
      case 0x26: // &
      case 0x7c: // |
        return this.#symbol(following === code ? 2 : 1);
      case 0x2d: // -
        if (following !== 0x3e || this.state.flavour === 'mariadb') return this.#symbol(1);
        return this.#symbol(this.text.charCodeAt(this.#at + 2) === 0x3e ? 3 : 2);
      case 0x3a: // :
        return this.#symbol(following === 0x3d ? 2 : 1);
      case 0x3f: // ?
        return isNamePart(following) ? this.#fail('broken', 'a parameter runs into a name') : this.#symbol(1);
      default:
        return '()*+,/;%^{}~'.includes(String.fromCharCode(code))
          ? this.#symbol(1)
          : this.#fail('broken', 'a character stands outside of strings that has no meaning there');
    }
  }

  /**
   * MariaDB takes the longest operator there is. MySQL first takes every such character, and what it makes of runs that are no operator
   * (`==`, `=!`) is not written down.
   */
  #comparison(): Token {
    const run = /[!<=>]{1,3}/y;
    run.lastIndex = this.#at;
    const found = run.exec(this.text)?.[0] ?? '';
    for (let length = found.length; length > 0; length -= 1) {
      if (!COMPARISONS.has(found.slice(0, length))) continue;
      const isExact = length === found.length || (length === 2 && found[0] !== '<');
      if (!isExact && this.state.flavour === 'mysql')
        return this.#fail('unreadable', 'operators run into one another: put a space between them');
      return this.#symbol(length);
    }
    return this.#symbol(1);
  }

  #variable(following: number): Token {
    const start = this.#at;
    if (following === 0x40) {
      const isQuoted = this.text.charCodeAt(start + 2) === 0x60;
      if (!isQuoted) this.#mode = 'system-name';
      return this.#symbol(2);
    }
    this.#at = start + 1;
    if (following === 0x27 || following === 0x22 || following === 0x60) {
      const inner =
        following === 0x60 || (following === 0x22 && this.state.ansiQuotes) ? this.#quotedName() : this.#string(this.#at, this.#at);
      return inner.kind === 'name' || inner.kind === 'string' ? this.#token('variable', start, inner.text) : inner;
    }
    const end = this.#hostEnd();
    if (end < 0) return this.#fail('unreadable', 'a variable has a character that it may not have in this character set without quotes');
    this.#at = end;
    return this.#token('variable', start, this.text.slice(start + 1, end));
  }

  /** Names of variables and hosts have dots in them; negative when they have characters that the character set decides about. */
  #hostEnd(): number {
    const { wideNames } = this.state;
    for (let end = this.#at; ; end += 1) {
      const code = this.text.charCodeAt(end);
      if (code >= 0x80 && wideNames !== 'all') return -1;
      if (!isNamePart(code) && code !== 0x2e) return end;
    }
  }

  /** `$` begins a name; in newer versions of MySQL `$tag$` begins a text. */
  #dollar(): Token {
    const tag = /\$[0-9A-Za-z_\u0080-\uffff]*\$/y;
    tag.lastIndex = this.#at;
    if (this.state.flavour === 'mysql' && tag.test(this.text)) return this.#fail('unreadable', 'dollar-quoted texts are not read');
    return this.#plainName('word');
  }

  /** `\N` is NULL in MariaDB, and was in MySQL before 8.0. */
  #backslash(following: number): Token {
    const isNull = following === 0x4e && (this.state.flavour === 'mariadb' || this.state.serverVersion < 80_000);
    if (!isNull) return this.#fail('broken', 'a backslash stands outside of strings');
    const start = this.#at;
    this.#at += 2;
    return this.#token('word', start, 'null');
  }
}

const COMPARISONS: ReadonlySet<string> = new Set(['=', '<', '>', '!', '<=', '>=', '<>', '!=', '<<', '>>', '<=>']);
