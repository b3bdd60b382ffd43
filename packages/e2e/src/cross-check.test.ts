import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readEntries } from '@sqlwarden/ledger';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import pg from 'pg';
import { type CorpusServer, startCorpusServer } from './harness/database.js';
import { type RunningGateway, startGateway } from './harness/gateway.js';
import { WORLD_A } from './harness/worlds.js';

const POLICY = `
version: 1
default: deny
rules:
  - { id: all, match: { subject: { groups: [app] }, class: [read, write, transaction] }, then: allow }
`;

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('an upstream with a cross-check', () => {
  let server: CorpusServer;
  let gateway: RunningGateway;
  let client: pg.Client;

  beforeAll(async () => {
    server = await startCorpusServer();
    await server.create('crm', WORLD_A);
    gateway = await startGateway({
      server,
      upstreams: { crm: 'crm' },
      policies: [POLICY],
      upstream: { crossCheck: 'node-sql-parser' },
    });
    const token = gateway.token(['app'], { id: 'ada' });
    client = new pg.Client({ host: '127.0.0.1', port: gateway.ports['crm'] ?? 0, user: 'ada', database: 'crm', password: token });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await gateway.stop();
    await server.stop();
  });

  const outcome = (sql: string): Promise<string> =>
    client.query(sql).then(
      () => 'done',
      (error: pg.DatabaseError) => /code: ([a-z-]+)/.exec(error.detail ?? '')?.[1] ?? error.message,
    );

  it.each(['select key from settings', 'begin', "update settings set value = 'x' where key = 'none'", 'rollback'])(
    'lets through what both understand alike: %s',
    async (sql) => {
      expect(await outcome(sql)).toBe('done');
    },
  );

  it('refuses what the other parser reads differently, again and again', async () => {
    expect(await outcome('select * from only settings')).toBe('parser-disagreement');
    expect(await outcome('select * from only settings')).toBe('parser-disagreement');
  });

  it('refuses what the other parser does not take', async () => {
    expect(await outcome('with gone as (delete from settings returning key) select key from gone')).toBe('parser-disagreement');
  });

  it('is not asked about what policy refuses', async () => {
    expect(await outcome('create table other as select * from only settings')).toBe('policy-denied');
  });

  it('tells the ledger of every contradiction', async () => {
    let kinds: string[] = [];
    // What is not forwarded is written within 50 ms.
    for (const deadline = Date.now() + 5_000; kinds.length < 3 && Date.now() < deadline; await delay(20)) {
      kinds = [];
      for await (const { event } of readEntries(gateway.ledgerDirectory)) if (event.type === 'security.finding') kinds.push(event.kind);
    }
    expect(kinds).toEqual(['parser-disagreement', 'parser-disagreement', 'parser-disagreement']);
  });
});
