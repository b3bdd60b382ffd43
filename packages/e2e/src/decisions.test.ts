import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import pg from 'pg';
import { type CorpusServer, startCorpusServer } from './harness/database.js';
import { type RunningGateway, startGateway } from './harness/gateway.js';
import { WORLD_A } from './harness/worlds.js';

const POLICY = `
version: 1
default: deny
rules:
  - { id: all, match: { subject: { groups: [app] } }, then: allow }
`;

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('decisions that are kept', () => {
  let server: CorpusServer;
  let gateway: RunningGateway;
  let client: pg.Client;

  beforeAll(async () => {
    server = await startCorpusServer();
    await server.create('crm', WORLD_A);
    gateway = await startGateway({ server, upstreams: { crm: 'crm' }, policies: [POLICY], config: { catalogue: { maxAgeMs: 600_000 } } });
    const token = gateway.token(['app'], { id: 'ada' });
    client = new pg.Client({ host: '127.0.0.1', port: gateway.ports['crm'] ?? 0, user: 'ada', database: 'crm', password: token });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await gateway.stop();
    await server.stop();
  });

  /** How many decisions were found and made for what `work` sends. */
  const counts = async (work: () => Promise<unknown>): Promise<{ found: number; made: number }> => {
    const before = gateway.sidecar.gateway.decisionCounts;
    await work();
    const after = gateway.sidecar.gateway.decisionCounts;
    return { found: after.found - before.found, made: after.made - before.made };
  };
  const bound = (value: string): Promise<unknown> => client.query('select key from settings where key = $1', [value]);

  it('are made once for a text', async () => {
    const twice = async (): Promise<void> => {
      for (let round = 0; round < 3; round++) await client.query('select key from settings');
    };
    expect(await counts(twice)).toEqual({ found: 2, made: 1 });
  });

  it('are made anew for a text that differs in a constant, a blank or a letter', async () => {
    const texts = ['select 1 from settings', 'select 2 from settings', 'select  2 from settings', 'select 2 from Settings'];
    const all = async (): Promise<void> => {
      for (const text of texts) await client.query(text);
    };
    expect(await counts(all)).toEqual({ found: 0, made: 4 });
  });

  it('are made once for a statement with bound values, whatever the values are', async () => {
    await bound('a');
    expect((await counts(() => bound('b'))).made).toBe(0);
  });

  it('are made anew once names mean something else', async () => {
    await client.query('select value from settings');
    await client.query('set search_path = pg_catalog, public');
    expect((await counts(() => client.query('select value from settings'))).made).toBe(1);
  });
});
