import { randomUUID } from 'node:crypto';
import { type Party, partyKey, type Principal, type PrincipalField } from '@sqlwarden/core';
import jsonwebtoken from 'jsonwebtoken';
import { sqlwardenClaimsOf, sqlwardenWholeClaimsOf } from '../sqlwarden-claims.js';
import type { Delegation } from './delegation.js';
import type { SigningKey } from './signing-keys.js';

export interface TokenFrame {
  readonly issuer: string;
  readonly audience: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Signs a token (ES256, `typ: at+jwt`, RFC 9068) that the preset `exchange` reads back as the same principal. `act` is nested, the outermost
 * the one who acts now (RFC 8693 section 4.1).
 */
export function issueToken(
  { principal, agent, mayAct }: Delegation,
  { issuer, audience, now }: TokenFrame,
  { key, id }: SigningKey,
): string {
  const { subject, actors, proof } = principal;
  const asserted = (Object.keys(proof) as PrincipalField[]).filter((field) => proof[field] === 'asserted');
  const claims = {
    iss: issuer,
    aud: audience,
    iat: Math.floor(now / 1000),
    exp: expirySeconds(principal),
    jti: randomUUID(),
    client_id: agent.name,
    sub: partyKey(subject),
    ...partyClaims(subject, {
      ...sqlwardenWholeClaimsOf(principal),
      asserted: asserted.length === 0 ? undefined : asserted,
      // A new `iat` must not take a token out of reach of a revocation of all that was issued before.
      issued_at: principal.issuedAt === undefined ? undefined : Math.floor(principal.issuedAt / 1000),
    }),
    ...actClaim(actors),
    may_act: mayAct,
  };
  return jsonwebtoken.sign(withoutUndefined(claims), key, {
    algorithm: 'ES256',
    keyid: id,
    header: { alg: 'ES256', typ: 'at+jwt' },
  });
}

/** Whole seconds, rounded down: never later than what was shown. */
export function expirySeconds({ expiresAt }: Pick<Principal, 'expiresAt'>): number {
  return Math.floor(expiresAt / 1000);
}

function actClaim([outermost, ...inner]: readonly Party[]): object {
  if (outermost === undefined) return {};
  return { act: { iss: outermost.issuer, sub: outermost.id, ...partyClaims(outermost), ...actClaim(inner) } };
}

function partyClaims(party: Party, whole: object = {}): object {
  return { name: party.name, groups: party.groups, sqlwarden: { ...sqlwardenClaimsOf(party), ...whole } };
}

/** The library checks the registered claims before it writes JSON. */
function withoutUndefined(claims: object): object {
  return JSON.parse(JSON.stringify(claims)) as object;
}
