// oxlint-disable unicorn/no-thenable -- `then` is a key of rules
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import { stringify } from 'yaml';
import { type BackendMessage, errorFieldsOf, tagOf } from './harness/backend-messages.js';
import { type CorpusServer, GATEWAY_ROLE, startCorpusServer } from './harness/database.js';
import * as frontend from './harness/frontend-messages.js';
import { type RunningGateway, startGateway } from './harness/gateway.js';
import type { RawClient } from './harness/raw-client.js';

const POLICY = {
  version: 1,
  rules: [{ id: 'all', then: 'allow' }],
  limits: [{ id: 'few-writes', match: { subject: { groups: ['writer'] } }, rowsAffected: { max: 5 } }],
};

const SCHEMA = `
CREATE TABLE numbers (n int); INSERT INTO numbers SELECT generate_series(1, 100);
CREATE TABLE written (n int);
CREATE TABLE parents (n int PRIMARY KEY);
CREATE TABLE children (n int REFERENCES parents DEFERRABLE INITIALLY DEFERRED);
GRANT ALL ON ALL TABLES IN SCHEMA public TO ${GATEWAY_ROLE}`;

function events(messages: readonly BackendMessage[]): string[] {
  const names: Record<string, (one: BackendMessage) => string> = {
    C: tagOf,
    s: () => 'suspended',
    Z: (one) => `Z${one.body.toString('latin1')}`,
    E: (one) => errorFieldsOf(one).code,
  };
  return messages.flatMap((one) => names[one.type]?.(one) ?? []);
}

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('a limit of written rows', () => {
  let server: CorpusServer;
  let gateway: RunningGateway;
  let client: RawClient;

  beforeAll(async () => {
    server = await startCorpusServer();
    await server.admin('postgres', `create database bulk owner ${GATEWAY_ROLE}`);
    await server.admin('bulk', SCHEMA);
    gateway = await startGateway({ server, upstreams: { bulk: 'bulk' }, policies: [stringify(POLICY)] });
  });
  beforeEach(async () => {
    await client?.close();
    await server.admin('bulk', 'truncate written');
    client = await gateway.connect('bulk', gateway.token(['writer']));
  });
  afterAll(async () => {
    await client?.close();
    await gateway?.stop();
    await server?.stop();
  });
  const written = async (): Promise<number> =>
    Number((await server.admin<{ count: string }>('bulk', 'select count(*) from written'))[0]?.count ?? -1);

  it('lets pass what the server counts, and what writes nothing', async () => {
    const limited = 'insert into written select n from numbers where n <= 3';
    // As pgjdbc does: rows are limited where none are wanted.
    client.send(frontend.parse(limited), frontend.bind(), frontend.execute('', 1), frontend.sync());
    expect(events(await client.untilReady())).toEqual(['INSERT 0 3', 'ZI']);
    client.send(frontend.parse(`${limited} returning n`), frontend.bind(), frontend.execute(), frontend.sync());
    expect(events(await client.untilReady())).toEqual(['INSERT 0 3', 'ZI']);
    expect(events(await client.query('explain insert into written select n from numbers'))).toEqual(['EXPLAIN', 'ZI']);
    client.send(frontend.parse('select n from numbers'), frontend.bind(), frontend.execute('', 4), frontend.sync());
    expect(events(await client.untilReady())).toEqual(['suspended', 'ZI']);
    client.send(frontend.query('copy written from stdin'), frontend.copyData('1\n'), frontend.copyDone());
    expect(events(await client.untilReady())).toEqual(['COPY 1', 'ZI']);
    expect(await written()).toBe(7);
  });

  it('is not passed by a portal that is never fetched to its end', async () => {
    client.send(
      frontend.parse('insert into written select n from numbers returning n'),
      frontend.bind(),
      frontend.execute('', 1),
      frontend.sync(),
    );
    const got = events(await client.untilReady().catch(() => []));
    expect(got).toEqual(['54000']);
    await client.close();
    expect(await written()).toBe(0);
  });

  it('is not passed by a COPY of what a statement returns', async () => {
    const got = events(await client.query('copy (insert into written select n from numbers returning n) to stdout').catch(() => []));
    expect(got).toEqual(['54000']);
    expect(await written()).toBe(0);
  });

  it.each([
    'with w as (insert into written select n from numbers returning n) select count(*) from w',
    'with w as (insert into written select n from numbers) insert into written values (1)',
    'with v as (with w as (insert into written select n from numbers) select 1 as n) insert into written select n from v',
    'explain analyze with w as (insert into written select n from numbers) insert into written values (1)',
  ])('is not passed by a WITH that writes: %s', async (statement) => {
    expect(events(await client.query(statement))).toEqual(['54000', 'ZI']);
    expect(await written()).toBe(0);
    expect(events(await client.query('with w as (select n from numbers limit 2) insert into written select n from w'))).toEqual([
      'INSERT 0 2',
      'ZI',
    ]);
  });

  it('is not passed by EXPLAIN ANALYZE', async () => {
    const got = events(await client.query('explain analyze insert into written select n from numbers').catch(() => []));
    expect(got).toEqual(['54000']);
    expect(await written()).toBe(0);
  });

  it('lets a session go on after a commit that fails', async () => {
    const got = events(await client.query('insert into children values (1)'));
    client.send(frontend.query('select 7 as a'), frontend.query('select 8 as a'));
    const more = events(await client.untilReady(2));
    expect(got).toEqual(['23503', 'ZI']);
    expect(more).toEqual(['SELECT 1', 'ZI', 'SELECT 1', 'ZI']);
  });
  it('lets COPY in a pipeline go on', async () => {
    const free = await gateway.connect('bulk', gateway.token(['other']));
    free.send(frontend.parse('copy written from stdin'), frontend.bind(), frontend.execute(), frontend.flush());
    let one = await free.next();
    while (one.type !== 'G') one = await free.next();
    free.send(
      frontend.copyData('1\n'),
      frontend.copyDone(),
      frontend.parse('select 1'),
      frontend.bind(),
      frontend.execute(),
      frontend.sync(),
    );
    expect(events(await free.untilReady(1, 5000))).toEqual(['COPY 1', 'SELECT 1', 'ZI']);
    await free.close();
  });
});
