import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectMariadb, type MariadbConnection, type MysqlServer, mysqlServerKinds, requireOrSkip } from '@sqlwarden/testkit';
import { readAccountFacts } from './account-facts.js';
import { readMemberships } from './memberships.js';

const GRANTS = [
  'CREATE ROLE analyst',
  'CREATE ROLE lead_analyst',
  'CREATE ROLE boss',
  'GRANT analyst TO lead_analyst',
  'GRANT SUPER ON *.* TO boss',
  "CREATE USER ada@'%' IDENTIFIED BY 'a'",
  "CREATE USER ada@localhost IDENTIFIED BY 'a'",
  "CREATE USER bob@'%' IDENTIFIED BY 'b'",
  "CREATE USER gateway@'%' IDENTIFIED BY 'g'",
  "GRANT lead_analyst TO ada@'%'",
  "GRANT boss TO ada@'%'",
  'GRANT analyst TO ada@localhost',
  "GRANT lead_analyst TO bob@'%'",
  "GRANT lead_analyst TO gateway@'%'",
];

describe.each(mysqlServerKinds())('roles on $name', ({ finding, start }) => {
  if (!requireOrSkip(finding)) {
    it.skip('has no server', () => undefined);
    return;
  }
  let server: MysqlServer;
  let root: MariadbConnection;
  let gateway: MariadbConnection;

  beforeAll(async () => {
    server = await start();
    root = await connectMariadb(server);
    for (const statement of GRANTS) await root.query(statement);
    gateway = await connectMariadb({ ...server, user: 'gateway', password: 'g' });
  });
  afterAll(async () => {
    await gateway.end();
    await root.end();
    await server.stop();
  });

  it('are those that a user has, through others too', async () => {
    expect(await readMemberships((sql) => root.query(sql), 'bob')).toEqual(['analyst', 'lead_analyst']);
    expect(await readMemberships((sql) => root.query(sql), 'nobody')).toEqual([]);
  });

  it('are those that all accounts of the name have: where somebody connects from is not known', async () => {
    expect(await readMemberships((sql) => root.query(sql), 'ada')).toEqual(['analyst']);
  });

  it('are not guessed where the account may not read them', async () => {
    await expect(readMemberships((sql) => gateway.query(sql), 'bob')).rejects.toThrow('GRANT SELECT ON mysql.user');
  });

  it('are told with what they can become', async () => {
    const { roles, readByPolicies } = await readAccountFacts((sql) => root.query(sql), ['lead_analyst', 'boss', 'ada', 'none']);
    expect(readByPolicies).toEqual([]);
    expect(roles.map(({ name, isSuperuser, reachesSuperuser }) => [name, isSuperuser, reachesSuperuser])).toEqual([
      ['lead_analyst', false, false],
      ['boss', true, true],
      ['ada', false, true],
    ]);
  });

  it('are told as far as an account without rights on the grant tables sees its own', async () => {
    const { roles } = await readAccountFacts((sql) => gateway.query(sql), ['gateway', 'lead_analyst', 'boss']);
    expect(roles.map(({ name, mayBeTaken }) => [name, mayBeTaken])).toEqual([
      ['gateway', true],
      ['lead_analyst', true],
    ]);
  });
});
