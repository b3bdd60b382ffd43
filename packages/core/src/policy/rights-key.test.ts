// oxlint-disable unicorn/no-thenable -- `then` is a key of rules
import { describe, expect, it } from '@jest/globals';
import type { Actor, Party, Principal } from '../identity/principal.js';
import { compilePolicy } from './compile.js';
import { rightsKey } from './rights-key.js';

const policy = compilePolicy(
  [
    {
      file: 'p.yaml',
      version: 1,
      classify: [{ label: 'a', columns: 'crm.a.b.c' }],
      mask: [{ label: 'a', with: 'hash', except: { groups: ['office'], subjects: [{ issuer: 'i', id: 'carol' }] } }],
      rules: [
        { id: 'x', match: { subject: { groups: 'app', issuer: 'special' }, actor: { notGroups: 'bots', id: 'robot' } }, then: 'allow' },
        { id: 'y', match: { subject: { 'asserted.groups': 'asserted' } }, then: 'deny' },
      ],
    },
  ],
  { compilePattern: () => ({ test: () => false, replaceAll: (text) => text }) },
);
const party = (more: Partial<Party> = {}): Party => ({
  kind: 'person',
  issuer: 'i',
  id: 'alice',
  groups: [],
  groupsComplete: true,
  ...more,
});
const principal = (subject: Partial<Party> = {}, actors: readonly Partial<Actor>[] = [], more: Partial<Principal> = {}): Principal => ({
  subject: party(subject),
  actors: actors.map((actor) => party({ kind: 'agent', id: 'bot', ...actor })),
  proof: { subject: 'token', groups: 'token', actors: 'token' },
  expiresAt: 1,
  ...more,
});
const key = (...args: Parameters<typeof principal>): string => rightsKey(policy, principal(...args));

describe('rightsKey', () => {
  it.each<[string, Parameters<typeof principal>, Parameters<typeof principal>]>([
    ['another person', [{ id: 'alice' }], [{ id: 'bob', name: 'Bob' }]],
    ['another issuer', [{ issuer: 'i' }], [{ issuer: 'j' }]],
    ['another expiry and token', [], [{}, [], { expiresAt: 2, tokenId: 't' }]],
    ['groups that policy does not mention', [{ groups: ['x', 'app'] }], [{ groups: ['app', 'y'] }]],
    ['the order of groups, and groups said twice', [{ groups: ['app', 'office'] }], [{ groups: ['office', 'app', 'app'] }]],
    ['the order of actors, and actors said twice', [{}, [{ groups: ['app'] }, {}]], [{}, [{}, { groups: ['app'] }, {}]]],
    ['the kind of proof', [], [{}, [], { proof: { subject: 'mtls', groups: 'kubernetes', actors: 'exchange' } }]],
    ['a model', [{}, [{}]], [{}, [{ model: { name: 'forge' } }]]],
  ])('is the same for %s', (_, a, b) => {
    expect(key(...a)).toBe(key(...b));
  });

  it.each<[string, Parameters<typeof principal>, Parameters<typeof principal>]>([
    ['kind', [{ kind: 'person' }], [{ kind: 'service' }]],
    ['a group of a rule', [], [{ groups: ['app'] }]],
    ['a group of an exception', [], [{ groups: ['office'] }]],
    ['a group of a negative condition', [{}, [{}]], [{}, [{ groups: ['bots'] }]]],
    ['a group that was given up', [], [{ unusedGroups: ['office'] }]],
    ['a group that is read asserted', [], [{ groups: ['asserted'] }]],
    ['whether groups are complete', [], [{ groupsComplete: false }]],
    ['an issuer that is named', [], [{ issuer: 'special' }]],
    ['an id that is named', [{}, [{}]], [{}, [{ id: 'robot' }]]],
    ['a party that is named', [], [{ id: 'carol' }]],
    ['whether somebody acts', [], [{}, [{}]]],
    ['who has the group', [{ groups: ['app'] }, [{}]], [{}, [{ groups: ['app'] }]]],
    ['whether the subject is proven', [{}, [], { proof: { subject: 'token' } }], [{}, [], { proof: { subject: 'asserted' } }]],
    ['whether groups are proven', [], [{}, [], { proof: { subject: 'token', actors: 'token' } }]],
    ['whether actors are proven', [{}, [{}]], [{}, [{}], { proof: { subject: 'token', groups: 'token' } }]],
  ])('differs by %s', (_, a, b) => {
    expect(key(...a)).not.toBe(key(...b));
  });

  it('cannot be forged by names with the separator in them', () => {
    expect(key({ issuer: 'special' }, [])).not.toBe(key({ issuer: 'special|' }, []));
  });
});
