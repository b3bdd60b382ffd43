import type { CancelKey } from '@sqlwarden/core';

/**
 * The cancel key that a client is given ("Cancelling Requests in Progress"). The process id is the server's own, which clients compare with that of
 * notifications and hand to `pg_terminate_backend`; the secret is ours, since the server's would let the client reach past the gateway.
 * `secretBytes`: 4 in protocol 3.0; 3.2 takes up to 256.
 */
export function newCancelKey(
  randomBytes: (length: number) => Uint8Array,
  serverKey: CancelKey | undefined,
  secretBytes: number,
): CancelKey {
  return { processId: serverKey?.processId ?? positive(randomBytes(4)), secret: randomBytes(secretBytes) };
}

/** A server without cancel keys (some poolers) names no process. */
function positive(bytes: Uint8Array): number {
  return (bytes.reduce((value, byte) => value * 256 + byte, 0) % 0x7fff_ffff) + 1;
}
