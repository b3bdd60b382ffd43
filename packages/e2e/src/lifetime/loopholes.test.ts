import { generateKeyPairSync, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeScramVerifier } from '@sqlwarden/identity';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import pg from 'pg';
import { errorFieldsOf } from '../harness/backend-messages.js';
import { type CorpusServer, GATEWAY_ROLE, startCorpusServer } from '../harness/database.js';
import * as frontend from '../harness/frontend-messages.js';
import { type RunningGateway, startGateway } from '../harness/gateway.js';
import type { RawClient } from '../harness/raw-client.js';
import { WORLD_A } from '../harness/worlds.js';

const POLICY = `
version: 1
default: deny
rules:
  - { id: all, match: { subject: { groups: [app] }, class: [read, write, session, transaction] }, then: allow }
  - { id: slow, match: { subject: { groups: [slow] }, class: [read, transaction] }, then: allow }
  - { id: asks, match: { subject: { groups: [slow] }, class: session }, then: { approve: { groups: [dba], within: 1m } } }
`;
const PASSWORD = 'correct horse';
/** Long enough for what is done before the end, on a busy machine. */
const LIFETIME_SECONDS = 4;
const set = (given: string): string => `SET sqlwarden.token = '${given}'`;

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('a session whose identity', () => {
  let server: CorpusServer;
  let gateway: RunningGateway;
  const opened: RawClient[] = [];

  beforeAll(async () => {
    server = await startCorpusServer();
    await server.create('crm', WORLD_A);
    await server.admin('crm', `create table taken (line text); grant insert, select on taken to ${GATEWAY_ROLE}`);
    gateway = await startGateway({ server, upstreams: { crm: 'crm' }, policies: [POLICY] });
  }, 30_000);
  afterAll(async () => {
    await Promise.all(opened.map((client) => client.close()));
    await gateway.stop();
    await server.stop();
  });

  const connect = async (site: RunningGateway, given: string): Promise<RawClient> => {
    const client = await site.connect('crm', given);
    opened.push(client);
    return client;
  };
  const code = async (client: RawClient, sql: string): Promise<string> => {
    const error = (await client.query(sql)).find(({ type }) => type === 'E');
    if (error === undefined) return 'done';
    return /code: ([a-z-]+)/.exec(errorFieldsOf(error).all['D'] ?? '')?.[1] ?? errorFieldsOf(error).message;
  };
  /** The payload of the next message, which must be a notification ("NotificationResponse"). */
  const heard = async (client: RawClient): Promise<string | undefined> => {
    const { type, body } = await client.next();
    expect(type).toBe('A');
    return body.subarray(4).toString().split('\0')[1];
  };
  const notify = (payload: string): Promise<unknown> => server.admin('crm', `notify events, '${payload}'`);

  it('has ended hears no more than that something happened, until it is renewed', async () => {
    const short = await connect(gateway, gateway.token(['app'], { lifetimeSeconds: LIFETIME_SECONDS }));
    const good = await connect(gateway, gateway.token(['app']));
    for (const client of [short, good]) expect(await code(client, 'listen events')).toBe('done');
    await notify('before');
    expect([await heard(short), await heard(good)]).toEqual(['before', 'before']);
    await delay(LIFETIME_SECONDS * 1000);
    await notify('after');
    expect([await heard(short), await heard(good)]).toEqual(['', 'after']);
    expect(await code(short, set(gateway.token(['app'])))).toBe('done');
    await notify('renewed');
    expect([await heard(short), await heard(good)]).toEqual(['renewed', 'renewed']);
  }, 20_000);

  it('comes from a file goes on hearing, though it sends nothing', async () => {
    const issuers = [{ name: 'dev', preset: 'dev', issuer: gateway.issuer.issuer, audience: 'sqlwarden', keys: { directory: './issuer' } }];
    const config = { identity: { issuers, workload: { tokenFile: './token' } } };
    const pod = await startGateway({ server, upstreams: { crm: 'crm' }, policies: [POLICY], upstream: { clients: 'workload' }, config });
    const put = (lifetimeSeconds: number): void =>
      writeFileSync(join(pod.directory, 'token'), pod.token(['app'], { id: 'etl', kind: 'service', lifetimeSeconds }));
    try {
      put(LIFETIME_SECONDS);
      const client = await pod.connect('crm', '');
      expect(await code(client, 'listen events')).toBe('done');
      put(3600);
      await delay(LIFETIME_SECONDS * 1000);
      await notify('wakes');
      // The one that comes first has it look at the file.
      expect(await heard(client)).toBe('');
      await delay(100);
      await notify('hears');
      expect(await heard(client)).toBe('hears');
      await client.close();
    } finally {
      await pod.stop();
    }
  }, 20_000);

  it('is asked about while policies are loaded runs what the new ones allow', async () => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    let [asked, free] = [0, Promise.resolve()];
    const keyServer = createServer((_request, response) => {
      asked += 1;
      const keys = [{ ...pair.publicKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }];
      void free.then(() => response.end(JSON.stringify({ keys })));
    });
    await new Promise<void>((resolve) => keyServer.listen(0, '127.0.0.1', resolve));
    const keys = { url: `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/`, maxAgeMs: 1_000 };
    const issuers = [{ name: 'slow', preset: 'generic', issuer: 'urn:slow', audience: 'sqlwarden', keys, algorithms: ['ES256'] }];
    // Known long enough for the decision to be known too.
    const config = { identity: { issuers, workload: { tokenFile: './token' } }, catalogue: { maxAgeMs: 60_000 } };
    const pod = await startGateway({ server, upstreams: { crm: 'crm' }, policies: [POLICY], upstream: { clients: 'workload' }, config });
    const put = (lifetimeSeconds: number): void => {
      const now = Math.floor(Date.now() / 1000);
      const claims = { iss: 'urn:slow', aud: 'sqlwarden', sub: 'etl', groups: ['app'], iat: now, exp: now + lifetimeSeconds };
      const text = [{ alg: 'ES256', typ: 'JWT' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
      const signature = sign('sha256', Buffer.from(text), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' });
      writeFileSync(join(pod.directory, 'token'), `${text}.${signature.toString('base64url')}`);
    };
    try {
      put(LIFETIME_SECONDS);
      const client = await pod.connect('crm', '');
      expect(await code(client, 'select line from taken')).toBe('done');
      put(3600);
      await delay(LIFETIME_SECONDS * 1000);
      let release = (): void => undefined;
      free = new Promise((resolve) => (release = resolve));
      const before = asked;
      const answer = code(client, 'select line from taken');
      while (asked === before) await delay(10);
      writeFileSync(join(pod.directory, 'policy', '0.yaml'), 'version: 1\ndefault: deny\nrules: []\n');
      await pod.sidecar.reload();
      release();
      expect(await answer).toBe('policy-denied');
      await client.close();
    } finally {
      await pod.stop();
      keyServer.close();
    }
  }, 20_000);

  it('was not shown by a token is renewed by one only where its listener takes tokens', async () => {
    const issuers = [{ name: 'dev', preset: 'dev', issuer: gateway.issuer.issuer, audience: 'sqlwarden', keys: { directory: './issuer' } }];
    const users = {
      user: 'ada',
      verifier: makeScramVerifier(PASSWORD),
      kind: 'person',
      groups: ['app'],
      issuer: gateway.issuer.issuer,
      id: 'ada',
    };
    const file = join(gateway.directory, 'users.yaml');
    writeFileSync(file, JSON.stringify({ version: 1, users: [users] }), { mode: 0o600 });
    for (const [clients, want] of [
      [['password'], 'identity-invalid'],
      [['password', 'token'], 'done'],
    ] as const) {
      const site = await startGateway({
        server,
        upstreams: { crm: 'crm' },
        policies: [POLICY],
        upstream: { clients },
        config: { identity: { issuers, users: file } },
      });
      const client = new pg.Client({ host: '127.0.0.1', port: site.ports['crm'] ?? 0, user: 'ada', database: 'crm', password: PASSWORD });
      try {
        await client.connect();
        const renewed = client.query(set(site.token(['app']))).then(
          () => 'done',
          ({ detail, message }: pg.DatabaseError) => /code: ([a-z-]+)/.exec(detail ?? '')?.[1] ?? message,
        );
        expect([clients, await renewed]).toEqual([clients, want]);
        expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
      } finally {
        await client.end();
        await site.stop();
      }
    }
  }, 20_000);

  it('may be renewed only after an approval is told so, and is not told that it was', async () => {
    const client = await connect(gateway, gateway.token(['slow']));
    expect(await code(client, set(gateway.token(['slow'])))).toBe('identity-invalid');
    expect(await code(client, 'select 1')).toBe('done');
  });

  it('is revoked is gone from the server, though it does not read, is in the middle of a COPY, or has begun a pipeline', async () => {
    const mallory = (): Promise<RawClient> => connect(gateway, gateway.token(['app'], { id: 'mallory' }));
    const [deaf, copying, piping, honest] = [
      await mallory(),
      await mallory(),
      await mallory(),
      await connect(gateway, gateway.token(['app'])),
    ];
    deaf.pause();
    deaf.send(frontend.query("select repeat('x', 1000) from generate_series(1, 10000000)"));
    copying.send(frontend.query('copy taken from stdin'));
    while ((await copying.next()).type !== 'G');
    copying.send(frontend.copyData('by mallory\n'));
    piping.send(frontend.parse("insert into taken values ('piped')"), frontend.bind({}), frontend.execute());
    await delay(300);
    const busy = async (): Promise<number> =>
      (
        await server.admin(
          'crm',
          `select 1 from pg_stat_activity where usename = '${GATEWAY_ROLE}' and (state <> 'idle' or query ~ 'taken')`,
        )
      ).length;
    expect(await busy()).toBeGreaterThanOrEqual(3);
    const { operations } = gateway.sidecar.gateway;
    const verified = await gateway.sidecar.gateway.verifyToken(gateway.token(['app']));
    if (!verified.ok) throw new Error(verified.message);
    operations.revoke({ subject: 'mallory' }, verified.principal);
    copying.send(frontend.copyDone());
    piping.send(frontend.sync());
    const deadline = performance.now() + 8_000;
    while ((await busy()) > 0 && performance.now() < deadline) await delay(50);
    expect(await busy()).toBe(0);
    expect(await server.admin('crm', 'select * from taken')).toEqual([]);
    expect(await code(honest, 'select 1')).toBe('done');
    deaf.destroy();
  }, 20_000);
});
