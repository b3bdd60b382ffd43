import type { Identity } from '../intent/identity-context.js';

/**
 * When an identity ends, in milliseconds since the epoch; `Infinity` when it does not say. What a token says of itself is not verified here
 * (RFC 7519 section 4.1.4): good for cleaning up, and for nothing else.
 */
export function expiryOf(identity: Identity): number {
  if (typeof identity !== 'string') return identity.expiresAt;
  try {
    const claims: unknown = JSON.parse(Buffer.from(identity.split('.')[1] ?? '', 'base64url').toString('utf8'));
    const exp = typeof claims === 'object' && claims !== null && 'exp' in claims ? claims.exp : undefined;
    return typeof exp === 'number' && Number.isFinite(exp) ? exp * 1000 : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
