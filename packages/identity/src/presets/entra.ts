import type { Party, PartyKind } from '@sqlwarden/core';
import type { Claims } from '../claims.js';
import { TokenRefused } from '../errors.js';
import type { Issuer } from '../issuer.js';
import { groupsOf, optionalName } from '../party-claims.js';
import type { PresetReader } from './preset.js';

// Facets of a party (Microsoft Entra Agent ID, "Token claims reference"): an agent's identity, and a user account that is an agent's.
const AGENT_FACETS = new Set(['11', '13']);

/**
 * Access tokens of one Entra ID tenant, v1 or v2 (Microsoft identity platform, "Access token claims reference"). A party is the `oid`
 * within the tenant; `sub` differs from one application to the next. An agent is told by the claims of Entra Agent ID.
 */
export const readEntra: PresetReader = (claims, issuer) => {
  if (claims.id('tid')?.toLowerCase() !== issuer.tenant) throw new TokenRefused('claims', 'the claim tid is not the tenant of the issuer');
  const clientIds = [claims.id('azp'), claims.id('appid')].filter((id) => id !== undefined);
  const [clientId] = clientIds;
  if (clientId === undefined) {
    throw new TokenRefused('token-type', 'the token has neither azp nor appid: present an access token, not an id token');
  }
  const delegated = claims.get('idtyp') === 'user' || (claims.get('idtyp') === undefined && claims.has('scp'));
  const agentClient = isAgentClient(claims);
  const subject: Party = {
    kind: subjectKind(claims, delegated, agentClient),
    issuer: issuer.issuer,
    id: claims.requiredId('oid'),
    ...optionalName(claims.label(issuer.claims.name) ?? claims.label('preferred_username') ?? claims.label('upn')),
    ...entraGroups(claims, issuer),
  };
  // An agent that acts for a user is the client; one that acts for itself is the subject already.
  const actor = delegated && agentClient ? { actor: clientActor(clientId, issuer) } : {};
  return { subject, clientIds, clientIsSubject: !delegated, ...actor };
};

function subjectKind(claims: Claims, delegated: boolean, agentClient: boolean): PartyKind {
  if (hasAgentFacet(claims, 'xms_sub_fct')) return 'agent';
  if (delegated) return 'person';
  return agentClient ? 'agent' : 'service';
}

/** The parent application is only there when the client is an agent identity. */
function isAgentClient(claims: Claims): boolean {
  return claims.has('xms_par_app_azp') || hasAgentFacet(claims, 'xms_act_fct');
}

/** Facets are numbers with spaces between them, in no order. */
function hasAgentFacet(claims: Claims, name: string): boolean {
  const facets = claims.get(name);
  if (facets === undefined) return false;
  if (typeof facets !== 'string' && typeof facets !== 'number') throw new TokenRefused('claims', `the claim ${name} cannot be read`);
  return String(facets)
    .split(/\s+/)
    .some((facet) => AGENT_FACETS.has(facet));
}

function clientActor(clientId: string, issuer: Issuer): Party {
  return { kind: 'agent', issuer: issuer.issuer, id: clientId, groups: [], groupsComplete: false };
}

/**
 * With too many groups Entra leaves the claim out, and says so in `hasgroups` or `_claim_names` ("Groups overage claim"). The address in
 * `_claim_sources` is not followed: it is whatever the token says.
 */
function entraGroups(claims: Claims, issuer: Issuer): Pick<Party, 'groups' | 'groupsComplete'> {
  const read = groupsOf(claims, issuer.claims.groups, issuer);
  const overage = claims.has('hasgroups') || claims.has(['_claim_names', 'groups']);
  return overage ? { ...read, groupsComplete: false } : read;
}
