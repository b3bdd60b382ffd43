import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { isAlgorithm, KEY_OF_ALGORITHM, type Algorithm, type KeyShape } from './algorithms.js';
import { isJsonObject, type JsonObject, type JsonValue } from './strict-json.js';

const MIN_RSA_BITS = 2048;
/** Above it a verification costs whoever checks the token more than it is worth. */
const MAX_RSA_BITS = 8192;

/** A public key that signatures are checked with. */
export interface VerificationKey {
  readonly id: string | undefined;
  /** When the key set binds the key to one algorithm (RFC 7517 section 4.4). */
  readonly algorithm: Algorithm | undefined;
  readonly shape: KeyShape;
  readonly key: KeyObject;
}

/**
 * Makes a key of one member of a JWK set (RFC 7517 section 4), of its public members only. A key that is not for checking signatures,
 * of a type that is not supported (also a symmetric one), or too weak, is `undefined`: RFC 7517 section 5 says to ignore those.
 */
export function verificationKey(jwk: JsonValue): VerificationKey | undefined {
  if (!isJsonObject(jwk)) return undefined;
  const read = (name: string) => (Object.hasOwn(jwk, name) ? jwk[name] : undefined);
  const id = read('kid');
  const algorithm = read('alg');
  if (id !== undefined && typeof id !== 'string') return undefined;
  if (algorithm !== undefined && !isAlgorithm(algorithm)) return undefined;
  if (!isForVerifying(read('use'), read('key_ops'))) return undefined;
  const made = publicKey(jwk, read('kty'));
  if (made === undefined) return undefined;
  if (algorithm !== undefined && KEY_OF_ALGORITHM[algorithm] !== made.shape) return undefined;
  return { id, algorithm, ...made };
}

export function keyFits(key: VerificationKey, algorithm: Algorithm): boolean {
  return KEY_OF_ALGORITHM[algorithm] === key.shape && (key.algorithm === undefined || key.algorithm === algorithm);
}

function isForVerifying(use: JsonValue | undefined, operations: JsonValue | undefined): boolean {
  // A SPIFFE bundle marks the keys of JWT-SVIDs in its own way ("JWT-SVID" of SPIFFE, section 6.1).
  if (use !== undefined && use !== 'sig' && use !== 'jwt-svid') return false;
  return operations === undefined || (Array.isArray(operations) && operations.includes('verify'));
}

function publicKey(jwk: JsonObject, type: JsonValue | undefined): Pick<VerificationKey, 'shape' | 'key'> | undefined {
  if (type === 'RSA') return rsaKey(jwk);
  if (type === 'EC') return ellipticKey(jwk);
  return undefined;
}

function rsaKey({ n, e }: JsonObject): Pick<VerificationKey, 'shape' | 'key'> | undefined {
  if (typeof n !== 'string' || typeof e !== 'string') return undefined;
  const key = importKey({ kty: 'RSA', n, e });
  const details = key?.asymmetricKeyDetails;
  const bits = details?.modulusLength ?? 0;
  // An exponent of 1 would make every text its own signature.
  if (key === undefined || bits < MIN_RSA_BITS || bits > MAX_RSA_BITS || (details?.publicExponent ?? 0n) < 3n) return undefined;
  return { shape: 'rsa', key };
}

function ellipticKey({ crv, x, y }: JsonObject): Pick<VerificationKey, 'shape' | 'key'> | undefined {
  if (crv !== 'P-256' && crv !== 'P-384' && crv !== 'P-521') return undefined;
  if (typeof x !== 'string' || typeof y !== 'string') return undefined;
  const key = importKey({ kty: 'EC', crv, x, y });
  return key === undefined ? undefined : { shape: crv, key };
}

function importKey(key: JsonWebKey): KeyObject | undefined {
  try {
    return createPublicKey({ key, format: 'jwk' });
  } catch {
    return undefined;
  }
}
