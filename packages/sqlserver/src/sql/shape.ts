/** Longer texts are told apart by their beginning; a shape groups statements for people, it decides nothing. */
const MAX_CHARACTERS = 65_536;

/**
 * A text with its constants, comments and spacing taken out: `select * from t where id = 7 -- x` and `SELECT * FROM t WHERE id=8` are
 * both `select * from t where id = ?`. It knows no QUOTED_IDENTIFIER: what stands in double quotes is taken for a
 * constant. Linear: whatever is not terminated takes the rest of the text.
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

const WORD = /[@#\p{L}_][\p{L}\p{N}_@#$]*/uy;
/** Integers, decimals, binary constants and money ("Constants (Transact-SQL)"). */
const NUMBER = /(?:\$\s*)?(?:\d[\w.]*|\.\d\w*)/y;

function token(text: string, at: number): [string, number] {
  const character = text[at] as string;
  if (/\s/.test(character)) return ['', at + 1];
  if (text.startsWith('--', at)) return ['', endOf(text, '\n', at + 2)];
  if (text.startsWith('/*', at)) return ['', commentEnd(text, at + 2)];
  if (character === "'") return ['?', quotedEnd(text, "'", at + 1)];
  if ((character === 'N' || character === 'n') && text[at + 1] === "'") return ['?', quotedEnd(text, "'", at + 2)];
  if (character === '"') return ['?', quotedEnd(text, '"', at + 1)];
  if (character === '[') {
    const end = quotedEnd(text, ']', at + 1);
    return [text.slice(at, end), end];
  }
  const number = matchAt(NUMBER, text, at);
  if (number !== undefined) return ['?', at + number.length];
  const word = matchAt(WORD, text, at);
  return word === undefined ? [character, at + 1] : [word.toLowerCase(), at + word.length];
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function endOf(text: string, terminator: string, from: number): number {
  const found = text.indexOf(terminator, from);
  return found < 0 ? text.length : found + terminator.length;
}

/** Comments nest ("Slash Star (Block Comment)"). */
function commentEnd(text: string, from: number): number {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = from;
  for (let depth = 1; depth > 0; ) {
    const found = mark.exec(text);
    if (found === null) return text.length;
    depth += found[0] === '/*' ? 1 : -1;
  }
  return mark.lastIndex;
}

function quotedEnd(text: string, quote: string, from: number): number {
  for (let at = text.indexOf(quote, from); at >= 0; at = text.indexOf(quote, at + 2)) {
    if (text[at + 1] !== quote) return at + 1;
  }
  return text.length;
}
