import { describe, expect, it } from '@jest/globals';
import { partyKey, type Principal } from '../identity/principal.js';
import type { OutputColumn, StatementFacts } from '../sql/facts.js';
import { compilePolicy } from './compile.js';
import type { LimitSource, PolicyDocument } from './document.js';
import { evaluate } from './evaluate.js';
import { limitedParties } from './limits.js';
import { protectionFor } from './protection.js';
import { rightsKey } from './rights-key.js';

const compile = (limits: readonly LimitSource[], more: Partial<PolicyDocument> = {}) =>
  compilePolicy(
    [{ file: 'p.yaml', version: 1, default: 'allow', classify: [{ label: 'pii', columns: 'crm.public.people.email' }], limits, ...more }],
    { compilePattern: () => ({ test: () => false, replaceAll: (text) => text }) },
  );
const catalogue = {
  version: 1,
  serverVersion: 180_000,
  database: 'crm',
  relations: new Map(),
  relationsById: new Map(),
  routines: new Map(),
  schemas: new Set<string>(),
};
const email: OutputColumn = { name: 'email', opaque: false, origins: [{ column: 'public.people.email', how: 'same' }] };
const SELECT: StatementFacts = {
  action: 'select',
  class: 'read',
  span: { start: 0, end: 1 },
  reads: ['public.people'],
  writes: [],
  columns: [{ column: 'public.people.email', use: 'output' }],
  outputs: [email],
  routines: [],
  filter: 'absent',
  limit: null,
  opaque: [],
  flows: [],
  locks: false,
  schemaChanges: [],
  stateEffect: 'none',
  elevated: false,
};
const NONE: Partial<StatementFacts> = { reads: [], columns: [], outputs: undefined };
const UPDATE: StatementFacts = { ...SELECT, action: 'update', class: 'write', writes: ['public.people'], outputs: undefined };
const FETCH: StatementFacts = { ...SELECT, action: 'fetch', class: 'session', reads: [], columns: [] };
const BEGIN: StatementFacts = { ...SELECT, ...NONE, action: 'begin', class: 'transaction' };
const BLIND: StatementFacts = { ...SELECT, ...NONE, opaque: [{ kind: 'dynamic-sql', detail: 'execute' }] };

const person = (groups: readonly string[] = [], id = 'alice', agents: readonly string[] = []): Principal => ({
  subject: { kind: 'person', issuer: 'i', id, groups, groupsComplete: true },
  actors: agents.map((agent) => ({ kind: 'agent', issuer: 'i', id: agent, groups: [], groupsComplete: true })),
  proof: { subject: 'token', groups: 'token', actors: 'token' },
  expiresAt: 1,
});

const rows = (more: Partial<LimitSource> = {}): LimitSource => ({ id: 'rows', rowsReturned: { max: 10 }, ...more });

function limitsOf(limits: readonly LimitSource[], facts: StatementFacts, as = person(), more: Partial<PolicyDocument> = {}) {
  const policy = compile(limits, more);
  const protection = protectionFor(policy, 'crm', catalogue, () => undefined);
  return evaluate({ policy, principal: as, facts: { statements: [facts] }, upstream: 'crm', environment: 'test', protection }).limits;
}
const names = (...args: Parameters<typeof limitsOf>): string[] => (limitsOf(...args) ?? []).flat().map(({ limit }) => limit);

describe('limits of a statement', () => {
  it.each<[string, LimitSource, StatementFacts, readonly string[]]>([
    ['a read', rows(), SELECT, ['rows']],
    ['what returns no rows', rows(), UPDATE, []],
    ['a write with a limit for written rows', rows({ rowsAffected: { max: 1 } }), UPDATE, ['rows']],
    ['a read with a limit for written rows', { id: 'rows', rowsAffected: { max: 1 } }, SELECT, []],
    ['a relation that is named', rows({ match: { relations: 'crm.public.people' } }), SELECT, ['rows']],
    ['another relation', rows({ match: { relations: 'crm.public.orders' } }), SELECT, []],
    ['a label', rows({ match: { labels: 'pii' } }), SELECT, ['rows']],
    ['another upstream', rows({ match: { upstream: 'billing' } }), SELECT, []],
    ['a cursor over the relation', rows({ match: { relations: 'crm.public.people' } }), FETCH, ['rows']],
    ['a cursor over another one', rows({ match: { relations: 'crm.public.orders' } }), FETCH, []],
    ['what cannot be seen through', rows({ match: { relations: 'crm.public.orders' }, rowsAffected: { max: 1 } }), BLIND, ['rows']],
    ['statements, whatever they are', { id: 'rows', statements: { max: 1, per: '1m' } }, UPDATE, ['rows']],
    ['what only steers the transaction', { id: 'rows', statements: { max: 1, per: '1m' } }, BEGIN, []],
  ])('%s', (_, limit, facts, want) => {
    expect(names([limit], facts)).toEqual(want);
  });

  it('is of whom it speaks of, as a rule that takes something away', () => {
    const limit = rows({ match: { subject: { groups: ['temps'] } } });
    expect(names([limit], SELECT, person(['temps']))).toEqual(['rows']);
    expect(names([limit], SELECT, person(['staff']))).toEqual([]);
    expect(names([rows({ match: { subject: { kind: 'agent' } } })], SELECT, person([], 'alice', ['bot']))).toEqual(['rows']);
    expect(names([rows({ match: { actor: 'none' } })], SELECT, person([], 'alice', ['bot']))).toEqual([]);
  });

  it('says of which relations it counts apart', () => {
    const limit = rows({ each: 'identity-and-relation', match: { relations: 'crm.public.p*' } });
    const join = { ...SELECT, reads: ['public.people', 'public.orders', 'public.pets'] };
    expect(limitsOf([limit], join)?.[0]?.[0]?.relations).toEqual(['crm.public.people', 'crm.public.pets']);
    expect(limitsOf([limit], { ...join, opaque: [{ kind: 'dynamic-sql', detail: 'x' }] })?.[0]?.[0]?.relations).toContain(undefined);
    expect(limitsOf([rows({ each: 'identity-and-relation' })], { ...SELECT, reads: [] })?.[0]?.[0]?.relations).toEqual([undefined]);
  });

  it('of written rows says when the server will not count all of them', () => {
    const inside: StatementFacts = { ...UPDATE, modifiesInside: true };
    const limit = rows({ rowsAffected: { max: 1 } });
    expect(limitsOf([limit], inside)?.[0]?.[0]).toMatchObject({ limit: 'rows', isUncountable: true });
    expect(limitsOf([limit], UPDATE)?.[0]?.[0]).not.toHaveProperty('isUncountable');
    expect(limitsOf([{ id: 'calls', statements: { max: 1, per: '1m' } }], inside)?.[0]?.[0]).not.toHaveProperty('isUncountable');
  });

  it('holds nowhere in observe mode, and nowhere where the statement is refused', () => {
    expect(limitsOf([rows()], SELECT, person(), { mode: 'observe' })).toBeUndefined();
    expect(limitsOf([rows()], SELECT, person(), { default: 'deny' })).toBeUndefined();
  });
});

describe('limitedParties', () => {
  const policy = compile([
    rows(),
    rows({ id: 'agents', match: { subject: { kind: 'agent' } } }),
    rows({ id: 'nobody', match: { actor: 'none' } }),
  ]);
  const bot = partyKey({ issuer: 'i', id: 'bot' });
  const alice = partyKey({ issuer: 'i', id: 'alice' });

  it('gives each party that a limit speaks of, wherever it stands', () => {
    expect(limitedParties(policy, person([], 'alice', ['bot']))).toEqual(
      new Map([
        ['rows', [alice, bot]],
        ['agents', [bot]],
      ]),
    );
    expect(limitedParties(policy, person())).toEqual(
      new Map([
        ['rows', [alice]],
        ['nobody', [alice]],
      ]),
    );
  });

  it('does not keep people apart who are not told apart otherwise', () => {
    expect(rightsKey(policy, person())).toBe(rightsKey(policy, person([], 'bob')));
    const named = compile([rows({ match: { subject: { groups: ['temps'] } } })]);
    expect(rightsKey(named, person(['temps']))).not.toBe(rightsKey(named, person()));
  });
});
