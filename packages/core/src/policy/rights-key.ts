import { partyKey, type Principal } from '../identity/principal.js';
import { chainOf, type ChainParty } from './chain.js';
import type { CompiledPolicy, Mentions } from './compiled.js';
import { isDescribed } from './described.js';

/**
 * All that the policy can read of a principal, as one string: two principals with the same key get the same verdict for the same unit.
 * Names, expiry and whatever the policy does not mention are left out, so that people with the same rights share cached decisions.
 * Compare keys of one policy only.
 */
export function rightsKey(policy: CompiledPolicy, principal: Principal): string {
  const [subject, ...actors] = chainOf(principal).map((party) => readable(policy.mentions, party));
  // Actors are asked one by one, whatever their order, and twins add nothing.
  return `${subject}|${[...new Set(actors)].sort().join('|')}`;
}

function readable(mentions: Mentions, view: ChainParty): string {
  const { party, proven, groupsProven } = view;
  const mentioned = (groups: readonly string[] = []): string[] => [...new Set(groups)].filter((group) => mentions.groups.has(group)).sort();
  const key = partyKey(party);
  return JSON.stringify([
    party.kind,
    proven,
    groupsProven,
    party.groupsComplete,
    mentions.issuers.has(party.issuer) ? party.issuer : '',
    mentions.ids.has(party.id) ? party.id : '',
    mentions.parties.has(key) ? key : '',
    mentioned(party.groups),
    mentioned(party.unusedGroups),
    // What is described has too many values to be told apart by: what comes of each condition is all that policy can see.
    mentions.described.map(
      (condition) => Number(isDescribed(condition, view, 'granting')) * 2 + Number(isDescribed(condition, view, 'restricting')),
    ),
  ]);
}
