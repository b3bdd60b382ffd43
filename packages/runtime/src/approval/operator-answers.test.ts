import { describe, expect, it } from '@jest/globals';
import type { Party, Principal } from '@sqlwarden/core';
import { answerOperator, type Operations, type OperatorRoute } from './operator-answers.js';

const NOW = 1_000;
const olga: Party = { kind: 'person', issuer: 'https://idp', id: 'olga', groups: ['security'], groupsComplete: true };
const by = (changes: Partial<Principal> = {}): Principal => ({
  subject: olga,
  actors: [],
  proof: { subject: 'token', groups: 'token' },
  expiresAt: NOW + 1,
  ...changes,
});

/** Notes what was done. */
function operations(groups: readonly string[] = ['security', 'oncall']): Operations & { readonly done: string[] } {
  const done: string[] = [];
  return {
    done,
    groups,
    revocations: () => [],
    revoke: (order) => {
      done.push(`revoke ${JSON.stringify(order)}`);
      return { id: 'r1', ...order };
    },
    lift: (id) => (id === 'r1' ? { id, subject: 'bob' } : undefined),
    kill: (session) => {
      done.push(`kill ${session}`);
      return session === 's1';
    },
    reload: () => Promise.reject(new Error('policy/crm.yaml:3:5: is wrong')),
    upkeep: (order, who) => {
      done.push(`upkeep ${JSON.stringify(order)} by ${who.subject.id}`);
      return order.do === 'retain' ? Promise.reject(new Error('the disk is full')) : Promise.resolve({});
    },
  };
}

const answer = async (route: OperatorRoute, body: unknown = {}, who = by(), on: Operations = operations()): Promise<[number, unknown]> => {
  const { status, body: given } = await answerOperator(route, body, who, on, NOW);
  return [status, (given as { code?: string }).code ?? given];
};

describe('an operator', () => {
  it.each<[string, Principal, readonly string[] | undefined]>([
    ['has a token that has not ended', by({ expiresAt: NOW }), undefined],
    ['is in one of the groups', by({ subject: { ...olga, groups: ['dba'] } }), undefined],
    ['proves the groups', by({ proof: { subject: 'token', groups: 'asserted' } }), undefined],
    ['proves who it is', by({ proof: { groups: 'token' } }), undefined],
    ['is a person', by({ subject: { ...olga, kind: 'service' } }), undefined],
    ['is no agent', by({ subject: { ...olga, kind: 'agent' } }), undefined],
    ['acts alone', by({ actors: [{ ...olga, kind: 'agent', id: 'robo' }] }), undefined],
    ['is somebody that the configuration names', by(), []],
  ])('%s', async (_note, who, groups) => {
    const on = operations(groups);
    for (const route of [{ of: 'kill', id: 's1' }, { of: 'revoke' }, { of: 'lift', id: 'r1' }, { of: 'reload' }, { of: 'upkeep' }] as const)
      expect(await answer(route, { subject: 'bob' }, who, on)).toEqual([403, 'not-an-operator']);
    expect(on.done).toEqual([]);
  });

  it('keeps the ledger, and is told what is wrong with an order', async () => {
    const on = operations();
    const erase = { do: 'erase', log: 'worker-1', entries: [[1, 2]], names: ['text'], reason: 'r' };
    expect(await answer({ of: 'upkeep' }, { do: 'rotate-key' }, by(), on)).toEqual([200, { upkeep: [{}] }]);
    expect(await answer({ of: 'upkeep' }, erase, by(), on)).toEqual([200, { upkeep: [{}] }]);
    expect(await answer({ of: 'upkeep' }, { do: 'retain' }, by(), on)).toEqual([409, 'upkeep-failed']);
    expect(on.done).toEqual([
      'upkeep {"do":"rotate-key"} by olga',
      'upkeep {"do":"erase","entries":[[1,2]],"names":["text"],"reason":"r"} by olga',
      'upkeep {"do":"retain"} by olga',
    ]);
    const wrong = [{}, [], { do: 'drop' }, { do: 'retain', entries: [] }, { ...erase, entries: [[1]] }, { ...erase, names: 'text' }];
    for (const body of [...wrong, { ...erase, reason: '' }, { ...erase, reason: 'a\u001b' }, { ...erase, log: 1 }, { ...erase, more: 1 }])
      expect(await answer({ of: 'upkeep' }, body, by(), on)).toEqual([400, 'bad-request']);
    expect(on.done).toHaveLength(3);
  });

  it('ends sessions, revokes, and lifts what is there', async () => {
    expect(await answer({ of: 'kill', id: 's1' }, { reason: 'why' })).toEqual([200, { session: 's1' }]);
    expect(await answer({ of: 'kill', id: 's2' })).toEqual([404, 'session-unknown']);
    expect(await answer({ of: 'revoke' }, { agent: 'robo', until: 5 })).toEqual([
      200,
      { revocation: { id: 'r1', agent: 'robo', until: 5 } },
    ]);
    expect(await answer({ of: 'lift', id: 'r1' })).toEqual([200, { revocation: { id: 'r1', subject: 'bob' } }]);
    expect(await answer({ of: 'lift', id: 'r2' })).toEqual([404, 'revocation-unknown']);
  });

  it('is told why nothing was loaded', async () => {
    const { status, body } = await answerOperator({ of: 'reload' }, {}, by(), operations(), NOW);
    expect([status, body]).toEqual([409, { code: 'reload-refused', message: 'nothing was loaded: policy/crm.yaml:3:5: is wrong' }]);
  });

  it.each<[OperatorRoute, unknown]>([
    [{ of: 'revoke' }, {}],
    [{ of: 'revoke' }, []],
    [{ of: 'revoke' }, 'bob'],
    [{ of: 'revoke' }, { issuer: 'https://idp' }],
    [{ of: 'revoke' }, { issuedBefore: 5 }],
    [{ of: 'revoke' }, { subject: '' }],
    [{ of: 'revoke' }, { subject: 'a\nb' }],
    [{ of: 'revoke' }, { subject: 'x'.repeat(513) }],
    [{ of: 'revoke' }, { subject: 'bob', until: '2026' }],
    [{ of: 'revoke' }, { subject: 'bob', until: 9e15 }],
    [{ of: 'revoke' }, { subject: 'bob', id: 'mine' }],
    [{ of: 'kill', id: 's1' }, { reason: 7 }],
    [{ of: 'kill', id: 's1' }, { why: 'x' }],
    [{ of: 'kill', id: 's1' }, null],
  ])('is told what is wrong with %j %j', async (route, body) => {
    const on = operations();
    expect(await answer(route, body, by(), on)).toEqual([400, 'bad-request']);
    expect(on.done).toEqual([]);
  });
});
