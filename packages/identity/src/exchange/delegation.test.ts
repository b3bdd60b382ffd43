import { describe, expect, it } from '@jest/globals';
import { isProven, type Party, partyKey, type Principal, type PrincipalField, type Proof } from '@sqlwarden/core';
import fc from 'fast-check';
import { Claims } from '../claims.js';
import type { JsonObject } from '../strict-json.js';
import { delegate, type Delegation, type ShownToken } from './delegation.js';
import type { ExchangeOptions } from './exchange-options.js';
import { ExchangeRefused } from './exchange-refused.js';

const EXCHANGE = 'https://gateway.test';
const NOW = 1_000_000;
const OPTIONS: ExchangeOptions = {
  issuer: EXCHANGE,
  audience: 'sqlwarden',
  keys: { directory: '/nowhere', rotateAfterSeconds: 1 },
  lifetimeSeconds: 900,
  maxActors: 3,
  agents: [
    { name: 'a', match: { issuer: 'i', id: 'a' } },
    { name: 'b', match: { issuer: 'i', id: 'b' }, model: { name: 'bound' }, groups: ['g1'] },
    { name: 'w', match: { issuer: 'j', workload: { namespace: 'n*' } }, version: '1', actsFor: { groups: ['g1', 'g2'] } },
    { name: 'm', match: { issuer: 'j', id: 'a' }, actsFor: 'may-act' },
  ],
};

const proof = fc.constantFrom<Proof>('token', 'token', 'kubernetes', 'asserted');
const FIELDS = ['subject', 'groups', 'actors', 'model', 'workload', 'run'] as const satisfies readonly PrincipalField[];
const party: fc.Arbitrary<Party> = fc
  .record({
    kind: fc.constantFrom('person', 'service', 'agent'),
    issuer: fc.constantFrom('i', 'j'),
    id: fc.constantFrom('a', 'b', 'c'),
    groups: fc.uniqueArray(fc.constantFrom('g1', 'g2', 'g3')),
    groupsComplete: fc.boolean(),
    model: fc.option(fc.constant({ name: 'said' })),
    version: fc.option(fc.constant('9')),
  })
  .map(({ model, version, ...rest }): Party => ({ ...rest, ...(model && { model }), ...(version !== null && { version }) }) as Party);
const shown = (actors: number): fc.Arbitrary<ShownToken> =>
  fc
    .record({
      subject: party,
      actors: fc.array(party, { maxLength: actors }),
      proofs: fc.tuple(...FIELDS.map(() => proof)),
      namespace: fc.option(fc.constantFrom('n1', 'x')),
      expiresAt: fc.integer({ min: NOW + 1, max: NOW + 2_000_000 }),
      isExchanged: fc.boolean(),
      mayAct: fc.option(fc.record({ sub: fc.constantFrom('a', 'b'), iss: fc.constantFrom('i', 'j') })),
    })
    .map(({ subject, actors: chain, proofs, namespace, expiresAt, isExchanged, mayAct }): ShownToken => {
      const principal = {
        subject,
        actors: chain,
        ...(namespace !== null && { workload: { namespace } }),
        proof: Object.fromEntries(FIELDS.map((field, at) => [field, proofs[at]])) as Principal['proof'],
        expiresAt,
      };
      const claims: JsonObject = { iss: subject.issuer, sub: subject.id, ...(mayAct !== null && { may_act: mayAct }) };
      const issuer = isExchanged && actors > 0 ? EXCHANGE : subject.issuer;
      return {
        principal,
        token: { issuerName: issuer === EXCHANGE ? 'token exchange' : issuer, issuer, keyId: 'k', algorithm: 'ES256', expiresAt },
        claims: new Claims(claims),
      };
    });
const request = fc.record({
  subject: shown(2),
  actor: fc.option(shown(0), { nil: undefined }),
  scope: fc.option(fc.uniqueArray(fc.constantFrom('g1', 'g2', 'g3')), { nil: undefined }),
  run: fc.option(fc.constant({ job: 'said' }), { nil: undefined }),
});

const held = ({ groups, unusedGroups = [] }: Party): string => [...groups, ...unusedGroups].sort().join();

describe('a delegation, of whatever tokens', () => {
  it('leaves nobody out, adds nobody but the actor, and gives nobody more than there was', () => {
    let given = 0;
    fc.assert(
      fc.property(request, (asked) => {
        let made: Delegation;
        try {
          made = delegate(asked, OPTIONS, NOW);
        } catch (error) {
          expect(error).toBeInstanceOf(ExchangeRefused);
          return;
        }
        given += 1;
        const { principal, agent } = made;
        const { subject, actor } = asked;
        const before = [...subject.principal.actors, subject.principal.subject];
        const after = [...principal.actors, principal.subject];
        expect(after.slice(-before.length).map(partyKey)).toEqual(before.map(partyKey));
        expect(after.length - before.length).toBeLessThanOrEqual(actor === undefined ? 0 : 1);
        const acting = after[0] as Party;
        expect(partyKey(acting)).toBe(partyKey(actor?.principal.subject ?? (before[0] as Party)));
        expect(principal.actors.length).toBeLessThanOrEqual(OPTIONS.maxActors);
        expect(principal.expiresAt).toBeLessThanOrEqual(
          Math.min(NOW + 900_000, subject.principal.expiresAt, actor?.principal.expiresAt ?? Infinity),
        );
        for (const [at, party_] of after.slice(-before.length).entries()) {
          const was = before[at] as Party;
          // The configuration vouches for the groups of the agent that acts, and for nobody else's.
          if (party_ === acting) continue;
          expect(held(party_)).toBe(held(was));
          expect(party_.groups.every((group) => was.groups.includes(group))).toBe(true);
          expect([party_.kind, party_.groupsComplete]).toEqual([was.kind, was.groupsComplete]);
        }
        const sources = [subject.principal, ...(actor === undefined ? [] : [actor.principal])];
        if (isProven(principal, 'groups')) expect(sources.every((one) => isProven(one, 'groups'))).toBe(true);
        if (principal.actors.length > 1 && isProven(principal, 'actors') && subject.principal.actors.length > 0)
          expect(isProven(subject.principal, 'actors')).toBe(true);
        if (isProven(principal, 'workload')) expect(isProven((actor ?? subject).principal, 'workload')).toBe(true);
        expect(isProven(principal, 'run')).toBe(false);
        if (isProven(principal, 'model')) {
          for (const party_ of after) if (party_.model?.name === 'said') expect(sources.some((one) => isProven(one, 'model'))).toBe(true);
          if (agent.model !== undefined) expect(acting.model).toEqual(agent.model);
        }
        if (subject.token.issuer === EXCHANGE) expect(actor).toBeDefined();
        expect(actor?.token.issuer).not.toBe(EXCHANGE);
      }),
      { numRuns: 8_000 },
    );
    expect(given).toBeGreaterThan(100);
  });
});
