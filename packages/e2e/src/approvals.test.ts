import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { verifyLedger } from '@sqlwarden/ledger';
import { createAdminClient, type RequestSummary } from '@sqlwarden/runtime';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import pg from 'pg';
import { type CorpusServer, startCorpusServer } from './harness/database.js';
import { type RunningGateway, startGateway } from './harness/gateway.js';
import { WORLD_A } from './harness/worlds.js';

const POLICY = `
version: 1
default: deny
rules:
  - { id: all, match: { subject: { groups: [app] }, class: [read, write] }, then: allow }
  - { id: schema, match: { class: schema }, then: { approve: { groups: [dba], within: 1m } } }
`;
const ADD = 'alter table settings add column note text';

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('statements that are held', () => {
  let server: CorpusServer;
  let gateway: RunningGateway;
  const clients: pg.Client[] = [];

  beforeAll(async () => {
    server = await startCorpusServer();
    await server.create('crm', WORLD_A);
    // The schema is looked at again when it matters, not because a look at it has become old.
    gateway = await startGateway({ server, upstreams: { crm: 'crm' }, policies: [POLICY], config: { catalogue: { maxAgeMs: 600_000 } } });
  });
  beforeEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end().catch(() => undefined)));
    await server.admin('crm', 'alter table settings drop column if exists note, drop column if exists other');
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
    const { ledgerDirectory } = gateway;
    await gateway.sidecar.stop(0);
    expect((await verifyLedger(ledgerDirectory)).exitCode).toBe(0);
    gateway.remove();
    await server.stop();
  });

  const connect = async (lifetimeSeconds = 3600): Promise<pg.Client> => {
    const token = gateway.token(['app'], { id: 'ada', lifetimeSeconds });
    const client = new pg.Client({ host: '127.0.0.1', port: gateway.ports['crm'] ?? 0, user: 'ada', database: 'crm', password: token });
    client.on('error', () => undefined);
    await client.connect();
    clients.push(client);
    return client;
  };
  const outcome = (client: pg.Client, query: string | pg.QueryConfig): Promise<string> =>
    client.query(query).then(
      () => 'done',
      (error: pg.DatabaseError) => /code: ([a-z-]+)/.exec(error.detail ?? '')?.[1] ?? error.message,
    );
  const admin = (): ReturnType<typeof createAdminClient> => createAdminClient({ socket: gateway.adminSocket });
  const held = async (): Promise<RequestSummary> => {
    for (let attempt = 0; attempt < 200; attempt++) {
      const [request] = await admin().pending();
      if (request !== undefined) return request;
      await delay(25);
    }
    throw new Error('nothing is held');
  };
  const approve = async (by = 'dana', groups = ['dba']): Promise<string> => {
    const { id, digest } = await held();
    await admin().decide(id, { decision: 'approve', digest }, gateway.token(groups, { id: by }));
    return id;
  };
  const columns = async (): Promise<string[]> =>
    (
      await server.admin<{ name: string }>(
        'crm',
        "select attname as name from pg_attribute where attrelid = 'settings'::regclass and attnum > 0 and not attisdropped",
      )
    ).map(({ name }) => name);

  it.each<[string, string | pg.QueryConfig]>([
    ['simple', ADD],
    ['extended', { text: ADD, values: [], name: 'add' }],
  ])('run once when approved, in the %s protocol', async (_protocol, query) => {
    const running = outcome(await connect(), query);
    await held();
    expect(await columns()).not.toContain('note');
    await approve();
    expect(await running).toBe('done');
    expect(await columns()).toContain('note');
  });

  it('are void when the table has changed since', async () => {
    const running = outcome(await connect(), ADD);
    await held();
    await server.admin('crm', 'alter table settings add column other int');
    await approve();
    expect(await running).toBe('approval-void');
    expect(await columns()).not.toContain('note');
  });

  it('do not run for a token that has expired meanwhile; the approval waits for the same requester with a new one', async () => {
    const running = outcome(await connect(2), ADD);
    await held();
    await delay(2_100);
    await approve();
    expect(await running).toBe('identity-expired');
    expect(await columns()).not.toContain('note');
    expect(await outcome(await connect(), ADD)).toBe('done');
    expect(await columns()).toContain('note');
  });

  it('are refused in a transaction that may hold locks, and run when they come again after the approval, once', async () => {
    const client = await connect();
    await client.query('begin');
    await client.query("insert into settings (key) values ('held')");
    expect(await outcome(client, ADD)).toBe('approval-in-transaction');
    await client.query('rollback');
    await approve();
    expect(await outcome(client, ADD)).toBe('done');
    const again = outcome(client, `${ADD}2`);
    expect((await held()).id).toBeDefined();
    await client.end();
    expect(await again).not.toBe('done');
  });

  it('cannot be approved by who asked, nor by somebody else of another group', async () => {
    const client = await connect();
    const running = outcome(client, ADD);
    await expect(approve('ada')).rejects.toMatchObject({ code: 'approver-is-requester' });
    await expect(approve('eve', ['sales'])).rejects.toMatchObject({ code: 'approver-not-in-group' });
    const { id, digest } = await held();
    await admin().decide(id, { decision: 'reject', digest }, gateway.token(['dba'], { id: 'dana' }));
    expect(await running).toBe('approval-rejected');
  });

  it('are withdrawn when their client leaves', async () => {
    const client = await connect();
    const running = outcome(client, ADD);
    const { id } = await held();
    await client.end();
    expect(await running).not.toBe('done');
    for (let attempt = 0; attempt < 100 && (await admin().pending()).length > 0; attempt++) await delay(25);
    await expect(admin().request(id)).rejects.toMatchObject({ status: 404 });
    expect(await columns()).not.toContain('note');
  });
});
