import { equalBytes, type VerifierKey } from '@sqlwarden/core';
import { LedgerError } from './ledger-error.js';

/** Holds a key of a log's checkpoints: in a file, a key management service, a hardware module. */
export interface Signer {
  /** The public half, under the name that stands in signatures: the log's origin. */
  readonly key: VerifierKey;
  /** An Ed25519 signature (RFC 8032) over `message`: 64 bytes. */
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** Where the keys of a log are. Methods reject with a `LedgerError` (`bad-key`). */
export interface Keyring {
  /** The signer of a key of the log; without one, of the key that a new log begins with, which may be made now. */
  signerOf(key: VerifierKey | undefined): Promise<Signer>;
  /** The signer of the key that follows `current`: durably there when this resolves, the same until it is used. */
  successorOf(current: VerifierKey): Promise<Signer>;
  /** `next` signs from now on; `previous` signs nothing any more and is dropped, where it is in our hands. May be called again. */
  retire(previous: VerifierKey, next: VerifierKey): Promise<void>;
}

/** A signer of a log whose key is never replaced. */
export function keyringOf(signer: Signer): Keyring {
  return {
    signerOf(key) {
      if (key === undefined || equalBytes(key.publicKey, signer.key.publicKey)) return Promise.resolve(signer);
      return Promise.reject(new LedgerError('bad-key', 'the signer has another key than the one that signs this log'));
    },
    successorOf: () => Promise.reject(new LedgerError('bad-key', 'the key of this signer cannot be replaced')),
    retire: () => Promise.resolve(),
  };
}
