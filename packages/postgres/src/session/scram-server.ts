import type { HashPort, ScramVerifier } from '@sqlwarden/core';
import { END_POINT_BINDING, MAX_SCRAM_BYTES, SCRAM_SHA_256, SCRAM_SHA_256_PLUS } from './scram.js';
import { bytesOf, equal, fromBase64, textOf, toBase64, xor } from './scram-text.js';

const NONCE_BYTES = 18;

/**
 * `wrong`: the client did not prove that it knows the password. `malformed`: its message is none of the mechanism. `downgraded`: it believes
 * that channel binding was not offered. `reason` never quotes a message.
 */
export type ScramAnswer =
  | { readonly ok: true; readonly data: Uint8Array }
  | { readonly ok: false; readonly kind: 'wrong' | 'malformed' | 'downgraded'; readonly reason: string };

/**
 * The server side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802 section 5, RFC 7677) against a verifier. One instance per login; first
 * {@link first}, then {@link final}. It takes the same steps for a mock verifier, and then says that the password is wrong.
 */
export class ScramServer {
  readonly #hash: HashPort;
  readonly #verifier: ScramVerifier;
  readonly #ownNonce: string;
  readonly #endPoint: Uint8Array | undefined;
  #header = '';
  #firstBare = '';
  #nonce = '';
  #serverFirst = '';
  #isBound = false;

  /** `endPoint`: `tls-server-end-point` of the certificate that the client sees; without it channel binding is not offered. */
  constructor(hash: HashPort, verifier: ScramVerifier, randomBytes: (length: number) => Uint8Array, endPoint: Uint8Array | undefined) {
    this.#hash = hash;
    this.#verifier = verifier;
    this.#endPoint = endPoint;
    this.#ownNonce = toBase64(randomBytes(NONCE_BYTES));
  }

  /** The strongest first. */
  get mechanisms(): readonly string[] {
    return this.#endPoint === undefined ? [SCRAM_SHA_256] : [SCRAM_SHA_256_PLUS, SCRAM_SHA_256];
  }

  /** The server-first-message for the client-first-message `data` under the mechanism that the client chose. */
  first(mechanism: string, data: Uint8Array): ScramAnswer {
    if (!this.mechanisms.includes(mechanism)) return malformed('the SASL mechanism was not offered');
    const text = data.length > MAX_SCRAM_BYTES ? undefined : textOf(data);
    const match = text === undefined ? null : CLIENT_FIRST.exec(text);
    if (match === null) return malformed('the client-first-message is malformed');
    const [, header = '', flag = '', , firstBare = '', clientNonce = ''] = match;
    this.#isBound = mechanism === SCRAM_SHA_256_PLUS;
    if (this.#isBound !== flag.startsWith('p=')) return malformed('the client-first-message does not fit its mechanism');
    if (this.#isBound && flag !== `p=${END_POINT_BINDING}`) return malformed(`the only channel binding is ${END_POINT_BINDING}`);
    if (flag === 'y' && this.#endPoint !== undefined)
      return { ok: false, kind: 'downgraded', reason: 'channel binding was offered, and the offer did not reach the client' };
    this.#header = header;
    this.#firstBare = firstBare;
    this.#nonce = clientNonce + this.#ownNonce;
    this.#serverFirst = `r=${this.#nonce},s=${toBase64(this.#verifier.salt)},i=${this.#verifier.iterations}`;
    return { ok: true, data: bytesOf(this.#serverFirst) };
  }

  /** The server-final-message for the client-final-message `data`: the client knows the password. */
  final(data: Uint8Array): ScramAnswer {
    const text = data.length > MAX_SCRAM_BYTES ? undefined : textOf(data);
    const match = text === undefined ? null : CLIENT_FINAL.exec(text);
    if (match === null || this.#nonce === '') return malformed('the client-final-message is malformed');
    const [, withoutProof = '', binding64 = '', nonce = '', proof64 = ''] = match;
    const binding = fromBase64(binding64);
    const proof = fromBase64(proof64);
    if (binding === undefined || proof?.length !== 32) return malformed('the client-final-message is malformed');
    if (!equal(bytesOf(nonce), bytesOf(this.#nonce))) return malformed('the nonce is not the one of this login');
    if (!equal(binding, this.#expectedBinding()))
      return this.#isBound
        ? wrong('the login is bound to another TLS connection')
        : malformed('the channel binding is not the one announced');
    return this.#judge(withoutProof, proof);
  }

  #judge(withoutProof: string, proof: Uint8Array): ScramAnswer {
    const { storedKey, serverKey, isMock } = this.#verifier;
    const authMessage = bytesOf(`${this.#firstBare},${this.#serverFirst},${withoutProof}`);
    const clientKey = xor(proof, this.#hash.hmacSha256(storedKey, authMessage));
    const isRight = equal(this.#hash.sha256(clientKey), storedKey);
    const signature = this.#hash.hmacSha256(serverKey, authMessage);
    if (!isRight || isMock) return wrong('the password is wrong');
    return { ok: true, data: bytesOf(`v=${toBase64(signature)}`) };
  }

  #expectedBinding(): Uint8Array {
    const header = bytesOf(this.#header);
    return this.#isBound && this.#endPoint !== undefined ? Uint8Array.of(...header, ...this.#endPoint) : header;
  }
}

/**
 * gs2-header, its flag, the name of an authorisation identity (not supported: always empty), client-first-message-bare and its nonce. An extension
 * that must be understood (`m=`) is not; others are passed over, as PostgreSQL does.
 */
const CLIENT_FIRST = /^((n|y|p=[A-Za-z0-9.-]+),(),)(n=[^,]*,r=([\x21-\x2b\x2d-\x7e]+)(?:,[A-Za-ln-z]=[^,]*)*)$/;
/** client-final-message-without-proof, its channel binding and nonce, and the proof. */
const CLIENT_FINAL = /^(c=([A-Za-z0-9+/=]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,[A-Za-ln-oq-z]=[^,]*)*),p=([A-Za-z0-9+/=]+)$/;

function malformed(reason: string): ScramAnswer {
  return { ok: false, kind: 'malformed', reason };
}

function wrong(reason: string): ScramAnswer {
  return { ok: false, kind: 'wrong', reason };
}
