import { type AssertedIntent, assertedIntent, type IntentField, isIntentField } from './asserted-intent.js';

/** UTF-16 units of a comment; nobody says more than that of a statement. */
const MAX_COMMENT = 8_192;
/** `key='value'`, where a backslash escapes ("Key Value format"). */
const PAIR = /\s*([^=,'\s]+)\s*=\s*'((?:[^'\\]|\\.)*)'\s*(?:,|$)/y;
const BLANK = /\s/;

/**
 * What the comment at the end of a text says, in the format of sqlcommenter (github.com/google/sqlcommenter, "Specification", section "Parsing"):
 * pairs such as `ticket='CHG-7'`, joined by commas; a semicolon may follow. A comment that is anything else says nothing; nor does
 * a key that stands there twice. For texts that the grammar has accepted, so that what ends them like a comment is one. Linear in the text.
 */
export function assertedInComment(text: string): AssertedIntent | undefined {
  const comment = lastComment(text);
  if (comment === undefined) return undefined;
  const values: Partial<Record<IntentField, string | null>> = {};
  PAIR.lastIndex = 0;
  while (PAIR.lastIndex < comment.length) {
    const pair = PAIR.exec(comment);
    if (pair === null) return undefined;
    const key = decoded(pair[1] ?? '');
    if (key !== undefined && isIntentField(key)) values[key] = key in values ? null : (decoded(pair[2] ?? '') ?? null);
  }
  return assertedIntent('comment', values);
}

function lastComment(text: string): string | undefined {
  let end = text.length;
  while (end > 0 && (text[end - 1] === ';' || BLANK.test(text[end - 1] ?? ''))) end -= 1;
  if (text[end - 1] !== '/' || text[end - 2] !== '*') return undefined;
  const start = text.lastIndexOf('/*', end - 3);
  if (start < 0 || start + 2 > end - 2 || end - start > MAX_COMMENT) return undefined;
  return text.slice(start + 2, end - 2);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll(/\\(.)/g, '$1'));
  } catch {
    return undefined;
  }
}
