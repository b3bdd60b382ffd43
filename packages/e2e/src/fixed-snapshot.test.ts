// oxlint-disable unicorn/no-thenable -- `then` is a key of rules
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import pg from 'pg';
import { stringify } from 'yaml';
import { type CorpusServer, GATEWAY_ROLE, startCorpusServer } from './harness/database.js';
import { type RunningGateway, startGateway } from './harness/gateway.js';

const POLICY = {
  version: 1,
  classify: [{ columns: ['work.public.people.ssn'], label: 'pii' }],
  mask: [{ label: 'pii', with: 'redact' }],
  rules: [{ id: 'all', then: 'allow' }],
};
const SAFE = 'CREATE OR REPLACE VIEW shown AS SELECT id, note FROM people';
const SSN = '123-45-6789';

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)(
  'a transaction that sees rows as they were, beside somebody who changes a view',
  () => {
    let server: CorpusServer;
    let gateway: RunningGateway;
    let client: pg.Client;
    beforeAll(async () => {
      server = await startCorpusServer();
      await server.admin('postgres', `create database work owner ${GATEWAY_ROLE}`);
      await server.admin(
        'work',
        `CREATE TABLE people (id int, ssn text, note text); INSERT INTO people VALUES (1, '${SSN}', 'fine'); ${SAFE}`,
      );
      await server.admin('work', `GRANT ALL ON ALL TABLES IN SCHEMA public TO ${GATEWAY_ROLE}`);
      const policies = [stringify(POLICY)];
      gateway = await startGateway({ server, upstreams: { work: 'work' }, policies, config: { catalogue: { maxAgeMs: 0 } } });
      const port = gateway.ports['work'] ?? 0;
      client = new pg.Client({ host: '127.0.0.1', port, user: 'app', password: gateway.token(['app']), database: 'work' });
      await client.connect();
      // The session has a schema of its own, which is read on its connection.
      await client.query('CREATE TEMP TABLE own (a int)');
    }, 60_000);
    afterAll(async () => {
      await client?.end();
      await gateway?.stop();
      await server?.stop();
    });

    const ask = (sql: string): Promise<string> =>
      client.query(sql).then(
        (result) => JSON.stringify([result].flat().at(-1)?.rows),
        (error: Error) => error.message,
      );

    it.each([
      ['BEGIN ISOLATION LEVEL REPEATABLE READ', 'SELECT 1'],
      ['BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1'],
      ['BEGIN', 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ', 'SELECT 1'],
      ['BEGIN ISOLATION LEVEL REPEATABLE READ', 'COMMIT AND CHAIN', 'SELECT 1'],
    ])('reads nothing unmasked by it: %s', async (...before) => {
      for (const sql of before) expect(await ask(sql)).not.toContain('sqlwarden:');
      await server.admin('work', 'CREATE OR REPLACE VIEW shown AS SELECT id, ssn AS note FROM people');
      expect(await ask('SELECT note FROM shown')).toContain('was changed by others since the transaction began');
      await ask('ROLLBACK');
      const after = await ask('SELECT note FROM shown');
      await server.admin('work', SAFE);
      expect(after).toMatch(/^\[\{"note":/);
      expect(after).not.toContain(SSN);
    });

    it('goes on where nobody changed anything, and where it made its own changes', async () => {
      for (const sql of ['BEGIN ISOLATION LEVEL REPEATABLE READ', 'SELECT 1', 'CREATE TEMP TABLE more AS SELECT 2 AS b']) await ask(sql);
      expect(await ask('SELECT note, b FROM shown, more')).toBe('[{"note":"fine","b":2}]');
      await ask('COMMIT');
      expect(await ask('SELECT b FROM more')).toBe('[{"b":2}]');
    });

    it('goes on with what others change, where it sees what they commit', async () => {
      for (const sql of ['BEGIN', 'SELECT 1']) await ask(sql);
      await server.admin('work', 'CREATE OR REPLACE VIEW shown AS SELECT id, ssn AS note FROM people');
      const seen = await ask('SELECT note FROM shown');
      await ask('COMMIT');
      await server.admin('work', SAFE);
      expect(seen).toMatch(/^\[\{"note":/);
      expect(seen).not.toContain(SSN);
    });
  },
);
