import type { StatementCompleted, StatementOutcome } from '@sqlwarden/core';

/** True when what the statements say of their transactions can be: those of a unit go up from the one that it began in, which none names. */
export function transactionsGoUp({ transaction, statements }: StatementOutcome | StatementCompleted): boolean {
  let last = transaction;
  for (const { transaction: own } of statements) {
    if (own === undefined ? last !== transaction : own <= transaction || own < last) return false;
    last = own ?? last;
  }
  return true;
}
