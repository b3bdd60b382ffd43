import { describe, expect, it } from '@jest/globals';
import type { Party, Principal } from '@sqlwarden/core';
import { propagatedSettings } from './propagation.js';

const ALL = { subject: 'a.who', issuer: 'a.issuer', kind: 'a.kind', groups: 'a.groups', actors: 'a.actors' };
const person: Party = { kind: 'person', issuer: 'i', id: 'ada', groups: ['b', 'a'], groupsComplete: true };
const agent: Party = { kind: 'agent', issuer: 'i', id: 'bot', groups: ['b', 'c'], groupsComplete: true };
const of = (subject: Party, actors: Party[] = [], proof: Principal['proof'] = { subject: 'token', groups: 'token', actors: 'token' }) =>
  propagatedSettings(ALL, { subject, actors, proof, expiresAt: 0 });

describe('propagatedSettings', () => {
  it('tells who it is, with the groups that everybody is in', () => {
    expect(of(person)).toEqual({
      ok: true,
      settings: { 'a.who': 'ada', 'a.issuer': 'i', 'a.kind': 'person', 'a.groups': '["a","b"]', 'a.actors': '[]' },
    });
    expect(of(person, [agent])).toMatchObject({
      settings: { 'a.groups': '["b"]', 'a.actors': '[{"kind":"agent","issuer":"i","id":"bot"}]' },
    });
  });

  it.each([
    ['a subject that is not proven', of(person, [], { subject: 'asserted', groups: 'token' })],
    ['groups that are not proven', of(person, [], { subject: 'token', groups: 'asserted' })],
    ['actors that are not proven', of(person, [agent], { subject: 'token', groups: 'token', actors: 'asserted' })],
    ['groups that may have been left out', of({ ...person, groupsComplete: false })],
    ['groups of an actor that may have been left out', of(person, [{ ...agent, groupsComplete: false }])],
    ['an id that would end early', of({ ...person, id: 'ada\0' })],
  ])('tells nothing of %s', (_, told) => expect(told.ok).toBe(false));

  it('tells nothing where nothing is asked for', () => {
    expect(propagatedSettings({}, { subject: person, actors: [agent], proof: {}, expiresAt: 0 })).toEqual({ ok: true, settings: {} });
  });
});
