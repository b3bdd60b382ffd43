import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readEntries } from '@sqlwarden/ledger';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import { corpusPolicy } from './harness/corpus-case.js';
import { type CorpusServer, startCorpusServer } from './harness/database.js';
import { startGateway } from './harness/gateway.js';
import { WORLD_A } from './harness/worlds.js';

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('ledger.reads', () => {
  let server: CorpusServer;

  beforeAll(async () => {
    server = await startCorpusServer();
    await server.create('crm', WORLD_A);
  });
  afterAll(() => server?.stop());

  /** Types of the entries of units that a client leaves when it reads once. */
  async function entriesOf(ledger: object): Promise<string[]> {
    const upstreams = { crm: 'crm' };
    const gateway = await startGateway({ server, upstreams, policies: [corpusPolicy('masks')], config: { ledger } });
    try {
      const client = await gateway.connect('crm', gateway.token(['app']));
      expect((await client.query('select key from settings')).at(-1)?.type).toBe('Z');
      await client.close();
      await gateway.sidecar.stop(1_000);
      const types: string[] = [];
      for await (const { event } of readEntries(gateway.ledgerDirectory)) types.push(event.type);
      return types.filter((type) => /^statement\.(?:intent|completed)$/.test(type));
    } finally {
      gateway.remove();
    }
  }

  it('durable: a read has an intent that is on the disk before it is forwarded, as a write has', async () => {
    expect(await entriesOf({ directory: './ledger', reads: 'durable' })).toEqual(['statement.intent']);
  });

  it('grouped, and where nothing is said: a read has one entry when it is over', async () => {
    expect(await entriesOf({ directory: './ledger', reads: 'grouped' })).toEqual(['statement.completed']);
    expect(await entriesOf({ directory: './ledger' })).toEqual(['statement.completed']);
  });
});
