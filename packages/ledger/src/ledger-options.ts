import type { LedgerError } from './ledger-error.js';
import type { Keyring } from './signer.js';

export interface LedgerOptions {
  /** Made when it is not there. One process at a time. */
  readonly directory: string;
  /** Names the log in its checkpoints and keys: a URL without scheme, no spaces, no plus sign. */
  readonly origin: string;
  /** Name and version of the program, for the entry that says that the log was opened. */
  readonly software: string;
  /** Default: files in the directory, the first key made on first use. */
  readonly keys?: Keyring;
  /** A key is replaced when it is that old. Default: never. */
  readonly rotateAfterMs?: number;
  /** Milliseconds since the epoch. Default: the system's clock. */
  readonly clock?: () => number;
  /** How many sessions are open, for heartbeats. */
  readonly sessions?: () => number;
  /** An entry at least this often. Default 60,000. */
  readonly heartbeatMs?: number;
  /** A checkpoint at least this often while there are new entries, and every 16,384 entries. Default 1,000. */
  readonly checkpointMs?: number;
  /** Told of every checkpoint: how many entries are under it. Must be quick and not throw. */
  readonly onSigned?: (size: number) => void;
  /** Told once of every failure of work in the background (checkpoints, heartbeats); what must not go on is refused by `append` itself. */
  readonly onError?: (error: LedgerError) => void;
}
