/**
 * A linear pass over a text with the lexical rules of PostgreSQL ("Lexical Structure", scan.l), before the real parser sees it. It decides
 * nothing about meaning: it only measures, so that texts which make the parser slow, or overflow its stack, are refused first.
 */

/** What the pass measured. */
export interface TextMeasure {
  /** The deepest nesting of parentheses, brackets and CASE, each with the operators chained at its level. */
  readonly depth: number;
  /** The deepest nesting of block comments. */
  readonly commentDepth: number;
  /** Words (names, keywords) that are not constants: how much there is to understand, as against data. */
  readonly words: number;
  /**
   * The deepest nesting of UPDATE inside the parentheses of another one. The parser's tree repeats the source of `SET (a, b) = (…)` for
   * every column, so it grows exponentially in this; the server itself takes no more than two.
   */
  readonly updateDepth: number;
}

const CONSTANT_WORDS = new Set(['null', 'true', 'false', 'default']);
/** Words that put one expression inside another without a parenthesis. */
const CHAINING_WORDS = new Set([
  'not',
  'is',
  'isnull',
  'notnull',
  'collate',
  'at',
  'like',
  'ilike',
  'similar',
  'between',
  'in',
  'overlaps',
  'operator',
]);
/** Words that put one query or FROM item inside another without a parenthesis, for as long as the level lasts. */
const NESTING_WORDS = new Set(['union', 'intersect', 'except', 'join']);
/**
 * Words after which operators chained before no longer nest: the grammar makes one flat list of AND and OR, and clauses stand side by side.
 * All are reserved: only after a dot can they be names.
 */
const SEPARATING_WORDS = new Set(['and', 'or', 'select', 'from', 'where', 'group', 'having', 'order', 'limit', 'when', 'then', 'else']);

const OPERATOR_CHARACTERS = codes('~!@#^&|`?+-*/%<>=');
/** With one of these in it, an operator may end in a plus or minus; without, those at its end are operators of their own. */
const BINDING_CHARACTERS = codes('~!@#^&|`?%');
const QUOTE = 39;
const DOUBLE_QUOTE = 34;
const BACKSLASH = 92;
const DOLLAR = 36;
const PLUS = 43;
const MINUS = 45;
const SLASH = 47;
const ASTERISK = 42;
const COLON = 58;

function codes(characters: string): ReadonlySet<number> {
  return new Set([...characters].map((character) => character.charCodeAt(0)));
}

/** Measures `text`. Unterminated constructs simply end with the text; the parser reports them. */
export function measureText(text: string): TextMeasure {
  return new TextScan(text).run();
}

class TextScan {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #deepest = 0;
  #deepestComment = 0;
  #words = 0;
  /** Operators chained at each open level; the last is the current one. */
  readonly #chains: number[] = [0];
  #chainTotal = 0;
  /** The same for set operations and joins. */
  readonly #nestings: number[] = [0];
  #nestingTotal = 0;
  /** For each open level, how many levels up to it hold an UPDATE. */
  readonly #updates: number[] = [0];
  #deepestUpdate = 0;
  #lastWord = '';
  /** The last token was a dot: what follows is a name, whatever it is called. */
  #afterDot = false;

  constructor(text: string) {
    this.#text = text;
  }

  run(): TextMeasure {
    const { length } = this.#text;
    while (this.#at < length) this.#step(this.#text.charCodeAt(this.#at));
    return { depth: this.#deepest, commentDepth: this.#deepestComment, words: this.#words, updateDepth: this.#deepestUpdate };
  }

  #step(code: number): void {
    const next = this.#text.charCodeAt(this.#at + 1);
    if (code === MINUS && next === MINUS) this.#skipLineComment();
    else if (code === SLASH && next === ASTERISK) this.#skipBlockComment();
    else if (code === QUOTE) this.#skipQuoted(QUOTE, false);
    else if (code === DOUBLE_QUOTE) {
      this.#words += 1;
      this.#skipQuoted(DOUBLE_QUOTE, false);
    } else if (code === DOLLAR) this.#skipDollar();
    else if (isNameStart(code)) this.#word();
    else if (code === 40 || code === 91) this.#open();
    else if (code === 41 || code === 93) this.#close();
    else if (code === 44) this.#separate();
    else if (code === 59) this.#endStatement();
    else if (OPERATOR_CHARACTERS.has(code)) this.#operator();
    else if (code === COLON && next === COLON) this.#cast();
    else {
      this.#at += 1;
      if (code > 32) this.#afterDot = code === 46;
    }
  }

  #open(): void {
    this.#at += 1;
    this.#depth += 1;
    this.#chains.push(0);
    this.#nestings.push(0);
    this.#updates.push(this.#updates.at(-1) ?? 0);
    this.#note();
  }

  #close(): void {
    this.#at += 1;
    if (this.#depth === 0) return;
    this.#depth -= 1;
    this.#chainTotal -= this.#chains.pop() ?? 0;
    this.#nestingTotal -= this.#nestings.pop() ?? 0;
    this.#updates.pop();
  }

  #separate(): void {
    this.#at += 1;
    this.#resetChain();
  }

  #endStatement(): void {
    this.#separate();
    const top = this.#nestings.length - 1;
    this.#nestingTotal -= this.#nestings[top] ?? 0;
    this.#nestings[top] = 0;
  }

  #nest(): void {
    const top = this.#nestings.length - 1;
    this.#nestings[top] = (this.#nestings[top] ?? 0) + 1;
    this.#nestingTotal += 1;
    this.#note();
  }

  #resetChain(): void {
    const top = this.#chains.length - 1;
    this.#chainTotal -= this.#chains[top] ?? 0;
    this.#chains[top] = 0;
  }

  #chain(): void {
    const top = this.#chains.length - 1;
    this.#chains[top] = (this.#chains[top] ?? 0) + 1;
    this.#chainTotal += 1;
    this.#note();
  }

  #note(): void {
    this.#deepest = Math.max(this.#deepest, this.#depth + this.#chainTotal + this.#nestingTotal);
  }

  /** One operator, and the signs at its end (`*-1` is two operators, `@-` is one). */
  #operator(): void {
    let binding = false;
    let signs = 0;
    let length = 0;
    for (; OPERATOR_CHARACTERS.has(this.#text.charCodeAt(this.#at)) && !this.#atComment(); this.#at += 1) {
      const code = this.#text.charCodeAt(this.#at);
      binding ||= BINDING_CHARACTERS.has(code);
      signs = code === PLUS || code === MINUS ? signs + 1 : 0;
      length += 1;
    }
    const operators = binding ? 1 : signs + (length > signs ? 1 : 0);
    for (let count = 0; count < operators; count += 1) this.#chain();
  }

  #atComment(): boolean {
    const code = this.#text.charCodeAt(this.#at);
    const next = this.#text.charCodeAt(this.#at + 1);
    return (code === MINUS && next === MINUS) || (code === SLASH && next === ASTERISK);
  }

  #cast(): void {
    this.#at += 2;
    this.#chain();
  }

  #word(): void {
    const start = this.#at;
    let end = start + 1;
    while (end < this.#text.length && isNamePart(this.#text.charCodeAt(end))) end += 1;
    this.#at = end;
    if (end - start === 1 && this.#text.charCodeAt(end) === QUOTE && isLetterE(this.#text.charCodeAt(start))) {
      this.#skipQuoted(QUOTE, true);
      return;
    }
    // Long names are no keywords; most of a text is shorter.
    const word = end - start <= 12 ? this.#text.slice(start, end).toLowerCase() : '';
    if (CONSTANT_WORDS.has(word)) return;
    this.#words += 1;
    const name = this.#afterDot;
    this.#afterDot = false;
    if (name) return;
    if (word === 'case') {
      this.#open();
      this.#at = end;
    } else if (word === 'end') {
      this.#close();
      this.#at = end;
    } else if (CHAINING_WORDS.has(word)) this.#chain();
    else if (NESTING_WORDS.has(word)) this.#nest();
    else if (SEPARATING_WORDS.has(word)) this.#resetChain();
    else if (word === 'update' && this.#lastWord !== 'for' && this.#lastWord !== 'key') this.#update();
    this.#lastWord = word;
  }

  #update(): void {
    const nesting = (this.#updates.at(-2) ?? 0) + 1;
    this.#updates[this.#updates.length - 1] = nesting;
    this.#deepestUpdate = Math.max(this.#deepestUpdate, nesting);
  }

  #skipLineComment(): void {
    while (this.#at < this.#text.length) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === 10 || code === 13) return;
      this.#at += 1;
    }
  }

  #skipBlockComment(): void {
    let nesting = 0;
    while (this.#at < this.#text.length) {
      const code = this.#text.charCodeAt(this.#at);
      const next = this.#text.charCodeAt(this.#at + 1);
      if (code === SLASH && next === ASTERISK) {
        nesting += 1;
        this.#deepestComment = Math.max(this.#deepestComment, nesting);
        this.#at += 2;
      } else if (code === ASTERISK && next === SLASH) {
        nesting -= 1;
        this.#at += 2;
        if (nesting === 0) return;
      } else this.#at += 1;
    }
  }

  #skipQuoted(quote: number, escapes: boolean): void {
    this.#at += 1;
    while (this.#at < this.#text.length) {
      const code = this.#text.charCodeAt(this.#at);
      this.#at += escapes && code === BACKSLASH ? 2 : 1;
      if (code !== quote) continue;
      if (this.#text.charCodeAt(this.#at) !== quote) return;
      this.#at += 1;
    }
  }

  /** `$1`, or a dollar-quoted constant. */
  #skipDollar(): void {
    const tag = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;
    tag.lastIndex = this.#at;
    const found = tag.exec(this.#text);
    if (found === null) {
      this.#at += 1;
      return;
    }
    const end = this.#text.indexOf(found[0], this.#at + found[0].length);
    this.#at = end < 0 ? this.#text.length : end + found[0].length;
  }
}

function isNameStart(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || code >= 128;
}

function isNamePart(code: number): boolean {
  return isNameStart(code) || (code >= 48 && code <= 57) || code === DOLLAR;
}

function isLetterE(code: number): boolean {
  return code === 69 || code === 101;
}
