import { createPublicKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { partyKey } from '@sqlwarden/core';
import jsonwebtoken from 'jsonwebtoken';
import { createVerifier, type Verifier } from '../verifier.js';
import type { IssuerOptions } from '../issuer-options.js';
import { type ExchangeOptions, exchangeIssuer } from './exchange-options.js';
import { openSigningKeys, openTokenExchange, type ExchangeAnswer, type TokenExchange } from './token-exchange.js';

const OKTA = 'https://acme.okta.test';
const CLUSTER = 'https://cluster.test';
const OTHER = 'https://other.test';
const MESH = 'spiffe://acme.test';
const EXCHANGE = 'https://gateway.test:9443';
const START = Date.UTC(2026, 10, 23, 12);

const directory = mkdtempSync(path.join(tmpdir(), 'sqlwarden-exchange-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const keyOf = new Map<string, KeyObject>(
  [OKTA, CLUSTER, OTHER, MESH].map((issuer) => [issuer, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey]),
);
const jwkOf = (issuer: string): object => ({
  ...createPublicKey(keyOf.get(issuer) as KeyObject).export({ format: 'jwk' }),
  kid: 'k',
  alg: 'ES256',
});
const ISSUERS: readonly IssuerOptions[] = [
  {
    name: 'okta',
    preset: 'generic',
    issuer: OKTA,
    audience: 'sqlwarden',
    subjectKind: 'person',
    keys: { kind: 'inline', keys: [jwkOf(OKTA)] },
    agents: [{ clientId: 'copilot', groups: ['readers'] }],
  },
  {
    name: 'cluster',
    preset: 'kubernetes',
    issuer: CLUSTER,
    audience: 'sqlwarden',
    algorithms: ['ES256'],
    keys: { kind: 'inline', keys: [jwkOf(CLUSTER)] },
  },
  { name: 'mesh', preset: 'spiffe', issuer: MESH, audience: 'sqlwarden', keys: { kind: 'inline', keys: [jwkOf(MESH)] } },
  { name: 'other', preset: 'generic', issuer: OTHER, audience: 'sqlwarden', keys: { kind: 'inline', keys: [jwkOf(OTHER)] } },
];
const OPTIONS: ExchangeOptions = {
  issuer: EXCHANGE,
  audience: 'sqlwarden',
  keys: { directory: path.join(directory, 'keys'), rotateAfterSeconds: 86_400 * 30 },
  lifetimeSeconds: 900,
  maxActors: 3,
  agents: [
    {
      name: 'schema-bot',
      match: { issuer: 'cluster', workload: { namespace: 'ml', serviceAccount: 'schema-*' } },
      version: '1.4.0',
      model: { provider: 'acme', name: 'forge-2.1', version: '2026-10-02', digest: 'sha256:aa' },
      groups: ['agents', 'app'],
    },
    { name: 'report-bot', match: { issuer: 'cluster', workload: { namespace: 'reports' } }, actsFor: { groups: ['analysts'] } },
    { name: 'shy-bot', match: { issuer: 'cluster', workload: { namespace: 'shy' } }, actsFor: 'nobody' },
    { name: 'named-bot', match: { issuer: 'cluster', workload: { namespace: 'named' } }, actsFor: 'may-act' },
    { name: 'mesh-bot', match: { issuer: 'mesh', workload: { spiffeId: `${MESH}/ns/ml/*` } }, model: { name: 'forge' } },
    { name: 'claimed', match: { issuer: 'other', workload: { namespace: 'ml' } } },
    { name: 'batch', kind: 'service', match: { issuer: 'other', id: 'batch' } },
    { name: 'copilot', match: { issuer: 'okta', id: 'copilot' }, version: '7' },
  ],
};

let now = START;
const clock = (): number => now;

interface World {
  readonly verifier: Verifier;
  readonly exchange: TokenExchange;
}
function open(options: ExchangeOptions = OPTIONS, revoked: (id: string) => boolean = () => false): World {
  openSigningKeys(options, clock);
  const verifier = createVerifier([...ISSUERS, exchangeIssuer(options, ISSUERS)], { environment: 'test', clock });
  const exchange = openTokenExchange(options, {
    verifier,
    clock,
    report: (problem) => expect(problem.cause).toBe('never'),
    revoked: ({ subject }) => (revoked(subject.id) ? 'revoked by the operator' : undefined),
  });
  return { verifier, exchange };
}
const world = open();

function sign(issuer: string, claims: object, lifetime = 3600, header: object = {}): string {
  const iat = Math.floor(now / 1000);
  return jsonwebtoken.sign(
    JSON.parse(JSON.stringify({ iss: issuer, aud: 'sqlwarden', iat, exp: iat + lifetime, ...claims })) as object,
    keyOf.get(issuer) as KeyObject,
    {
      algorithm: 'ES256',
      keyid: 'k',
      header: { alg: 'ES256', ...header },
    },
  );
}
const person = (claims: object = {}, lifetime?: number): string =>
  sign(OKTA, { sub: 'alice', name: 'Alice', groups: ['app', 'dba', 'analysts'], jti: 'person-1', ...claims }, lifetime);
const pod = (namespace: string, name = 'schema-migrator', lifetime = 3600, claims: object = {}): string =>
  sign(
    CLUSTER,
    {
      sub: `system:serviceaccount:${namespace}:${name}`,
      jti: 'pod-1',
      'kubernetes.io': { namespace, serviceaccount: { name, uid: `uid-${namespace}-${name}` }, pod: { name: 'pod-7', uid: 'u' } },
      ...claims,
    },
    lifetime,
  );

const TYPE = 'urn:ietf:params:oauth:token-type:jwt';
function form(subject: string, actor?: string, more: Readonly<Record<string, string>> = {}): string {
  return new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: subject,
    subject_token_type: TYPE,
    ...(actor === undefined ? {} : { actor_token: actor, actor_token_type: TYPE }),
    ...more,
  }).toString();
}
type Given = Extract<ExchangeAnswer, { ok: true }>;
async function given(body: string, { exchange }: World = world): Promise<Given> {
  const answer = await exchange.exchange(body);
  if (!answer.ok) throw new Error(`${answer.error} ${answer.code}: ${answer.message}`);
  return answer;
}
async function refused(body: string, { exchange }: World = world): Promise<string> {
  const answer = await exchange.exchange(body);
  return answer.ok ? 'given' : `${answer.error} ${answer.code}`;
}
const ids = ({ principal }: Given): string[] => [principal.subject, ...principal.actors].map(({ id }) => id);

describe('a token of the exchange', () => {
  it('carries the person, the agent with its model and version, and the workload, each with its proof', async () => {
    const { token, principal, expiresInSeconds, agent, inputs } = await given(form(person(), pod('ml'), { training_run: 'run-42' }));
    expect(expiresInSeconds).toBe(900);
    expect(agent).toBe('schema-bot');
    expect(inputs.map(({ role, issuer, principal: of }) => [role, issuer, of.tokenId])).toEqual([
      ['subject', OKTA, 'person-1'],
      ['actor', CLUSTER, 'pod-1'],
    ]);
    const verified = await world.verifier.verify(token);
    expect(verified.ok && verified.principal).toEqual(principal);
    expect(principal).toMatchObject({
      subject: { kind: 'person', issuer: OKTA, id: 'alice', name: 'Alice', groups: ['app', 'dba', 'analysts'], groupsComplete: true },
      actors: [
        {
          kind: 'agent',
          issuer: CLUSTER,
          id: 'uid-ml-schema-migrator',
          name: 'schema-bot',
          groups: ['agents', 'app'],
          groupsComplete: true,
          version: '1.4.0',
          model: { provider: 'acme', name: 'forge-2.1', version: '2026-10-02', digest: 'sha256:aa' },
        },
      ],
      workload: { namespace: 'ml', serviceAccount: 'schema-migrator', pod: 'pod-7' },
      run: { trainingRun: 'run-42' },
      proof: { subject: 'exchange', groups: 'exchange', actors: 'exchange', model: 'exchange', workload: 'exchange', run: 'asserted' },
      expiresAt: START + 900_000,
    });
    expect(principal.tokenId).not.toBe('person-1');
  });

  it("is of a form that others can read: at+jwt, sub by issuer and id, act nested with the actor's own issuer", async () => {
    const { token } = await given(form(person(), pod('ml')));
    const decoded = jsonwebtoken.decode(token, { complete: true });
    expect(decoded?.header).toMatchObject({ alg: 'ES256', typ: 'at+jwt' });
    expect(decoded?.payload).toMatchObject({
      iss: EXCHANGE,
      aud: 'sqlwarden',
      iat: START / 1000,
      client_id: 'schema-bot',
      sub: partyKey({ issuer: OKTA, id: 'alice' }),
      act: { iss: CLUSTER, sub: 'uid-ml-schema-migrator', sqlwarden: { kind: 'agent', agent_version: '1.4.0' } },
    });
  });

  it('is good at another gateway that has the exchange as an issuer, for those whom it may name', async () => {
    const { token } = await given(form(person(), pod('ml')));
    const elsewhere = (actorIssuers: readonly string[]): Verifier =>
      createVerifier(
        [
          {
            name: 'peer',
            preset: 'exchange',
            issuer: EXCHANGE,
            audience: 'sqlwarden',
            keys: { kind: 'inline', keys: world.exchange.jwks().keys },
            actorIssuers,
          },
        ],
        { environment: 'test', clock },
      );
    const known = await elsewhere([OKTA, CLUSTER]).verify(token);
    expect(known.ok && known.principal.proof.model).toBe('exchange');
    expect(await elsewhere([OKTA]).verify(token)).toMatchObject({ ok: false, code: 'claims' });
    expect(await elsewhere([CLUSTER]).verify(token)).toMatchObject({ ok: false, code: 'claims' });
  });

  it('is given to a workload that acts for itself, and to a client that the token was issued to', async () => {
    const alone = await given(form(pod('ml')));
    expect(ids(alone)).toEqual(['uid-ml-schema-migrator']);
    expect(alone.principal.subject).toMatchObject({ kind: 'agent', groups: ['agents', 'app'], version: '1.4.0' });
    const service = await given(form(sign(OTHER, { sub: 'batch', client_id: 'batch', groups: ['etl'] })));
    expect(service.principal.subject).toMatchObject({ kind: 'service', groups: ['etl'], name: 'batch' });
    const client = await given(form(person({ azp: 'copilot' })));
    expect(ids(client)).toEqual(['alice', 'copilot']);
    expect(client.principal.actors[0]).toMatchObject({ version: '7', groups: ['readers'] });
  });

  it('is given to a workload that proves itself by a JWT-SVID', async () => {
    const id = `${MESH}/ns/ml/sa/trainer`;
    const svid = (sub: string): string => sign(MESH, { iss: undefined, sub });
    const { principal } = await given(form(person({ may_act: { iss: MESH, sub: id } }), svid(id)));
    expect(principal.actors[0]).toMatchObject({ kind: 'agent', issuer: MESH, id, name: 'mesh-bot', model: { name: 'forge' } });
    expect([principal.workload, principal.proof.workload]).toEqual([{ spiffeId: id }, 'exchange']);
    expect(await refused(form(person(), svid(`${MESH}/ns/dev/sa/trainer`)))).toBe('unauthorized_client agent-unknown');
  });

  it('hands a chain on, the one who acts now outermost, and keeps everybody in it', async () => {
    const first = await given(form(person(), pod('reports', 'r')));
    const second = await given(form(first.token, pod('ml')));
    expect(ids(second)).toEqual(['alice', 'uid-ml-schema-migrator', 'uid-reports-r']);
    const again = await given(form(second.token, pod('ml')));
    expect(ids(again)).toEqual(ids(second));
    expect(again.principal.workload?.namespace).toBe('ml');
  });

  it('says of a model that nobody vouches for that it is asserted, and leaves it out beside one that somebody does', async () => {
    const said = { sqlwarden: { kind: 'service', model: { name: 'made-up' }, agent_version: '9' } };
    const batch = await given(form(sign(OTHER, { sub: 'batch', client_id: 'batch', ...said })));
    expect(batch.principal.subject.model).toEqual({ name: 'made-up' });
    expect(batch.principal.proof.model).toBe('asserted');
    const handed = await given(form(batch.token, pod('ml')));
    expect(handed.principal.subject.model).toBeUndefined();
    expect(handed.principal.actors[0]?.model?.name).toBe('forge-2.1');
    expect(handed.principal.proof.model).toBe('exchange');
  });
});

describe('rights and lifetimes do not grow', () => {
  it('never lives longer than what was shown', async () => {
    expect((await given(form(person({}, 60), pod('ml')))).expiresInSeconds).toBe(60);
    expect((await given(form(person(), pod('ml', 'schema-x', 30)))).expiresInSeconds).toBe(30);
  });

  it('cannot be made longer by exchanging it', async () => {
    const before = now;
    try {
      const first = await given(form(person(), pod('ml')));
      expect(await refused(form(first.token))).toBe('invalid_request exchanged');
      now += 800_000;
      const again = await given(form(first.token, pod('ml')));
      expect(again.expiresInSeconds).toBe(100);
      now += 100_000;
      expect(await refused(form(first.token, pod('ml')))).toBe('invalid_request expired');
      expect(await refused(form(again.token, pod('ml')))).toBe('invalid_request expired');
    } finally {
      now = before;
    }
  });

  it('narrows groups, and what was given up still counts against its holder', async () => {
    const less = await given(form(person(), pod('ml'), { scope: 'app analysts' }));
    expect(less.scope).toEqual(['app', 'analysts']);
    expect(less.principal.subject).toMatchObject({ groups: ['app', 'analysts'], unusedGroups: ['dba'] });
    expect(await refused(form(person(), pod('ml'), { scope: 'app admins' }))).toBe('invalid_scope scope');
    expect(await refused(form(less.token, pod('ml'), { scope: 'dba' }))).toBe('invalid_scope scope');
    const onwards = await given(form(less.token, pod('ml'), { scope: 'app' }));
    expect(onwards.principal.subject).toMatchObject({ groups: ['app'], unusedGroups: ['dba', 'analysts'] });
  });

  it('keeps saying that groups may be missing', async () => {
    const { principal } = await given(form(person({ groups: undefined }), pod('ml')));
    expect(principal.subject).toMatchObject({ groups: [], groupsComplete: false });
  });

  it('caps chains', async () => {
    const tight = open({ ...OPTIONS, maxActors: 1 });
    const first = await given(form(person(), pod('ml')), tight);
    expect(await refused(form(first.token, pod('reports', 'r')), tight)).toBe('invalid_request chain');
  });
});

describe('who may act', () => {
  it.each<[string, () => string, string]>([
    ['an agent that is not configured', () => form(person(), pod('elsewhere')), 'unauthorized_client agent-unknown'],
    [
      'one whose workload nobody proves',
      () => form(person(), sign(OTHER, { sub: 'x', sqlwarden: { workload: { namespace: 'ml', service_account: 'schema-a' } } })),
      'unauthorized_client agent-unknown',
    ],
    [
      'one of the same id of another issuer',
      () => form(person(), sign(CLUSTER, { 'kubernetes.io': { namespace: 'x', serviceaccount: { name: 'batch', uid: 'batch' } } })),
      'unauthorized_client agent-unknown',
    ],
    ['a person as the actor', () => form(person(), person({ sub: 'copilot' })), 'unauthorized_client agent-unknown'],
    ['a person alone', () => form(person()), 'unauthorized_client agent-unknown'],
    ['an agent that acts for some only', () => form(person({ groups: ['app'] }), pod('reports')), 'unauthorized_client agent-not-allowed'],
    ['an agent that acts for nobody', () => form(person(), pod('shy')), 'unauthorized_client agent-not-allowed'],
    ['an agent that is not named where it must be', () => form(person(), pod('named')), 'unauthorized_client agent-not-allowed'],
    [
      'an agent where another is named',
      () => form(person({ may_act: { iss: CLUSTER, sub: 'system:serviceaccount:ml:schema-other' } }), pod('ml')),
      'unauthorized_client agent-not-allowed',
    ],
    [
      "an agent whose name is another issuer's",
      () => form(person({ may_act: { sub: 'system:serviceaccount:ml:schema-migrator' } }), pod('ml')),
      'unauthorized_client agent-not-allowed',
    ],
    [
      'an actor for whom another acts',
      () => form(person(), sign(OTHER, { sub: 'batch', act: { sub: 'y' } })),
      'invalid_request agent-delegated',
    ],
  ])('refuses %s', async (_, body, want) => {
    expect(await refused(body())).toBe(want);
  });

  it('lets the one act whom the token names, and nobody after it', async () => {
    const named = { may_act: { iss: CLUSTER, sub: 'system:serviceaccount:named:schema-migrator', exp: 1 } };
    const first = await given(form(person(named), pod('named')));
    expect(ids(first)).toEqual(['alice', 'uid-named-schema-migrator']);
    expect(await refused(form(first.token, pod('ml')))).toBe('unauthorized_client agent-not-allowed');
    expect(ids(await given(form(first.token, pod('named'))))).toEqual(ids(first));
  });

  it("does not take the token of one agent for another's own", async () => {
    const other = await given(form(pod('ml')));
    expect(await refused(form(person(), other.token))).toBe('invalid_request exchanged');
    // Whoever acts is whom the actor token is for, whatever else is asked for.
    const { principal } = await given(form(person(), pod('ml'), { actor: 'batch', client_id: 'batch' }));
    expect(principal.actors[0]?.id).toBe('uid-ml-schema-migrator');
  });

  it('does nothing for who was revoked', async () => {
    expect(
      await refused(
        form(person(), pod('ml')),
        open(OPTIONS, (id) => id === 'alice'),
      ),
    ).toBe('invalid_request revoked');
    expect(
      await refused(
        form(person(), pod('ml')),
        open(OPTIONS, (id) => id === 'uid-ml-schema-migrator'),
      ),
    ).toBe('invalid_request revoked');
  });
});

describe('what is no request', () => {
  const unsigned = (claims: object): string =>
    `${[{ alg: 'none', typ: 'JWT' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`;
  it.each<[string, () => string, string]>([
    ['nothing', () => '', 'invalid_request request'],
    ['another grant', () => 'grant_type=client_credentials', 'unsupported_grant_type request'],
    ['no subject', () => form('').replace(/subject_token=&/, ''), 'invalid_request request'],
    ['two subjects', () => `${form(person())}&subject_token=x`, 'invalid_request request'],
    ['an id token', () => form(person()).replace(/jwt/g, 'id_token'), 'invalid_request request'],
    ['an actor of no type', () => `${form(person())}&actor_token=${pod('ml')}`, 'invalid_request request'],
    ['a type of no actor', () => `${form(person())}&actor_token_type=${TYPE}`, 'invalid_request request'],
    ['a token for somebody else', () => form(person(), pod('ml'), { audience: 'payroll' }), 'invalid_target target'],
    ['a resource', () => form(person(), pod('ml'), { resource: 'https://payroll.test' }), 'invalid_target target'],
    [
      'a refresh token',
      () => form(person(), pod('ml'), { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }),
      'invalid_request request',
    ],
    ['a run of many lines', () => form(person(), pod('ml'), { job: 'a\nb' }), 'invalid_request request'],
    ['alg none', () => form(unsigned({ iss: OKTA, sub: 'alice', aud: 'sqlwarden', exp: 9e9 }), pod('ml')), 'invalid_request signature'],
    [
      'a shared secret for an algorithm',
      () =>
        form(
          jsonwebtoken.sign({ iss: EXCHANGE, sub: 'x', aud: 'sqlwarden', exp: 9e9 }, JSON.stringify(world.exchange.jwks()), {
            algorithm: 'HS256',
          }),
          pod('ml'),
        ),
      'invalid_request algorithm',
    ],
    [
      'a subject of a stranger',
      () => form(sign(OKTA, { iss: 'https://stranger.test', sub: 'alice' }), pod('ml')),
      'invalid_request issuer',
    ],
    ['a subject for another audience', () => form(person({ aud: 'payroll' }), pod('ml')), 'invalid_request audience'],
    ['an actor that has expired', () => form(person(), pod('ml', 'schema-a', 3600, { exp: 1 })), 'invalid_request expired'],
    [
      'a forged token of the exchange',
      () =>
        form(
          sign(OKTA, { iss: EXCHANGE, sub: partyKey({ issuer: OKTA, id: 'alice' }), sqlwarden: { kind: 'person' } }, 60, { typ: 'at+jwt' }),
          pod('ml'),
        ),
      'invalid_request key-unknown',
    ],
  ])('is refused: %s', async (_, body, want) => {
    expect(await refused(body())).toBe(want);
  });

  it('says nothing of the tokens in the message', async () => {
    const secret = randomUUID();
    const answer = await world.exchange.exchange(form(`${secret}.${secret}.${secret}`, pod('ml')));
    expect(JSON.stringify(answer)).not.toContain(secret);
  });

  it('a chain that does not fit in a token', async () => {
    const groups = Array.from({ length: 350 }, (_, at) => `a-group-of-a-rather-long-name-${at}`);
    expect(await refused(form(person({ groups }), pod('ml')))).toBe('invalid_request too-large');
    expect((await given(form(person({ groups: groups.slice(0, 20) }), pod('ml')))).ok).toBe(true);
  });
});
