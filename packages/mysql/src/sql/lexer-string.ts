/** What a backslash and a character mean in a string; every other character means itself. MySQL Reference Manual, "String Literals". */
const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  b: '\b',
  n: '\n',
  r: '\r',
  t: '\t',
  Z: '\x1a',
  // For patterns: the backslash stays.
  '%': '\\%',
  _: '\\_',
};

/**
 * The value of the string or quoted name whose opening quote stands at `at`, and the offset behind its closing one. `end` is negative
 * when it is not closed. A doubled quote is one; `isPlain`: a backslash is a backslash.
 */
export function readQuoted(text: string, at: number, isPlain: boolean): { readonly value: string; readonly end: number } {
  const quote = text.charCodeAt(at);
  let value = '';
  let from = at + 1;
  for (let end = from; end < text.length; end += 1) {
    const code = text.charCodeAt(end);
    if (code === quote) {
      value += text.slice(from, end);
      if (text.charCodeAt(end + 1) !== quote) return { value, end: end + 1 };
      end += 1;
      from = end;
    } else if (code === 0x5c && !isPlain) {
      const escaped = text[end + 1];
      if (escaped === undefined) break;
      value += text.slice(from, end) + (Object.hasOwn(ESCAPES, escaped) ? ESCAPES[escaped] : escaped);
      end += 1;
      from = end + 1;
    }
  }
  return { value: '', end: -1 };
}
