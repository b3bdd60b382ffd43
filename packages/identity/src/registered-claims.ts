import type { Claims } from './claims.js';
import { TokenRefused } from './errors.js';
import type { Issuer } from './issuer.js';

const ACCESS_TOKEN_TYPES = new Set(['jwt', 'at+jwt']);

/**
 * Checks what every token must say, after its signature was checked (RFC 7519 section 4.1, RFC 8725 section 3).
 *
 * @param type the `typ` header, as {@link decodeCompactJws} gives it
 * @param nowMs milliseconds since the epoch
 * @returns when the token expires, in milliseconds since the epoch
 * @throws TokenRefused `token-type`, `audience`, `expired`, `not-yet-valid`, `lifetime`, `binding` or `claims`
 */
export function checkRegisteredClaims(claims: Claims, type: string | undefined, issuer: Issuer, nowMs: number): number {
  checkType(claims, type, issuer);
  const audiences = claims.ids('aud') ?? [];
  if (!audiences.some((audience) => issuer.audiences.includes(audience))) {
    throw new TokenRefused('audience', `the token is not for this gateway, ask ${issuer.name} for one with its audience`);
  }
  if (claims.has('cnf')) throw new TokenRefused('binding', 'the token is bound to a key of its holder, ask for a bearer token');
  return checkTimes(claims, issuer, nowMs);
}

/** An ID token says who logged in somewhere else, and is shown to clients; it opens nothing (RFC 8725 section 3.12). */
function checkType(claims: Claims, type: string | undefined, issuer: Issuer): void {
  if (issuer.requireAccessTokenType ? type !== 'at+jwt' : type !== undefined && !ACCESS_TOKEN_TYPES.has(type)) {
    throw new TokenRefused('token-type', 'the token is not an access token');
  }
  if (['nonce', 'at_hash', 'c_hash', 's_hash'].some((name) => claims.has(name))) {
    throw new TokenRefused('token-type', 'the token is an id token, present the access token');
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
