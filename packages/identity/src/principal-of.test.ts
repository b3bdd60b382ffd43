import { describe, expect, it } from '@jest/globals';
import { describePrincipal, everyPartyInAnyGroup, type Principal } from '@sqlwarden/core';
import * as forge from '../test/forge.js';
import type { IssuerOptions } from './issuer-options.js';
import { createVerifier } from './verifier.js';

const { ISSUER, NOW_MS, es256, generic, goodClaims, rs256 } = forge;
const ec = forge.ecKey('ec-1');
const rsa = forge.rsaKey('rsa-1');

async function principal(claims: forge.Json, changes: Partial<IssuerOptions> = {}): Promise<Principal> {
  const options = generic([ec, rsa], changes);
  const token = changes.preset === undefined || changes.preset === 'generic' ? es256(ec, claims) : rs256(rsa, claims);
  const result = await createVerifier([options], { environment: 'test', clock: () => NOW_MS }).verify(token);
  if (!result.ok) throw new Error(`${result.code}: ${result.message}`);
  return result.principal;
}

describe('preset generic', () => {
  it('reads the claims that the configuration names, at any depth, and dots in names mean nothing', async () => {
    const claims = goodClaims({
      'https://acme.example.com/uid': 'u-77',
      nick: 'Alice',
      realm_access: { roles: ['dba', 'app', 'dba'] },
      type: 'person',
    });
    const mapping = { id: 'https://acme.example.com/uid', name: 'nick', groups: ['realm_access', 'roles'], kind: 'type' };
    expect((await principal(claims, { claims: mapping })).subject).toEqual({
      kind: 'person',
      issuer: ISSUER,
      id: 'u-77',
      name: 'Alice',
      groups: ['dba', 'app'],
      groupsComplete: true,
    });
  });

  it('does not take a client that acts for itself for a person, who could approve', async () => {
    const kind = async (claims: forge.Json, changes: Partial<IssuerOptions> = {}) =>
      (await principal(goodClaims(claims), { subjectKind: 'person', ...changes })).subject.kind;
    expect(await kind({ sub: 'batch', client_id: 'batch' })).toBe('service');
    expect(await kind({ sub: 'batch', azp: 'batch' })).toBe('service');
    expect(await kind({ sub: 'u-1', client_id: 'batch' })).toBe('person');
    expect(await kind({ sub: 'batch', client_id: 'batch' }, { agents: [{ clientId: 'batch' }] })).toBe('agent');
    expect(await kind({ sub: 'batch', client_id: 'batch', type: 'agent' }, { subjectKind: 'service', claims: { kind: 'type' } })).toBe(
      'agent',
    );
  });

  it('sees only claims that are there: a member of every object is none', async () => {
    const { subject } = await principal(goodClaims(), { claims: { groups: 'constructor' } });
    expect(subject).toMatchObject({ groups: [], groupsComplete: false });
  });

  it('takes one text for a list of one group, and puts the prefix before every group', async () => {
    const { subject } = await principal(goodClaims({ groups: 'app' }), { groupPrefix: 'corp/' });
    expect(subject.groups).toEqual(['corp/app']);
  });

  it('never reads an absent group claim as no groups', async () => {
    const { subject } = await principal(goodClaims({ groups: undefined }));
    expect(subject).toMatchObject({ groups: [], groupsComplete: false });
    expect((await principal(goodClaims({ groups: [] }))).subject).toMatchObject({ groups: [], groupsComplete: true });
    expect((await principal(goodClaims({ groups: ['a', 'b'] }), { groupsLimit: 2 })).subject.groupsComplete).toBe(false);
  });

  it.each<[string, forge.Json, Partial<IssuerOptions>]>([
    ['no subject', { sub: undefined }, {}],
    ['an empty subject', { sub: '' }, {}],
    ['a subject that is a number', { sub: 7 }, {}],
    ['a subject with a line break', { sub: 'u-1\n' }, {}],
    ['a subject of 513 characters', { sub: 'x'.repeat(513) }, {}],
    ['groups that are not texts', { groups: ['app', 7] }, {}],
    ['groups in an object', { groups: { app: true } }, {}],
    ['an empty group', { groups: [''] }, {}],
    ['a kind that is none', { type: 'root' }, { claims: { kind: 'type' } }],
    ['no kind where one is mapped', {}, { claims: { kind: 'type' } }],
    ['an id inside a text', {}, { claims: { id: ['sub', 'length'] } }],
  ])('refuses %s', async (_, changes, options) => {
    await expect(principal(goodClaims(changes), options)).rejects.toThrow(/^claims: /);
  });

  it('cleans names of what is not visible and cuts them', async () => {
    const { subject } = await principal(goodClaims({ name: `a\u202Eb\u001B[2J\n${'x'.repeat(400)}` }));
    expect(subject.name).toMatch(/^a\uFFFDb\uFFFD\[2J\uFFFDx+$/);
    expect(subject.name).toHaveLength(256);
    expect((await principal(goodClaims({ name: 7 }))).subject.name).toBeUndefined();
  });
});

describe('the actor chain', () => {
  const act = { sub: 'outer', groups: ['app'], act: { sub: 'middle', groups: ['app'], act: { sub: 'inner', groups: [] } } };

  it('is outermost first, and an actor whose kind nobody vouches for is an agent', async () => {
    const { actors } = await principal(goodClaims({ act }));
    expect(actors.map((actor) => [actor.id, actor.kind, actor.issuer])).toEqual([
      ['outer', 'agent', ISSUER],
      ['middle', 'agent', ISSUER],
      ['inner', 'agent', ISSUER],
    ]);
    expect((await principal(goodClaims({ act }), { actorKind: 'service' })).actors[0]?.kind).toBe('service');
  });

  it('gives rights that every party has, and an actor without groups has none', async () => {
    expect(everyPartyInAnyGroup(await principal(goodClaims({ act: { sub: 'bot', groups: ['app'] } })), ['app'])).toBe(true);
    expect(everyPartyInAnyGroup(await principal(goodClaims({ act })), ['app'])).toBe(false);
    expect(everyPartyInAnyGroup(await principal(goodClaims({ act: { sub: 'bot' } })), ['app'])).toBe(false);
  });

  it('may name actors of another issuer only where the configuration lets it', async () => {
    const foreign = goodClaims({ act: { iss: 'https://other.example.com', sub: 'bot' } });
    await expect(principal(foreign)).rejects.toThrow(/actorIssuers/);
    const { actors } = await principal(foreign, { actorIssuers: ['https://other.example.com'] });
    expect(actors[0]).toMatchObject({ issuer: 'https://other.example.com', id: 'bot' });
  });

  it('reads nothing but identity from an actor: an expiry there is no expiry', async () => {
    expect((await principal(goodClaims({ act: { sub: 'bot', exp: 1, nbf: 9e9, aud: 'other' } }))).actors).toHaveLength(1);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['a text', 'bot'],
    ['a list', [{ sub: 'bot' }]],
    ['an actor without sub', { name: 'bot' }],
    ['an inner actor without sub', { sub: 'bot', act: {} }],
    ['an actor with a number for sub', { sub: 1 }],
    ['nine actors', Array.from({ length: 9 }).reduce<unknown>((inner) => ({ sub: 'bot', act: inner }), undefined)],
  ])('refuses the token rather than leave out an actor: %s', async (_, bad) => {
    await expect(principal(goodClaims({ act: bad }))).rejects.toThrow(/^claims: /);
  });
});

describe('clients that are agents', () => {
  const agents = [{ clientId: 'copilot', name: 'SQL Copilot', groups: ['readers'] }];

  it('act for the subject of a delegated token', async () => {
    const read = await principal(goodClaims({ client_id: 'copilot' }), { agents, subjectKind: 'person' });
    expect(read.subject.kind).toBe('person');
    expect(read.actors).toEqual([
      { kind: 'agent', issuer: ISSUER, id: 'copilot', name: 'SQL Copilot', groups: ['readers'], groupsComplete: true },
    ]);
  });

  it('stand before the chain, and only once', async () => {
    const both = await principal(goodClaims({ azp: 'copilot', client_id: 'copilot', act: { sub: 'svc' } }), { agents });
    expect(both.actors.map(({ id }) => id)).toEqual(['copilot', 'svc']);
    const named = await principal(goodClaims({ azp: 'copilot', act: { sub: 'svc', act: { sub: 'copilot' } } }), { agents });
    expect(named.actors.map(({ id }) => id)).toEqual(['svc', 'copilot']);
    expect(named.actors[1]?.groups).toEqual(['readers']);
  });

  it('are the subject when they act for themselves, and nobody takes over the groups of a client', async () => {
    const own = await principal(goodClaims({ sub: 'copilot', client_id: 'copilot' }), { agents });
    expect(own.subject).toMatchObject({ kind: 'agent', name: 'SQL Copilot', groups: ['readers'] });
    expect(own.actors).toEqual([]);
    const delegated = await principal(goodClaims({ client_id: 'copilot' }), { agents });
    expect(delegated.subject.groups).toEqual(['app']);
  });
});

describe('the sqlwarden claims', () => {
  const sqlwarden = {
    kind: 'agent',
    agent_version: '1.4.0',
    model: { provider: 'acme', name: 'forge-2.1', version: '2026-10-02', digest: 'sha256:00' },
    workload: { spiffe_id: 'spiffe://x/y', image_digest: 'sha256:11', namespace: 'ml' },
    run: { conversation: 'c-1', training_run: 't-1', job: 'j-1' },
  };

  it('are proven where the issuer vouches for them', async () => {
    const read = await principal(goodClaims({ sqlwarden }), { trustSqlwardenClaims: true });
    expect(read.subject).toMatchObject({ kind: 'agent', version: '1.4.0', model: sqlwarden.model });
    expect(read.workload).toEqual({ spiffeId: 'spiffe://x/y', imageDigest: 'sha256:11', namespace: 'ml' });
    expect(read.run).toEqual({ conversation: 'c-1', trainingRun: 't-1', job: 'j-1' });
    expect(read.proof).toEqual({ subject: 'token', groups: 'token', actors: 'token', model: 'token', workload: 'token', run: 'token' });
  });

  it('say which groups were given up, as the groups of this issuer', async () => {
    const narrowed = goodClaims({ groups: ['app'], sqlwarden: { kind: 'person', unused_groups: ['contractors'] } });
    const { subject } = await principal(narrowed, { trustSqlwardenClaims: true, groupPrefix: 'corp/' });
    expect([subject.groups, subject.unusedGroups]).toEqual([['corp/app'], ['corp/contractors']]);
  });

  it('take away where the issuer does not vouch for them: that much can be believed of anybody', async () => {
    const { subject } = await principal(goodClaims({ sqlwarden: { groups_complete: false, unused_groups: ['contractors'] } }));
    expect(subject).toMatchObject({ groupsComplete: false, unusedGroups: ['contractors'] });
  });

  it('cannot say in a way of their own whether groups may be missing', async () => {
    const said = (complete: unknown) =>
      principal(goodClaims({ sqlwarden: { kind: 'person', groups_complete: complete } }), { trustSqlwardenClaims: true });
    expect((await said(true)).subject.groupsComplete).toBe(true);
    expect((await said(false)).subject.groupsComplete).toBe(false);
    await expect(said('false')).rejects.toThrow(/groups_complete/);
    await expect(said(0)).rejects.toThrow(/groups_complete/);
  });

  it('are asserted where it does not', async () => {
    const act = { sub: 'bot', sqlwarden: { model: { name: 'forge-2.1' } } };
    const read = await principal(goodClaims({ act, sqlwarden: { ...sqlwarden, kind: undefined } }));
    expect(read.proof).toMatchObject({ subject: 'token', actors: 'token', model: 'asserted', workload: 'asserted', run: 'asserted' });
    expect(describePrincipal(read)).toContain('bot (agent, asserted model forge-2.1)');
  });

  it('cannot make a person of anybody where the issuer does not vouch for them', async () => {
    const read = await principal(goodClaims({ sqlwarden: { kind: 'person' }, act: { sub: 'bot', sqlwarden: { kind: 'person' } } }));
    expect([read.subject.kind, read.actors[0]?.kind]).toEqual(['service', 'agent']);
  });

  it('refuse the token of an agent that would pass for somebody else', async () => {
    const options: Partial<IssuerOptions> = { subjectKind: 'person' };
    await expect(principal(goodClaims({ sqlwarden: { kind: 'agent' } }), options)).rejects.toThrow(/trustSqlwardenClaims/);
  });

  it.each<[string, unknown]>([
    ['a text', 'agent'],
    ['an unknown kind', { kind: 'root' }],
    ['a model without a name', { model: { provider: 'acme' } }],
    ['a model that is a text', { model: 'forge' }],
    ['a run that is a list', { run: ['c-1'] }],
    ['a version that is a number', { agent_version: 2 }],
  ])('refuse the token when they cannot be read: %s', async (_, bad) => {
    await expect(principal(goodClaims({ sqlwarden: bad }))).rejects.toThrow(/^claims: /);
  });
});

describe('preset okta', () => {
  const okta: Partial<IssuerOptions> = { preset: 'okta' };
  const person = goodClaims({ ver: 1, cid: '0oa1', uid: '00u1', sub: 'alice@acme.example.com', scp: ['sql'] });

  it('knows a person by uid, never by the login name', async () => {
    const renamed = await principal({ ...person, sub: 'alice.b@acme.example.com' }, okta);
    expect((await principal(person, okta)).subject).toMatchObject({ kind: 'person', id: '00u1', name: 'alice@acme.example.com' });
    expect(renamed.subject.id).toBe('00u1');
  });

  it('knows a client that acts for itself, and one that is an agent', async () => {
    const client = goodClaims({ cid: '0oa1', sub: '0oa1' });
    expect((await principal(client, okta)).subject).toMatchObject({ kind: 'service', id: '0oa1' });
    expect((await principal(client, { ...okta, agents: [{ clientId: '0oa1' }] })).subject.kind).toBe('agent');
    expect((await principal(person, { ...okta, agents: [{ clientId: '0oa1' }] })).actors).toMatchObject([{ kind: 'agent', id: '0oa1' }]);
  });

  it('does not take 100 groups for all groups', async () => {
    const groups = (count: number) => Array.from({ length: count }, (_, at) => `g${at}`);
    expect((await principal({ ...person, groups: groups(99) }, okta)).subject.groupsComplete).toBe(true);
    expect((await principal({ ...person, groups: groups(100) }, okta)).subject.groupsComplete).toBe(false);
  });

  it('refuses an id token', async () => {
    await expect(principal({ ...person, cid: undefined }, okta)).rejects.toThrow(/^token-type/);
  });

  it('derives where the keys are', () => {
    const keysAt = (issuer: string) =>
      createVerifier([{ name: 'okta', preset: 'okta', issuer, audience: 'a' }], { environment: 'test' }).describe()[0]?.keys;
    expect(keysAt('https://acme.okta.com/oauth2/default')).toBe('url https://acme.okta.com/oauth2/default/v1/keys');
    expect(keysAt('https://acme.okta.com')).toBe('url https://acme.okta.com/oauth2/v1/keys');
  });
});

describe('preset entra', () => {
  const tenant = '11111111-2222-3333-4444-555555555555';
  const v2 = `https://login.microsoftonline.com/${tenant}/v2.0`;
  const v1 = `https://sts.windows.net/${tenant}/`;
  const entra: Partial<IssuerOptions> = { preset: 'entra', issuer: v2 };
  const person = goodClaims({ iss: v2, tid: tenant, oid: 'o-1', sub: 'pairwise', azp: 'app-1', scp: 'sql', groups: ['g-1'] });

  it('knows a person by oid within the tenant', async () => {
    expect((await principal({ ...person, name: 'Alice' }, entra)).subject).toEqual({
      kind: 'person',
      issuer: v2,
      id: 'o-1',
      name: 'Alice',
      groups: ['g-1'],
      groupsComplete: true,
    });
  });

  it.each<[string, forge.Json]>([
    ['no groups claim', { groups: undefined }],
    ['hasgroups', { groups: undefined, hasgroups: true }],
    ['hasgroups beside some groups', { hasgroups: 'true' }],
    ['a distributed claim', { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://evil.example.com' } } }],
    ['200 groups', { groups: Array.from({ length: 200 }, (_, at) => `g-${at}`) }],
  ])('never reads a group overage as no groups: %s', async (_, changes) => {
    expect((await principal({ ...person, ...changes }, entra)).subject.groupsComplete).toBe(false);
  });

  it('refuses another tenant, none, and an id token', async () => {
    await expect(principal({ ...person, tid: tenant.replace('1', '2') }, entra)).rejects.toThrow(/tid/);
    await expect(principal({ ...person, tid: undefined }, entra)).rejects.toThrow(/tid/);
    await expect(principal({ ...person, azp: undefined }, entra)).rejects.toThrow(/^token-type/);
  });

  it('knows services, also without idtyp', async () => {
    const app = { ...person, scp: undefined, roles: ['r'] };
    expect((await principal(app, entra)).subject.kind).toBe('service');
    expect((await principal({ ...person, idtyp: 'app' }, entra)).subject.kind).toBe('service');
    expect((await principal({ ...app, idtyp: 'user' }, entra)).subject.kind).toBe('person');
  });

  it('sees agents, alone and acting for a person, in facets of any order', async () => {
    const alone = await principal({ ...person, idtyp: 'app', xms_act_fct: '3 9 11', xms_sub_fct: '9 3 11' }, entra);
    expect([alone.subject.kind, alone.actors]).toEqual(['agent', []]);
    const acting = await principal({ ...person, idtyp: 'user', xms_act_fct: '11 3', xms_sub_fct: '3' }, entra);
    expect([acting.subject.kind, acting.actors]).toMatchObject(['person', [{ kind: 'agent', id: 'app-1' }]]);
    const parent = await principal({ ...person, xms_par_app_azp: 'blueprint' }, entra);
    expect(parent.actors).toMatchObject([{ kind: 'agent', id: 'app-1' }]);
    const other = await principal({ ...person, xms_act_fct: '1 110 3' }, entra);
    expect(other.actors).toEqual([]);
    await expect(principal({ ...person, xms_act_fct: [11] }, entra)).rejects.toThrow(/xms_act_fct/);
  });

  it('lets the configuration say more of an agent that it found', async () => {
    const agents = [{ clientId: 'app-1', name: 'Bot', groups: ['g-1'] }];
    const { actors } = await principal({ ...person, xms_par_app_azp: 'blueprint' }, { ...entra, agents });
    expect(actors).toMatchObject([{ id: 'app-1', name: 'Bot', groups: ['g-1'] }]);
  });

  it('needs one tenant, and only one version of its tokens', () => {
    const open = (...issuers: readonly string[]) =>
      createVerifier(
        issuers.map((issuer) => ({ name: issuer, preset: 'entra' as const, issuer, audience: 'a' })),
        { environment: 'test' },
      );
    expect(() => open('https://login.microsoftonline.com/common/v2.0')).toThrow(/name one tenant/);
    expect(() => open(`${v2}/`)).toThrow(/name one tenant/);
    expect(() => open(v1, v2)).toThrow(/one token version only/);
    expect(open(v1).describe()[0]?.keys).toBe(`url https://login.microsoftonline.com/${tenant}/discovery/keys`);
    expect(open(v2).describe()[0]?.keys).toBe(`url https://login.microsoftonline.com/${tenant}/discovery/v2.0/keys`);
  });
});

describe('preset kubernetes', () => {
  const bound = {
    namespace: 'ml',
    serviceaccount: { name: 'trainer', uid: 'sa-uid' },
    pod: { name: 'trainer-0', uid: 'pod-uid' },
  };
  const claims = goodClaims({ sub: 'system:serviceaccount:ml:trainer', groups: ['system:masters'], 'kubernetes.io': bound });

  it('knows a service account by its uid, with the groups that the cluster gives it and no others', async () => {
    const read = await principal(claims, { preset: 'kubernetes' });
    expect(read.subject).toEqual({
      kind: 'service',
      issuer: ISSUER,
      id: 'sa-uid',
      name: 'system:serviceaccount:ml:trainer',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:ml'],
      groupsComplete: true,
    });
    expect(read.workload).toEqual({ namespace: 'ml', serviceAccount: 'trainer', pod: 'trainer-0', podUid: 'pod-uid' });
    expect(read.proof.workload).toBe('token');
  });

  it('refuses a token that is not bound', async () => {
    await expect(principal({ ...claims, 'kubernetes.io': undefined }, { preset: 'kubernetes' })).rejects.toThrow(/projected/);
    const unnamed = { ...bound, serviceaccount: { name: 'trainer' } };
    await expect(principal({ ...claims, 'kubernetes.io': unnamed }, { preset: 'kubernetes' })).rejects.toThrow(/serviceaccount.uid/);
  });
});

it('a preset fixes what a subject is: a mapping for it is refused', () => {
  for (const changes of [{ claims: { id: 'email' } }, { claims: { kind: 'k' } }, { subjectKind: 'person' as const }]) {
    const create = () => createVerifier([generic([ec], { preset: 'okta', ...changes })], { environment: 'test' });
    expect(create).toThrow(/fixed by preset okta/);
  }
});
