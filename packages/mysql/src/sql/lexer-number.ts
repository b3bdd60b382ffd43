import { isBit, isDigit, isHexDigit, isNamePart } from './characters.js';

export type NumberRead =
  | { readonly kind: 'integer' | 'decimal' | 'float' | 'hexadecimal' | 'bits'; readonly end: number }
  /** What stands there is a name that begins with digits. */
  | 'name'
  /** A number whose exponent has no digits: servers have dropped such a number in silence, and read on behind it. */
  | 'unreadable';

/**
 * The number at `at`, which is a digit, or a dot before one. MySQL Reference Manual, "Numeric Literals", "Hexadecimal Literals", "Schema Object
 * Names": `1e5x` is the number `1e5` and the name `x`, `1ex` is a name, `0X1F` is a name. `hasRanges`: `1..10` is no fraction (MariaDB).
 */
export function readNumber(text: string, at: number, hasRanges: boolean): NumberRead {
  const marker = text.charCodeAt(at) === 0x30 ? text.charCodeAt(at + 1) : Number.NaN;
  if (marker === 0x78 || marker === 0x62) return prefixedDigits(text, at, marker === 0x78);
  const end = digitsEnd(text, at);
  const code = text.charCodeAt(end);
  if (isNamePart(code)) {
    const exponent = isExponent(code) ? exponentEnd(text, end) : -1;
    return exponent < 0 ? 'name' : { kind: 'float', end: exponent };
  }
  if (code !== 0x2e || (hasRanges && text.charCodeAt(end + 1) === 0x2e)) return { kind: 'integer', end };
  const fraction = digitsEnd(text, end + 1);
  if (!isExponent(text.charCodeAt(fraction))) return { kind: 'decimal', end: fraction };
  const exponent = exponentEnd(text, fraction);
  return exponent < 0 ? 'unreadable' : { kind: 'float', end: exponent };
}

/** `0x1F`, `0b01`; a name when a letter follows that is no digit of them. */
function prefixedDigits(text: string, at: number, isHexadecimal: boolean): NumberRead {
  const isPart = isHexadecimal ? isHexDigit : isBit;
  let end = at + 2;
  while (isPart(text.charCodeAt(end))) end += 1;
  if (end === at + 2 || isNamePart(text.charCodeAt(end))) return 'name';
  return { kind: isHexadecimal ? 'hexadecimal' : 'bits', end };
}

function digitsEnd(text: string, from: number): number {
  let end = from;
  while (isDigit(text.charCodeAt(end))) end += 1;
  return end;
}

function isExponent(code: number): boolean {
  return code === 0x65 || code === 0x45;
}

/** The end of an exponent whose `e` stands at `at`; negative when it has no digits. */
function exponentEnd(text: string, at: number): number {
  const sign = text.charCodeAt(at + 1);
  const from = sign === 0x2b || sign === 0x2d ? at + 2 : at + 1;
  const end = digitsEnd(text, from);
  return end === from ? -1 : end;
}
