import { type Party, type Principal } from '../identity/principal.js';
import { type Chain, chainOf, type ChainParty, holdsFor } from './chain.js';
import { partyConditions } from './compile-rule.js';
import type { PartyCondition } from './compiled.js';
import type { PartyConditions } from './document.js';

/** One line of a list that says who is which role on a server. The first that holds counts. */
export interface RoleChoiceSource {
  /** The subject; everybody when absent. */
  readonly match?: ProvenConditions;
  /** Who may act for it: whoever `match` holds for when absent, too; nobody; whoever it is; those that these conditions hold for. */
  readonly actors?: 'none' | 'any' | ProvenConditions;
  /** `{id}` stands for the id of the subject. */
  readonly role: string;
}

/** What is merely asserted makes nobody a role. */
export type ProvenConditions = Pick<PartyConditions, 'kind' | 'groups' | 'notGroups' | 'issuer' | 'id'>;

export type RoleChoice = { readonly ok: true; readonly role: string } | { readonly ok: false; readonly reason: string };

interface Line {
  readonly subject: readonly PartyCondition[];
  readonly actors: 'none' | 'any' | readonly PartyCondition[];
  readonly role: string;
}

/** Chooses the role of a principal; pure. INVARIANT: every party of the chain is proven, and every line before the chosen one certainly does not hold. */
export function roleChooser(sources: readonly RoleChoiceSource[]): (principal: Principal) => RoleChoice {
  const lines = sources.map(({ match = {}, actors = match, role }): Line => {
    return { subject: partyConditions(match), actors: typeof actors === 'string' ? actors : partyConditions(actors), role };
  });
  return (principal) => choose(lines, principal);
}

function choose(lines: readonly Line[], principal: Principal): RoleChoice {
  const chain = chainOf(principal);
  if (chain.some(({ proven }) => !proven)) return { ok: false, reason: 'somebody that this identity names is not proven' };
  for (const line of lines) {
    if (holds(line, chain)) return { ok: true, role: line.role.replaceAll('{id}', () => principal.subject.id) };
    if (mayHold(line, chain))
      return {
        ok: false,
        reason: `whether it is to be the role "${line.role}" cannot be told, because its groups are not all known or given up`,
      };
  }
  return { ok: false, reason: 'no line of credentials.roles is for this identity' };
}

function holds({ subject, actors }: Line, [first, ...others]: Chain): boolean {
  if (!holdsFor(subject, first, 'granting')) return false;
  if (actors === 'none') return others.length === 0;
  return actors === 'any' || others.every((actor) => holdsFor(actors, actor, 'granting'));
}

/** It would hold if groups were known that are not, or had not been given up. */
function mayHold({ subject, actors }: Line, [first, ...others]: Chain): boolean {
  if (!mayHoldFor(subject, first)) return false;
  if (actors === 'none') return others.length === 0;
  return actors === 'any' || others.every((actor) => mayHoldFor(actors, actor));
}

function mayHoldFor(conditions: readonly PartyCondition[], view: ChainParty): boolean {
  const { party } = view;
  const isWhole = view.groupsProven && party.groupsComplete;
  const whole: Party = { ...party, groups: [...party.groups, ...(party.unusedGroups ?? [])] };
  return conditions.every((condition) => {
    if (condition.field !== 'groups' && condition.field !== 'notGroups') return holdsFor([condition], view, 'granting');
    if (!isWhole) return true;
    return holdsFor([condition], { ...view, party: condition.field === 'groups' ? whole : party }, 'granting');
  });
}
