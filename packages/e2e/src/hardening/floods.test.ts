import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import { corpusPolicy } from '../harness/corpus-case.js';
import { type CorpusServer, startCorpusServer } from '../harness/database.js';
import * as frontend from '../harness/frontend-messages.js';
import { type GatewayProcess, startGatewayProcess } from '../harness/gateway-process.js';
import { RawClient } from '../harness/raw-client.js';
import { WORLD_A } from '../harness/worlds.js';

const MEBIBYTE = 1024 * 1024;
const LOGIN_TIMEOUT_MS = 2_000;
const FLOOD = 400;

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('floods and slow clients', () => {
  let server: CorpusServer;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    server = await startCorpusServer();
    await server.create('crm', WORLD_A);
    const config = { limits: { loginTimeoutMs: LOGIN_TIMEOUT_MS } };
    gateway = await startGatewayProcess({ server, upstreams: { crm: 'crm' }, policies: [corpusPolicy('masks')], config });
    await (await login()).close();
  }, 60_000);
  afterAll(async () => {
    await gateway?.stop();
    await server?.stop();
  });

  const port = (): number => gateway.site.ports['crm'] ?? 0;
  const login = (): Promise<RawClient> =>
    RawClient.connect({ port: port(), user: 'ada', database: 'crm', password: gateway.site.token(['app']) });
  const works = async (client: RawClient): Promise<void> => {
    expect((await client.query('select count(*) from orders')).map(({ type }) => type).join('')).toBe('TDCZ');
  };

  it('a flood of connections that say nothing keeps nobody out, and is gone when the time for a login is up', async () => {
    const bystander = await login();
    const before = gateway.residentBytes();
    let closed = 0;
    const sockets: Socket[] = Array.from({ length: FLOOD }, () => {
      const socket = connect({ port: port(), host: '127.0.0.1' });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        closed += 1;
      });
      return socket.resume();
    });
    await delay(500);
    await works(bystander);
    expect(gateway.residentBytes() - before).toBeLessThan(60 * MEBIBYTE);
    for (const until = Date.now() + LOGIN_TIMEOUT_MS + 4_000; closed < FLOOD && Date.now() < until; ) await delay(100);
    expect(closed).toBe(FLOOD);
    for (const socket of sockets) socket.destroy();
    await (await login()).close();
    await bystander.close();
  }, 30_000);

  it('messages that arrive byte by byte cost what has arrived, and no others wait for them', async () => {
    const bystander = await login();
    const slow = await Promise.all(Array.from({ length: 20 }, login));
    const before = gateway.residentBytes();
    const message = Buffer.concat([Buffer.from('Q'), frontend.int32(32 * MEBIBYTE)]);
    for (let at = 0; at < message.length; at += 1) {
      for (const client of slow) client.send(message.subarray(at, at + 1));
      await delay(10);
    }
    for (let byte = 0; byte < 20; byte += 1) {
      for (const client of slow) client.send(Buffer.from(' '));
      await delay(10);
    }
    await works(bystander);
    expect(gateway.residentBytes() - before).toBeLessThan(40 * MEBIBYTE);
    for (const client of slow) client.destroy();
    await bystander.close();
  }, 30_000);

  it.each([
    ['rows as they come', 'select repeat($$x$$, 60000) from generate_series(1, 2000)'],
    ['masked rows', 'select email, repeat($$x$$, 60000) from people, generate_series(1, 2000)'],
    ['a COPY', 'copy (select repeat($$x$$, 60000) from generate_series(1, 2000)) to stdout'],
  ])(
    'ten clients that never read %s cost a bounded buffer each',
    async (_, sql) => {
      const bystander = await login();
      const before = gateway.residentBytes();
      const clients = await Promise.all(Array.from({ length: 10 }, login));
      for (const client of clients) {
        client.pause();
        client.send(frontend.query(sql));
      }
      await delay(1_500);
      const early = gateway.residentBytes();
      await works(bystander);
      await delay(1_000);
      // Ten times 120 MB wait at the server.
      expect(early - before).toBeLessThan(100 * MEBIBYTE);
      expect(gateway.residentBytes() - early).toBeLessThan(20 * MEBIBYTE);
      for (const client of clients) client.destroy();
      await works(bystander);
      await bystander.close();
    },
    30_000,
  );

  it('a client that sends a pipeline and never reads is not read without end', async () => {
    const bystander = await login();
    const before = gateway.residentBytes();
    const client = await login();
    client.pause();
    const statement = Buffer.concat([frontend.query("select repeat('x', 1000)"), Buffer.alloc(0)]);
    const batch = Buffer.concat(Array.from({ length: 2_000 }, () => statement));
    for (let sent = 0; sent < 400; sent += 1) client.send(batch);
    await delay(2_500);
    expect(gateway.residentBytes() - before).toBeLessThan(100 * MEBIBYTE);
    client.destroy();
    await works(bystander);
    await bystander.close();
  }, 30_000);
});
