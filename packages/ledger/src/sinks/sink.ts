import type { SinkEntry } from './sink-entry.js';

/** Where entries go. Used by one follower, one call at a time. */
export interface Sink {
  /**
   * Takes entries in order, beginning with the one after those it has taken; with `only: alerts` some are left out. `next` is the entry behind the
   * last one looked at. Resolves with the entry up to which the receiver has everything for good. Rejects when it cannot take them: nothing of what it
   * has not acknowledged counts as taken then, and it all comes again.
   */
  take(entries: readonly SinkEntry[], next: number, note: string): Promise<number>;
  /** Called when there is nothing more to take, and again after {@link waitMs}; `isLast`: nothing will come. Resolves and rejects as {@link take} does. */
  settle(isLast: boolean): Promise<number>;
  /** Milliseconds until {@link settle} has something to do; `undefined`: when there are entries. */
  readonly waitMs: number | undefined;
  /** The entry that it must begin with is `next`: whatever it has taken and not acknowledged is forgotten. Resolves with where it begins indeed. */
  begin(next: number, origin: string): Promise<number>;
  /** Gives back what the operating system lent; what was taken and not acknowledged is forgotten. */
  close(): Promise<void>;
}

/** Why a sink cannot take entries. The message is for operators and for the ledger: it names no value and no secret. */
export class SinkError extends Error {
  override readonly name = 'SinkError';
}
