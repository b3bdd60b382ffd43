import type { StatementClass, StatementCompleted, StatementFacts, StatementOutcome } from '@sqlwarden/core';

/** True when what the statements say of their transactions can be: those of a unit go up from the one that it began in, which none names. */
export function transactionsGoUp({ transaction, statements }: StatementOutcome | StatementCompleted): boolean {
  let last = transaction;
  for (const { transaction: own } of statements) {
    if (own === undefined ? last !== transaction : own <= transaction || own < last) return false;
    last = own ?? last;
  }
  return true;
}

/** Classes of statements of which an entry may tell when they are over only. */
const TOLD_AFTERWARDS: Readonly<Record<StatementClass, boolean>> = {
  read: true,
  session: true,
  transaction: true,
  write: false,
  schema: false,
  privilege: false,
  procedural: false,
  administrative: false,
};

/** True when a statement must have an intent that is on the disk before it is forwarded. */
export function needsIntent(facts: StatementFacts): boolean {
  return !TOLD_AFTERWARDS[facts.class] || facts.elevated || facts.opaque.length > 0;
}
