/** Classes of UTF-16 code units as the servers' lexers have them for ASCII-compatible character sets. */

export function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

export function isHexDigit(code: number): boolean {
  return isDigit(code) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66);
}

export function isBit(code: number): boolean {
  return code === 0x30 || code === 0x31;
}

export function isLetter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);
}

/** May stand in a name without quotes; whether a character beyond ASCII may is for the character set to say. */
export function isNamePart(code: number): boolean {
  return isLetter(code) || isDigit(code) || code === 0x5f || code === 0x24 || code >= 0x80;
}

/** White space, or a control character, or the end: what turns `--` into a comment. */
export function endsDashes(code: number): boolean {
  return Number.isNaN(code) || code <= 0x20 || code === 0x7f;
}

export function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) >= 0x80) return false;
  return true;
}
