/**
 * Why the ledger cannot be opened, written or read.
 * `write-failed`: nothing was appended; it works again when the cause is gone. `sync-failed`, `replaced`: this process must open the ledger anew.
 * `corrupt`, `truncated`: what is on disk is not what was written; nothing is changed, so that it can be looked at.
 */
export type LedgerErrorCode =
  | 'closed'
  | 'locked'
  | 'write-failed'
  | 'sync-failed'
  | 'replaced'
  | 'entry-too-large'
  | 'not-serialisable'
  | 'wrong-origin'
  | 'bad-key'
  | 'corrupt'
  | 'truncated'
  | 'not-found';

/** The one error of this package. Match on `code`; the message names files and positions, never a value. */
export class LedgerError extends Error {
  override readonly name = 'LedgerError';
  readonly code: LedgerErrorCode;
  constructor(code: LedgerErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** The operating system's name for what went wrong (`ENOSPC`, `EROFS`, …), or `unknown`. */
export function errnoOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}

/** `undefined` instead of the error when a file is not there; any other error is thrown. */
export function ifMissing(error: unknown): undefined {
  if (errnoOf(error) !== 'ENOENT') throw error;
  return undefined;
}
