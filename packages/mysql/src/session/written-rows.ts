import { LimitReached, takeRowsOf } from '@sqlwarden/core';
import { actionOf, type Work } from './expected-reply.js';

/** `affected`: the server's count, or the rows that came back; `null` where they are still to be fetched. */
export function takeAffected(work: Work, affected: number | null): void {
  const allowance = work.statements[work.index]?.affected;
  if (allowance === undefined || (affected === null && !WRITES.has(actionOf(work)))) return;
  if (affected !== null) return takeRowsOf(allowance, affected);
  const { rule } = allowance.refusal();
  const message = `${rule === undefined ? 'a limit' : `the limit ${rule}`} counts written rows, and those of a cursor are not known when it is opened; fetch all at once`;
  throw new LimitReached({ code: 'limit-exceeded', message, ...(rule === undefined ? {} : { rule }) });
}

const WRITES: ReadonlySet<string> = new Set(['insert', 'update', 'delete', 'merge']);
