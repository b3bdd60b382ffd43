import { parties, partyKey, type Party, type Principal, type PrincipalField } from './principal.js';

/**
 * What a principal's identity says about its rights. All are pure, and all fail closed: what is not proven, or may be incomplete, never
 * makes one of them true that grants something.
 */

/** True when somebody vouches for the field: it has a proof, and the proof is not `asserted`. */
export function isProven(principal: Principal, field: PrincipalField): boolean {
  const proof = principal.proof[field];
  return proof !== undefined && proof !== 'asserted';
}

export function isInAnyGroup(party: Pick<Party, 'groups'>, groups: readonly string[]): boolean {
  return party.groups.some((group) => groups.includes(group));
}

/**
 * True when the subject and every actor are each in at least one of `groups`, and their groups are proven: the intersection of rights.
 * An actor whose own place in the chain is merely asserted still counts, since it can only take rights away. False for an empty list.
 */
export function everyPartyInAnyGroup(principal: Principal, groups: readonly string[]): boolean {
  if (!isProven(principal, 'subject') || !isProven(principal, 'groups')) return false;
  return parties(principal).every((party) => isInAnyGroup(party, groups));
}

/**
 * True when it is certain that neither the subject nor any actor is in one of `groups`: groups and chain are proven, and nobody's groups
 * may have been left out.
 */
export function certainlyInNoGroup(principal: Principal, groups: readonly string[]): boolean {
  if (!isProven(principal, 'subject') || !isProven(principal, 'groups') || !isProven(principal, 'actors')) return false;
  return parties(principal).every(
    (party) => party.groupsComplete && !isInAnyGroup(party, groups) && !isInAnyGroup({ groups: party.unusedGroups ?? [] }, groups),
  );
}

/** True when the subject or an actor is an agent, proven or not. */
export function isAgentInvolved(principal: Principal): boolean {
  return parties(principal).some((party) => party.kind === 'agent');
}

/** Who acts now: the outermost actor, or the subject when nobody acts for it. */
export function currentParty(principal: Principal): Party {
  return principal.actors[0] ?? principal.subject;
}

/** True when somebody is in both: the requester of an approval, any of its actors, and who approves must share nobody. */
export function shareParty(one: Principal, other: Principal): boolean {
  const keys = new Set(parties(one).map(partyKey));
  return parties(other).some((party) => keys.has(partyKey(party)));
}

/** True from the millisecond `expiresAt` on, and also when that is not a number. */
export function isExpired(principal: Pick<Principal, 'expiresAt'>, now: number): boolean {
  return !(now < principal.expiresAt);
}
