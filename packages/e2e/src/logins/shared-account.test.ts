import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import type pg from 'pg';
import { type SessionStage, setSessionStage, tried } from './session-stage.js';

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('two identities over one account', () => {
  let stage: SessionStage;
  let ada: pg.Client;
  let bob: pg.Client;

  beforeAll(async () => {
    stage = await setSessionStage(18, { crm: {} });
  });
  afterAll(() => stage?.stop());
  beforeEach(async () => {
    [ada, bob] = [await stage.connect('crm', 'ada'), await stage.connect('crm', 'bob')];
  });
  afterEach(() => Promise.all([ada.end(), bob.end()]));

  const ofBoth = (sql: string): Promise<unknown[]> => Promise.all([tried(ada, sql), tried(bob, sql)]);

  it('have sessions of their own on the server', async () => {
    const [one, other] = await ofBoth('select pg_backend_pid()');
    expect(one).not.toBe(other);
    expect(await ofBoth('select current_user')).toEqual(['gateway', 'gateway']);
  });

  it('see nothing of each other: settings, roles, temporary tables, prepared statements, cursors, sequences', async () => {
    await tried(ada, "set app.mine = 'a secret of ada'");
    await tried(ada, 'set role analyst');
    await tried(ada, 'set search_path to pg_catalog');
    await tried(ada, "create temp table own as select 'a secret of ada' as x");
    await tried(ada, "prepare own as select 'a secret of ada'");
    await tried(ada, "begin; declare own cursor for select 'a secret of ada'");
    expect(await tried(bob, "select current_setting('app.mine', true)")).toBeNull();
    expect(await tried(bob, "select current_user || ' ' || current_setting('search_path')")).toBe('gateway "$user", public');
    expect(await tried(bob, 'select x from own')).toBe('42P01');
    expect(await tried(bob, 'execute own')).toBe('26000');
    expect(await tried(bob, 'fetch own')).toBe('34000');
    const [schema] = (await bob.query("select nspname from pg_namespace where nspname like 'pg_temp%'")).rows as { nspname: string }[];
    expect(await tried(bob, `select x from ${schema?.nspname ?? ''}.own`)).not.toContain('secret');
    expect(await tried(bob, "select count(*)::int from pg_prepared_statements where statement like '%secret%'")).toBe(0);
    expect(await tried(ada, 'fetch own')).toBe('a secret of ada');
  });

  it('hold locks of their own, which end with them', async () => {
    expect(await tried(ada, 'select pg_try_advisory_lock(7)')).toBe(true);
    expect(await tried(bob, 'select pg_try_advisory_lock(7)')).toBe(false);
    expect(await tried(bob, 'select pg_advisory_unlock(7)')).toBe(false);
    await ada.end();
    let taken: unknown = false;
    for (let attempt = 0; taken === false && attempt < 40; attempt += 1) {
      await delay(25);
      taken = await tried(bob, 'select pg_try_advisory_lock(7)');
    }
    expect(taken).toBe(true);
  });

  it('leave nothing behind for whoever comes next', async () => {
    await tried(ada, "set app.mine = 'a secret of ada'");
    await tried(ada, "create temp table own as select 'a secret of ada' as x");
    await tried(ada, 'listen own');
    await tried(ada, 'set role analyst');
    await ada.end();
    const next = await stage.connect('crm', 'eve');
    expect(await tried(next, "select current_setting('app.mine', true)")).toBeNull();
    expect(await tried(next, 'select current_user')).toBe('gateway');
    expect(await tried(next, 'select x from own')).toBe('42P01');
    expect(await tried(next, 'select count(*)::int from pg_listening_channels()')).toBe(0);
    await next.end();
  });
});
