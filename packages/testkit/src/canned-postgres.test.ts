import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { type CannedPostgres, startCannedPostgres } from './canned-postgres.js';

describe('the canned server', () => {
  let server: CannedPostgres;
  let asked = 0;

  beforeAll(async () => {
    server = await startCannedPostgres({
      answer: async (sql) => {
        asked += 1;
        if (!sql.startsWith('select')) throw new Error('no');
        return { columns: [{ name: 'id', typeId: 23 }], rows: [['1'], [null]], tag: 'SELECT 2' };
      },
    });
  });
  afterAll(() => server.stop());

  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client({ host: server.host, port: server.port, user: 'ada', database: 'crm', password: 'x' });
    await client.connect();
    return client;
  };

  it('answers texts in both protocols, asking once for each', async () => {
    const client = await connect();
    const before = asked;
    expect((await client.query('select a')).rows).toEqual([{ id: 1 }, { id: null }]);
    expect((await client.query({ text: 'select a', values: [] })).rows).toHaveLength(2);
    expect((await client.query({ text: 'select a', name: 'named' })).rowCount).toBe(2);
    expect(asked).toBe(before + 1);
    await client.end();
  });

  it('goes on after an error, and knows transactions', async () => {
    const client = await connect();
    await expect(client.query('drop table x')).rejects.toThrow('no result for this text');
    await expect(client.query({ text: 'drop table x', name: 'd' })).rejects.toThrow('no result for this text');
    expect((await client.query('begin')).command).toBe('BEGIN');
    expect((await client.query('commit')).command).toBe('COMMIT');
    expect((await client.query('select b')).rows).toHaveLength(2);
    await client.end();
  });

  it('keeps many connections', async () => {
    const clients = await Promise.all(Array.from({ length: 50 }, connect));
    expect(server.connections).toBe(50);
    await Promise.all(clients.map((client) => client.end()));
  });
});
