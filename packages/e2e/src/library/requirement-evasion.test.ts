// oxlint-disable unicorn/no-thenable -- `then` is a key of rules
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import { stringify } from 'yaml';
import { type BackendMessage, errorFieldsOf, tagOf } from '../harness/backend-messages.js';
import { type CorpusServer, GATEWAY_ROLE, startCorpusServer } from '../harness/database.js';
import * as frontend from '../harness/frontend-messages.js';
import { type RunningGateway, startGateway } from '../harness/gateway.js';
import type { RawClient } from '../harness/raw-client.js';

const POLICY = {
  version: 1,
  rules: [{ id: 'all', then: 'allow' }],
  require: [
    { id: 'ticket', match: { class: ['write', 'schema'], relations: 'work.public.guarded' }, ticket: 'CHG-[0-9]+' },
    { id: 'ticket-to-delete', match: { action: 'delete' }, ticket: 'CHG-[0-9]+' },
    { id: 'purpose', match: { relations: { read: 'work.public.people' } }, purpose: 'support' },
  ],
};
const SCHEMA = `
CREATE TABLE guarded (n int); CREATE TABLE people (id int, name text); INSERT INTO people VALUES (1, 'Ada'), (2, 'Bob'), (3, 'Eve');
CREATE TABLE plain (n int); CREATE TABLE watched (n int); CREATE VIEW view_of_guarded AS SELECT * FROM guarded; CREATE VIEW view_of_people AS SELECT * FROM people;
CREATE FUNCTION put() RETURNS void LANGUAGE sql AS 'INSERT INTO guarded VALUES (1)';
CREATE FUNCTION run(text) RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE $1; END';
CREATE FUNCTION told() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO guarded VALUES (NEW.n); RETURN NEW; END';
CREATE TRIGGER watch AFTER INSERT ON watched FOR EACH ROW EXECUTE FUNCTION told();
CREATE TABLE ruled (n int); CREATE RULE r AS ON INSERT TO ruled DO ALSO INSERT INTO guarded VALUES (NEW.n);
CREATE FUNCTION purge() RETURNS void LANGUAGE sql AS 'DELETE FROM plain';
CREATE TABLE pruned (n int); CREATE FUNCTION pruning() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM plain WHERE n = NEW.n; RETURN NEW; END';
CREATE TRIGGER prune AFTER INSERT ON pruned FOR EACH ROW EXECUTE FUNCTION pruning();
CREATE PROCEDURE proc() LANGUAGE sql AS 'INSERT INTO guarded VALUES (1)';
ALTER TABLE guarded OWNER TO ${GATEWAY_ROLE}; ALTER TABLE people OWNER TO ${GATEWAY_ROLE};
GRANT ALL ON ALL TABLES IN SCHEMA public TO ${GATEWAY_ROLE}; GRANT ALL ON SCHEMA public TO ${GATEWAY_ROLE}`;

/** Codes of errors, or tags of what completed. */
function seen(messages: readonly BackendMessage[]): string[] {
  return messages.flatMap((one) => (one.type === 'C' ? [tagOf(one)] : one.type === 'E' ? [errorFieldsOf(one).code] : []));
}

/** Messages of errors. */
function told(messages: readonly BackendMessage[]): string[] {
  return messages.filter(({ type }) => type === 'E').map((one) => errorFieldsOf(one).message ?? '');
}

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('what policy requires to be said', () => {
  let server: CorpusServer;
  let gateway: RunningGateway;
  let client: RawClient;

  beforeAll(async () => {
    server = await startCorpusServer();
    await server.admin('postgres', `create database work owner ${GATEWAY_ROLE}`);
    await server.admin('work', SCHEMA);
    gateway = await startGateway({ server, upstreams: { work: 'work' }, policies: [stringify(POLICY)] });
    client = await gateway.connect('work', gateway.token(['app']));
  });
  afterAll(async () => {
    await client?.close();
    await gateway?.stop();
    await server?.stop();
  });

  it.each([
    'insert into guarded values (1)',
    'select 1; insert into guarded values (1)',
    'with w as (insert into guarded values (1) returning n) select * from w',
    'merge into guarded g using plain p on g.n = p.n when not matched then insert values (p.n)',
    'copy guarded from stdin',
    'explain analyze insert into guarded values (1)',
    'insert into view_of_guarded values (1)',
    'insert into ruled values (1)',
    'insert into watched values (1)',
    'select put()',
    `select run('insert into guarded values (1)')`,
    'call proc()',
    'select purge()',
    'with gone as (delete from plain returning n) select * from gone',
    'do $$ begin delete from plain; end $$',
    'do $$ begin insert into guarded values (1); end $$',
    `do $$ begin execute 'insert into guar' || 'ded values (1)'; end $$`,
    'prepare p as insert into guarded values (1); execute p',
    'alter table guarded rename to other',
    'drop table guarded',
    'drop table if exists guarded cascade',
    'drop schema public cascade',
    'alter schema public rename to elsewhere',
    'create index on guarded (n)',
    'select * from people',
    'table people',
    'select count(*) from people',
    'select 1 where exists (select from people)',
    'select * from view_of_people',
    'copy people to stdout',
    'copy (select * from people) to stdout',
    'begin; declare c cursor for select * from people; fetch c',
    'create table copied as select * from people',
    'select * into copied from people',
    `select query_to_xml('select * from people', true, true, '')`,
    `select table_to_xml('people', true, true, '')`,
    'insert into plain select id from people',
    'update plain set n = (select max(id) from people)',
    'explain analyze select * from people',
    'create materialized view kept as select * from people',
  ])('is asked for: %s', async (sql) => {
    const answers = told(await client.query(sql));
    await client.query('rollback');
    expect(answers.at(-1)).toMatch(/^sqlwarden: the requirement (ticket|ticket-to-delete|purpose) wants /);
  });

  it.each([
    'select 1',
    'insert into plain values (1)',
    'select * from plain',
    'copy plain to stdout',
    'begin; declare c cursor for select * from plain; fetch c; commit',
    'select * from guarded',
    'do $$ begin perform 1; end $$',
    'do $$ begin insert into plain values (1); end $$',
    'create schema spare',
    'insert into pruned values (1)',
    'drop schema if exists elsewhere',
  ])('is not asked for: %s', async (sql) => {
    const answers = told(await client.query(sql));
    await client.query('rollback');
    expect(answers).toEqual([]);
  });

  it('is asked for again of a prepared statement, a portal and its rest', async () => {
    const set = (purpose: string): Promise<unknown> => client.query(`set sqlwarden.purpose = '${purpose}'`);
    await set('support');
    await client.query('prepare q as select * from people');
    client.send(frontend.parse('select * from people', 's'), frontend.sync());
    await client.untilReady();
    await client.query('begin');
    await client.query('declare c cursor for select * from people');
    expect(seen(await client.query('fetch c'))).toEqual(['FETCH 1']);
    client.send(frontend.bind({ statement: 's', portal: 'p' }), frontend.execute('p', 1), frontend.sync());
    expect(seen(await client.untilReady())).toEqual([]);
    await set('');
    // What was opened for a purpose is read on for it.
    expect(seen(await client.query('fetch c'))).toEqual(['FETCH 1']);
    client.send(frontend.execute('p', 1), frontend.sync());
    expect(seen(await client.untilReady())).toEqual(['42501']);
    await client.query('rollback');
    await set('');
    expect(seen(await client.query('execute q'))).toEqual(['42501']);
    client.send(frontend.bind({ statement: 's' }), frontend.execute(), frontend.sync());
    expect(seen(await client.untilReady())).toEqual(['42501']);
    await set('support');
    expect(seen(await client.query('execute q'))).toEqual(['SELECT 3']);
    await client.query('discard all');
  });
});
