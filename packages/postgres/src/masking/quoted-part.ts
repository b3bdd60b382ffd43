/**
 * The part of a composite's or range's text that begins at `start` and ends before one of `closing` (documentation: "Composite Type Input and Output
 * Syntax", "Range Input/Output"): quotes may stand anywhere in it, are doubled or escaped inside. `value` is `null` where nothing at all stands;
 * `undefined` when no end comes.
 */
export function readQuotedPart(
  text: string,
  start: number,
  closing: string,
): { readonly value: string | null; readonly end: number } | undefined {
  let value = '';
  let quoted = false;
  for (let at = start; at < text.length; at++) {
    const character = text[at] ?? '';
    if (!quoted && closing.includes(character)) return { value: at === start ? null : value, end: at };
    if (character === '\\') {
      at += 1;
      value += text[at] ?? '';
    } else if (character === '"' && quoted && text[at + 1] === '"') {
      at += 1;
      value += '"';
    } else if (character === '"') quoted = !quoted;
    else value += character;
  }
  return undefined;
}

/** The text of a part, in quotes when it is empty or has one of the characters that `special` finds. */
export function quotePart(text: string, special: RegExp): string {
  return text !== '' && !special.test(text) ? text : `"${text.replace(/["\\]/g, (character) => character + character)}"`;
}
