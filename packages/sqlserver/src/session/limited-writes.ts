import type { AdmittedStatement, Refusal } from '@sqlwarden/core';

/** Actions whose rows the server counts. */
const COUNTED: ReadonlySet<string> = new Set(['insert', 'update', 'delete', 'merge', 'copy']);
/** Actions that may stand beside them in one request: nothing of them is committed before the count is known. */
const HARMLESS: ReadonlySet<string> = new Set(['select', 'show', 'explain', 'empty', 'declare', 'assign']);

/** How writes run that a limit of the policy counts. `wrap`: in a transaction of the gateway's. */
export type WritePlan = 'as-it-is' | 'wrap' | Refusal;

/**
 * What goes over the limit must leave nothing behind, and the server says how many rows there were when a statement outside of a transaction has committed: such a
 * write gets a transaction of the gateway's, which is committed when the count is known. `canWrap`: one can be put around the request.
 */
export function planWrites(statements: readonly AdmittedStatement[], isInTransaction: boolean, canWrap: boolean): WritePlan {
  const limited = statements.find(({ affected, action }) => affected !== undefined && !HARMLESS.has(action));
  if (limited?.affected === undefined) return 'as-it-is';
  const isCounted = statements.every(({ action, affected }) => HARMLESS.has(action) || COUNTED.has(action) || affected === undefined);
  if (!isCounted)
    return refused(
      limited,
      'counts written rows, and the server does not count those of this statement; write by INSERT, UPDATE or DELETE itself',
    );
  if (!statements.every(({ action }) => HARMLESS.has(action) || COUNTED.has(action)))
    return refused(limited, 'counts written rows before they are committed; send what begins or ends the transaction by itself');
  if (isInTransaction) return 'as-it-is';
  const isOne = statements.filter(({ action }) => !HARMLESS.has(action)).length === 1;
  if (canWrap && isOne) return 'wrap';
  return refused(limited, 'counts written rows before they are committed; send the write by itself, or BEGIN TRANSACTION first');
}

function refused({ affected }: AdmittedStatement, why: string): Refusal {
  const rule = affected?.refusal().rule;
  const message = `${rule === undefined ? 'a limit' : `the limit ${rule}`} ${why}`;
  return { code: 'limit-exceeded', message, ...(rule === undefined ? {} : { rule }) };
}

export const NOT_BEGUN: Refusal = {
  code: 'internal-error',
  message: 'the transaction in which a limit counts the rows of this statement could not be begun, try again',
};
