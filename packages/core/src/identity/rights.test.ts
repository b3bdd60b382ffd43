import { describe, expect, it } from '@jest/globals';
import type { Party, Principal, Proof } from './principal.js';
import { certainlyInNoGroup, currentParty, everyPartyInAnyGroup, isAgentInvolved, isExpired, isProven, shareParty } from './rights.js';

function party(id: string, groups: readonly string[], changes: Partial<Party> = {}): Party {
  return { kind: 'person', issuer: 'https://id.example.com', id, groups, groupsComplete: true, ...changes };
}

function principal(subject: Party, actors: readonly Party[] = [], proof: Principal['proof'] = proven('token')): Principal {
  return { subject, actors, proof, expiresAt: 1000 };
}

function proven(how: Proof): Principal['proof'] {
  return { subject: how, groups: how, actors: how };
}

const alice = party('alice', ['app', 'dba']);
const bot = party('bot', ['app'], { kind: 'agent' });

describe('groups', () => {
  it('are held by a principal only when the subject and each actor hold one', () => {
    expect(everyPartyInAnyGroup(principal(alice), ['dba'])).toBe(true);
    expect(everyPartyInAnyGroup(principal(alice, [bot]), ['dba'])).toBe(false);
    expect(everyPartyInAnyGroup(principal(alice, [bot]), ['app'])).toBe(true);
    expect(everyPartyInAnyGroup(principal(bot, [alice]), ['dba'])).toBe(false);
    expect(everyPartyInAnyGroup(principal(alice, [party('svc', ['ops'])]), ['dba', 'ops'])).toBe(true);
    expect(everyPartyInAnyGroup(principal(alice), [])).toBe(false);
  });

  it('count only when they are proven', () => {
    expect(everyPartyInAnyGroup(principal(alice, [], proven('asserted')), ['dba'])).toBe(false);
    expect(everyPartyInAnyGroup(principal(alice, [], {}), ['dba'])).toBe(false);
    expect(everyPartyInAnyGroup(principal(alice, [], { groups: 'token' }), ['dba'])).toBe(false);
    expect(everyPartyInAnyGroup(principal(alice, [bot], { subject: 'mtls', groups: 'token', actors: 'asserted' }), ['app'])).toBe(true);
  });

  it('are certainly not held only when nobody may have lost some', () => {
    expect(certainlyInNoGroup(principal(alice, [bot]), ['contractors'])).toBe(true);
    expect(certainlyInNoGroup(principal(alice, [bot]), ['dba'])).toBe(false);
    const cut = party('carol', ['app'], { groupsComplete: false });
    expect(certainlyInNoGroup(principal(cut), ['contractors'])).toBe(false);
    expect(certainlyInNoGroup(principal(alice, [cut]), ['contractors'])).toBe(false);
    const given = party('dave', ['app'], { unusedGroups: ['contractors'] });
    expect(certainlyInNoGroup(principal(given), ['contractors'])).toBe(false);
    expect(everyPartyInAnyGroup(principal(given), ['contractors'])).toBe(false);
    expect(certainlyInNoGroup(principal(alice, [], { subject: 'token', groups: 'token' }), ['contractors'])).toBe(false);
  });
});

describe('parties', () => {
  it('of which one is an agent make an agent involved', () => {
    expect([principal(alice), principal(alice, [bot]), principal(bot)].map(isAgentInvolved)).toEqual([false, true, true]);
  });

  it('that act now are the outermost actor, or the subject', () => {
    expect(currentParty(principal(alice, [bot, party('inner', [])])).id).toBe('bot');
    expect(currentParty(principal(alice)).id).toBe('alice');
  });

  it('are shared only when issuer and id are equal', () => {
    expect(shareParty(principal(alice, [bot]), principal(bot))).toBe(true);
    expect(shareParty(principal(alice, [bot]), principal(party('carol', []), [alice]))).toBe(true);
    expect(shareParty(principal(alice), principal({ ...alice, issuer: 'https://other.example.com' }))).toBe(false);
    expect(shareParty(principal({ ...alice, name: 'Bob' }), principal(party('bob', [], { name: 'Bob' })))).toBe(false);
  });
});

it('an asserted field is not proven, nor is one without a proof', () => {
  const mixed = principal(alice, [], { subject: 'kubernetes', model: 'asserted' });
  expect((['subject', 'model', 'run'] as const).map((field) => isProven(mixed, field))).toEqual([true, false, false]);
});

it('expiry is reached at its millisecond, and at once when it is not a number', () => {
  expect([999, 1000, 1001].map((now) => isExpired({ expiresAt: 1000 }, now))).toEqual([false, true, true]);
  expect(isExpired({ expiresAt: Number.NaN }, 0)).toBe(true);
});
