import { partyKey, type Party, type Principal, type PrincipalField, type Proof } from '@sqlwarden/core';
import { actorChain, agentClients, configuredGroups } from './actor-chain.js';
import type { Claims } from './claims.js';
import type { Issuer } from './issuer.js';
import { PRESET_READERS } from './presets/index.js';
import type { PresetReading } from './presets/preset.js';
import { sqlwardenRun, sqlwardenWorkload, withSqlwardenClaims } from './sqlwarden-claims.js';

/**
 * The principal of a verified token. Subject, groups and actors are proven by the token; model, workload and run too where the issuer
 * vouches for the `sqlwarden` claims, and are `asserted` otherwise.
 *
 * @param expiresAt milliseconds since the epoch
 * @throws TokenRefused `claims` or `token-type`
 */
export function principalOf(claims: Claims, issuer: Issuer, expiresAt: number): Principal {
  const reading = PRESET_READERS[issuer.preset](claims, issuer);
  const subject = withSqlwardenClaims(agentIfClientIs(reading, issuer), claims, issuer);
  const actors = actorsOf(reading, claims, issuer);
  const ownProof: Proof = issuer.trustSqlwardenClaims ? 'token' : 'asserted';
  const workload = reading.workload ?? sqlwardenWorkload(claims);
  const run = reading.run ?? sqlwardenRun(claims);
  const proof: Proof = issuer.tokenReview === undefined ? 'token' : 'kubernetes';
  const tokenId = claims.id('jti');
  const { exchanged } = reading;
  const issuedAt = exchanged === undefined ? claims.seconds('iat') : exchanged.issuedAt;
  return {
    subject,
    actors,
    ...(workload === undefined ? {} : { workload }),
    ...(run === undefined ? {} : { run }),
    proof: withProofsOfExchange(reading, {
      subject: proof,
      groups: proof,
      actors: proof,
      ...([subject, ...actors].some(hasModel) ? { model: ownProof } : {}),
      ...(workload === undefined ? {} : { workload: reading.workload === undefined ? ownProof : proof }),
      ...(run === undefined ? {} : { run: reading.run === undefined ? ownProof : proof }),
    }),
    expiresAt,
    ...(tokenId === undefined ? {} : { tokenId }),
    ...(issuedAt === undefined ? {} : { issuedAt: Math.floor(issuedAt * 1000) }),
    ...(exchanged === undefined ? {} : { exchangedBy: issuer.issuer }),
  };
}

/** What a token exchange tells of its own: how each field was proven to it. */
function withProofsOfExchange({ exchanged }: PresetReading, proof: Principal['proof']): Principal['proof'] {
  if (exchanged === undefined) return proof;
  const { asserted } = exchanged;
  const fields = Object.keys(proof) as PrincipalField[];
  return Object.fromEntries(fields.map((field): [PrincipalField, Proof] => [field, asserted.has(field) ? 'asserted' : 'exchange']));
}

/** A client that acts for itself and is an agent makes the subject an agent. */
function agentIfClientIs({ subject, clientIds, clientIsSubject }: PresetReading, issuer: Issuer): Party {
  const client = clientIds.map((id) => issuer.agents.get(id)).find((agent) => agent !== undefined);
  if (!clientIsSubject || client === undefined) return subject;
  const groups = client.groups === undefined ? {} : configuredGroups(client);
  return { ...subject, kind: 'agent', ...(client.name === undefined ? {} : { name: client.name }), ...groups };
}

/**
 * Whoever acts for the subject, outermost first: the agent that holds the token as its client, then the chain that the token names.
 * Somebody who is named twice is kept where the chain has it.
 */
function actorsOf(reading: PresetReading, claims: Claims, issuer: Issuer): readonly Party[] {
  const chain = actorChain(claims, issuer);
  const clients = reading.clientIsSubject ? [] : agentClients(reading.clientIds, issuer);
  const seen = new Set([...chain, ...clients].map(partyKey));
  const own = reading.actor === undefined || seen.has(partyKey(reading.actor)) ? [] : [reading.actor];
  const inChain = new Set(chain.map(partyKey));
  return [...own, ...clients.filter((client) => !inChain.has(partyKey(client))), ...chain];
}

function hasModel(party: Party): boolean {
  return party.model !== undefined || party.version !== undefined;
}
