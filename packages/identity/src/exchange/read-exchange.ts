import { partyKey, type PrincipalField } from '@sqlwarden/core';
import type { Claims } from '../claims.js';
import { TokenRefused } from '../errors.js';
import type { Issuer } from '../issuer.js';
import { groupsOf, optionalName } from '../party-claims.js';
import type { PresetReader } from '../presets/preset.js';
import { SQLWARDEN_CLAIM } from '../sqlwarden-claims.js';

const FIELDS: ReadonlySet<string> = new Set([
  'subject',
  'groups',
  'actors',
  'model',
  'workload',
  'run',
] as const satisfies readonly PrincipalField[]);

/**
 * Tokens of a gateway's token exchange. Everybody in them stays who they are: `sub` is issuer and id of the subject as `partyKey` joins
 * them, an actor has `iss` and `sub` of its own (RFC 8693 section 4.1). Whom it may name is in `actorIssuers`.
 */
export const readExchange: PresetReader = (claims, issuer) => {
  if (!claims.has([SQLWARDEN_CLAIM, 'kind'])) throw new TokenRefused('claims', 'the token has no claim sqlwarden.kind');
  return {
    subject: {
      kind: issuer.subjectKind,
      ...subjectOf(claims, issuer),
      ...optionalName(claims.label(issuer.claims.name)),
      ...groupsOf(claims, issuer.claims.groups, issuer),
    },
    clientIds: [],
    clientIsSubject: false,
    exchanged: { asserted: assertedFields(claims), issuedAt: claims.seconds([SQLWARDEN_CLAIM, 'issued_at']) },
  };
};

function subjectOf(claims: Claims, issuer: Issuer): { readonly issuer: string; readonly id: string } {
  const sub = claims.requiredId('sub');
  const [first = '', second = ''] = sub.split('#', 2);
  const party = { issuer: decoded(first), id: decoded(second) };
  // One spelling for one party.
  if (party.issuer === '' || party.id === '' || partyKey(party) !== sub) {
    throw new TokenRefused('claims', 'the claim sub does not name an issuer and an id');
  }
  if (!issuer.actorIssuers.has(party.issuer)) {
    throw new TokenRefused('claims', `the subject belongs to an issuer that ${issuer.name} may not name, add it to actorIssuers`);
  }
  return party;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

function assertedFields(claims: Claims): ReadonlySet<PrincipalField> {
  const named = claims.ids([SQLWARDEN_CLAIM, 'asserted']) ?? [];
  // A field of a later version may be one that matters: the token says less then than whoever issued it meant.
  if (!named.every(isField)) throw new TokenRefused('claims', 'the claim sqlwarden.asserted names a field that is not known');
  return new Set(named);
}

function isField(name: string): name is PrincipalField {
  return FIELDS.has(name);
}
