import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Pool } from '@sqlwarden/pg';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import { type Site, writeSite } from '../harness/gateway.js';
import { ACCOUNT_PASSWORD, ALLOW_EVERYTHING, startServer } from './session-stage.js';

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('the library and who sessions are on the server', () => {
  let stage: Awaited<ReturnType<typeof startServer>>;
  let site: Site;
  let pool: Pool;

  beforeAll(async () => {
    stage = await startServer(18);
    const credentials = { mode: 'role', roles: [{ match: { groups: ['blue'] }, role: 'analyst' }] };
    site = await writeSite({
      server: { server: stage.server, password: ACCOUNT_PASSWORD },
      upstreams: { crm: 'postgres', own: 'postgres' },
      policies: [ALLOW_EVERYTHING],
      each: { crm: { propagate: { subject: 'app.who' }, credentials }, own: { credentials: { mode: 'client-password' } } },
    });
    pool = new Pool({ sqlwarden: site.configFile, upstream: 'crm', max: 1 });
  });
  afterAll(async () => {
    await pool?.end();
    await stage?.admin.end();
    await stage?.server.stop();
    site?.remove();
  });

  it('are the identity of each pool.as', async () => {
    const seenBy = async (id: string): Promise<unknown> => {
      const own = pool.as(site.token(['blue'], { id }));
      await own.query('discard all');
      return (await own.query("select string_agg(body, ',') as bodies, current_user as role from notes")).rows[0];
    };
    expect(await Promise.all(['ada', 'bob', 'ada'].map(seenBy))).toEqual([
      { bodies: 'ada one', role: 'analyst' },
      { bodies: 'bob one', role: 'analyst' },
      { bodies: 'ada one', role: 'analyst' },
    ]);
  });

  it('cannot be changed', async () => {
    const bob = pool.as(site.token(['blue'], { id: 'bob' }));
    await expect(bob.query("set app.who = 'ada'")).rejects.toThrow('says who this session is for');
    await expect(bob.query('set role none')).rejects.toThrow('says who this session is for');
    await expect(pool.as(site.token(['red'], { id: 'eve' })).query('select 1')).rejects.toThrow('no line of credentials.roles');
  });

  it('cannot be whom only a password of the server proves', async () => {
    const other = new Pool({ sqlwarden: site.configFile, upstream: 'own', max: 1 });
    await expect(other.as(site.token([], { id: 'ada' })).query('select 1')).rejects.toThrow('user name and password of its own users');
    await other.end();
  });
});
