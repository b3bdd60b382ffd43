import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { describeParty, describePrincipal } from './describe.js';
import type { Party, Principal } from './principal.js';

const proof = { subject: 'token', groups: 'token', actors: 'token', model: 'token' } as const;

function party(kind: Party['kind'], id: string, changes: Partial<Party> = {}): Party {
  return { kind, issuer: 'https://id.example.com', id, groups: [], groupsComplete: true, ...changes };
}

function principal(subject: Party, actors: readonly Party[] = [], changes: Partial<Principal> = {}): Principal {
  return { subject, actors, proof, expiresAt: 0, ...changes };
}

const bot = party('agent', 'schema-bot', { model: { name: 'forge-2.1' } });

describe('a principal in words', () => {
  it('is the subject and then the chain, down to who acts now', () => {
    expect(describePrincipal(principal(party('person', 'u-1', { name: 'alice' }), [bot]))).toBe(
      'alice (person) → schema-bot (agent, model forge-2.1)',
    );
    expect(describePrincipal(principal(party('person', 'alice'), [bot, party('service', 'portal')]))).toBe(
      'alice (person) → portal (service) → schema-bot (agent, model forge-2.1)',
    );
  });

  it('says versions, and what is only asserted', () => {
    const versioned = party('agent', 'bot', { version: '1.4', model: { name: 'forge', version: '2026-10' } });
    expect(describeParty(versioned)).toBe('bot (agent 1.4, model forge 2026-10)');
    expect(describePrincipal(principal(party('person', 'alice'), [bot], { proof: { subject: 'asserted' } }))).toBe(
      'alice (person) → schema-bot (agent, asserted model forge-2.1) [asserted identity and actors]',
    );
  });

  it('quotes names that could be taken for more than a name', () => {
    expect(describeParty(party('agent', 'x', { name: 'alice (person) → bob' }))).toBe('"alice (person) → bob" (agent)');
    expect(describeParty(party('agent', 'x', { name: 'a\u202Eb\u001B[2J' }))).toBe('"a\\u{202e}b\\u001b[2J" (agent)');
    expect(describeParty(party('person', 'José Müller'))).toBe('José Müller (person)');
  });

  it('is one visible line of bounded length, whatever the names are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
        const text = describeParty(party('person', 'x', { name }));
        expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        expect(text.length).toBeLessThan(1000);
        expect(text.endsWith(' (person)')).toBe(true);
      }),
    );
  });
});
