import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import pg from 'pg';
import { startToolSite, type ToolSite } from './tool-site.js';

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('reading the schema in a transaction of a client', () => {
  let site: ToolSite;
  let client: pg.Client;
  beforeAll(async () => {
    site = await startToolSite(18);
    const { PGPORT, PGPASSWORD } = site.masked;
    client = new pg.Client({ host: '127.0.0.1', port: Number(PGPORT), user: 'ada', database: 'crm', password: PGPASSWORD ?? '' });
    await client.connect();
  }, 120_000);
  afterAll(async () => {
    await client?.end();
    await site?.stop();
  });

  it('leaves no lock on what views stand on, and settings and changes as they were', async () => {
    await client.query('begin');
    await client.query("set local lock_timeout to '7s'");
    await client.query('create table made_inside (a int)');
    await client.query('insert into made_inside values (1)');
    const { rows } = await client.query('select count(*)::int as n from made_inside');
    // The view contacts stands on people, which this transaction has not named.
    await site.server.admin(
      'crm',
      "set lock_timeout to '2s'; alter table people add column added int; alter table people drop column added",
    );
    expect(rows).toEqual([{ n: 1 }]);
    expect((await client.query('show lock_timeout')).rows).toEqual([{ lock_timeout: '7s' }]);
    await client.query('commit');
    expect((await client.query('select a from made_inside')).rows).toEqual([{ a: 1 }]);
    await client.query('drop table made_inside');
  });
});
