import type { Refusal } from '../policy/verdict.js';
import type { RowAllowance } from './row-allowance.js';

/** A limit of the policy was reached, and what went over it cannot be taken back one by one: the session ends with its refusal. */
export class LimitReached extends Error {
  override readonly name = 'LimitReached';
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** Takes `rows` from the allowance, if there is one; throws {@link LimitReached} where they are more than remain. */
export function takeRowsOf(allowance: RowAllowance | undefined, rows: number): void {
  if (allowance !== undefined && !allowance.take(rows)) throw new LimitReached(allowance.refusal());
}

/** Rows came that the mask plan does not fit: the session ends with `mask-unbindable`. */
export class UnmaskableResult extends Error {
  override readonly name = 'UnmaskableResult';
}

/** The role, or a setting that says who the session is for, is not what the session was started with. */
export class PinnedLost extends Error {
  override readonly name = 'PinnedLost';
}
