import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CatalogueQuery } from '@sqlwarden/core';
import {
  connectSqlserver,
  findBabelfish,
  requireOrSkip,
  type SqlserverConnection,
  type SqlserverServer,
  startBabelfish,
} from '@sqlwarden/testkit';
import { readAccountFacts } from './account-facts.js';
import { readMemberships } from './memberships.js';

const GRANTS = [
  'CREATE ROLE analyst',
  "CREATE LOGIN ada WITH PASSWORD = 'Passw0rd-2'",
  'CREATE USER ada FOR LOGIN ada',
  'ALTER ROLE analyst ADD MEMBER ada',
  "CREATE LOGIN [o'brien] WITH PASSWORD = 'Passw0rd-3'",
];

const asText = (cell: unknown): string | null => (typeof cell === 'number' || typeof cell === 'string' ? `${cell}` : null);

(requireOrSkip(findBabelfish()) ? describe : describe.skip)('logins and roles of a server', () => {
  let server: SqlserverServer;
  let admin: SqlserverConnection;
  let query: CatalogueQuery;

  beforeAll(async () => {
    server = await startBabelfish();
    const master = await connectSqlserver(server);
    await master.query('CREATE DATABASE crm');
    await master.end();
    admin = await connectSqlserver(server, { database: 'crm' });
    for (const grant of GRANTS) await admin.query(grant);
    query = async (sql) => (await admin.query(sql)).map((row) => row.map(asText));
  });
  afterAll(async () => {
    await admin.end();
    await server.stop();
  });

  it('are told apart, with what they can do', async () => {
    const { roles } = await readAccountFacts(query, ['sa', 'ada', 'analyst', "o'brien", 'none']);
    expect(roles.map(({ name, isSuperuser, mayBeTaken }) => [name, isSuperuser, mayBeTaken])).toEqual([
      ['sa', true, true],
      ['ada', false, expect.any(Boolean)],
      ['analyst', false, expect.any(Boolean)],
      ["o'brien", false, expect.any(Boolean)],
    ]);
  });

  it('are members of what they are made members of', async () => {
    expect(await readMemberships(query, 'ada')).toEqual(['analyst']);
    expect(await readMemberships(query, "o'brien")).toEqual([]);
    expect(await readMemberships(query, 'none')).toEqual([]);
  });

  it('are not guessed where they are not shown', async () => {
    const other = await connectSqlserver(server, { user: 'ada', password: 'Passw0rd-2', database: 'crm' });
    const asOther: CatalogueQuery = async (sql) => (await other.query(sql)).map((row) => row.map(asText));
    await expect(readMemberships(asOther, 'ada')).rejects.toThrow('GRANT VIEW DEFINITION');
    await other.end();
  });
});
