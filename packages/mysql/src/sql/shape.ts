/** Longer texts are told apart by their beginning; a shape groups statements for people, it decides nothing. */
const MAX_CHARACTERS = 65_536;

/**
 * A text with its constants, comments and spacing taken out: `select * from t where id = 7 # x` and `SELECT * FROM t WHERE id=8` are
 * both `select * from t where id = ?`. It knows no `sql_mode`: what stands in double quotes is a constant; a quote behind a backslash may end a constant or
 * not, so that the rest of the text counts as part of it. Of comments that servers may run (MySQL Reference Manual, "Comments") the content
 * counts. Linear: whatever is not terminated takes the rest of the text.
 */
export function shapeOf(text: string): string {
  const source = text.length > MAX_CHARACTERS ? text.slice(0, MAX_CHARACTERS) : text;
  const parts: string[] = [];
  for (let at = 0; at < source.length; ) {
    const [part, next] = token(source, at);
    if (part !== '') parts.push(part);
    at = next;
  }
  return parts.join(' ').replaceAll(/\( \?(?: , \?)+ \)/g, '( ?, … )');
}

const WORD = /@{0,2}[\p{L}_$][\p{L}\p{N}_$]*/uy;
const NUMBER = /(?:\d[\w.]*|\.\d\w*)/y;
/** A dash before anything but a blank or control character is arithmetic. */
const LINE_COMMENT = /(?:#|--(?=[^!-~\u0080-\uffff]|$))[^\n]*/y;
const RUN_COMMENT = /\/\*M?!\d{0,6}|\*\//y;
const INTRODUCER = /^(?:[xbn]|_\w+)$/i;

function token(text: string, at: number): [string, number] {
  const character = text[at] as string;
  if (/\s/.test(character)) return ['', at + 1];
  const skipped = matchAt(LINE_COMMENT, text, at) ?? matchAt(RUN_COMMENT, text, at);
  if (skipped !== undefined) return ['', at + skipped.length];
  if (text.startsWith('/*', at)) return ['', endOf(text, '*/', at + 2)];
  if (character === "'" || character === '"') return ['?', quotedEnd(text, character, at + 1)];
  if (character === '`') {
    const end = quotedEnd(text, '`', at + 1);
    return [text.slice(at, end), end];
  }
  const number = matchAt(NUMBER, text, at);
  if (number !== undefined) return ['?', at + number.length];
  const word = matchAt(WORD, text, at);
  if (word === undefined) return [character, at + 1];
  const next = text[at + word.length];
  if ((next === "'" || next === '"') && INTRODUCER.test(word)) return ['?', quotedEnd(text, next, at + word.length + 1)];
  return [word.toLowerCase(), at + word.length];
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function endOf(text: string, terminator: string, from: number): number {
  const found = text.indexOf(terminator, from);
  return found < 0 ? text.length : found + terminator.length;
}

function quotedEnd(text: string, quote: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] !== quote) continue;
    if (quote !== '`' && text[at - 1] === '\\' && at > from) return text.length;
    if (text[at + 1] !== quote) return at + 1;
    at++;
  }
  return text.length;
}
