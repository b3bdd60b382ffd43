import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readEntries, verifyLedger } from '@sqlwarden/ledger';
import { createAdminClient, type RequestSummary } from '@sqlwarden/runtime';
import { findPostgres, findPsql, requireOrSkip, runProgram, until } from '@sqlwarden/testkit';
import pg from 'pg';
import { type BackendMessage, errorFieldsOf, tagOf } from '../harness/backend-messages.js';
import { type CorpusServer, startCorpusServer } from '../harness/database.js';
import * as frontend from '../harness/frontend-messages.js';
import { type RunningGateway, startGateway } from '../harness/gateway.js';
import type { RawClient } from '../harness/raw-client.js';
import { WORLD_A } from '../harness/worlds.js';

const POLICY = `
version: 1
default: deny
rules:
  - { id: all, match: { subject: { groups: [app] }, class: [read, write, procedural] }, then: allow }
  - { id: owners, match: { subject: { groups: [owner] }, class: privilege }, then: allow }
  - { id: schema, match: { class: schema }, then: { approve: { groups: [dba], within: 1m } } }
`;
const LIFETIME_SECONDS = 4;
const NUMBERS = 'select n from generate_series(1, 10) as n';

/** What a session does before the token ends, and what it tries afterwards. */
interface Way {
  readonly note: string;
  before?(client: RawClient): Promise<unknown>;
  after(client: RawClient): Promise<BackendMessage[]>;
}

const inExtended = async (client: RawClient, ...messages: readonly Uint8Array[]): Promise<BackendMessage[]> => {
  client.send(...messages, frontend.sync());
  return client.untilReady();
};

const WAYS: readonly Way[] = [
  { note: 'a simple query', after: (client) => client.query('select 1') },
  { note: 'a statement that sends nothing but a comment', after: (client) => client.query('/* nothing */ select 1') },
  { note: 'the extended protocol from Parse on', after: (client) => client.extended('select $1::int', ['1']) },
  {
    note: 'Bind and Execute of a statement that was prepared before',
    before: (client) => inExtended(client, frontend.parse('select 2', 'kept')),
    after: (client) => inExtended(client, frontend.bind({ statement: 'kept' }), frontend.execute()),
  },
  {
    note: 'Describe of a statement that was prepared before',
    before: (client) => inExtended(client, frontend.parse('select 2', 'kept')),
    after: (client) => inExtended(client, frontend.describeStatement('kept')),
  },
  {
    note: 'the rest of a portal that was executed in part',
    before: async (client) => {
      await client.query('begin');
      return inExtended(
        client,
        frontend.parse(NUMBERS, 'numbers'),
        frontend.bind({ portal: 'some', statement: 'numbers' }),
        frontend.execute('some', 2),
      );
    },
    after: (client) => inExtended(client, frontend.execute('some', 2)),
  },
  {
    note: 'FETCH of a cursor that was declared before',
    before: async (client) => {
      await client.query('begin');
      await client.query(`declare c cursor for ${NUMBERS}`);
      return client.query('fetch 2 from c');
    },
    after: (client) => client.query('fetch 2 from c'),
  },
  {
    note: 'COMMIT of a transaction',
    before: async (client) => {
      await client.query('begin');
      return client.query("insert into settings (key, value) values (gen_random_uuid()::text, 'expired')");
    },
    after: (client) => client.query('commit'),
  },
  {
    note: 'EXECUTE of a statement that SQL has prepared',
    before: (client) => client.query('prepare p as select 3'),
    after: (client) => client.query('execute p'),
  },
  {
    note: 'COPY from the client',
    after: async (client) => {
      client.send(frontend.query('copy settings (key, value) from stdin'));
      const first = await client.next();
      if (first.type === 'G') client.send(frontend.copyDone());
      return [first, ...(await client.untilReady())];
    },
  },
  { note: 'COPY to the client', after: (client) => client.query('copy settings to stdout') },
  { note: 'DO', after: (client) => client.query('do $$ begin end $$') },
  { note: 'SET', after: (client) => client.query("set application_name to 'x'") },
  {
    note: 'the messages of a pipeline',
    after: (client) =>
      inExtended(client, ...[1, 2, 3].flatMap((n) => [frontend.parse(`select ${n}`), frontend.bind({}), frontend.execute()])),
  },
  {
    note: 'a call of a large-object function',
    after: async (client) => {
      // FunctionCall of lo_creat(-1), "Message Formats".
      const argument = Buffer.concat([frontend.int32(4), frontend.int32(-1)]);
      const body = [frontend.int32(957), Buffer.from([0, 1, 0, 1, 0, 1]), argument, Buffer.from([0, 1])];
      client.send(frontend.typed('F', ...body));
      return client.untilReady();
    },
  },
];

const codeOf = (messages: readonly BackendMessage[] = []): string => {
  const error = messages.find(({ type }) => type === 'E');
  if (error === undefined) return messages.find(({ type }) => type === 'C' || type === 's') === undefined ? 'nothing' : 'done';
  const { code, message, all } = errorFieldsOf(error);
  return `${code} ${/code: ([a-z-]+)/.exec(all['D'] ?? '')?.[1] ?? message}`;
};
const EXPIRED = '28000 identity-expired';

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('a token that ends in the middle of a session', () => {
  let server: CorpusServer;
  let gateway: RunningGateway;
  const opened: RawClient[] = [];
  const tokens: string[] = [];
  /** Of tokens that ended before the first test; the control's has not. */
  let sessions: readonly { readonly way: Way; readonly client: RawClient; readonly control: RawClient }[];
  let [copying, holding, early, late, extended, failed]: RawClient[] = [];
  let request: RequestSummary | undefined;

  beforeAll(async () => {
    server = await startCorpusServer();
    await server.create('crm', WORLD_A);
    await server.admin('crm', 'grant usage on schema public to public');
    gateway = await startGateway({ server, upstreams: { crm: 'crm' }, policies: [POLICY] });
    const short = token(LIFETIME_SECONDS);
    const open = async (way: Way, given: string): Promise<RawClient> => {
      const client = await connect(given);
      await way.before?.(client);
      return client;
    };
    const good = token(3600);
    sessions = await Promise.all(WAYS.map(async (way) => ({ way, client: await open(way, short), control: await open(way, good) })));
    [copying, holding, early, late, extended, failed] = await Promise.all([1, 2, 3, 4, 5, 6].map(() => connect(short)));
    copying?.send(frontend.query('copy settings (key, value) from stdin'));
    while ((await copying?.next())?.type !== 'G');
    holding?.send(frontend.query('create table held_too_long (a int)'));
    while (request === undefined) [request] = await createAdminClient({ socket: gateway.adminSocket }).pending();
    await failed?.query('begin');
    const renewed = await early?.query(set(token(3600)));
    expect(renewed?.filter(({ type }) => type === 'C').map(tagOf)).toEqual(['SET']);
    await delay(LIFETIME_SECONDS * 1000);
  }, 30_000);
  afterAll(async () => {
    await Promise.all(opened.map((client) => client.close()));
    const { ledgerDirectory } = gateway;
    await gateway.sidecar.stop(0);
    expect((await verifyLedger(ledgerDirectory)).exitCode).toBe(0);
    // Whole tokens are nowhere: not in the entries, not in what is kept beside them.
    const files = readdirSync(ledgerDirectory, { recursive: true, encoding: 'utf8' }).map((name) => join(ledgerDirectory, name));
    const everything = files.filter((file) => statSync(file).isFile()).map((file) => readFileSync(file, 'latin1'));
    const told = gateway.troubles.map(({ message }) => message);
    for (const token of tokens) for (const text of [...everything, ...told]) expect(text.includes(token)).toBe(false);
    gateway.remove();
    await server.stop();
  });

  const token = (lifetimeSeconds: number, groups = ['app'], options: object = {}): string => {
    const made = gateway.token(groups, { lifetimeSeconds, ...options });
    tokens.push(made);
    return made;
  };
  const connect = async (given: string): Promise<RawClient> => {
    const client = await gateway.connect('crm', given);
    opened.push(client);
    return client;
  };
  const set = (given: string): string => `SET sqlwarden.token = '${given}'`;

  it('stops the next statement, however it is sent, and lets a transaction be taken back', async () => {
    const found: Record<string, readonly string[]> = {};
    for (const { way, client, control } of sessions) {
      found[way.note] = [codeOf(await way.after(client)), codeOf(await way.after(control)), codeOf(await client.query('rollback'))];
    }
    const want = Object.fromEntries(
      WAYS.map(({ note }) => {
        const isDescribed = note.startsWith('Describe') || note.startsWith('a call');
        return [note, [EXPIRED, isDescribed ? 'nothing' : 'done', 'done']];
      }),
    );
    expect(found).toEqual(want);
    const [{ count }] = (await server.admin<{ count: string }>('crm', "select count(*) from settings where value = 'expired'")) as [
      { count: string },
    ];
    // That of the control is there, which committed; that of the expired one is not.
    expect(count).toBe('1');
  });

  it('lets what runs end, COPY data in flight too', async () => {
    const client = copying as RawClient;
    client.send(frontend.copyData('in-flight\tx\n'), frontend.copyDone());
    expect(codeOf(await client.untilReady())).toBe('done');
    expect(codeOf(await client.query('select 1'))).toBe(EXPIRED);
  });

  it('refuses on waking what was held for an approval meanwhile', async () => {
    const { id, digest } = request as RequestSummary;
    const admin = createAdminClient({ socket: gateway.adminSocket });
    await admin.decide(id, { decision: 'approve', digest }, gateway.token(['dba'], { id: 'dana' }));
    expect(codeOf(await (holding as RawClient).untilReady())).toBe(EXPIRED);
  });

  it('is renewed by a newer token, before the end and after it, in both protocols', async () => {
    expect(codeOf(await early?.query('select 1'))).toBe('done');
    expect(codeOf(await late?.query('select 1'))).toBe(EXPIRED);
    expect(codeOf(await late?.query(`  set session SQLWarden.Token to '${token(3600)}' ; `))).toBe('done');
    expect(codeOf(await late?.query('select 1'))).toBe('done');
    expect(codeOf(await extended?.extended(set(token(3600))))).toBe('done');
    expect(codeOf(await extended?.extended('select 1'))).toBe('done');
    const statements = async (): Promise<readonly string[]> =>
      (await server.admin<{ query: string }>('crm', "select query from pg_stat_activity where query ilike '%sqlwarden.token%'"))
        .map(({ query }) => query)
        .filter((query) => !query.includes('pg_stat_activity'));
    // What the server has seen of it, in either protocol.
    for (const send of [late?.query(set(token(3600))), extended?.extended(set(token(3600)))]) {
      expect(codeOf(await send)).toBe('done');
      const seen = await statements();
      expect(seen.length).toBeGreaterThan(0);
      expect(new Set(seen)).toEqual(new Set(["SET sqlwarden.token = ''"]));
    }
    const renewed = [];
    for await (const { event } of readEntries(gateway.ledgerDirectory)) if (event.type === 'session.renewed') renewed.push(event);
    expect(renewed).toHaveLength(5);
    expect(renewed[0]).toMatchObject({ by: 'statement', principal: { subject: { id: 'ada' } } });
  });

  it('is renewed only by the same parties with the same rights; otherwise the session stays as it was', async () => {
    const client = await connect(token(3600));
    const robot = { kind: 'agent', id: 'robo', groups: ['app'] } as const;
    const refused: Readonly<Record<string, string>> = {
      somebody: token(3600, ['app'], { id: 'eve' }),
      'somebody acting for her': token(3600, ['app'], { actors: [robot] }),
      'other rights': token(3600, ['app', 'owner']),
      'less rights': token(3600, []),
      nonsense: 'eyJ.eyJ.AAAA',
      cut: token(3600).slice(0, -4),
    };
    for (const [note, given] of Object.entries(refused)) {
      expect([note, codeOf(await client.query(set(given)))]).toEqual([note, '28P01 identity-invalid']);
      expect([note, codeOf(await client.query('select 1'))]).toEqual([note, 'done']);
    }
    for (const text of [
      `${set(token(3600))}; select 1`,
      `set local sqlwarden.token = '${token(3600)}'`,
      `select set_config('sqlwarden.token', '${token(3600)}', false)`,
      `set "sqlwarden" . "token" = '${token(3600)}'`,
      `do $$ begin set sqlwarden.token = '${token(3600)}'; end $$`,
      'set sqlwarden.token = default',
    ])
      expect([text.slice(0, 30), codeOf(await client.query(text))]).toEqual([text.slice(0, 30), '28P01 identity-invalid']);
    expect(codeOf(await client.extended(`show sqlwarden.token -- ${token(3600)}`))).toBe('28P01 identity-invalid');
    expect(codeOf(await client.query('select 1'))).toBe('done');
    const refusals = [];
    for await (const { event } of readEntries(gateway.ledgerDirectory))
      if (event.type === 'statement.refused' && event.message.startsWith('sqlwarden.token is for')) refusals.push(event.phase);
    expect(refusals).toEqual([...Array.from({ length: 6 }, () => 'query'), 'prepare']);
  });

  it('is taken from stock clients', async () => {
    const place = { host: '127.0.0.1', port: gateway.ports['crm'] ?? 0, user: 'ada', database: 'crm' };
    const driver = new pg.Client({ ...place, password: token(3600) });
    await driver.connect();
    expect((await driver.query(set(token(3600)))).command).toBe('SET');
    expect((await driver.query('select $1::int as n', [1])).rows).toEqual([{ n: 1 }]);
    await driver.end();
    const psql = findPsql();
    if (!requireOrSkip(psql) || !psql.found) return;
    const url = `postgres://ada@127.0.0.1:${place.port}/crm`;
    const { stdout } = await runProgram(psql.path, ['-X', '-A', '-t', '-d', url, '-c', set(token(3600)), '-c', 'select 7'], {
      env: { PGPASSWORD: token(3600) },
    });
    expect(stdout).toBe('SET\n7\n');
  });

  it('is not renewed by a token that is revoked', async () => {
    const client = await connect(token(3600));
    const { operations } = gateway.sidecar.gateway;
    const [stolen, good] = [token(3600), token(3600)];
    const { jti } = JSON.parse(Buffer.from(stolen.split('.')[1] ?? '', 'base64url').toString()) as { jti: string };
    const verified = await gateway.sidecar.gateway.verifyToken(good);
    if (!verified.ok) throw new Error(verified.message);
    operations.revoke({ tokenId: jti }, verified.principal);
    expect(codeOf(await client.query(set(stolen)))).toBe('28000 identity-revoked');
    expect(codeOf(await client.query(set(good)))).toBe('done');
    expect(codeOf(await client.query('select 1'))).toBe('done');
  });

  it('is renewed by itself where it came from a file that has a newer one', async () => {
    const issuers = [{ name: 'dev', preset: 'dev', issuer: gateway.issuer.issuer, audience: 'sqlwarden', keys: { directory: './issuer' } }];
    const pod = await startGateway({
      server,
      upstreams: { crm: 'crm' },
      policies: [POLICY],
      upstream: { clients: 'workload' },
      config: { identity: { issuers, workload: { tokenFile: './token' } } },
    });
    const put = (id: string, lifetimeSeconds: number): void =>
      writeFileSync(join(pod.directory, 'token'), pod.token(['app'], { id, kind: 'service', lifetimeSeconds }));
    try {
      put('etl', 4);
      const [stays, other] = [await pod.connect('crm', ''), await pod.connect('crm', '')];
      expect(codeOf(await stays.query('select 1'))).toBe('done');
      await delay(4_000);
      expect(codeOf(await stays.query('select 1'))).toBe(EXPIRED);
      put('somebody-else', 3600);
      expect(codeOf(await other.query('select 1'))).toBe(EXPIRED);
      put('etl', 3600);
      // A source that had nothing new is asked again after a second, by each session.
      await until(async () => codeOf(await stays.query('select 1')) === 'done');
      await until(async () => codeOf(await other.extended('select 1')) === 'done');
      await Promise.all([stays.close(), other.close()]);
    } finally {
      await pod.stop();
    }
  }, 20_000);

  it('is not renewed in a failed transaction, which can be rolled back first', async () => {
    const client = failed as RawClient;
    expect(codeOf(await client.query('select 1'))).toBe(EXPIRED);
    expect(codeOf(await client.query(set(token(3600))))).toBe('25P02 transaction-failed');
    expect(codeOf(await client.query('rollback'))).toBe('done');
    expect(codeOf(await client.query(set(token(3600))))).toBe('done');
    expect(codeOf(await client.query('select 1'))).toBe('done');
  });
});
