import { ERROR_CONDITIONS, type ErrorCondition } from './error-conditions.js';

/**
 * What may be said of an error or warning where protected values are in reach. A text of the server can quote any value (an entry of a unique
 * index, what could not be converted, SIGNAL), so the texts of the gateway's own table stand in its place: names only where they can be known to be
 * the client's own. Numbers and SQLSTATEs stay: what data decides them is refused by the analysis.
 */

/** What a client has said itself: only that is shown to it again. */
export interface OwnWords {
  /** The text of the unit. */
  readonly text: string;
  readonly database: string;
  /** Something in the unit can raise an error with a text of its own making (SIGNAL, a procedure, EXECUTE). */
  readonly mayRaise: boolean;
}

/** No words of the client's: no name is shown. */
export const NO_WORDS: OwnWords = Object.freeze({ text: '', database: '', mayRaise: true });

/** Longest text of the server that is compared with the table; its own are at most 512 bytes long. */
const MAX_COMPARED = 2048;
const HIDDEN = '***';

/** Actions that raise no errors but the server's own. */
const PLAIN: ReadonlySet<string> = new Set([
  'select',
  'insert',
  'update',
  'delete',
  'copy',
  'truncate',
  'create',
  'alter',
  'drop',
  'rename',
  'grant',
  'revoke',
  'set',
  'show',
  'explain',
  'use',
  'prepare',
  'deallocate',
  'lock',
  'begin',
  'commit',
  'rollback',
  'savepoint',
  'analyze',
  'maintain',
]);

/** See {@link OwnWords.mayRaise}. */
export function mayRaise(actions: readonly { readonly action: string }[]): boolean {
  return actions.some(({ action }) => !PLAIN.has(action));
}

/** The text to show for an error of this number; `text`: as the server sent it. Linear time. */
export function cleanedText(code: number, text: string, words: OwnWords): string {
  const condition = ERROR_CONDITIONS.get(code);
  if (condition === undefined) return 'the database reported an error; what it says is withheld because it may quote protected values';
  const parts = words.mayRaise || text.length > MAX_COMPARED ? undefined : shape(condition).exec(text);
  let at = 0;
  return condition.text.replace(/%[nvd]/g, (mark) => {
    at += 1;
    const part = parts?.[at];
    if (part === undefined || mark === '%v') return HIDDEN;
    if (mark === '%d') return /^\d+$/.test(part) ? part : HIDDEN;
    return isOwn(part, words) ? part : HIDDEN;
  });
}

/** The SQLSTATE to show: the server's own where it is one. */
export function cleanedState(code: number, sqlState: string): string {
  if (/^[0-9A-Z]{5}$/.test(sqlState)) return sqlState;
  return ERROR_CONDITIONS.get(code)?.sqlState ?? 'HY000';
}

/** Parts of the server's texts that stand where names do. */
const CLAUSES: ReadonlySet<string> = new Set([
  'field list',
  'where clause',
  'on clause',
  'order clause',
  'group statement',
  'having clause',
  'column list',
  'select',
  'where',
  'order by',
  'group by',
  'having',
  'on',
  'procedure',
  'function',
]);

/** Every part of a dotted name is a word of the client's, or the database that it is in. */
function isOwn(name: string, words: OwnWords): boolean {
  const lower = name.toLowerCase();
  if (CLAUSES.has(lower)) return true;
  const text = words.text.toLowerCase();
  return lower.split('.').every((part) => part === words.database.toLowerCase() || (part.length > 0 && text.includes(part)));
}

const SHAPES = new WeakMap<ErrorCondition, RegExp>();

function shape(condition: ErrorCondition): RegExp {
  const known = SHAPES.get(condition);
  if (known !== undefined) return known;
  const escaped = condition.text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  // Names without quotes in them, so that no part can be read in more than one way.
  const made = new RegExp(`^${escaped.replace(/%n/g, "([^'`]{0,200}?)").replace(/%d/g, '(\\d+)').replace(/%v/g, "([^'`]*)")}$`);
  SHAPES.set(condition, made);
  return made;
}
