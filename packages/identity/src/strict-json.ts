/** A parsed JSON value. Read members of objects with `Object.hasOwn` first: names come from whoever wrote the text. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

const MAX_DEPTH = 32;

/**
 * Parses JSON in which every member name is unique at its level (RFC 7515 section 4 and RFC 7519 section 4 allow to insist on it), every
 * string is well-formed Unicode, and nesting is at most 32 deep. Two readers of such a text cannot disagree about what it says.
 *
 * @throws SyntaxError that says which of them does not hold, without quoting the text.
 */
export function parseStrictJson(text: string): JsonValue {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    // The parser's own message quotes the text.
    throw new SyntaxError('not valid json');
  }
  checkMembers(text);
  return value;
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** INVARIANT: `text` is valid JSON, so that a string is a member's name exactly when a colon follows it. */
function checkMembers(text: string): void {
  const levels: Set<string>[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text[at];
    if (character === '"') {
      const end = endOfString(text, at);
      checkString(text, at, end, levels.at(-1));
      at = end;
      continue;
    }
    if (character === '{' || character === '[') {
      if (levels.length === MAX_DEPTH) throw new SyntaxError('json is nested too deeply');
      levels.push(new Set());
    } else if (character === '}' || character === ']') {
      levels.pop();
    }
    at += 1;
  }
}

function checkString(text: string, start: number, end: number, level: Set<string> | undefined): void {
  const decoded = JSON.parse(text.slice(start, end)) as string;
  if (/\p{Surrogate}/u.test(decoded)) throw new SyntaxError('json holds half a surrogate pair');
  if (!followedByColon(text, end) || level === undefined) return;
  if (level.has(decoded)) throw new SyntaxError('json names a member twice');
  level.add(decoded);
}

/** The index after the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function followedByColon(text: string, from: number): boolean {
  let at = from;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at += 1;
  return text[at] === ':';
}
