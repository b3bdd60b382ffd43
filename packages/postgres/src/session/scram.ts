import type { HashPort } from '@sqlwarden/core';
import { saslPrep } from './saslprep.js';

/** The mechanism of RFC 7677, as PostgreSQL names it. */
export const SCRAM_SHA_256 = 'SCRAM-SHA-256';
const GS2_HEADER = 'n,,';
/** RFC 7677 section 4: a server should not ask for fewer; one that does makes what it learns cheap to guess from. */
const MIN_ITERATIONS = 4096;
/** Key derivation blocks the process: a hostile server must not choose how long. */
const MAX_ITERATIONS = 1_000_000;
const NONCE_BYTES = 18;

const utf8 = new TextEncoder();
const ascii = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export type ScramStep = { readonly ok: true; readonly data: Uint8Array } | { readonly ok: false; readonly reason: string };

/**
 * The client side of SCRAM-SHA-256 without channel binding (RFC 5802 section 5, RFC 7677). One instance per login. The steps are
 * {@link first}, {@link final} and {@link verify}, in this order; a failed step ends the exchange.
 */
export class ScramClient {
  readonly #hash: HashPort;
  readonly #password: string;
  readonly #nonce: string;
  readonly #firstBare: string;
  #serverSignature: Uint8Array | undefined;

  /** `randomBytes` must be unpredictable. */
  constructor(hash: HashPort, password: string, randomBytes: (length: number) => Uint8Array) {
    this.#hash = hash;
    this.#password = password;
    this.#nonce = toBase64(randomBytes(NONCE_BYTES));
    // PostgreSQL takes the user from the startup message and ignores the one here.
    this.#firstBare = `n=,r=${this.#nonce}`;
  }

  /** The client-first-message. */
  first(): Uint8Array {
    return utf8.encode(GS2_HEADER + this.#firstBare);
  }

  /** The client-final-message for the server-first-message `data`. */
  final(data: Uint8Array): ScramStep {
    const serverFirst = textOf(data);
    const match =
      serverFirst === undefined ? null : /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/=]+),i=([1-9][0-9]{0,9})$/.exec(serverFirst);
    if (match === null || serverFirst === undefined) return failed('the server-first-message is malformed');
    const [, nonce = '', salt64 = '', count = ''] = match;
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) return failed('the server did not continue our nonce');
    const iterations = Number(count);
    if (iterations < MIN_ITERATIONS) return failed(`the server asks for fewer than ${MIN_ITERATIONS} iterations`);
    if (iterations > MAX_ITERATIONS) return failed(`the server asks for more than ${MAX_ITERATIONS} iterations`);
    const salt = fromBase64(salt64);
    if (salt === undefined || salt.length === 0) return failed('the salt is not base64');
    return { ok: true, data: this.#proof(serverFirst, nonce, salt, iterations) };
  }

  #proof(serverFirst: string, nonce: string, salt: Uint8Array, iterations: number): Uint8Array {
    const hash = this.#hash;
    const salted = hash.pbkdf2Sha256(utf8.encode(saslPrep(this.#password)), salt, iterations, 32);
    const clientKey = hash.hmacSha256(salted, utf8.encode('Client Key'));
    const storedKey = hash.sha256(clientKey);
    const withoutProof = `c=${toBase64(utf8.encode(GS2_HEADER))},r=${nonce}`;
    const authMessage = utf8.encode(`${this.#firstBare},${serverFirst},${withoutProof}`);
    const signature = hash.hmacSha256(storedKey, authMessage);
    const serverKey = hash.hmacSha256(salted, utf8.encode('Server Key'));
    this.#serverSignature = hash.hmacSha256(serverKey, authMessage);
    return utf8.encode(`${withoutProof},p=${toBase64(xor(clientKey, signature))}`);
  }

  /** Checks the server-final-message `data`: that the server knows the password too. Without this the server is not authenticated. */
  verify(data: Uint8Array): ScramStep {
    const match = /^v=([A-Za-z0-9+/=]+)$/.exec(textOf(data) ?? '');
    const given = match === null ? undefined : fromBase64(match[1] ?? '');
    if (given === undefined || this.#serverSignature === undefined) return failed('the server-final-message is malformed');
    if (!equal(given, this.#serverSignature)) return failed('the server did not prove that it knows the password');
    return { ok: true, data: new Uint8Array(0) };
  }
}

function failed(reason: string): ScramStep {
  return { ok: false, reason };
}

function textOf(data: Uint8Array): string | undefined {
  try {
    return ascii.decode(data);
  } catch {
    return undefined;
  }
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ (b[i] as number));
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (const [i, byte] of a.entries()) difference |= byte ^ (b[i] ?? 0);
  return difference === 0;
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function fromBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
