// oxlint-disable unicorn/no-thenable -- `then` is a key of rules
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AssertedIntent, StatementCompleted, StatementIntent, StatementRefused } from '@sqlwarden/core';
import { formatWhy, readEntries, why } from '@sqlwarden/ledger';
import { createAdminClient, type RequestSummary } from '@sqlwarden/runtime';
import { findPostgres, type PostgresMajor, requireOrSkip } from '@sqlwarden/testkit';
import pg from 'pg';
import { stringify } from 'yaml';
import { type CorpusServer, GATEWAY_ROLE, startCorpusServer } from '../harness/database.js';
import * as frontend from '../harness/frontend-messages.js';
import { type BackendMessage, errorFieldsOf, tagOf } from '../harness/backend-messages.js';
import { type RunningGateway, startGateway } from '../harness/gateway.js';

const TRACE = '00-5bd66ef5095369c7b0d1f8f4bd33716a-c532cb4098ac3dd2-01';
const POLICY = {
  version: 1,
  rules: [
    { id: 'all', then: 'allow' },
    { id: 'held', match: { action: 'truncate' }, then: { approve: { groups: ['dba'], within: '20s' } } },
  ],
  require: [
    { id: 'ticket-for-writes', match: { class: ['write', 'schema'], relations: 'work.public.guarded' }, ticket: 'CHG-[0-9]+' },
    {
      id: 'purpose-of-people',
      match: { relations: { read: 'work.public.people' } },
      purpose: ['support', 'billing'],
      message: 'say what for',
    },
  ],
};
const SCHEMA = `
CREATE TABLE guarded (n int); CREATE TABLE people (id int, name text); INSERT INTO people VALUES (1, 'Ada');
CREATE TABLE plain (n int);
CREATE FUNCTION say(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('sqlwarden.ticket', $1, false); RETURN $1; END $$;
GRANT ALL ON ALL TABLES IN SCHEMA public TO ${GATEWAY_ROLE}`;

type Recorded = StatementIntent | StatementCompleted | StatementRefused;

/** Codes of errors, or tags of what completed. */
function seen(messages: readonly BackendMessage[]): string[] {
  return messages.flatMap((one) => (one.type === 'C' ? [tagOf(one)] : one.type === 'E' ? [errorFieldsOf(one).code] : []));
}

describe.each([15, 18] as const)('what clients say of why: PostgreSQL %i', (major) => {
  const suite = requireOrSkip(findPostgres(major)) ? describe : describe.skip;
  suite('with a server', () => tests(major));
});

function tests(major: PostgresMajor): void {
  let server: CorpusServer;
  let gateway: RunningGateway;
  let people = 0;

  beforeAll(async () => {
    server = await startCorpusServer({ major });
    await server.admin('postgres', `create database work owner ${GATEWAY_ROLE}`);
    await server.admin('work', SCHEMA);
    gateway = await startGateway({ server, upstreams: { work: 'work' }, policies: [stringify(POLICY)] });
  });
  afterAll(async () => {
    await gateway?.stop();
    await server?.stop();
  });

  const connect = (parameters?: Record<string, string>) =>
    gateway.connect('work', gateway.token(['app'], { id: `p${++people}` }), parameters);
  /** What was recorded of the last statement that ran or was refused, by whoever connected last. */
  async function lastAsserted(): Promise<AssertedIntent | undefined> {
    let last: Recorded | undefined;
    const sessions = new Set<string>();
    for await (const { event } of readEntries(gateway.ledgerDirectory)) {
      if (event.type === 'session.opened' && event.principal.subject.id === `p${people}`) sessions.add(event.session);
      if (event.type === 'statement.intent' || event.type === 'statement.completed' || event.type === 'statement.refused') {
        if (sessions.has(event.session)) last = event;
      }
    }
    return last?.asserted;
  }
  /** What is written of a statement is there a little later than its answer. */
  async function eventually(check: () => Promise<void>): Promise<void> {
    const deadline = Date.now() + 3_000;
    for (;;) {
      try {
        return await check();
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    }
  }
  const settled = (want: (asserted: AssertedIntent | undefined) => void): Promise<void> =>
    eventually(async () => want(await lastAsserted()));
  const insert = 'insert into guarded values (1)';

  it('refuses what policy requires a ticket for, says how to give it, and lets the rest pass', async () => {
    const client = await connect();
    const refused = (await client.query(insert)).find(({ type }) => type === 'E') as BackendMessage;
    const fields = errorFieldsOf(refused);
    expect(fields.code).toBe('42501');
    expect(fields.message).toContain('wants a ticket like CHG-[0-9]+; none was given');
    expect(seen(await client.query('insert into plain values (1)'))).toEqual(['INSERT 0 1']);
    expect(seen(await client.query('select * from plain'))).toEqual(['SELECT 1']);
    expect(
      errorFieldsOf((await client.query('select * from people')).find(({ type }) => type === 'E') as BackendMessage).message,
    ).toContain('say what for');
    await client.close();
    await settled((asserted) => expect(asserted).toBeUndefined());
  });

  it.each(['simple', 'extended'] as const)('takes it from a comment, in a read and in a write: %s', async (protocol) => {
    const client = await connect();
    const run = (sql: string) => (protocol === 'simple' ? client.query(sql) : client.extended(sql));
    expect(seen(await run(`${insert} /*ticket='CHG-1'*/`))).toEqual(['INSERT 0 1']);
    await settled((asserted) => expect(asserted).toEqual({ ticket: { value: 'CHG-1', source: 'comment' } }));
    expect(seen(await run(`select id from people /*purpose='support',traceparent='${TRACE}'*/;`))).toEqual(['SELECT 1']);
    await settled((asserted) =>
      expect(asserted).toEqual({ purpose: { value: 'support', source: 'comment' }, traceparent: { value: TRACE, source: 'comment' } }),
    );
    expect(seen(await run(`${insert} /*ticket='CHG-x'*/`))).toEqual(['42501']);
    expect(seen(await run(insert))).toEqual(['42501']);
    await client.close();
  });

  it('takes it from the login, and shows that it came so', async () => {
    const client = await connect({ options: `-c sqlwarden.ticket=CHG-2 -c sqlwarden.purpose=billing`, application_name: 'books' });
    expect(seen(await client.query(insert))).toEqual(['INSERT 0 1']);
    expect(seen(await client.query('select name from people'))).toEqual(['SELECT 1']);
    await settled((asserted) =>
      expect(asserted).toEqual({ purpose: { value: 'billing', source: 'startup' }, ticket: { value: 'CHG-2', source: 'startup' } }),
    );
    expect(seen(await client.query("set sqlwarden.ticket = 'none'"))).toEqual(['SET']);
    expect(seen(await client.query(insert))).toEqual(['42501']);
    expect(seen(await client.query('reset sqlwarden.ticket'))).toEqual(['RESET']);
    expect(seen(await client.query(insert))).toEqual(['INSERT 0 1']);
    await client.close();
  });

  it('lets nobody in with something that cannot be recorded', async () => {
    await expect(connect({ 'sqlwarden.ticket': 'x'.repeat(300) })).rejects.toThrow('startup parameter sqlwarden.ticket must be 1 to 256');
    await expect(connect({ 'sqlwarden.traceparent': 'nope' })).rejects.toThrow('must be a traceparent');
    await expect(connect({ 'sqlwarden.other': 'x' })).rejects.toThrow('is not supported');
  });

  it.each(['simple', 'extended'] as const)('follows the settings of the session as the server does: %s', async (protocol) => {
    const client = await connect();
    const run = async (sql: string): Promise<string[]> => seen(await (protocol === 'simple' ? client.query(sql) : client.extended(sql)));
    const allowed = ['INSERT 0 1'];
    const refused = ['42501'];
    const steps: readonly (readonly [string, readonly string[]])[] = [
      [insert, refused],
      ["set sqlwarden.ticket = 'CHG-3'", ['SET']],
      [insert, allowed],
      ['reset sqlwarden.ticket', ['RESET']],
      [insert, refused],
      ["set SQLWARDEN.Ticket to 'CHG-4'", ['SET']],
      [insert, allowed],
      ['reset all', ['RESET']],
      [insert, refused],
      ["set session sqlwarden.ticket = 'CHG-5'", ['SET']],
      ['discard all', ['DISCARD ALL']],
      [insert, refused],
      ["select set_config('sqlwarden.ticket', 'CHG-6', false)", ['SELECT 1']],
      [insert, allowed],
      ["select set_config('sqlwarden.ticket', '', false)", ['SELECT 1']],
      [insert, refused],
      ["select say('CHG-7')", ['SELECT 1']],
      [insert, allowed],
      ['reset sqlwarden.ticket', ['RESET']],
      // Of a transaction only, and taken back with it.
      ['begin', ['BEGIN']],
      ["set local sqlwarden.ticket = 'CHG-8'", ['SET']],
      [insert, allowed],
      ['commit', ['COMMIT']],
      [insert, refused],
      ['begin', ['BEGIN']],
      ["set sqlwarden.ticket = 'CHG-9'", ['SET']],
      [insert, allowed],
      ['rollback', ['ROLLBACK']],
      [insert, refused],
      ['begin', ['BEGIN']],
      ['savepoint s', ['SAVEPOINT']],
      ["set local sqlwarden.ticket = 'CHG-10'", ['SET']],
      ['rollback to s', ['ROLLBACK']],
      [insert, refused],
      ['rollback', ['ROLLBACK']],
      ["set sqlwarden.ticket = E'CHG-1\\n'", ['SET']],
      [insert, refused],
    ];
    for (const [sql, want] of steps) expect([sql, await run(sql)]).toEqual([sql, want]);
    await client.close();
  });

  it('judges a unit by what was said before it, the messages behind a SET in one pipeline by what it said', async () => {
    const client = await connect();
    expect(seen(await client.query(`set sqlwarden.ticket = 'CHG-1'; ${insert}`))).toEqual(['42501']);
    expect(seen(await client.query('show sqlwarden.ticket'))).toEqual(['42704']);
    const one = (sql: string): Buffer[] => [frontend.parse(sql), frontend.bind({}), frontend.execute()].map((bytes) => Buffer.from(bytes));
    client.send(...one("set sqlwarden.ticket = 'CHG-1'"), ...one(insert), frontend.sync());
    expect(seen(await client.untilReady())).toEqual(['SET', 'INSERT 0 1']);
    await client.close();
  });

  it('never takes what one session said for another, though their decisions are shared', async () => {
    const token = gateway.token(['app'], { id: `p${++people}` });
    const [one, other] = [await gateway.connect('work', token), await gateway.connect('work', token)];
    await one.query("set sqlwarden.ticket = 'CHG-1'");
    for (let round = 0; round < 3; round++) {
      expect(seen(await one.query(insert))).toEqual(['INSERT 0 1']);
      expect(seen(await other.query(insert))).toEqual(['42501']);
    }
    const statement = [frontend.parse(insert, 's'), frontend.sync()];
    for (const client of [one, other]) {
      client.send(...statement);
      await client.untilReady();
    }
    const run = [frontend.bind({ statement: 's' }), frontend.execute(), frontend.sync()];
    one.send(...run);
    expect(seen(await one.untilReady())).toEqual(['INSERT 0 1']);
    other.send(...run);
    expect(seen(await other.untilReady())).toEqual(['42501']);
    await Promise.all([one.close(), other.close()]);
  });

  it('asks for nothing to be held that would be refused anyway, and for what is held the ticket is shown by why', async () => {
    const client = await connect();
    const refused = (await client.query('truncate guarded')).find(({ type }) => type === 'E') as BackendMessage;
    expect(errorFieldsOf(refused).message).toContain('wants a ticket');
    await client.query("set sqlwarden.ticket = 'CHG-77'");
    expect(seen(await client.query(insert))).toEqual(['INSERT 0 1']);
    await client.close();
    await eventually(async () => {
      const text = formatWhy(await why(gateway.ledgerDirectory, { about: 'relation', name: 'public.guarded' }));
      expect(text).toContain('asserted   ticket CHG-77 (setting)');
    });
  });

  it('is shown to approvers, and what they approve for one ticket is not approved for another', async () => {
    const admin = createAdminClient({ socket: gateway.adminSocket });
    const held = async (): Promise<RequestSummary> => {
      for (let attempt = 0; attempt < 200; attempt++) {
        const [request] = await admin.pending();
        if (request !== undefined) return request;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      throw new Error('nothing is held');
    };
    const client = await connect({ options: '-c sqlwarden.purpose=billing' });
    const inTransaction = async (ticket: string): Promise<string[]> => {
      await client.query(`set sqlwarden.ticket = '${ticket}'`);
      await client.query('begin; insert into plain values (2)');
      const messages = await client.query('truncate guarded');
      await client.query('rollback');
      return seen(messages);
    };
    expect(await inTransaction('CHG-81')).toEqual(['25001']);
    const request = await held();
    expect(request.asserted).toEqual({ purpose: 'billing', ticket: 'CHG-81' });
    await admin.decide(request.id, { decision: 'approve', digest: request.digest }, gateway.token(['dba'], { id: 'dana' }));
    expect(await inTransaction('CHG-82')).toEqual(['25001']);
    const other = await held();
    expect([other.asserted?.ticket, other.digest === request.digest]).toEqual(['CHG-82', false]);
    expect(await inTransaction('CHG-81')).toEqual(['TRUNCATE TABLE']);
    await client.close();
  });

  it('works with node-postgres, in a transaction', async () => {
    const client = new pg.Client({
      host: '127.0.0.1',
      port: gateway.ports['work'] ?? 0,
      user: 'ada',
      database: 'work',
      password: gateway.token(['app'], { id: `p${++people}` }),
    });
    await client.connect();
    await client.query('begin');
    await client.query("select set_config('sqlwarden.ticket', $1, true)", ['CHG-9']);
    expect((await client.query('insert into guarded values ($1)', [1])).rowCount).toBe(1);
    await client.query('commit');
    await expect(client.query('insert into guarded values ($1)', [1])).rejects.toMatchObject({ code: '42501' });
    await client.end();
  });
}
