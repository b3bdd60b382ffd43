import { describe, expect, it } from '@jest/globals';
import type { Party, Principal } from './principal.js';
import { describeRevocation, isRevocationOver, isRevokedBy, type RevocationTarget } from './revocation.js';

const A = 'https://a.example';
const B = 'https://b.example';
const party = (id: string, issuer = A, kind: Party['kind'] = 'person'): Party => ({ kind, issuer, id, groups: [], groupsComplete: true });
const principal = (subject: Party, actors: readonly Party[] = [], more: Partial<Principal> = {}): Principal => ({
  subject,
  actors,
  proof: { subject: 'token' },
  expiresAt: 0,
  ...more,
});
const robo = party('robo', A, 'agent');

describe('a revocation', () => {
  it.each<[string, RevocationTarget, Principal, boolean]>([
    ['of a subject', { subject: 'ada' }, principal(party('ada')), true],
    ['of somebody else', { subject: 'ada' }, principal(party('eve')), false],
    ['of who acts for the subject', { subject: 'ada' }, principal(party('eve'), [party('ada')]), true],
    ['of the subject of an agent', { subject: 'ada' }, principal(party('ada'), [robo]), true],
    ['of a subject of another issuer', { subject: 'ada', issuer: B }, principal(party('ada')), false],
    ['whose issuer is that of somebody else in the chain', { subject: 'ada', issuer: B }, principal(party('ada'), [party('x', B)]), false],
    ['of an agent that acts', { agent: 'robo' }, principal(party('ada'), [robo]), true],
    ['of an agent by its name', { agent: 'schema-bot' }, principal(party('ada'), [{ ...robo, name: 'schema-bot' }]), true],
    ['of a name that a person has', { agent: 'schema-bot' }, principal({ ...party('ada'), name: 'schema-bot' }), false],
    ['of a subject, by a name', { subject: 'Ada' }, principal({ ...party('ada'), name: 'Ada' }), false],
    ['of an agent that is the subject', { agent: 'robo' }, principal(robo), true],
    ['of an agent where a person has that id', { agent: 'ada' }, principal(party('ada')), false],
    ['of an agent of one person, for another one', { agent: 'robo', subject: 'ada' }, principal(party('eve'), [robo]), false],
    ['of a token', { tokenId: 't' }, principal(party('ada'), [], { tokenId: 't' }), true],
    ['of another token', { tokenId: 't' }, principal(party('ada'), [], { tokenId: 'u' }), false],
    ['of a token, for somebody without one', { tokenId: 't' }, principal(party('ada')), false],
    ['of a token of another issuer', { tokenId: 't', issuer: B }, principal(party('ada'), [], { tokenId: 't' }), false],
    ['of earlier tokens', { issuer: A, issuedBefore: 10 }, principal(party('ada'), [], { issuedAt: 9 }), true],
    ['of earlier tokens, at the moment itself', { issuer: A, issuedBefore: 10 }, principal(party('ada'), [], { issuedAt: 10 }), false],
    ['of earlier tokens, for one that does not say', { issuer: A, issuedBefore: 10 }, principal(party('ada')), true],
    ['of earlier tokens of another issuer', { issuer: B, issuedBefore: 10 }, principal(party('ada')), false],
    [
      'of earlier tokens of the issuer of who acts',
      { issuer: B, issuedBefore: 10 },
      principal(party('ada'), [party('x', B)], { issuedAt: 9 }),
      true,
    ],
    [
      'of later tokens of the issuer of who acts',
      { issuer: B, issuedBefore: 9 },
      principal(party('ada'), [party('x', B)], { issuedAt: 9 }),
      false,
    ],
    [
      'of earlier tokens of an exchange',
      { issuer: B, issuedBefore: 10 },
      principal(party('ada'), [robo], { issuedAt: 9, exchangedBy: B }),
      true,
    ],
    ['of a token of an exchange', { issuer: B, tokenId: 't' }, principal(party('ada'), [], { tokenId: 't', exchangedBy: B }), true],
    [
      'of earlier tokens of another exchange',
      { issuer: B, issuedBefore: 10 },
      principal(party('ada'), [], { issuedAt: 9, exchangedBy: 'x' }),
      false,
    ],
    ['of what somebody had before', { subject: 'ada', issuedBefore: 10 }, principal(party('ada'), [], { issuedAt: 11 }), false],
    ['of an issuer and nothing else', { issuer: A }, principal(party('ada')), false],
  ])('%s', (_note, target, who, want) => {
    expect(isRevokedBy(who, target)).toBe(want);
  });

  it('is over at its end', () => {
    expect([9, 10, 11].map((now) => isRevocationOver({ id: 'r', until: 10 }, now))).toEqual([false, true, true]);
    expect(isRevocationOver({ id: 'r' }, Number.MAX_SAFE_INTEGER)).toBe(false);
  });

  it('says whom it speaks of', () => {
    expect(describeRevocation({ id: 'r', agent: 'robo', issuer: A, issuedBefore: 0, until: 1000, reason: 'stolen' })).toBe(
      'r: agent robo of https://a.example issued before 1970-01-01T00:00:00.000Z until 1970-01-01T00:00:01.000Z (stolen)',
    );
  });
});
