import type { Algorithm } from './algorithms.js';
import { keyFits, verificationKey, type VerificationKey } from './json-web-key.js';
import { isJsonObject, type JsonObject, type JsonValue } from './strict-json.js';

const MAX_KEYS = 256;

/** What a key set says of a token's `kid` and `alg`. */
export type KeyLookup =
  | { readonly kind: 'found'; readonly key: VerificationKey }
  | { readonly kind: 'unknown' }
  /** Several keys answer: which of them signed must not be found out by trying. */
  | { readonly kind: 'ambiguous' }
  /** The key is there and is not for this algorithm. */
  | { readonly kind: 'unsuitable' };

/** The usable keys of one JWK set (RFC 7517 section 5). A key id is only ever looked up in a map. */
export class KeySet {
  readonly #keys: readonly VerificationKey[];
  readonly #byId = new Map<string, VerificationKey[]>();

  private constructor(keys: readonly VerificationKey[]) {
    this.#keys = keys;
    for (const key of keys) {
      if (key.id === undefined) continue;
      const same = this.#byId.get(key.id);
      if (same === undefined) this.#byId.set(key.id, [key]);
      else same.push(key);
    }
  }

  /**
   * @param jwks a parsed JWK set: `{ keys: [...] }`
   * @param isOurs says which of its members count; the others are passed over
   * @throws SyntaxError when it is not one, or has more than 256 keys.
   */
  static parse(jwks: JsonValue, isOurs: (jwk: JsonObject) => boolean = () => true): KeySet {
    if (!isJsonObject(jwks) || !Object.hasOwn(jwks, 'keys') || !Array.isArray(jwks['keys'])) {
      throw new SyntaxError('not a jwk set: an object with an array `keys` is needed');
    }
    const members = jwks['keys'] as readonly JsonValue[];
    if (members.length > MAX_KEYS) throw new SyntaxError(`the jwk set has more than ${MAX_KEYS} keys`);
    const ours = members.filter((member) => isJsonObject(member) && isOurs(member));
    return new KeySet(ours.map(verificationKey).filter((key) => key !== undefined));
  }

  /** How many keys signatures can be checked with. */
  get size(): number {
    return this.#keys.length;
  }

  /** Exactly one key, or why not. Without a key id the set must have exactly one key that fits the algorithm. */
  lookup(keyId: string | undefined, algorithm: Algorithm): KeyLookup {
    const candidates = keyId === undefined ? this.#keys.filter((key) => keyFits(key, algorithm)) : (this.#byId.get(keyId) ?? []);
    const [key] = candidates;
    if (key === undefined) return { kind: 'unknown' };
    if (candidates.length > 1) return { kind: 'ambiguous' };
    return keyFits(key, algorithm) ? { kind: 'found', key } : { kind: 'unsuitable' };
  }
}
