import { createPublicKey, hash, randomFillSync, verify } from 'node:crypto';
import type { Sha256, VerifyEd25519 } from '@sqlwarden/core';

/** SHA-256 of the platform, as core's Merkle tree and commitments ask for it. */
export const sha256: Sha256 = { sha256: (data) => Buffer.from(hash('sha256', data, 'binary'), 'binary') };

/** Ed25519 of the platform (RFC 8032), as core's notes ask for it. */
export const verifyEd25519: VerifyEd25519 = (publicKey, message, signature) => {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const x = Buffer.from(publicKey).toString('base64url');
  try {
    return verify(null, message, createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }), signature);
  } catch {
    // Not a point of the curve.
    return false;
  }
};

const POOL_BYTES = 8192;

/** Hands out unpredictable bytes, taken from the platform in larger pieces because each request to it has a fixed cost. */
export class RandomPool {
  #pool = Buffer.alloc(POOL_BYTES);
  #used = POOL_BYTES;

  /** `length` fresh bytes (at most 8,192), owned by the caller. */
  take(length: number): Uint8Array {
    const bytes = Buffer.alloc(length);
    this.fill(bytes, 0, length);
    return bytes;
  }

  /** Fills `length` bytes of `target` from `at` on (at most 8,192). */
  fill(target: Buffer, at: number, length: number): void {
    if (this.#used + length > POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    this.#pool.copy(target, at, this.#used, this.#used + length);
    // What was handed out is not left behind in memory.
    this.#pool.fill(0, this.#used, this.#used + length);
    this.#used += length;
  }
}
