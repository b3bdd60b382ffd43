import { LedgerError } from './ledger-error.js';

/** Entries that may wait for a checkpoint before units are held back, and before nothing more is taken if signing fails: bounds memory. */
const MAX_UNSIGNED_ENTRIES = 65_536;
/** What is under way may still end while units are held back. */
const MAX_UNSIGNED_WHILE_SIGNING = 2 * MAX_UNSIGNED_ENTRIES;

/** How many entries may wait to be signed, and who waits until they are fewer. */
export class UnsignedLimit {
  /** Whether the last attempt to sign failed. */
  signingFails = false;
  #held: { readonly promise: Promise<void>; readonly release: () => void } | undefined;

  /** So many that nothing else should be done before they are signed. */
  isFull(unsigned: number): boolean {
    return unsigned >= MAX_UNSIGNED_ENTRIES;
  }

  /** Throws a {@link LedgerError} (`write-failed`) when nothing more may be taken. */
  assertRoom(unsigned: number): void {
    if (unsigned < (this.signingFails ? MAX_UNSIGNED_ENTRIES : MAX_UNSIGNED_WHILE_SIGNING)) return;
    throw new LedgerError('write-failed', 'too many entries wait for a checkpoint: check the disk and the signing key of the ledger');
  }

  /** True when units should wait for the next checkpoint. While signing fails nobody does: `append` says why nothing can be taken. */
  holds(unsigned: number): boolean {
    return this.isFull(unsigned) && !this.signingFails;
  }

  /** Resolves with the next {@link release}. */
  wait(): Promise<void> {
    if (this.#held === undefined) {
      let release = (): void => undefined;
      const promise = new Promise<void>((resolve) => (release = resolve));
      this.#held = { promise, release };
    }
    return this.#held.promise;
  }

  get isAwaited(): boolean {
    return this.#held !== undefined;
  }

  /** Lets those go on who wait. */
  release(): void {
    this.#held?.release();
    this.#held = undefined;
  }
}
