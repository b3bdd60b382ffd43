import type { PartyKind } from '@sqlwarden/core';
import type { Claims } from '../claims.js';
import { TokenRefused } from '../errors.js';
import type { Issuer } from '../issuer.js';
import { groupsOf, optionalName } from '../party-claims.js';
import type { PresetReader } from './preset.js';

/** Any issuer of JWT access tokens (RFC 9068), read as the configuration's `claims` say. */
export const readGeneric: PresetReader = (claims, issuer) => {
  const clientIds = [claims.id('client_id'), claims.id('azp')].filter((id) => id !== undefined);
  const sub = claims.id('sub');
  // RFC 9068 section 2.2: without a resource owner, `sub` is the client.
  const clientIsSubject = clientIds.length > 0 && clientIds.every((id) => id === sub);
  return {
    subject: {
      kind: subjectKind(claims, issuer, clientIsSubject),
      issuer: issuer.issuer,
      id: claims.requiredId(issuer.claims.id),
      ...optionalName(claims.label(issuer.claims.name)),
      ...groupsOf(claims, issuer.claims.groups, issuer),
    },
    clientIds,
    clientIsSubject,
  };
};

/** A client is nobody who could approve. */
function subjectKind(claims: Claims, issuer: Issuer, clientIsSubject: boolean): PartyKind {
  if (issuer.claims.kind === undefined) return clientIsSubject && issuer.subjectKind === 'person' ? 'service' : issuer.subjectKind;
  const kind = claims.requiredId(issuer.claims.kind);
  if (!isPartyKind(kind)) throw new TokenRefused('claims', 'the claim for the kind of the subject is not person, service or agent');
  return kind;
}

export function isPartyKind(value: unknown): value is PartyKind {
  return value === 'person' || value === 'service' || value === 'agent';
}
