import type { SinkOptions, SinkStatus } from '@sqlwarden/ledger';

/** What the gateway and the thread that follows its log say to each other. */

/** The thread's `workerData`. */
export interface FollowedLog {
  readonly directory: string;
  readonly sinks: readonly SinkOptions[];
}

export type ToLedgerThread =
  /** So many entries are under a checkpoint. */
  | { readonly kind: 'signed'; readonly size: number }
  /** Nothing will come: ship what is there, for so long at most. */
  | { readonly kind: 'close'; readonly drainMs: number };

export type FromLedgerThread =
  | { readonly kind: 'status'; readonly status: SinkStatus }
  | { readonly kind: 'trouble'; readonly message: string }
  | { readonly kind: 'closed' };
