import type { AdmittedStatement, Refusal } from '@sqlwarden/core';

/**
 * Writes that a limit of the policy counts. What goes over the limit must leave nothing behind, and the server says how many rows there were when
 * a statement under autocommit has committed: such a statement runs in a transaction of the gateway's, which is committed when the count is known.
 */
export type WritePlan =
  /** Nothing is counted, or the client's own transaction can still be undone when the count is known. */
  | { readonly kind: 'as-it-is' }
  /** START TRANSACTION goes before the statement; replies send the COMMIT. */
  | { readonly kind: 'wrap' }
  | { readonly kind: 'refuse'; readonly refusal: Refusal };

const AS_IT_IS: WritePlan = Object.freeze({ kind: 'as-it-is' });
const WRAP: WritePlan = Object.freeze({ kind: 'wrap' });

/** Actions whose rows the server counts, and which never commit by themselves. */
const COUNTED: ReadonlySet<string> = new Set(['insert', 'update', 'delete', 'merge', 'copy']);
/** Actions that may stand beside them in one packet: they neither commit nor turn autocommit on. */
const HARMLESS: ReadonlySet<string> = new Set(['select', 'show', 'explain', 'empty']);

/**
 * How a unit is to be run. `mayBeUndone`: the server holds a transaction open, or autocommit is off. `holdsLocks`: LOCK TABLES may hold. The server runs a whole packet before the first
 * count can be acted on, so that nothing in it may commit.
 */
export function planWrites(statements: readonly AdmittedStatement[], mayBeUndone: boolean, holdsLocks = false): WritePlan {
  const limited = statements.find((statement) => statement.affected !== undefined && !HARMLESS.has(statement.action));
  if (limited?.affected === undefined) return AS_IT_IS;
  const isCounted = statements.every(({ action, affected }) => HARMLESS.has(action) || COUNTED.has(action) || affected === undefined);
  const isUndone = statements.every(({ action }) => HARMLESS.has(action) || COUNTED.has(action));
  if (!isCounted)
    return refused(
      limited,
      'counts written rows, and the server does not count those of this statement; write by INSERT, UPDATE or DELETE itself',
    );
  if (!isUndone)
    return refused(limited, 'counts written rows before they are committed; send what begins or ends the transaction by itself');
  if (mayBeUndone) return AS_IT_IS;
  if (statements.length > 1)
    return refused(limited, 'counts written rows before they are committed; send the statement by itself, or START TRANSACTION first');
  // START TRANSACTION gives the locks up ("LOCK TABLES and UNLOCK TABLES Statements").
  if (holdsLocks)
    return refused(limited, 'counts written rows in a transaction, which LOCK TABLES cannot have; SET autocommit = 0 first, and COMMIT');
  return WRAP;
}

function refused(statement: AdmittedStatement, why: string): WritePlan {
  const rule = statement.affected?.refusal().rule;
  const message = `${rule === undefined ? 'a limit' : `the limit ${rule}`} ${why}`;
  return { kind: 'refuse', refusal: { code: 'limit-exceeded', message, ...(rule === undefined ? {} : { rule }) } };
}
