/**
 * The character classes of T-SQL ("Database Identifiers": letters of Unicode, decimal digits of any script, `_`, `@`, `#`, and `$` but not at
 * the beginning).
 */

const TAB = 9;
export const LINE_FEED = 10;
export const CARRIAGE_RETURN = 13;
const SPACE = 32;
export const DOUBLE_QUOTE = 34;
export const HASH = 35;
export const DOLLAR = 36;
export const QUOTE = 39;
export const ASTERISK = 42;
export const PLUS = 43;
export const MINUS = 45;
export const DOT = 46;
export const SLASH = 47;
export const AT = 64;
export const OPEN_BRACKET = 91;
export const BACKSLASH = 92;
export const CLOSE_BRACKET = 93;
const UNDERSCORE = 95;

const PUNCTUATION = new Set([...'!%&()*+,-./:;<=>^{|}~?'].map((character) => character.charCodeAt(0)));
const LETTER = /^\p{L}$/u;
const LETTER_DIGIT_OR_MARK = /^[\p{L}\p{Nd}\p{M}]$/u;
/** The currency symbols of "money and smallmoney" other than `$`. */
const CURRENCY = new Set([...'£¢¤¥৲৳฿៛₠₡₢₣₤₥₦₧₨₩₪₫€₭₮₯₰₱﷼﹩＄￠￡￥￦'].map((character) => character.charCodeAt(0)));

/** Blank without doubt. Other control and space characters are refused: servers and readers may see them differently. */
export function isBlank(code: number): boolean {
  return code === SPACE || (code >= TAB && code <= CARRIAGE_RETURN);
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

export function isHexDigit(code: number): boolean {
  return isDigit(code) || (code >= 97 && code <= 102) || (code >= 65 && code <= 70);
}

function isAsciiLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
}

/** May begin an identifier; `@` begins a variable and is not meant here. */
export function isWordStart(code: number): boolean {
  if (code < 128) return isAsciiLetter(code) || code === UNDERSCORE || code === HASH;
  return LETTER.test(String.fromCharCode(code));
}

export function isWordPart(code: number): boolean {
  if (code < 128) return isAsciiLetter(code) || isDigit(code) || code === UNDERSCORE || code === AT || code === HASH || code === DOLLAR;
  return LETTER_DIGIT_OR_MARK.test(String.fromCharCode(code));
}

export function isPunctuation(code: number): boolean {
  return PUNCTUATION.has(code);
}

export function isCurrency(code: number): boolean {
  return code === DOLLAR || (code >= 128 && CURRENCY.has(code));
}
