/**
 * Patterns over dotted names: `crm.public.*.email`. `*` stands for any run of characters inside one part and never crosses a dot. A part in
 * double quotes is taken as it is (`""` is a quote).
 */
export interface NamePattern {
  readonly source: string;
  readonly parts: readonly PartPattern[];
}

export interface PartPattern {
  readonly text: string;
  /** `text` in lower case. */
  readonly folded: string;
  /** Has a `*`. */
  readonly wild: boolean;
  /** Was quoted: letter case always counts. */
  readonly quoted: boolean;
}

/** How letter case is treated outside of quotes: `ignore` where matching protects, `exact` where matching grants. */
export type LetterCase = 'ignore' | 'exact';

const PART = /"((?:[^"]|"")+)"|([^\s."]+)/y;

/** Parses a pattern of as many parts as `shape` has (`upstream.schema.relation`). Throws a `SyntaxError` that says what to write. */
export function parsePattern(source: string, shape: string): NamePattern {
  const parts: PartPattern[] = [];
  let at = 0;
  for (;;) {
    PART.lastIndex = at;
    const match = PART.exec(source);
    if (match === null) throw new SyntaxError(`is not a name pattern; write ${shape}, with "*" for any run of characters inside a part`);
    parts.push(partOf(match));
    at = PART.lastIndex;
    if (at === source.length) break;
    if (source[at] !== '.') throw new SyntaxError(`has something other than "." at position ${at}; write ${shape}`);
    at += 1;
  }
  const wanted = shape.split('.').length;
  if (parts.length !== wanted) throw new SyntaxError(`has ${parts.length} parts instead of ${wanted}; write ${shape}`);
  return { source, parts };
}

function partOf(match: RegExpExecArray): PartPattern {
  const [, quoted, plain = ''] = match;
  const text = quoted === undefined ? plain : quoted.replaceAll('""', '"');
  return { text, folded: text.toLowerCase(), wild: quoted === undefined && plain.includes('*'), quoted: quoted !== undefined };
}

/** True when `parts` (raw, unquoted) are what the pattern describes, part by part. */
export function matchesName(pattern: NamePattern, parts: readonly string[], letterCase: LetterCase): boolean {
  if (parts.length !== pattern.parts.length) return false;
  return pattern.parts.every((part, at) => matchesPart(part, parts[at] ?? '', letterCase));
}

export function matchesPart(part: PartPattern, name: string, letterCase: LetterCase): boolean {
  if (part.quoted) return part.text === name;
  if (letterCase === 'exact') return part.wild ? matchesWild(part.text, name) : part.text === name;
  if (part.text === '*') return true;
  return part.wild ? matchesWild(part.folded, name.toLowerCase()) : part.folded === name.toLowerCase();
}

/** True when `text` is `pattern` with each `*` replaced by something. Steps are at most the product of the two lengths. */
export function matchesWild(pattern: string, text: string): boolean {
  let at = 0;
  let inText = 0;
  let star = -1;
  let resume = 0;
  while (inText < text.length) {
    if (pattern[at] === '*') {
      star = at++;
      resume = inText;
    } else if (at < pattern.length && pattern[at] === text[inText]) {
      at += 1;
      inText += 1;
    } else if (star >= 0) {
      at = star + 1;
      inText = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}

/** True when the pattern names one thing: no part has a `*`. */
export function isLiteral(pattern: NamePattern): boolean {
  return pattern.parts.every((part) => !part.wild);
}
