import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { findPostgres, findPsql, requireOrSkip, runProgram } from '@sqlwarden/testkit';
import type pg from 'pg';
import { type SessionStage, setSessionStage, tried } from './session-stage.js';

const PROPAGATE = { subject: 'app.who', issuer: 'app.issuer', kind: 'app.kind', groups: 'app.groups', actors: 'app.actors' };

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('an identity for row-level security', () => {
  let stage: SessionStage;
  let ada: pg.Client;

  beforeAll(async () => {
    stage = await setSessionStage(18, {
      crm: { propagate: PROPAGATE },
      reserved: { propagate: { subject: 'app.user' } },
      roles: { propagate: PROPAGATE, credentials: { mode: 'role', roles: [{ role: 'analyst' }] } },
    });
    for (const code of [
      'create function checks_who(text) returns bool language plpgsql as $$ begin perform set_config($q$app.who$q$, $q$bob$q$, false); return true; end $$',
      'create domain checked as text check (checks_who(value))',
      'create table checked_row (id text check (checks_who(id))); grant all on checked_row to public',
      'create function sums_who(text, text) returns text language plpgsql as $$ begin perform set_config($q$app.who$q$, $q$bob$q$, false); return $1; end $$',
      'create aggregate sum_who(text) (sfunc = sums_who, stype = text)',
      'create operator === (leftarg = text, rightarg = text, function = sums_who)',
      'create type who as (name text)',
      'create function cast_who(who) returns int language plpgsql as $$ begin perform set_config($q$app.who$q$, $q$bob$q$, false); return 1; end $$',
      'create cast (who as int) with function cast_who(who)',
      'create operator ==== (leftarg = text, rightarg = text, function = sums_who)',
      'create table ruled (id int); grant all on ruled to public',
      "create rule r as on insert to ruled do also select set_config('app.who', 'bob', false)",
      'create table expressed (id text); grant all on expressed to public',
      'create function index_who(text) returns text immutable language plpgsql as $$ begin perform set_config($q$app.who$q$, $q$bob$q$, false); return $1; end $$',
      'create index on expressed (index_who(id))',
      "create table parted (id text) partition by list (index_who(id)); create table parted_x partition of parted for values in ('x'); grant all on parted to public",
      "create table cast_default (id int, x text default ('a'::checked)::text); grant all on cast_default to public",
      'create type composed as (a checked)',
      "create function left_out(x text default set_config('app.who', 'bob', false)) returns text language sql as 'select x'",
      "create function takes_checked(checked) returns text language sql as 'select $1::text'",
      "create function returns_checked() returns checked language sql as $$ select 'x' $$",
      "create function holds_checked() returns text language plpgsql as $$ declare v checked := 'x'; begin return v; end $$",
      'create schema lies; grant usage on schema lies to public',
      'create function lies.all_equal(text, text) returns bool language sql immutable return true',
      'create operator lies.= (leftarg = text, rightarg = text, function = lies.all_equal)',
      "create view lies.renamed as select coalesce(nullif(setting, ''), 'app.who') as name from pg_settings where pg_settings.name operator(pg_catalog.=) 'external_pid_file'",
      "create view lies.constant as select 'app.who'::text as name",
      'grant select on all tables in schema lies to public',
      "create view named as select replace(name, 'jit', 'app.who') as name from pg_settings; grant select on named to public",
      'create table policed (id int); grant all on policed to public; alter table policed enable row level security',
      "create policy p on policed using (checks_who('x'))",
      'create table generated (id text, x text generated always as (index_who(id)) stored); grant all on generated to public',
    ])
      await stage.admin(code);
    ada = await stage.connect('crm', 'ada', ['blue', 'green']);
  });
  afterAll(async () => {
    await ada?.end();
    await stage?.stop();
  });
  beforeEach(async () => {
    await tried(ada, 'rollback');
    if ((await tried(ada, 'show app.who')) !== 'ada') await tried(ada, 'discard all');
  });

  const mine = (client: pg.Client): Promise<unknown> => tried(client, "select string_agg(body, ',') from notes");

  it('shows each person their own rows, and lets them write no others', async () => {
    const bob = await stage.connect('crm', 'bob', ['red']);
    expect(await Promise.all([mine(ada), mine(bob)])).toEqual(['ada one', 'bob one']);
    expect(await tried(ada, "insert into notes values (3, 'bob', 'not mine')")).toBe('42501');
    expect(await tried(ada, "insert into notes values (4, 'ada', 'ada two') returning id")).toBe(4);
    expect(await tried(ada, 'delete from notes where id = 2 returning id')).toBeUndefined();
    expect(await tried(ada, 'delete from notes where id = 4 returning id')).toBe(4);
    expect(await tried(bob, 'select team from reports')).toBe('red');
    expect(await tried(ada, 'select team from reports')).toBe('blue');
    await bob.end();
  });

  it('tells the whole identity, groups only as far as everybody of the chain is in them', async () => {
    const agent = { kind: 'agent' as const, id: 'copilot', groups: ['blue', 'bots'] };
    const helped = await stage.connect('crm', "o'nëil\\ $pinned$", ['blue', 'red'], { actors: [agent] });
    const told = await helped.query(
      "select current_setting('app.who') who, current_setting('app.kind') kind, current_setting('app.groups') groups, current_setting('app.actors') actors, current_setting('app.issuer') issuer",
    );
    const { issuer } = stage.gateway.issuer;
    expect(told.rows[0]).toEqual({
      who: "o'nëil\\ $pinned$",
      kind: 'person',
      groups: '["blue"]',
      actors: JSON.stringify([{ kind: 'agent', issuer, id: 'copilot' }]),
      issuer,
    });
    await tried(helped, 'discard all');
    await tried(helped, 'set standard_conforming_strings = off');
    expect(await tried(helped, 'show app.kind')).toBe('person');
    await helped.end();
  });

  it.each([
    'discard all',
    'reset all',
    'reset app.who',
    'set app.who to default',
    "select set_config('search_path', 'public', false)",
    "select set_config('app.other', 'x', false)",
    'set app.whom = 1',
    "begin; set local statement_timeout = '1min'; commit",
    'create temp table t_who (id int)',
    'select id, owner from notes where owner = $$ada$$',
    'set role none',
    'set role analyst',
    'reset role',
    'create function reads_who() returns text language sql as $$ select current_setting($q$app.who$q$) $$',
    'select reads_who()',
    'do $$ begin perform count(*) from notes; end $$',
    "update pg_settings set setting = '1min' where name = 'statement_timeout'",
    "update pg_settings set setting = 'bob' where name = 'app.who'",
    "alter role current_user set app.who = 'bob'",
    // pg_dump
    "select set_config(name, 'view, foreign-table', false) from pg_settings where name = 'restrict_nonsystem_relation_kind'",
    "do $$ declare t text[] := '{}'; begin t[1] := 'a'; t [2] = t[1] || '='; end $$",
  ])('may be: %s', async (sql) => {
    expect(await tried(ada, sql)).not.toBe('setting-pinned');
    await tried(ada, 'reset role');
    expect(await mine(ada)).toBe('ada one');
  });

  it.each([
    "set app.who = 'bob'",
    "set local app.who = 'bob'",
    `set "APP"."Who" = 'bob'`,
    "begin; set local app.who = 'bob'; select body from notes; commit",
    'set session app.groups = \'["red"]\'',
    "select set_config('app.who', 'bob', false)",
    "select pg_catalog.set_config('App.Who', 'bob', true)",
    "select * from set_config('app.who', 'bob', false)",
    "select body from notes where set_config('app.who', 'bob', false) is not null",
    "with x as materialized (select set_config('app.who', 'bob', false)) select body from notes, x",
    "select set_config('app.' || 'who', 'bob', false)",
    "select sets_any('app.who', 'bob')",
    'select dba_tool()',
    'select never_changes()',
    'explain select never_changes()',
    'select x from evil',
    'insert into loud values (1)',
    'insert into defaulted (id) values (1)',
    'insert into defaulted default values',
    'copy loud from stdin',
    'copy defaulted (id) from stdin',
    "select 'x'::checked",
    "insert into checked_row values ('x')",
    "select sum_who('x')",
    "select 'a'::text === 'b'::text",
    "select row('x')::who::int",
    'insert into ruled values (1)',
    "insert into expressed values ('x')",
    'select id from policed',
    "insert into generated (id) values ('x')",
    "insert into parted values ('x')",
    'insert into cast_default (id) values (1)',
    "select row('a')::composed",
    'select jsonb_populate_record(null::composed, \'{"a": "x"}\')',
    'select left_out()',
    "select takes_checked('x')",
    'select returns_checked()',
    'select holds_checked()',
    "create table again (x text default set_config('app.who', 'bob', false))",
    "alter table loud add x text default set_config('app.who', 'bob', false)",
    "do $$ begin set app.who = 'bob'; end $$",
    "do $$ declare n text := 'app.who'; begin perform set_config(n, 'bob', false); end $$",
    "do $$ begin execute 'set app.who = ''bob'''; end $$",
    "do $$ declare a int[]; begin a[length(set_config('app.who', 'bob', false))] := 1; end $$",
    "do $$ declare v text; begin v /* = 1 -- */ := set_config('app.who', 'bob', false); end $$",
    "do $x$ declare v text; begin v -- = $$\n := set_config('app.who', 'bob', false) || 'a$$ -- '; end $x$",
    "select set_config(name, 'bob', false) from (select replace(name, 'jit', 'app.who') as name from pg_settings) p where name = 'app.who'",
    "select set_config(name, 'bob', false) from named where name = 'jit'",
    "set search_path = lies, pg_catalog; select set_config(name, 'bob', false) from lies.renamed where name = 'jit'",
    "set search_path = lies, pg_catalog; select set_config(name, 'bob', false) from lies.constant where name = 'jit'",
    "create temp table pg_settings as select 'jit' as name; select set_config(name, 'bob', false) from pg_settings where name = 'jit'",
    "with pg_settings as (select 'app.who' as name) select set_config(name, 'bob', false) from pg_settings where name = 'jit'",
    "select set_config(name, 'bob', false) from pg_settings where name <> 'jit'",
    "create function mine() returns int language sql set app.who from current as 'select 1'",
    "create function mine() returns int language sql set app.who = 'bob' as 'select 1'",
    "alter function dba_tool() set app.who = 'ada'",
    "prepare p as select set_config('app.who', 'bob', false)",
    "declare c cursor with hold for select set_config('app.who', 'bob', false)",
    "create materialized view mv as select set_config('app.who', 'bob', false)",
    "create table ct as select set_config('app.who', 'bob', false)",
    "copy (select set_config('app.who', 'bob', false)) to stdout",
    "values (set_config('app.who', 'bob', false))",
    "create policy q on notes using (set_config('app.who', 'bob', true) is not null)",
    "load 'plpgsql'",
  ])('must not be: %s', async (sql) => {
    const became = await tried(ada, sql);
    await tried(ada, 'rollback');
    expect([became, await mine(ada)]).toEqual([became === 'opaque-statement' ? became : 'setting-pinned', 'ada one']);
  });

  it('refuses it by the extended protocol, and ends no session for it', async () => {
    expect(await tried(ada, 'select set_config($1, $2, false)', ['app.who', 'bob'])).toBe('setting-pinned');
    expect(await tried(ada, "select set_config('app.other', $1, false)", ['x'])).toBe('x');
    expect(await mine(ada)).toBe('ada one');
  });

  it('is the identity whatever is set for the account, the database or the server', async () => {
    await stage.admin("alter role gateway set app.who = 'bob'");
    await stage.admin("alter database postgres set app.who = 'bob'");
    await stage.admin("alter system set app.who = 'bob'");
    await stage.admin('select pg_reload_conf()');
    const again = await stage.connect('crm', 'ada', ['blue']);
    for (const client of [ada, again]) {
      await tried(client, 'discard all');
      expect(await mine(client)).toBe('ada one');
    }
    await again.end();
    for (const place of ['role gateway', 'database postgres', 'system']) await stage.admin(`alter ${place} reset app.who`);
    await stage.admin('select pg_reload_conf()');
  });

  it('does not take it from the client at its login', async () => {
    for (const options of ['-c app.who=bob', '-c role=analyst'])
      await expect(stage.connect('crm', 'ada', [], { config: { options } })).rejects.toThrow('is not supported');
  });

  it('takes a name that has to be quoted in statements', async () => {
    const client = await stage.connect('reserved', 'ada');
    expect(await tried(client, "select current_setting('app.user')")).toBe('ada');
    expect(await tried(client, `set app."user" = 'bob'`)).toBe('setting-pinned');
    await client.end();
  });

  it('goes together with a role for each identity', async () => {
    const client = await stage.connect('roles', 'ada', ['blue']);
    await tried(client, 'discard all');
    expect(await tried(client, 'select current_user')).toBe('analyst');
    expect(await mine(client)).toBe('ada one');
    await client.end();
  });

  it('is not renewed by a token that would have the server know it otherwise', async () => {
    const client = await stage.connect('crm', 'ada', ['blue']);
    const renew = (groups: string[], id = 'ada'): Promise<unknown> =>
      tried(client, `set sqlwarden.token = '${stage.gateway.token(groups, { id })}'`);
    expect(await renew(['blue'])).toBeUndefined();
    // The policy reads no groups: that they are told to the server is what makes them count.
    expect(await renew(['red'])).toBe('identity-invalid');
    expect(await renew(['blue'], 'bob')).toBe('identity-invalid');
    expect(await tried(client, 'select team from reports')).toBe('blue');
    await client.end();
  });

  it('refuses an identity that is longer than a login may be', async () => {
    const many = Array.from({ length: 210 }, (_, at) => `a-group-of-some-length-${at}-${'x'.repeat(20)}`);
    await expect(stage.connect('crm', 'ada', many)).rejects.toThrow('longer than the database takes');
  });

  const psql = findPsql();
  (requireOrSkip(psql) ? it : it.skip)('lets psql describe what there is', async () => {
    const env = { PGPASSWORD: stage.gateway.token(['blue'], { id: 'ada' }) };
    const port = String(stage.gateway.ports['crm']);
    const run = (sql: string) =>
      runProgram(psql.found ? psql.path : '', ['-X', '-h', '127.0.0.1', '-p', port, '-U', 'ada', '-d', 'crm', '-At', '-c', sql], { env });
    for (const command of ['\\d notes', '\\dt', '\\df', '\\du', '\\dn+', '\\d+ evil', '\\z'])
      expect({ command, ...(await run(command)) }).toMatchObject({ command, stderr: '' });
    expect((await run('select body from notes')).stdout.trim()).toBe('ada one');
  });
});
