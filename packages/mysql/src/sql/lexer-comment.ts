import { isDigit, isSpace } from './characters.js';
import type { LexicalState } from './lexical-state.js';

export type Comment =
  /** Its content from `from` on is code; the comment mark that ends it is nothing. */
  | { readonly kind: 'code'; readonly from: number }
  | { readonly kind: 'skipped'; readonly to: number }
  | { readonly kind: 'unclosed' }
  | { readonly kind: 'unreadable'; readonly why: string };

/** This number makes MariaDB run the comment where it is a node of a Galera cluster. */
const CLUSTER_COMMENT = 99_997;

/**
 * What the comment at `at` (which begins with `/*`) is: MySQL Reference Manual, "Comments"; MariaDB, "Comment Syntax".
 * `/*!` and, in MariaDB, `/*M!` make code of what follows, on servers of at least the version that may follow. MariaDB skips versions of MySQL
 * that it does not know (50700 to 99999). A comment that is skipped for its version may hold one level of plain comments.
 */
export function versionedComment(text: string, at: number, state: LexicalState): Comment {
  const isOwn = state.flavour === 'mariadb' && text.startsWith('M!', at + 2);
  if (!isOwn && text[at + 2] !== '!') return plainComment(text, at);
  const from = at + (isOwn ? 4 : 3);
  const digits = countDigits(text, from);
  if (digits < 5) return { kind: 'code', from };
  const length = versionLength(text, from, digits, state);
  if (length === undefined) return { kind: 'unreadable', why: 'servers differ in how they read the version of a comment with six digits' };
  const version = Number(text.slice(from, from + length));
  if (state.flavour === 'mariadb' && version === CLUSTER_COMMENT) {
    return { kind: 'unreadable', why: 'a comment is code only on nodes of a cluster' };
  }
  const isForeign = state.flavour === 'mariadb' && !isOwn && version >= 50_700 && version <= 99_999;
  if (version <= state.serverVersion && !isForeign) return { kind: 'code', from: from + length };
  return skipTo(nestedEnd(text, from));
}

/**
 * The plain comment at `at`. Behind SELECT and the like, `/*+` begins hints, in which the mark that ends comments may stand in quotes: a
 * comment that would then end elsewhere is not read. MySQL Reference Manual, "Optimizer Hints".
 */
function plainComment(text: string, at: number): Comment {
  const end = text.indexOf('*/', at + 2);
  if (end >= 0 && text[at + 2] === '+' && !closesQuotes(text.slice(at + 3, end))) {
    return { kind: 'unreadable', why: 'quotes are open where a comment with hints ends' };
  }
  return skipTo(end);
}

/** Every quote that is opened in the text is closed in it, with certainty: there is no backslash. */
function closesQuotes(text: string): boolean {
  if (text.includes('\\')) return false;
  for (let at = 0; at < text.length; at += 1) {
    const quote = text[at];
    if (quote !== "'" && quote !== '"' && quote !== '`') continue;
    at = text.indexOf(quote, at + 1);
    if (at < 0) return false;
  }
  return true;
}

function skipTo(end: number): Comment {
  return end < 0 ? { kind: 'unclosed' } : { kind: 'skipped', to: end + 2 };
}

function countDigits(text: string, from: number): number {
  let count = 0;
  while (count < 6 && isDigit(text.charCodeAt(from + count))) count += 1;
  return count;
}

/** MariaDB takes six digits where there are six; MySQL since 8.1 only when white space follows, before it never. */
function versionLength(text: string, from: number, digits: number, state: LexicalState): 5 | 6 | undefined {
  if (digits === 5) return 5;
  if (state.flavour === 'mariadb') return 6;
  if (!isSpace(text.charCodeAt(from + 6)) || state.serverVersion < 80_000) return 5;
  return state.serverVersion < 80_100 ? undefined : 6;
}

/**
 * Where the mark stands that ends a comment in which plain comments may stand; negative when it is not closed. The star that opens a
 * comment does not close it, too.
 */
function nestedEnd(text: string, from: number): number {
  for (let at = from; ; ) {
    const end = text.indexOf('*/', at);
    const inner = end < 0 ? -1 : text.slice(at, end + 1).indexOf('/*');
    if (inner < 0) return end;
    const innerEnd = text.indexOf('*/', at + inner + 2);
    if (innerEnd < 0) return -1;
    at = innerEnd + 2;
  }
}
