import type { Refusal, RowAllowance } from '@sqlwarden/core';
import { actionOf, type Work } from './expected-reply.js';

/** A limit of the policy was reached, and what went over it cannot be taken back one by one: the session ends with its refusal. */
export class LimitReached extends Error {
  override readonly name = 'LimitReached';
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

export function takeRowsOf(allowance: RowAllowance | undefined, rows: number): void {
  if (allowance !== undefined && !allowance.take(rows)) throw new LimitReached(allowance.refusal());
}

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

/** Rows came that the mask plan does not fit: the session ends with `mask-unbindable`. */
export class UnmaskableResult extends Error {
  override readonly name = 'UnmaskableResult';
}
