// oxlint-disable unicorn/no-thenable -- `then` is a key of rules
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Party, Principal, PrincipalField, Proof } from '../identity/principal.js';
import type { StatementFacts } from '../sql/facts.js';
import { compilePolicy } from './compile.js';
import type { CompiledPolicy } from './compiled.js';
import type { MatchSource, PartyConditions, RuleSource } from './document.js';
import { evaluate } from './evaluate.js';
import { protectionFor } from './protection.js';
import { rightsKey } from './rights-key.js';
import type { Verdict } from './verdict.js';

const tools = { compilePattern: () => ({ test: () => false, replaceAll: (text: string) => text }) };
const compile = (rules: readonly Omit<RuleSource, 'id'>[]): CompiledPolicy =>
  compilePolicy([{ file: 'p.yaml', version: 1, rules: rules.map((rule, at) => ({ id: `r${at}`, ...rule })) }], tools);

const READ: StatementFacts = {
  action: 'select',
  class: 'read',
  span: { start: 0, end: 1 },
  reads: ['public.people'],
  writes: [],
  columns: [],
  outputs: undefined,
  routines: [],
  filter: 'none',
  limit: null,
  opaque: [],
  flows: [],
  locks: false,
  schemaChanges: [],
  stateEffect: 'none',
  elevated: false,
};
const catalogue = {
  version: 1,
  serverVersion: 180_004,
  database: 'crm',
  relations: new Map(),
  relationsById: new Map(),
  routines: new Map(),
  schemas: new Set(['public']),
};
function effect(policy: CompiledPolicy, principal: Principal): Verdict['effect'] {
  const protection = protectionFor(policy, 'crm', catalogue, () => undefined);
  return evaluate({ policy, principal, facts: { statements: [READ] }, upstream: 'crm', environment: 'test', protection }).effect;
}
const STRENGTH = { deny: 0, approve: 1, allow: 2 } as const;
const rights = (policy: CompiledPolicy, principal: Principal): number => STRENGTH[effect(policy, principal)];

// Few values, so that rules and principals meet.
const group = fc.constantFrom('app', 'dba', 'contractors');
const kind = fc.constantFrom('person', 'service', 'agent');
const text = fc.constantFrom('a', 'b', 'A');
const pattern = fc.constantFrom('a', 'b', '*');
const some = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(arbitrary, { minLength: 1, maxLength: 2 });
/** An object with some of the members. */
const partial = <T extends object>(members: { [Key in keyof T]: fc.Arbitrary<T[Key]> }): fc.Arbitrary<Partial<T>> =>
  fc.record(members, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;
const filled = <T extends object>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  arbitrary.filter((value) => Object.keys(value).length > 0);

/** One or two of these keys: rules that ask for much match nobody. */
const ALL_CONDITIONS: { readonly [Key in keyof PartyConditions]: fc.Arbitrary<PartyConditions[Key]> } = {
  kind: some(kind),
  groups: some(group),
  notGroups: some(group),
  issuer: fc.constantFrom('i', 'j'),
  id: text,
  model: some(filled(partial({ name: pattern, version: pattern }))),
  version: pattern,
  workload: filled(partial({ namespace: pattern, imageDigest: pattern })),
  run: filled(partial({ trainingRun: pattern })),
};
const conditions: fc.Arbitrary<PartyConditions> = fc
  .subarray(Object.keys(ALL_CONDITIONS) as (keyof typeof ALL_CONDITIONS)[], { minLength: 1, maxLength: 2 })
  .chain((keys) => fc.record(Object.fromEntries(keys.map((key) => [key, ALL_CONDITIONS[key]])) as object) as fc.Arbitrary<PartyConditions>);
const effectOf = fc.constantFrom<RuleSource['then']>('allow', 'allow', 'deny', { approve: { groups: ['dba'] } });
const rulesWith = (match: fc.Arbitrary<MatchSource>): fc.Arbitrary<CompiledPolicy> =>
  fc.array(fc.record({ match, then: effectOf }), { minLength: 1, maxLength: 4 }).map(compile);
const policies = rulesWith(
  partial<Required<MatchSource>>({ subject: conditions, actor: fc.oneof(fc.constantFrom('any', 'none'), conditions) } as never),
);
const policiesWithoutActors = rulesWith(partial<Required<MatchSource>>({ subject: conditions } as never));

const party: fc.Arbitrary<Party> = fc
  .tuple(
    fc.record({ kind, issuer: fc.constantFrom('i', 'j'), id: text, groups: fc.uniqueArray(group), groupsComplete: fc.boolean() }),
    partial<Pick<Required<Party>, 'model' | 'version' | 'unusedGroups'>>({
      model: fc.tuple(text, fc.option(text)).map(([name, version]) => ({ name, ...(version !== null && { version }) })),
      version: text,
      unusedGroups: fc.uniqueArray(group),
    }),
  )
  .map(([required, optional]) => ({ ...required, ...optional }) as Party);
const FIELDS = ['subject', 'groups', 'actors', 'model', 'workload', 'run'] as const satisfies readonly PrincipalField[];
const proof = fc.constantFrom<Proof>('token', 'exchange', 'token', 'asserted');
const principals: fc.Arbitrary<Principal> = fc
  .tuple(
    fc.record({ subject: party, actors: fc.array(party, { maxLength: 2 }), expiresAt: fc.constant(1) }),
    partial({ workload: filled(partial({ namespace: text, imageDigest: text })), run: filled(partial({ trainingRun: text })) }),
    partial(Object.fromEntries(FIELDS.map((field) => [field, proof])) as never),
  )
  .map(([required, optional, proofs]) => ({ ...required, ...optional, proof: proofs }) as Principal);

const isProven = (principal: Principal, field: PrincipalField): boolean => (principal.proof[field] ?? 'asserted') !== 'asserted';
/** Without what nobody vouches for. Nobody can be left out, and everybody is of some kind. */
function silent(principal: Principal): Principal {
  const { workload, run, ...rest } = principal;
  const without = (one: Party, placed: boolean): Party => {
    const { model, version, groups, ...others } = one;
    return {
      ...others,
      ...(placed ? {} : { issuer: 'nobody', id: 'nobody' }),
      groups: placed && isProven(principal, 'groups') ? groups : [],
      ...(placed && isProven(principal, 'model') && { ...(model && { model }), ...(version !== undefined && { version }) }),
    };
  };
  return {
    ...rest,
    subject: without(principal.subject, isProven(principal, 'subject')),
    actors: principal.actors.map((actor) => without(actor, isProven(principal, 'actors'))),
    ...(workload && isProven(principal, 'workload') && { workload }),
    ...(run && isProven(principal, 'run') && { run }),
  };
}

const CHANGES = [
  ...['kind', 'groups', 'groupsComplete', 'unusedGroups', 'model', 'version', 'id'].map((part) => `subject.${part}`),
  ...FIELDS.map((field) => `proof.${field}`),
  'workload',
  'run',
  'actors',
];
const RUNS = { numRuns: 2000 };

describe('a policy that does not say asserted', () => {
  it('gives nobody more for what nobody vouches for', () => {
    fc.assert(
      fc.property(policies, principals, (policy, principal) => {
        expect(rights(policy, principal)).toBeLessThanOrEqual(rights(policy, silent(principal)));
      }),
      RUNS,
    );
  });

  it('gives nobody more when a proof falls away', () => {
    fc.assert(
      fc.property(policies, principals, fc.subarray([...FIELDS]), (policy, principal, lost) => {
        const less = { ...principal, proof: { ...principal.proof, ...Object.fromEntries(lost.map((field) => [field, 'asserted'])) } };
        expect(rights(policy, less)).toBeLessThanOrEqual(rights(policy, principal));
      }),
      RUNS,
    );
  });

  it('gives nobody more who gives up groups', () => {
    fc.assert(
      fc.property(policies, principals, fc.array<string>(group), (policy, principal, givenUp) => {
        const { groups, unusedGroups = [] } = principal.subject;
        const subject = {
          ...principal.subject,
          groups: groups.filter((one) => !givenUp.includes(one)),
          unusedGroups: [...unusedGroups, ...groups.filter((one) => givenUp.includes(one))],
        };
        expect(rights(policy, { ...principal, subject })).toBeLessThanOrEqual(rights(policy, principal));
      }),
      RUNS,
    );
  });
});

describe('rights', () => {
  it('are the intersection along the chain: what a chain may do, each of its parties may do alone', () => {
    fc.assert(
      fc.property(policiesWithoutActors, principals, (policy, principal) => {
        const alone = (subject: Party, field: 'subject' | 'actors'): Principal => {
          const { [field]: own, ...others } = principal.proof;
          return { ...principal, subject, actors: [], proof: { ...others, subject: own ?? 'asserted' } };
        };
        const chain = rights(policy, principal);
        expect(chain).toBeLessThanOrEqual(rights(policy, alone(principal.subject, 'subject')));
        for (const actor of principal.actors) expect(chain).toBeLessThanOrEqual(rights(policy, alone(actor, 'actors')));
      }),
      RUNS,
    );
  });

  it('are the same for principals of the same key, however little they differ in', () => {
    const changed = fc.tuple(principals, principals, fc.subarray([...CHANGES], { minLength: 1, maxLength: 2 }));
    let same = 0;
    fc.assert(
      fc.property(policies, changed, (policy, [one, other, changes]) => {
        const pick = (from: object, prefix: string): object =>
          Object.fromEntries(Object.entries(from).filter(([key]) => changes.some((change) => change === prefix + key)));
        const subject = { ...one.subject, ...pick(other.subject, 'subject.') };
        const proofs = { ...one.proof, ...pick(other.proof, 'proof.') };
        const near = { ...one, ...pick(other, ''), subject, proof: proofs } as Principal;
        if (rightsKey(policy, one) !== rightsKey(policy, near)) return;
        same += 1;
        expect(effect(policy, near)).toBe(effect(policy, one));
      }),
      { numRuns: 4000 },
    );
    expect(same).toBeGreaterThan(200);
  });
});

const agent = (changes: Partial<Party> = {}): Party => ({
  kind: 'agent',
  issuer: 'i',
  id: 'bot',
  groups: ['app'],
  groupsComplete: true,
  ...changes,
});
const alice: Party = { kind: 'person', issuer: 'i', id: 'alice', groups: ['app'], groupsComplete: true };
const principal = (actors: readonly Party[], changes: Partial<Principal> = {}, how: Proof = 'exchange'): Principal => ({
  subject: alice,
  actors,
  proof: { subject: 'exchange', groups: 'exchange', actors: 'exchange', model: how, workload: how, run: how },
  expiresAt: 1,
  ...changes,
});
const forge = { name: 'forge', version: '2.1', digest: 'sha256:aa' };
const everybody: Omit<RuleSource, 'id'> = { match: { subject: { kind: 'person' } }, then: 'allow' };

describe('a rule about the model, the workload or the run', () => {
  it.each<[string, MatchSource, Principal, Verdict['effect']]>([
    ['the model that is proven', { actor: { model: { name: 'forge', version: '2.*' } } }, principal([agent({ model: forge })]), 'allow'],
    ['another version', { actor: { model: { version: '3.*' } } }, principal([agent({ model: forge })]), 'deny'],
    ['a model that is asserted', { actor: { model: { name: 'forge' } } }, principal([agent({ model: forge })], {}, 'asserted'), 'deny'],
    [
      'an asserted model, said out loud',
      { actor: { 'asserted.model': { name: 'forge' } } },
      principal([agent({ model: forge })], {}, 'asserted'),
      'allow',
    ],
    ['no model', { actor: { model: { name: '*' } } }, principal([agent()]), 'deny'],
    ['a member that is not said', { actor: { model: { provider: 'acme' } } }, principal([agent({ model: forge })]), 'deny'],
    ['the version of the agent', { actor: { version: ['1.3', '1.4'] } }, principal([agent({ version: '1.4' })]), 'allow'],
    [
      'the workload',
      { actor: { kind: 'agent', workload: { namespace: 'ml', spiffeId: 'spiffe://acme/*' } } },
      principal([agent()], { workload: { namespace: 'ml', spiffeId: 'spiffe://acme/x' } }),
      'allow',
    ],
    ['another workload', { actor: { workload: { namespace: 'ml' } } }, principal([agent()], { workload: { namespace: 'dev' } }), 'deny'],
    [
      'an asserted workload',
      { actor: { workload: { namespace: 'ml' } } },
      principal([agent()], { workload: { namespace: 'ml' } }, 'asserted'),
      'deny',
    ],
    ['any run', { actor: { run: { trainingRun: '*' } } }, principal([agent()], { run: { trainingRun: 'r1' } }), 'allow'],
    ['no run', { actor: { run: { trainingRun: '*' } } }, principal([agent()]), 'deny'],
  ])('that allows, and %s', (_, match, as, want) => {
    expect(effect(compile([{ match, then: 'allow' }]), as)).toBe(want);
  });

  it.each<[string, MatchSource, Principal, Verdict['effect']]>([
    ['the model', { actor: { model: { name: 'FORGE' } } }, principal([agent({ model: forge })]), 'deny'],
    ['another one that is proven', { actor: { model: { name: 'old' } } }, principal([agent({ model: forge })]), 'allow'],
    [
      'another one that is asserted: it may be any',
      { actor: { model: { name: 'old' } } },
      principal([agent({ model: forge })], {}, 'asserted'),
      'deny',
    ],
    ['an agent that keeps silent: it may be any', { actor: { model: { name: 'old' } } }, principal([agent()]), 'deny'],
    [
      'a digest that is not said: it may be that one',
      { actor: { model: { digest: 'sha256:bb' } } },
      principal([agent({ model: { name: 'forge' } })]),
      'deny',
    ],
    ['no agent', { subject: { model: { name: 'old' } } }, principal([]), 'allow'],
    [
      'a workload that is asserted',
      { subject: { workload: { namespace: 'dev' } } },
      principal([], { workload: { namespace: 'dev' } }, 'asserted'),
      'deny',
    ],
    ['no workload', { subject: { workload: { namespace: 'dev' } } }, principal([]), 'allow'],
  ])('that denies, and %s', (_, match, as, want) => {
    const allowAll: Omit<RuleSource, 'id'> = { match: { subject: { groups: 'app' } }, then: 'allow' };
    expect(effect(compile([allowAll, everybody, { match, then: 'deny' }]), as)).toBe(want);
  });
});

describe('a rule that restricts a group', () => {
  const rules = (then: RuleSource['then']): CompiledPolicy =>
    compile([
      { match: { subject: { kind: ['person', 'agent'] } }, then: 'allow' },
      { match: { subject: { groups: ['contractors'] } }, then },
    ]);
  const somebody = (changes: Partial<Party>, proofs: Principal['proof'] = {}): Principal =>
    principal([], { subject: { ...alice, ...changes }, proof: { subject: 'token', groups: 'token', actors: 'token', ...proofs } });

  it.each<[string, Principal, Verdict['effect']]>([
    ['who is in it', somebody({ groups: ['contractors'] }), 'deny'],
    ['who has given it up', somebody({ unusedGroups: ['contractors'] }), 'deny'],
    ['whose groups may have been cut', somebody({ groupsComplete: false }), 'deny'],
    ['whose groups are not told', somebody({ groups: [], groupsComplete: false }), 'deny'],
    ['whose groups nobody vouches for', somebody({}, { groups: 'asserted' }), 'deny'],
    ['who is certainly not in it', somebody({}), 'allow'],
    ['who is in none', somebody({ groups: [] }), 'allow'],
  ])('counts %s', (_, as, want) => {
    expect(effect(rules('deny'), as)).toBe(want);
  });

  it('asks for an approval of who may be in it, and permits nothing by that', () => {
    const cut = somebody({ groups: [], groupsComplete: false });
    expect(effect(rules({ approve: { groups: ['dba'] } }), cut)).toBe('approve');
    expect(effect(compile([{ match: { subject: { groups: ['contractors'] } }, then: { approve: { groups: ['dba'] } } }]), cut)).toBe(
      'deny',
    );
  });

  it('reads what is asserted where it says so', () => {
    const said = compile([everybody, { match: { subject: { 'asserted.groups': ['contractors'] } }, then: 'deny' }]);
    expect(effect(said, somebody({ groupsComplete: false }))).toBe('allow');
    expect(effect(said, somebody({ groups: ['contractors'] }, { groups: 'asserted' }))).toBe('deny');
  });
});
