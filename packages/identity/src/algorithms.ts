/**
 * Signature algorithms (RFC 7518 section 3.1) that an issuer may be allowed to use. All are asymmetric: with a shared secret whoever can
 * check a token can also make one.
 */
export const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** The kind of key that each algorithm needs; for ECDSA the curve is part of the algorithm (RFC 7518 section 3.4). */
export const KEY_OF_ALGORITHM = {
  RS256: 'rsa',
  RS384: 'rsa',
  RS512: 'rsa',
  PS256: 'rsa',
  PS384: 'rsa',
  PS512: 'rsa',
  ES256: 'P-256',
  ES384: 'P-384',
  ES512: 'P-521',
} as const satisfies Record<Algorithm, string>;
export type KeyShape = (typeof KEY_OF_ALGORITHM)[Algorithm];

export function isAlgorithm(value: unknown): value is Algorithm {
  return ALGORITHMS.some((algorithm) => algorithm === value);
}
