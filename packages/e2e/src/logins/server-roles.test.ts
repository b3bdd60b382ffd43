import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readEntries } from '@sqlwarden/ledger';
import { findPostgres, type PostgresMajor, requireOrSkip } from '@sqlwarden/testkit';
import type pg from 'pg';
import { type SessionStage, setSessionStage, tried } from './session-stage.js';

const ROLES = [
  { match: { groups: ['blocked'] }, role: 'other' },
  { match: { groups: ['analysts'] }, actors: { kind: 'agent', groups: ['assistants'] }, role: 'analyst' },
  { match: { groups: ['editors'] }, role: 'editor' },
  { match: { groups: ['sup'] }, role: 'postgres' },
  { match: { groups: ['own'] }, role: '{id}' },
];

/** The first are tried with every major, the rest are judged alike. */
const FEW = 6;
const ESCAPES = [
  'set role none',
  'set role other',
  'set local role other',
  "set session role 'other'",
  'set session authorization other',
  "select set_config('role', 'none', false)",
  "select set_config('RO' || 'LE', 'none', false)",
  "select set_config(new_value => 'none', setting_name => 'role', is_local => false)",
  "select set_config(name, 'none', false) from (values ('role')) v(name)",
  'select leaves_role()',
  "select sets_any('role', 'none')",
  "explain select sets_any('role', 'none')",
  'do $$ begin set role none; end $$',
  "do $$ begin perform set_config('role', 'none', false); end $$",
  "do $$ begin execute 'set role none'; end $$",
  "do $$ begin execute 'set ro' || 'le none'; end $$",
  "create function gets_out() returns int language sql set role = 'other' as 'select 1'",
  "alter function leaves_role() set role = 'other'",
  "create function gets_out() returns void language plpgsql as $$ begin execute 'set role none'; end $$",
  "create view gets_out as select set_config('role', 'none', false)",
  "prepare gets_out as select set_config('role', 'none', false)",
  'begin; set role none; commit',
  'reset role; set role none',
  "select query_to_xml('select set_config(''role'', ''none'', false)', true, true, '')",
];

describe.each([15, 18] as const)('a role for each identity on PostgreSQL %d', (major: PostgresMajor) => {
  if (!requireOrSkip(findPostgres(major))) {
    it.skip('needs the server', () => undefined);
    return;
  }
  let stage: SessionStage;
  let ada: pg.Client;

  beforeAll(async () => {
    stage = await setSessionStage(major, { crm: { credentials: { mode: 'role', roles: ROLES } } });
    ada = await stage.connect('crm', 'ada', ['analysts']);
  });
  afterAll(async () => {
    await ada?.end();
    await stage?.stop();
  });

  const whoAmI = (client: pg.Client): Promise<unknown> => tried(client, "select current_user || ' ' || current_setting('role')");

  it('runs statements as the role from the first on, with its rights and no others', async () => {
    expect(await whoAmI(ada)).toBe('analyst analyst');
    expect(await tried(ada, 'select id from secrets')).toBe('42501');
    const eve = await stage.connect('crm', 'eve', ['editors']);
    expect(await whoAmI(eve)).toBe('editor editor');
    expect(await tried(eve, 'select id from secrets')).toBe(1);
    await eve.end();
  });

  it.each([
    'discard all',
    'reset role',
    'reset all',
    'set role to default',
    'set session authorization default',
    'reset session authorization',
    'begin; reset role; rollback',
    'set search_path to default',
    "set app.other = '1'",
    "select set_config('search_path', '', false)",
    'create temp table mine (id int)',
  ])('goes on as the role after: %s', async (sql) => {
    expect(await tried(ada, sql)).not.toBe('setting-pinned');
    expect(await tried(ada, "select current_user || ' ' || current_setting('role')")).toBe('analyst analyst');
    if (major === 18) await tried(ada, 'discard all');
  });

  it.each(ESCAPES.slice(0, major === 18 ? undefined : FEW))('does not let out: %s', async (sql) => {
    expect(await tried(ada, sql)).toBe('setting-pinned');
    await tried(ada, 'rollback');
    expect(await whoAmI(ada)).toBe('analyst analyst');
  });

  it('does not let out by the extended protocol either, with a name that is a parameter', async () => {
    expect(await tried(ada, 'select set_config($1, $2, false)', ['role', 'none'])).toBe('setting-pinned');
    expect(await tried(ada, 'select set_config($1, $2, false)', ['search_path', 'public'])).toBe('setting-pinned');
    expect(await tried(ada, "select set_config('search_path', $1, false)", ['public'])).toBe('public');
    expect(await whoAmI(ada)).toBe('analyst analyst');
  });

  it('stays the role whatever is set for the account, the role or the database', async () => {
    await stage.admin('alter role gateway set role = other');
    await stage.admin('alter database postgres set role = editor');
    const again = await stage.connect('crm', 'ada', ['analysts']);
    await tried(again, 'discard all');
    expect(await whoAmI(again)).toBe('analyst analyst');
    await again.end();
    await stage.admin('alter role gateway reset role');
    await stage.admin('alter database postgres reset role');
  });

  it.each([
    ['nobody', [], 'no line of credentials.roles is for this identity'],
    ['sup', ['sup'], 'the database refused'],
    ['none', ['own'], 'cannot be the name of one'],
    ['nosuchrole', ['own'], 'the database refused'],
    ['postgres', ['own'], 'the database refused'],
    ['gateway', ['own'], "the gateway's own account"],
  ])('refuses %s whose groups are %j', async (id, groups, words) => {
    await expect(stage.connect('crm', id, groups)).rejects.toThrow(words);
  });

  it('takes the first line that holds for everybody of the chain', async () => {
    const agent = (groups: string[]) => ({ kind: 'agent' as const, id: 'copilot', groups });
    const helped = await stage.connect('crm', 'ada', ['analysts'], { actors: [agent(['assistants'])] });
    expect(await whoAmI(helped)).toBe('analyst analyst');
    await helped.end();
    await expect(stage.connect('crm', 'eve', ['editors'], { actors: [agent(['assistants'])] })).rejects.toThrow('no line');
    const both = await stage.connect('crm', 'mal', ['blocked', 'analysts']);
    expect(await whoAmI(both)).toBe('other other');
    await both.end();
  });

  it('writes down who the session is on the server', async () => {
    const opened = [];
    for await (const { event } of readEntries(stage.gateway.ledgerDirectory)) if (event.type === 'session.opened') opened.push(event);
    expect(opened.map(({ serverUser, serverRole }) => `${serverUser} ${serverRole}`)).toContain('gateway analyst');
  });
});
