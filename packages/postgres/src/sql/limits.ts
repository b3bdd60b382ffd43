import type { ParseFailure } from '@sqlwarden/core';
import { measureText } from './text-scan.js';

/** Caps on what is given to the parser. A text over any of them is refused, never cut. */
export interface ParseLimits {
  /** Bytes of UTF-8 of any text. */
  readonly maxTextBytes: number;
  /** Bytes of UTF-8 of a text that is nearly all constants: VALUES and IN lists of bulk loads. */
  readonly maxBulkBytes: number;
  /** Words other than constants in a text of more than `maxTextBytes`. */
  readonly maxBulkWords: number;
  /** Nesting of parentheses, brackets and CASE, plus the operators chained at each of these levels. */
  readonly maxDepth: number;
  /** Nesting of parentheses and the like in a text of more than `maxTextBytes`. */
  readonly maxBulkDepth: number;
  /** Nesting of block comments (the parser's own handling is quadratic in it). */
  readonly maxCommentDepth: number;
  /** UPDATEs inside the parentheses of other UPDATEs. */
  readonly maxUpdateDepth: number;
}

/**
 * Chosen from measurements of the parser: natural statements nest 7 deep at the 99.9th percentile, the parser's stack overflows at about
 * 2 000 nested queries or 10 000 chained operators, a thread with the usual stack takes a model of about 800 levels from a worker, and a list of constants of 1 MB takes it 0.1 s.
 */
export const DEFAULT_LIMITS: ParseLimits = {
  maxTextBytes: 256 * 1024,
  maxBulkBytes: 4 * 1024 * 1024,
  maxBulkWords: 10_000,
  maxDepth: 250,
  maxBulkDepth: 100,
  maxCommentDepth: 32,
  maxUpdateDepth: 2,
};

/** Why a text must not be given to the parser, or `undefined`. Linear in the text. */
export function checkText(text: string, lexical: Readonly<Record<string, string>>, limits: ParseLimits): ParseFailure | undefined {
  if (text.includes('\0')) return limit('remove the NUL character: PostgreSQL texts cannot hold one', text.indexOf('\0'));
  const strings = checkStringSettings(text, lexical);
  if (strings !== undefined) return strings;
  const bytes = Buffer.byteLength(text, 'utf8');
  if (bytes > limits.maxBulkBytes) return limit(`the text is ${bytes} bytes long; send at most ${limits.maxBulkBytes}`);
  const measure = measureText(text);
  if (measure.commentDepth > limits.maxCommentDepth) return limit(`comments are nested more than ${limits.maxCommentDepth} deep`);
  if (measure.updateDepth > limits.maxUpdateDepth) return limit('an UPDATE stands inside another one; split the statement');
  if (measure.depth > limits.maxDepth) return limit(`expressions are nested more than ${limits.maxDepth} deep; split the statement`);
  if (bytes <= limits.maxTextBytes) return undefined;
  if (measure.words > limits.maxBulkWords || measure.depth > limits.maxBulkDepth) {
    return limit(`the text is ${bytes} bytes long; send at most ${limits.maxTextBytes}, or lists of constants only`);
  }
  return undefined;
}

/** The parser reads `'…'` as with `standard_conforming_strings = on`. Without a backslash in the text, both settings read it alike. */
function checkStringSettings(text: string, lexical: Readonly<Record<string, string>>): ParseFailure | undefined {
  const setting = lexical['standard_conforming_strings'];
  if (setting === undefined || setting === 'on' || !text.includes('\\')) return undefined;
  return limit('a backslash cannot be read while standard_conforming_strings is off; turn it on', text.indexOf('\\'));
}

function limit(message: string, position?: number): ParseFailure {
  return position === undefined ? { kind: 'limit', message } : { kind: 'limit', message, position };
}
