import { ERROR_CONDITIONS } from './error-conditions.js';

/**
 * What may be said of an error or message where protected values are in reach. A text of the server can quote any value (a duplicate key, what could not be
 * converted, PRINT, THROW), so the texts of the gateway's own table stand in its place, with names only. Numbers stay: what data decides them is
 * refused by the analysis; but for those that whoever raises an error chooses.
 */

/** An error or message as clients see it. */
export interface CleanedError {
  readonly number: number;
  readonly state: number;
  readonly class: number;
  readonly message: string;
}

/** The first number that RAISERROR takes ("RAISERROR (Transact-SQL)"), and the one of messages without a number. */
const FIRST_RAISED = 13_000;
const RAISED = 50_000;
const PRINTED = 0;
/** From this severity on the server ends the connection; up to the lower one it is no error. */
const FATAL_CLASS = 20;
const INFORMATIONAL_CLASS = 10;
const ERROR_CLASS = 16;

/** Longest text of the server that is compared with the table; its own are at most 2047 characters long. */
const MAX_COMPARED = 2048;
const HIDDEN = '***';
const WITHHELD_ERROR = 'the database reported an error; what it says is withheld because it may quote protected values';
const WITHHELD_MESSAGE = 'the database sent a message; what it says is withheld because it may quote protected values';

/** Actions that raise no errors but the server's own. */
const PLAIN: ReadonlySet<string> = new Set([
  'select',
  'insert',
  'update',
  'delete',
  'merge',
  'copy',
  'truncate',
  'create',
  'alter',
  'drop',
  'rename',
  'grant',
  'revoke',
  'deny',
  'set',
  'show',
  'explain',
  'use',
  'declare',
  'open',
  'fetch',
  'close',
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

/** Something among these can raise errors of its own making (RAISERROR, THROW, a procedure). Triggers can, whatever the action is. */
export function mayRaise(actions: readonly { readonly action: string }[]): boolean {
  return actions.some(({ action }) => !PLAIN.has(action));
}

/** What is shown in place of an error or message of the server. Linear time. */
export function cleaned(error: CleanedError, raises: boolean): CleanedError {
  const isError = error.class > INFORMATIONAL_CLASS;
  const withheld = isError ? WITHHELD_ERROR : WITHHELD_MESSAGE;
  if (error.number === PRINTED) return { number: PRINTED, state: 1, class: 0, message: withheld };
  if (error.number >= RAISED || (raises && error.number >= FIRST_RAISED)) {
    const severity = isError ? (error.class >= FATAL_CLASS ? FATAL_CLASS : ERROR_CLASS) : 0;
    return { number: RAISED, state: 1, class: severity, message: withheld };
  }
  return { ...error, message: cleanedText(error.number, raises ? '' : error.message) ?? withheld };
}

/** The text to show for a number of the server's own; `text`: as the server sent it, which names are taken from. `undefined` where nothing is known of the number. */
function cleanedText(number: number, text: string): string | undefined {
  const condition = ERROR_CONDITIONS.get(number);
  if (condition === undefined) return undefined;
  const parts = text.length > MAX_COMPARED ? undefined : shape(number, condition).exec(text);
  let at = 0;
  return condition.replace(/%[nvd]/g, (mark) => {
    at += 1;
    return (mark === '%v' ? undefined : parts?.[at]) ?? HIDDEN;
  });
}

const SHAPES = new Map<number, RegExp>();

function shape(number: number, condition: string): RegExp {
  const known = SHAPES.get(number);
  if (known !== undefined) return known;
  const escaped = condition.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  // Names without quotes in them, so that no part can be read in more than one way.
  const made = new RegExp(`^${escaped.replace(/%n/g, '([^\'"]{0,200}?)').replace(/%d/g, '(\\d{1,10})').replace(/%v/g, "([^']*)")}$`);
  SHAPES.set(number, made);
  return made;
}
