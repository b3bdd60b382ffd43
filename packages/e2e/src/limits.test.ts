// oxlint-disable unicorn/no-thenable -- `then` is a key of rules
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readEntries } from '@sqlwarden/ledger';
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
  limits: [
    { id: 'few-rows', match: { subject: { groups: ['few'] } }, rowsReturned: { max: 10 } },
    { id: 'few-writes', match: { subject: { groups: ['writer'] } }, rowsAffected: { max: 5 } },
    {
      id: 'hourly',
      match: { subject: { groups: ['hourly'] }, relations: 'bulk.public.*' },
      rowsReturned: { max: 100, per: '1h' },
      each: 'identity-and-relation',
      message: 'ask for an extract',
    },
    { id: 'slowly', match: { subject: { groups: ['slow'] } }, statements: { max: 3, per: '1h' } },
  ],
};

const SCHEMA = `
CREATE TABLE numbers (n int, word text); INSERT INTO numbers SELECT n, repeat('x', n % 50) FROM generate_series(1, 1000) n;
CREATE TABLE others (n int); INSERT INTO others SELECT generate_series(1, 60);
CREATE TABLE written (n int);
GRANT ALL ON ALL TABLES IN SCHEMA public TO ${GATEWAY_ROLE}`;

/** What a client has got: rows, tags of completed commands, codes of errors, states of the transaction. */
function seen(messages: readonly BackendMessage[]): { rows: number; events: string[]; message: string | undefined } {
  const events: string[] = [];
  let rows = 0;
  let message: string | undefined;
  for (const one of messages) {
    if (one.type === 'D' || one.type === 'd') rows += 1;
    else if (one.type === 'C') events.push(tagOf(one));
    else if (one.type === 's') events.push('suspended');
    else if (one.type === 'Z') events.push(`Z${one.body.toString('latin1')}`);
    else if (one.type === 'E') {
      events.push(errorFieldsOf(one).code);
      message = errorFieldsOf(one).message;
    }
  }
  return { rows, events, message };
}

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('limits', () => {
  let server: CorpusServer;
  let gateway: RunningGateway;
  let people = 0;
  const open: RawClient[] = [];

  beforeAll(async () => {
    server = await startCorpusServer();
    await server.admin('postgres', `create database bulk owner ${GATEWAY_ROLE}`);
    await server.admin('bulk', SCHEMA);
    gateway = await startGateway({ server, upstreams: { bulk: 'bulk' }, policies: [stringify(POLICY)] });
  });
  beforeEach(() => server.admin('bulk', 'truncate written'));
  afterAll(async () => {
    await Promise.all(open.map((client) => client.close()));
    await gateway?.sidecar.stop(0);
    gateway?.remove();
    await server?.stop();
  });

  /** Somebody in a group; a new person unless one is named. */
  async function connect(group: string, id = `person-${++people}`): Promise<RawClient> {
    const client = await gateway.connect('bulk', gateway.token([group], { id }));
    open.push(client);
    return client;
  }
  const written = async (): Promise<number> =>
    Number((await server.admin<{ count: string }>('bulk', 'select count(*) from written'))[0]?.count ?? -1);

  describe('of rows that one statement returns', () => {
    it('let pass what is within them, and what others ask for', async () => {
      const few = await connect('few');
      expect(seen(await few.query('select * from numbers limit 10'))).toMatchObject({ rows: 10, events: ['SELECT 10', 'ZI'] });
      expect(seen(await few.query('select * from numbers limit 10; select * from numbers limit 10'))).toMatchObject({ rows: 20 });
      for (const options of ['format text', 'format csv, header', 'format binary'])
        expect(seen(await few.query(`copy (select * from numbers limit 10) to stdout (${options})`))).toMatchObject({
          events: ['COPY 10', 'ZI'],
        });
      const everybody = await connect('anybody');
      expect(seen(await everybody.query('select * from numbers'))).toMatchObject({ rows: 1000, events: ['SELECT 1000', 'ZI'] });
    });

    it.each<[string, (client: RawClient) => Promise<BackendMessage[]>]>([
      ['a simple query', (client) => client.query('select * from numbers')],
      ['an extended query', (client) => client.extended('select * from numbers')],
      ['binary rows', (client) => client.extended('select * from numbers', [], 'binary')],
      ['the second of two statements', (client) => client.query('select 1; select * from numbers')],
      ['RETURNING', (client) => client.query('insert into written select n from numbers returning n')],
      ['a cursor that is read at once', (client) => client.query('begin; declare c cursor for select * from numbers; fetch all from c')],
      ['COPY', (client) => client.query('copy numbers to stdout')],
      ['COPY of a query, as CSV', (client) => client.query('copy (select * from numbers) to stdout (format csv, header)')],
      ['COPY in binary', (client) => client.query('copy numbers to stdout (format binary)')],
      ['EXECUTE', (client) => client.query('prepare p as select * from numbers; execute p')],
    ])('end %s', async (_, ask) => {
      const client = await connect('few');
      const { rows, events, message } = seen(await ask(client));
      expect(rows).toBeLessThanOrEqual(11);
      expect(events).toContain('54000');
      expect(message).toContain('the limit few-rows lets one statement read 10 rows');
      expect(events).not.toContain('SELECT 1000');
      expect(await written()).toBe(0);
    });

    it('count what a portal returns in parts as one', async () => {
      const client = await connect('few');
      client.send(frontend.parse('select * from numbers'), frontend.bind());
      for (let part = 0; part < 4; part++) client.send(frontend.execute('', 4));
      client.send(frontend.sync());
      const { rows, events } = seen(await client.untilReady());
      expect(rows).toBeLessThanOrEqual(10);
      expect(events.slice(0, 3)).toEqual(['suspended', 'suspended', '54000']);
    });

    it('leave nothing of a statement that went beyond them, nor of its transaction', async () => {
      const client = await connect('few');
      await client.query('begin');
      await client.query('insert into written values (1)');
      seen(await client.query('select * from numbers'));
      await client.query('commit').catch(() => undefined);
      expect(await written()).toBe(0);
    });
  });

  describe('of rows that one statement writes', () => {
    it('let pass what is within them', async () => {
      const client = await connect('writer');
      expect(seen(await client.query('insert into written select generate_series(1, 5)'))).toMatchObject({ events: ['INSERT 0 5', 'ZI'] });
      expect(seen(await client.extended('update written set n = n + 1'))).toMatchObject({ events: ['UPDATE 5', 'ZI'] });
      expect(seen(await client.query('select * from numbers'))).toMatchObject({ rows: 1000 });
      await client.query('begin');
      expect(seen(await client.query('delete from written; select 1'))).toMatchObject({ events: ['DELETE 5', 'SELECT 1', 'ZT'] });
      await client.query('rollback');
      expect(await written()).toBe(5);
    });

    it.each<[string, (client: RawClient) => Promise<BackendMessage[]>]>([
      ['a simple query', (client) => client.query('insert into written select n from numbers')],
      ['an extended query', (client) => client.extended('insert into written select n from numbers')],
      ['RETURNING', (client) => client.query('insert into written select n from numbers returning n')],
      [
        'a query inside of an explicit transaction',
        async (client) => {
          await client.query('begin');
          return client.query('insert into written select n from numbers');
        },
      ],
      [
        'the second of two in an explicit transaction',
        async (client) => {
          await client.query('begin');
          return client.query('insert into written values (1); insert into written select n from numbers; select 1');
        },
      ],
      ['MERGE', (client) => client.query('merge into written w using numbers x on w.n = x.n when not matched then insert values (x.n)')],
      [
        'a WITH that writes',
        (client) => client.query('with x as (insert into written select n from numbers returning n) insert into written select n from x'),
      ],
      [
        'EXECUTE',
        async (client) => [
          ...(await client.query('prepare p as insert into written select n from numbers')),
          ...(await client.query('execute p')),
        ],
      ],
      [
        'a COMMIT that was sent along with it',
        (client) => {
          client.send(frontend.query('begin'), frontend.query('insert into written select n from numbers'), frontend.query('commit'));
          return client.untilReady(3);
        },
      ],
      [
        'statements in a pipeline without a Sync between them',
        (client) => {
          for (const text of ['begin', 'insert into written select n from numbers', 'commit'])
            client.send(frontend.parse(text), frontend.bind(), frontend.execute());
          client.send(frontend.sync());
          return client.untilReady();
        },
      ],
      [
        'COPY from the client',
        async (client) => {
          client.send(frontend.query('copy written from stdin'));
          const begun = await client.next();
          if (begun.type !== 'G') return [begun, ...(await client.untilReady())];
          client.send(...Array.from({ length: 20 }, (_, n) => frontend.copyData(`${n}\n`)), frontend.copyDone());
          return client.untilReady();
        },
      ],
    ])('undo %s', async (_, ask) => {
      const client = await connect('writer');
      const { events, message } = seen(await ask(client));
      expect(events).toContain('54000');
      expect(message).toContain('few-writes');
      await client.query('commit').catch(() => undefined);
      await client.close();
      expect(await written()).toBe(0);
    });

    it('refuse several statements that would commit as one, and say what to do', async () => {
      const client = await connect('writer');
      const { events, message } = seen(await client.query('insert into written values (1); insert into written values (2)'));
      expect(events).toEqual(['54000', 'ZI']);
      expect(message).toContain('send them one by one, or without COMMIT in a transaction that was begun before');
      await client.query('begin');
      expect(seen(await client.query('insert into written values (1); commit'))).toMatchObject({ events: ['54000', 'ZE'] });
      await client.query('rollback');
      expect(await written()).toBe(0);
    });

    it('count each statement of a transaction by itself', async () => {
      const client = await connect('writer');
      await client.query('begin');
      for (let at = 0; at < 3; at++) await client.query('insert into written select generate_series(1, 5)');
      expect(seen(await client.query('commit'))).toMatchObject({ events: ['COMMIT', 'ZI'] });
      expect(await written()).toBe(15);
    });
  });

  describe('over time', () => {
    it('are shared by all connections of one identity, and by nobody else', async () => {
      const [one, two] = [await connect('hourly', 'hal'), await connect('hourly', 'hal')];
      expect(seen(await one.query('select * from numbers limit 60'))).toMatchObject({ rows: 60 });
      const beyond = seen(await two.query('select * from numbers limit 60'));
      expect(beyond.rows).toBeLessThanOrEqual(40);
      expect(beyond).toMatchObject({ events: ['54000'], message: expect.stringContaining('ask for an extract') });
      const ida = await connect('hourly', 'ida');
      expect(seen(await ida.query('select * from numbers limit 60'))).toMatchObject({ rows: 60 });
    });

    it('refuse a statement before it runs when nothing is left, and only for that relation', async () => {
      const client = await connect('hourly', 'joe');
      expect(seen(await client.query('select * from numbers limit 100'))).toMatchObject({ rows: 100 });
      expect(seen(await client.query('select * from numbers limit 1'))).toMatchObject({ rows: 0, events: ['54000', 'ZI'] });
      expect(seen(await client.query('select * from others'))).toMatchObject({ rows: 60, events: ['SELECT 60', 'ZI'] });
      expect(seen(await client.query('begin; select * from numbers limit 1'))).toMatchObject({ rows: 0, events: ['54000', 'ZI'] });
    });

    it('count what a cursor returns bit by bit', async () => {
      const client = await connect('hourly', 'kim');
      await client.query('begin; declare c cursor for select * from numbers');
      const got: unknown[] = [];
      for (let at = 0; at < 12; at++) got.push(seen(await client.query('fetch 10 from c').catch(() => [])).rows);
      expect(got.slice(0, 10)).toEqual(Array(10).fill(10));
      expect(got.slice(10)).toEqual([0, 0]);
    });

    it('hold for statements, but let a transaction end', async () => {
      const client = await connect('slow', 'lou');
      await client.query('begin');
      expect(seen(await client.query('insert into written values (1)'))).toMatchObject({ events: ['INSERT 0 1', 'ZT'] });
      expect(seen(await client.query('select 1; select 2'))).toMatchObject({ rows: 2 });
      expect(seen(await client.query('commit'))).toMatchObject({ events: ['COMMIT', 'ZI'] });
      expect(seen(await client.query('select 4'))).toMatchObject({ rows: 0, events: ['54000', 'ZI'] });
      expect(seen(await client.query('begin; rollback'))).toMatchObject({ events: ['BEGIN', 'ROLLBACK', 'ZI'] });
      expect(seen(await (await connect('slow', 'lou')).query('select 5'))).toMatchObject({ events: ['54000', 'ZI'] });
      expect(await written()).toBe(1);
    });
  });

  it('are in the ledger when they were reached', async () => {
    const refused: unknown[] = [];
    const limits = new Set<unknown>();
    await gateway.sidecar.stop(1000);
    for await (const { event } of readEntries(gateway.ledgerDirectory)) {
      if (event.type === 'statement.refused') refused.push([event.code, event.rule]);
      if ((event.type === 'statement.outcome' || event.type === 'statement.completed') && event.errorCode === 'limit-exceeded')
        limits.add(event.limit);
    }
    expect(refused).toEqual(
      expect.arrayContaining([
        ['limit-exceeded', 'hourly'],
        ['limit-exceeded', 'slowly'],
      ]),
    );
    expect(limits).toEqual(new Set(['few-rows', 'few-writes', 'hourly']));
  });
});
