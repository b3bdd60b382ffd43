import type { Claims } from './claims.js';
import { TokenRefused } from './errors.js';
import type { Issuer } from './issuer.js';

const ACCESS_TOKEN_TYPES = new Set(['jwt', 'at+jwt']);
const PAYLOAD_TYPES = new Set(['bearer', 'access', 'jwt', 'at+jwt']);
// "JWT-SVID" of SPIFFE, section 2.3.
const SVID_TYPES = new Set(['jwt', 'jose']);

/**
 * Checks what every token must say, after its signature was checked (RFC 7519 section 4.1, RFC 8725 section 3).
 *
 * @param type the `typ` header, as {@link decodeCompactJws} gives it
 * @param nowMs milliseconds since the epoch
 * @returns when the token expires, in milliseconds since the epoch
 * @throws TokenRefused `token-type`, `audience`, `not-let-in`, `expired`, `not-yet-valid`, `lifetime`, `binding` or `claims`
 */
export function checkRegisteredClaims(claims: Claims, type: string | undefined, issuer: Issuer, nowMs: number): number {
  checkType(claims, type, issuer);
  const audiences = claims.ids('aud') ?? [];
  if (!audiences.some((audience) => issuer.audiences.includes(audience))) {
    throw new TokenRefused('audience', `the token is not for this gateway, ask ${issuer.name} for one with its audience`);
  }
  for (const [name, values] of issuer.requiredClaims) {
    if (claims.ids([name])?.some((value) => values.includes(value)) !== true) {
      throw new TokenRefused('not-let-in', `the claim ${name} of the token is not one that ${issuer.name} lets in`);
    }
  }
  if (claims.has('cnf')) throw new TokenRefused('binding', 'the token is bound to a key of its holder, ask for a bearer token');
  return checkTimes(claims, issuer, nowMs);
}

/** An ID token says who logged in somewhere else, and is shown to clients; it opens nothing (RFC 8725 section 3.12). */
function checkType(claims: Claims, type: string | undefined, issuer: Issuer): void {
  const types = issuer.preset === 'spiffe' ? SVID_TYPES : ACCESS_TOKEN_TYPES;
  if (issuer.requireAccessTokenType ? type !== 'at+jwt' : type !== undefined && !types.has(type)) {
    throw new TokenRefused('token-type', 'the token is not an access token');
  }
  if (['nonce', 'at_hash', 'c_hash', 's_hash'].some((name) => claims.has(name))) {
    throw new TokenRefused('token-type', 'the token is an id token, present the access token');
  }
  // What Keycloak and Amazon Cognito say of their tokens in the payload.
  const said = [claims.get('typ'), claims.get('token_use')].filter((value) => value !== undefined);
  if (said.some((value) => typeof value !== 'string' || !PAYLOAD_TYPES.has(value.toLowerCase()))) {
    throw new TokenRefused('token-type', 'the token says that it is no access token');
  }
  if (claims.has('events')) throw new TokenRefused('token-type', 'the token is a security event, present an access token');
}

function checkTimes(claims: Claims, issuer: Issuer, nowMs: number): number {
  const now = nowMs / 1000;
  const latestStart = now + issuer.clockSkewSeconds;
  const expiry = claims.seconds('exp');
  const notBefore = claims.seconds('nbf');
  const issuedAt = claims.seconds('iat');
  if (expiry === undefined) throw new TokenRefused('claims', 'the token has no claim exp');
  if (expiry <= now) throw new TokenRefused('expired', 'the token has expired, ask for a new one');
  if ((notBefore ?? 0) > latestStart) throw new TokenRefused('not-yet-valid', 'the token is not valid yet, compare the clocks');
  if ((issuedAt ?? 0) > latestStart) throw new TokenRefused('not-yet-valid', 'the token was issued in the future, compare the clocks');
  // Without an issue time, what is left of its life counts.
  if (expiry - (issuedAt ?? now) > issuer.maxLifetimeSeconds) {
    throw new TokenRefused('lifetime', `the token lives longer than the ${issuer.maxLifetimeSeconds} s that ${issuer.name} is allowed`);
  }
  return Math.floor(expiry * 1000);
}
