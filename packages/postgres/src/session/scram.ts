import { type HashPort, saslPrep, unreachable } from '@sqlwarden/core';
import { bytesOf, equal, fromBase64, textOf, toBase64, xor } from './scram-text.js';

/** The mechanisms of RFC 7677, as PostgreSQL names them: without and with channel binding. */
export const SCRAM_SHA_256 = 'SCRAM-SHA-256';
export const SCRAM_SHA_256_PLUS = 'SCRAM-SHA-256-PLUS';
/** The only channel binding of PostgreSQL (RFC 5929 section 4). */
export const END_POINT_BINDING = 'tls-server-end-point';
/** RFC 7677 section 4: a server should not ask for fewer; one that does makes what it learns cheap to guess from. */
const MIN_ITERATIONS = 4096;
/** Key derivation blocks the process: a hostile server must not choose how long. */
const MAX_ITERATIONS = 1_000_000;
const NONCE_BYTES = 18;
/** No real message is longer. */
export const MAX_SCRAM_BYTES = 4096;

export type ScramStep = { readonly ok: true; readonly data: Uint8Array } | { readonly ok: false; readonly reason: string };

/**
 * What the client says of channel binding in its GS2 header (RFC 5802 section 6). `none`: it has no channel. `not-offered`: it could, and
 * the server did not offer it, which the server then knows for a lie if it did. `end-point`: it binds to the server's certificate.
 */
export type ScramBinding =
  | { readonly kind: 'none' }
  | { readonly kind: 'not-offered' }
  | { readonly kind: 'end-point'; readonly data: Uint8Array };

/**
 * The client side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802 section 5, RFC 7677). One instance per login. The steps are
 * {@link first}, {@link final} and {@link verify}, in this order; a failed step ends the exchange.
 */
export class ScramClient {
  readonly #hash: HashPort;
  readonly #password: string;
  readonly #binding: ScramBinding;
  readonly #nonce: string;
  readonly #firstBare: string;
  #serverSignature: Uint8Array | undefined;

  /** `randomBytes` must be unpredictable. */
  constructor(hash: HashPort, password: string, randomBytes: (length: number) => Uint8Array, binding: ScramBinding = { kind: 'none' }) {
    this.#hash = hash;
    this.#password = password;
    this.#binding = binding;
    this.#nonce = toBase64(randomBytes(NONCE_BYTES));
    // PostgreSQL takes the user from the startup message and ignores the one here.
    this.#firstBare = `n=,r=${this.#nonce}`;
  }

  get mechanism(): typeof SCRAM_SHA_256 | typeof SCRAM_SHA_256_PLUS {
    return this.#binding.kind === 'end-point' ? SCRAM_SHA_256_PLUS : SCRAM_SHA_256;
  }

  /** The client-first-message. */
  first(): Uint8Array {
    return bytesOf(gs2Header(this.#binding) + this.#firstBare);
  }

  /** The client-final-message for the server-first-message `data`. */
  final(data: Uint8Array): ScramStep {
    const serverFirst = data.length > MAX_SCRAM_BYTES ? undefined : textOf(data);
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
    const salted = hash.pbkdf2Sha256(bytesOf(saslPrep(this.#password)), salt, iterations, 32);
    const clientKey = hash.hmacSha256(salted, bytesOf('Client Key'));
    const storedKey = hash.sha256(clientKey);
    const withoutProof = `c=${toBase64(channelBinding(this.#binding))},r=${nonce}`;
    const authMessage = bytesOf(`${this.#firstBare},${serverFirst},${withoutProof}`);
    const signature = hash.hmacSha256(storedKey, authMessage);
    const serverKey = hash.hmacSha256(salted, bytesOf('Server Key'));
    this.#serverSignature = hash.hmacSha256(serverKey, authMessage);
    return bytesOf(`${withoutProof},p=${toBase64(xor(clientKey, signature))}`);
  }

  /** Checks the server-final-message `data`: that the server knows the password too. Without this the server is not authenticated. */
  verify(data: Uint8Array): ScramStep {
    const match = /^v=([A-Za-z0-9+/=]+)$/.exec((data.length > MAX_SCRAM_BYTES ? undefined : textOf(data)) ?? '');
    const given = match === null ? undefined : fromBase64(match[1] ?? '');
    if (given === undefined || this.#serverSignature === undefined) return failed('the server-final-message is malformed');
    if (!equal(given, this.#serverSignature)) return failed('the server did not prove that it knows the password');
    return { ok: true, data: new Uint8Array(0) };
  }
}

function gs2Header(binding: ScramBinding): string {
  switch (binding.kind) {
    case 'none':
      return 'n,,';
    case 'not-offered':
      return 'y,,';
    case 'end-point':
      return `p=${END_POINT_BINDING},,`;
    default:
      return unreachable(binding);
  }
}

/** `cbind-input` of RFC 5802 section 7. */
function channelBinding(binding: ScramBinding): Uint8Array {
  const header = bytesOf(gs2Header(binding));
  return binding.kind === 'end-point' ? Uint8Array.of(...header, ...binding.data) : header;
}

function failed(reason: string): ScramStep {
  return { ok: false, reason };
}
