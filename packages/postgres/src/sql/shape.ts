/** Longer texts are told apart by their beginning; a shape groups statements for people, it decides nothing. */
const MAX_CHARACTERS = 65_536;

/**
 * A text with its constants, comments and spacing taken out: `select * from t where id = 7 -- x` and `SELECT * FROM t WHERE id=8` are
 * both `select * from t where id = ?`. Linear: whatever is not terminated takes the rest of the text.
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

/** The text between the first parenthesis at or after `from` and the one that closes it; `undefined` when there is none. */
export function parenthesised(text: string, from: number): string | undefined {
  let depth = 0;
  let start = 0;
  for (let at = from; at < text.length; ) {
    const [part, next] = token(text, at);
    if (part === '(' && depth++ === 0) start = next;
    else if (part === ')' && --depth === 0) return text.slice(start, at);
    at = next;
  }
  return undefined;
}

const WORD = /[\p{L}_][\p{L}\p{N}_$]*/uy;
const NUMBER = /(?:\d[\w.]*|\.\d\w*)/y;
const PARAMETER = /\$\d+/y;
const DOLLAR_TAG = /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy;

function token(text: string, at: number): [string, number] {
  const character = text[at] as string;
  if (/\s/.test(character)) return ['', at + 1];
  if (text.startsWith('--', at)) return ['', endOf(text, '\n', at + 2)];
  if (text.startsWith('/*', at)) return ['', blockCommentEnd(text, at)];
  if (character === "'") return ['?', quotedEnd(text, "'", at + 1, false)];
  if (character === '"') {
    const end = quotedEnd(text, '"', at + 1, false);
    return [text.slice(at, end), end];
  }
  if (character === '$') return dollar(text, at);
  const number = matchAt(NUMBER, text, at);
  if (number !== undefined) return ['?', at + number.length];
  const word = matchAt(WORD, text, at);
  if (word === undefined) return [character, at + 1];
  const next = text[at + word.length];
  if (next === "'" && word.length === 1) return ['?', quotedEnd(text, "'", at + 2, /[eE]/.test(word))];
  return [word.toLowerCase(), at + word.length];
}

function dollar(text: string, at: number): [string, number] {
  const parameter = matchAt(PARAMETER, text, at);
  if (parameter !== undefined) return [parameter, at + parameter.length];
  const tag = matchAt(DOLLAR_TAG, text, at);
  return tag === undefined ? ['$', at + 1] : ['?', endOf(text, tag, at + tag.length)];
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function endOf(text: string, terminator: string, from: number): number {
  const found = text.indexOf(terminator, from);
  return found < 0 ? text.length : found + terminator.length;
}

function quotedEnd(text: string, quote: string, from: number, backslashes: boolean): number {
  for (let at = from; at < text.length; at++) {
    if (backslashes && text[at] === '\\') at++;
    else if (text[at] === quote) {
      if (text[at + 1] !== quote) return at + 1;
      at++;
    }
  }
  return text.length;
}

function blockCommentEnd(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    if (text.startsWith('/*', at)) {
      depth++;
      at++;
    } else if (text.startsWith('*/', at)) {
      at++;
      if (--depth === 0) return at + 1;
    }
  }
  return text.length;
}
