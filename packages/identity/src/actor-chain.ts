import type { Party } from '@sqlwarden/core';
import type { Claims } from './claims.js';
import { TokenRefused } from './errors.js';
import type { Issuer } from './issuer.js';
import type { AgentClient } from './issuer-options.js';
import { groupsOf, optionalName } from './party-claims.js';
import { withSqlwardenClaims } from './sqlwarden-claims.js';

const MAX_ACTORS = 8;

/**
 * The actors of a token's `act` claim, outermost (the one who acts now) first (RFC 8693 section 4.1). Each is known by `sub` and, where it
 * belongs to another issuer, `iss`; members such as `exp` say nothing there and are not read. An actor that cannot be read refuses the
 * token: leaving one out would give the rest of the chain more rights than the issuer meant.
 *
 * @throws TokenRefused `claims`
 */
export function actorChain(token: Claims, issuer: Issuer): readonly Party[] {
  const actors: Party[] = [];
  for (let act = token.object('act'); act !== undefined; act = act.object('act')) {
    if (actors.length === MAX_ACTORS) throw new TokenRefused('claims', `the token names more than ${MAX_ACTORS} actors`);
    actors.push(actorOf(act, issuer));
  }
  return actors;
}

/** The clients that the configuration calls agents, as the actors that they are. */
export function agentClients(clientIds: readonly string[], issuer: Issuer): readonly Party[] {
  return [...new Set(clientIds)].flatMap((id): readonly Party[] => {
    const client = issuer.agents.get(id);
    if (client === undefined) return [];
    return [{ kind: 'agent', issuer: issuer.issuer, id, ...optionalName(client.name), ...configuredGroups(client) }];
  });
}

/** What the configuration says of an agent's groups is all there is to know, when it says something. */
export function configuredGroups(client: AgentClient): Pick<Party, 'groups' | 'groupsComplete'> {
  return { groups: client.groups ?? [], groupsComplete: client.groups !== undefined };
}

function actorOf(act: Claims, issuer: Issuer): Party {
  const actorIssuer = act.id('iss') ?? issuer.issuer;
  if (actorIssuer !== issuer.issuer && !issuer.actorIssuers.has(actorIssuer)) {
    throw new TokenRefused('claims', `an actor belongs to an issuer that ${issuer.name} may not name, add it to actorIssuers`);
  }
  const id = act.requiredId('sub');
  // A client that the configuration calls an agent is one wherever it stands.
  const known = actorIssuer === issuer.issuer ? issuer.agents.get(id) : undefined;
  const party: Party = {
    kind: known === undefined ? issuer.actorKind : 'agent',
    issuer: actorIssuer,
    id,
    ...optionalName(act.label(issuer.claims.name) ?? known?.name),
    ...(known?.groups === undefined ? groupsOf(act, issuer.claims.groups, issuer) : configuredGroups(known)),
  };
  return withSqlwardenClaims(party, act, issuer);
}
