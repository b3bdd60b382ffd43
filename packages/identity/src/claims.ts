import { TokenRefused } from './errors.js';
import type { ClaimPath } from './issuer-options.js';
import { isJsonObject, type JsonObject, type JsonValue } from './strict-json.js';

const MAX_ID_CHARACTERS = 512;
const MAX_NAME_CHARACTERS = 256;

/**
 * Reads claims by name. A claim that is absent is `undefined`; one of the wrong shape refuses the token, because what the issuer meant
 * by it is not known. Only own members are seen: a claim called `constructor` is a claim.
 */
export class Claims {
  readonly #claims: JsonObject;

  constructor(claims: JsonObject) {
    this.#claims = claims;
  }

  get(path: ClaimPath): JsonValue | undefined {
    let value: JsonValue | undefined = this.#claims;
    for (const name of typeof path === 'string' ? [path] : path) {
      if (!isJsonObject(value) || !Object.hasOwn(value, name)) return undefined;
      value = value[name];
    }
    return value;
  }

  names(): readonly string[] {
    return Object.keys(this.#claims);
  }

  has(path: ClaimPath): boolean {
    return this.get(path) !== undefined;
  }

  /** A text that identifies: not empty, at most 512 characters, no control characters. */
  id(path: ClaimPath): string | undefined {
    const value = this.get(path);
    if (value === undefined) return undefined;
    if (!isIdentifier(value)) throw wrongShape(path, `a text of 1 to ${MAX_ID_CHARACTERS} characters without control characters`);
    return value;
  }

  requiredId(path: ClaimPath): string {
    const value = this.id(path);
    if (value === undefined) throw new TokenRefused('claims', `the token has no claim ${nameOf(path)}`);
    return value;
  }

  /**
   * A text for people to read, with control and invisible formatting characters replaced and cut at 256 characters; `undefined` when it
   * is absent or not a text, since nothing is decided from it.
   */
  label(path: ClaimPath): string | undefined {
    const value = this.get(path);
    if (typeof value !== 'string' || value === '') return undefined;
    return [...value.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD')].slice(0, MAX_NAME_CHARACTERS).join('');
  }

  /** A list of identifiers without repetitions; a single text counts as a list of one. */
  ids(path: ClaimPath): readonly string[] | undefined {
    const value = this.get(path);
    if (value === undefined) return undefined;
    const list = isList(value) ? value : [value];
    if (!list.every(isIdentifier)) throw wrongShape(path, 'a list of texts');
    return [...new Set(list)];
  }

  /** Seconds since the epoch (RFC 7519 section 2, NumericDate). */
  seconds(path: ClaimPath): number | undefined {
    const value = this.get(path);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) throw wrongShape(path, 'a number of seconds');
    return value;
  }

  object(path: ClaimPath): Claims | undefined {
    const value = this.get(path);
    if (value === undefined) return undefined;
    if (!isJsonObject(value)) throw wrongShape(path, 'an object');
    return new Claims(value);
  }
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isIdentifier(value: JsonValue): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_ID_CHARACTERS && !/\p{Cc}/u.test(value);
}

/** Claim names come from the configuration or from this package, never from the token. */
function nameOf(path: ClaimPath): string {
  return typeof path === 'string' ? path : path.join('.');
}

function wrongShape(path: ClaimPath, wanted: string): TokenRefused {
  return new TokenRefused('claims', `the claim ${nameOf(path)} is not ${wanted}`);
}
