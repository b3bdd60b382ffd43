import { describe, expect, it } from '@jest/globals';
import type { Party, Principal } from './principal.js';
import { renewalProblem } from './renewal.js';

const ada: Party = { kind: 'person', issuer: 'https://a.example', id: 'ada', groups: ['app'], groupsComplete: true };
const robo: Party = { ...ada, kind: 'agent', id: 'robo', version: '1', model: { name: 'forge', version: '2' } };
const eve: Party = { ...ada, id: 'eve' };
const before: Principal = {
  subject: ada,
  actors: [robo, eve],
  workload: { namespace: 'prod', pod: 'p-1' },
  run: { job: 'nightly' },
  proof: { subject: 'token', groups: 'token', actors: 'token', model: 'exchange', workload: 'kubernetes' },
  expiresAt: 1,
  tokenId: 'one',
};
const after = (changes: Partial<Principal> = {}): Principal => ({ ...before, expiresAt: 2, tokenId: 'two', ...changes });

describe('a newer principal', () => {
  it.each<[string, Principal]>([
    ['with another token and a later end', after()],
    ['with other groups, which policy has to judge', after({ subject: { ...ada, groups: [], groupsComplete: false } })],
    ['with another name', after({ subject: { ...ada, name: 'Ada L.' } })],
    ['with the fields of its workload in another order', after({ workload: { pod: 'p-1', namespace: 'prod' } })],
    ['that proves more', after({ proof: { ...before.proof, run: 'token' } })],
  ])('%s takes the place', (_note, principal) => {
    expect(renewalProblem(before, principal)).toBeUndefined();
  });

  it.each<[string, Principal]>([
    ['of somebody else', after({ subject: eve })],
    ['of the same id of another issuer', after({ subject: { ...ada, issuer: 'https://a.example/' } })],
    ['of another kind', after({ subject: { ...ada, kind: 'service' } })],
    ['without an actor', after({ actors: [robo] })],
    ['with another actor', after({ actors: [robo, eve, { ...eve, id: 'mallory' }] })],
    ['whose actors stand in another order', after({ actors: [eve, robo] })],
    ['with another model', after({ actors: [{ ...robo, model: { name: 'forge', version: '3' } }, eve] })],
    ['with another version', after({ actors: [{ ...robo, version: '2' }, eve] })],
    ['of another workload', after({ workload: { namespace: 'prod', pod: 'p-2' } })],
    ['of another run', after({ run: { job: 'weekly' } })],
    ['that merely says what was proven', after({ proof: { ...before.proof, model: 'asserted' } })],
    ['that does not prove what was proven', after({ proof: { subject: 'token', groups: 'token', actors: 'token' } })],
  ])('%s does not', (_note, principal) => {
    expect(renewalProblem(before, principal)).toMatch(/connect again with it$/);
  });
});
