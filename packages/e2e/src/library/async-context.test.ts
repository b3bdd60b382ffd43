// oxlint-disable unicorn/no-thenable -- `then` is a key of rules
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeScramVerifier } from '@sqlwarden/identity';
import { readEntries } from '@sqlwarden/ledger';
import { Client, Pool, runAs } from '@sqlwarden/pg';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import pg from 'pg';
import { parse, stringify } from 'yaml';
import { type CorpusServer, GATEWAY_ROLE, startCorpusServer } from '../harness/database.js';
import { type Site, writeSite } from '../harness/gateway.js';

const POLICY = { version: 1, rules: [{ id: 'all', then: 'allow' }] };
/** The server knows who a session is for. */
const WHO = `select coalesce(current_setting('app.who', true), '') as who`;

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('who is meant where pg calls back', () => {
  let server: CorpusServer;
  let site: Site;
  let pool: Pool;
  /** As a session store has it: for nobody's request in particular. */
  let store: Pool;

  beforeAll(async () => {
    server = await startCorpusServer();
    await server.admin('postgres', `create database work owner ${GATEWAY_ROLE}`);
    site = await writeSite({
      server,
      upstreams: { work: 'work' },
      policies: [stringify(POLICY)],
      upstream: { propagate: { subject: 'app.who' } },
    });
    pool = new Pool({ sqlwarden: site.configFile });
    store = new Pool({ sqlwarden: site.configFile, identity: token('store'), max: 1 });
  });
  afterAll(async () => {
    await Promise.all([pool?.end(), store?.end()]);
    await server?.stop();
    site?.remove();
  });

  const token = (id: string): string => site.token(['app'], { id });
  /** Who a statement of the pool without an identity is for, asked here and now. */
  const whoAmI = (): Promise<string> =>
    pool.query<{ who: string }>(WHO).then(
      ({ rows }) => rows[0]?.who ?? '',
      (error: { code?: string }) => error.code ?? 'failed',
    );
  /** What `ask` finds when it is called where `begin` has it called, for bob; the connections of the store were made for ada. */
  const forBob = async (begin: (call: () => void) => void): Promise<string> => {
    await runAs(token('ada'), () => store.query('select 1'));
    return runAs(token('bob'), () => new Promise<string>((resolve) => begin(() => void whoAmI().then(resolve))));
  };

  it.each<[string, (call: () => void) => void]>([
    ['pool.query', (call) => store.query('select 1', () => call())],
    ['pool.query with values', (call) => store.query('select $1::int', [1], () => call())],
    ['pool.connect', (call) => store.connect((_, __, done) => (done(), call()))],
    [
      'client.query',
      (call) =>
        store.connect((_, client, done) => {
          client?.query('select 1', () => {
            done();
            call();
          });
        }),
    ],
    ['client.query of a Query', (call) => void runQuery(call)],
    [
      'a client that is refused',
      (call) => {
        const client = new Client({ sqlwarden: site.configFile, identity: 'nobody' });
        client.connect(() => call());
      },
    ],
    [
      'client.connect, query and end',
      (call) => {
        const client = new Client({ sqlwarden: site.configFile, identity: token('ada') });
        client.connect(() => client.query('select 1', () => client.end(() => call())));
      },
    ],
  ])('it is whoever gave the callback: %s', async (_, begin) => {
    expect(await forBob(begin)).toBe('bob');
  });

  async function runQuery(call: () => void): Promise<void> {
    const client = await store.connect();
    const query = new pg.Query('select 1');
    (query as unknown as { callback: () => void }).callback = () => {
      client.release();
      call();
    };
    client.query(query);
  }

  it('is whoever gave the query to its listeners', async () => {
    const seen = await forBob((call) => {
      void store.connect().then((client) =>
        client.query(new pg.Query('select 1')).on('end', () => {
          client.release();
          call();
        }),
      );
    });
    expect(seen).toBe('bob');
  });

  it('is nobody in listeners of the connection, which serves several', async () => {
    const seen = await forBob((call) => {
      void store.connect().then(async (client) => {
        client.once('notice', () => call());
        await client.query(`do $$ begin raise warning 'hello'; end $$`);
        client.release();
      });
    });
    expect(seen).toBe('no-identity');
  });

  it('is what the callback’s own request says of why', async () => {
    const eve = token('eve');
    const ask = (ticket: string): Promise<unknown> =>
      runAs(eve, { ticket }, () => new Promise((resolve) => pool.query('select 1', () => pool.query('select 2', resolve))));
    await ask('CHG-1');
    await ask('CHG-2');
    const said = async (): Promise<unknown[]> => {
      const tickets: unknown[] = [];
      const sessions = new Set<string>();
      for await (const { event } of readEntries(site.ledgerDirectory)) {
        if (event.type === 'session.opened' && event.principal.subject.id === 'eve') sessions.add(event.session);
        if (event.type === 'statement.completed' && sessions.has(event.session)) tickets.push(event.asserted?.ticket?.value);
      }
      return tickets;
    };
    const deadline = Date.now() + 4_000;
    // What is written of a read is there a little later than its answer.
    while ((await said()).length < 4 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 25));
    expect(await said()).toEqual(['CHG-1', 'CHG-1', 'CHG-2', 'CHG-2']);
  });

  it.each([null, '', 7, {}])('an identity that is nobody is not the one of the request: %j', async (identity) => {
    const make = async (): Promise<unknown> => {
      const wrong = new Pool({ sqlwarden: site.configFile, identity: identity as string, max: 1 });
      try {
        return await runAs(token('ada'), () => wrong.query(WHO)).then(({ rows }) => rows);
      } finally {
        await wrong.end();
      }
    };
    await expect(make()).rejects.toThrow('an identity is a token or a principal');
    expect(() => pool.as(identity as string)).toThrow('an identity is a token or a principal');
    expect(() => runAs(token('ada'), () => new Client({ sqlwarden: site.configFile, identity: identity as string }))).toThrow(
      'an identity is a token or a principal',
    );
  });

  it('keeps nobody out of an application because others gave it nonsense', async () => {
    for (let at = 0; at < 8; at++) await expect(pool.as(`nonsense ${at}`).query('select 1')).rejects.toThrow();
    expect((await pool.as(token('ada')).query(WHO)).rows).toEqual([{ who: 'ada' }]);
  });

  it.each([['workload'], ['oauth'], ['password'], [['token', 'password']]])(
    'is who the token says, whatever listeners take: %j',
    async (clients) => {
      const other = await writeSite({
        server,
        upstreams: { work: 'work' },
        policies: [stringify(POLICY)],
        upstream: { propagate: { subject: 'app.who' }, clients },
      });
      writeFileSync(join(other.directory, 'workload.jwt'), other.token(['app'], { id: 'the-workload' }));
      const users = [{ user: 'sqlwarden', verifier: makeScramVerifier('secret'), kind: 'person' }];
      writeFileSync(join(other.directory, 'users.yaml'), stringify({ version: 1, users }));
      const config = parse(readFileSync(other.configFile, 'utf8')) as { identity: object };
      const identity = {
        ...config.identity,
        ...(clients === 'workload' && { workload: { tokenFile: './workload.jwt' } }),
        ...(clients.includes('password') && { users: './users.yaml' }),
      };
      writeFileSync(other.configFile, stringify({ ...config, identity }));
      const beside = new Pool({ sqlwarden: other.configFile, user: 'sqlwarden' });
      try {
        await expect(beside.as('nonsense').query(WHO)).rejects.toThrow('is not a token');
        expect((await beside.as(other.token(['app'], { id: 'ada' })).query(WHO)).rows).toEqual([{ who: 'ada' }]);
      } finally {
        await beside.end();
        other.remove();
      }
    },
  );
});
