import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Party, Principal } from '../identity/principal.js';
import { roleChooser, type RoleChoiceSource } from './role-choice.js';

const party = (groups: readonly string[], more: Partial<Party> = {}): Party => ({
  kind: 'person',
  issuer: 'i',
  id: 'ada',
  groups,
  groupsComplete: true,
  ...more,
});
const principal = (subject: Party, actors: readonly Party[] = [], proof: Principal['proof'] = PROVEN): Principal => ({
  subject,
  actors,
  proof,
  expiresAt: 1,
});
const PROVEN = { subject: 'token', groups: 'token', actors: 'token' } as const;
const agent = (groups: readonly string[]): Party => party(groups, { kind: 'agent', id: 'bot' });

const ROLES: readonly RoleChoiceSource[] = [
  { match: { groups: 'contractors' }, role: 'limited' },
  { match: { groups: ['staff'] }, actors: { kind: 'agent', groups: ['bots'] }, role: 'staff' },
  { match: { groups: ['dba'] }, actors: 'none', role: 'owner' },
  { match: { groups: ['shared'] }, role: 'shared_role' },
  { match: { groups: ['own'] }, actors: 'any', role: 'user_{id}' },
];
const choose = roleChooser(ROLES);
const role = (one: Principal): string | undefined => {
  const choice = choose(one);
  return choice.ok ? choice.role : undefined;
};

describe('roleChooser', () => {
  it.each<[string, Principal, string | undefined]>([
    ['the first line that holds', principal(party(['staff', 'contractors'])), 'limited'],
    ['nobody', principal(party([])), undefined],
    ['a name from the id, whatever is in it', principal(party(['own'], { id: '$&{id}' })), 'user_$&{id}'],
    ['actors that their conditions hold for', principal(party(['staff']), [agent(['bots'])]), 'staff'],
    ['an actor that they do not hold for', principal(party(['staff']), [agent(['bots']), agent([])]), undefined],
    ['no actor where none may be', principal(party(['dba']), [agent(['dba'])]), undefined],
    ['the match for actors, where nothing is said of them', principal(party(['shared']), [agent(['shared'])]), 'shared_role'],
    ['no actor outside of the match', principal(party(['shared']), [agent(['bots'])]), undefined],
    ['any actor', principal(party(['own']), [agent([])]), 'user_ada'],
    ['groups that are merely asserted', principal(party(['own']), [], { ...PROVEN, groups: 'asserted' }), undefined],
    ['a subject that is merely asserted', principal(party(['own']), [], { ...PROVEN, subject: 'asserted' }), undefined],
    ['actors that are merely asserted', principal(party(['own']), [agent([])], { ...PROVEN, actors: 'asserted' }), undefined],
    ['groups that may have been left out, before the line', principal(party(['staff'], { groupsComplete: false })), undefined],
    ['groups that were given up, before the line', principal(party(['staff'], { unusedGroups: ['contractors'] })), undefined],
    ['groups that were given up, behind the line', principal(party(['staff'], { unusedGroups: ['shared'] })), 'staff'],
  ])('%s', (_, one, want) => expect(role(one)).toBe(want));

  it('never gives who gives groups up a role that it would not have had', () => {
    const groups = fc.uniqueArray(fc.constantFrom('contractors', 'staff', 'dba', 'shared', 'own', 'bots'));
    fc.assert(
      fc.property(groups, groups, groups, (kept, given, actors) => {
        const unused = given.filter((group) => !kept.includes(group));
        const narrowed = role(principal(party(kept, { unusedGroups: unused }), [agent(actors)]));
        if (narrowed !== undefined) expect(role(principal(party([...kept, ...unused]), [agent(actors)]))).toBe(narrowed);
      }),
    );
  });
});
