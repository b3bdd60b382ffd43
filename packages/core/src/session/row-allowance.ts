import type { Refusal } from '../policy/verdict.js';

/**
 * How many rows of one statement may still go on, over all limits that hold for it. Budgets behind it are shared with other statements and
 * connections, so that {@link remaining} may change between two calls. Cheap: to be asked once for a number of rows at a time.
 */
export interface RowAllowance {
  /** Rows that would be allowed now; at least 0, whole, or `Infinity`. */
  readonly remaining: number;
  /** Takes so many rows, or none of them when that is more than remains. What was taken is not given back. */
  take(rows: number): boolean;
  /** What to tell the client when rows were not allowed: says which limit it was. */
  refusal(): Refusal;
}
