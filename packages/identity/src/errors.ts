/**
 * Why a token was not accepted. Closed; match on it, not on the message.
 *
 * - `malformed`: not a compact JWS (RFC 7515 section 7.1) of strict JSON
 * - `too-large`: longer than 16 KiB
 * - `encrypted`: a JWE, or another form that is not a plain signed token
 * - `critical-header`: a header extension that must be understood and is not (RFC 7515 section 4.1.11)
 * - `token-type`: signed, but not an access token (an ID token, a logout token, a proof of possession)
 * - `issuer`: the issuer is not configured
 * - `algorithm`: the algorithm is not on the issuer's list, or the key is for another one
 * - `key-unknown`: no key of that id, or more than one
 * - `keys-unavailable`: the issuer's keys could not be read, or the cluster not be asked
 * - `signature`: absent or wrong
 * - `audience`, `expired`, `not-yet-valid`, `lifetime`: the registered claims (RFC 7519 section 4.1)
 * - `not-let-in`: a claim does not have a value that the configuration lets in
 * - `not-confirmed`: the cluster was asked, and does not vouch for the token (any more)
 * - `claims`: a claim that the principal is made from is missing or has the wrong shape
 * - `binding`: bound to a key of the holder, which a database login cannot prove (RFC 7800)
 * - `internal`: a fault of this package; the token was not accepted
 */
export const TOKEN_REFUSAL_CODES = [
  'malformed',
  'too-large',
  'encrypted',
  'critical-header',
  'token-type',
  'issuer',
  'algorithm',
  'key-unknown',
  'keys-unavailable',
  'signature',
  'audience',
  'expired',
  'not-yet-valid',
  'lifetime',
  'not-let-in',
  'not-confirmed',
  'claims',
  'binding',
  'internal',
] as const;
export type TokenRefusalCode = (typeof TOKEN_REFUSAL_CODES)[number];

/** Thrown while a token is read and turned into a value by the verifier. Its message never holds anything of the token. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
  readonly code: TokenRefusalCode;

  constructor(code: TokenRefusalCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** What is wrong with the way that issuers, keys or the development issuer are set up. */
export type IdentityErrorCode =
  | 'issuer-options' // an option is missing, contradictory or out of range
  | 'issuer-duplicate' // two entries would accept the same tokens, or give one person two identities
  | 'keys' // a key set that cannot be read or used
  | 'dev-in-production' // the development issuer in a production environment
  | 'dev-key' // the development issuer's key file cannot be trusted or written
  | 'dev-request' // a development token that cannot be issued
  | 'exchange-options' // an option of the token exchange is missing, contradictory or out of range
  | 'exchange-key'; // a key file of the token exchange cannot be trusted or written

/** A mistake in the set-up, thrown at start and not at login. The message says what to change. */
export class IdentityError extends Error {
  override readonly name = 'IdentityError';
  readonly code: IdentityErrorCode;

  constructor(code: IdentityErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
