import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { type AdminClient, createAdminClient } from '@sqlwarden/runtime';
import { findPostgres, freePort, requireOrSkip, until } from '@sqlwarden/testkit';
import pg from 'pg';
import { type Site, startSite, startUp, type Up } from '../../test/site.js';

const suite = requireOrSkip(findPostgres(18)) ? describe : describe.skip;

/** What node-postgres knows of its connection beyond its types. */
interface Wire {
  readonly processID: number;
  readonly secretKey: number;
  readonly connection: { readonly stream: { readonly localPort: number } };
}

suite('a gateway with two workers', () => {
  let site: Site;
  let up: Up;
  let probes: number;
  const tokens = { app: '', other: '', dev: '', dba: '' };

  beforeAll(async () => {
    probes = await freePort();
    site = await startSite(`workers: 2
limits: { maxSessions: 8, maxSessionsPerIdentity: 4, maxLogins: 6, loginTimeoutMs: 2500 }
health: { listen: 127.0.0.1:${probes} }
`);
    up = await startUp(site);
    tokens.app = await site.token('--subject', 'shop', '--kind', 'service', '--groups', 'app');
    tokens.other = await site.token('--subject', 'other', '--kind', 'service', '--groups', 'app');
    tokens.dev = await site.token('--subject', 'devi', '--groups', 'dev');
    tokens.dba = await site.token('--subject', 'dana', '--groups', 'dba');
  }, 60_000);
  afterAll(async () => {
    up.process.stdin?.end();
    await up.ended;
    await site.stop();
  });

  const open: pg.Client[] = [];
  async function client(token: string): Promise<pg.Client> {
    const opened = await site.connect(token);
    open.push(opened);
    return opened;
  }
  afterEach(async () => {
    await Promise.all(open.splice(0).map((opened) => opened.end().catch(() => undefined)));
  });

  const admin = (): AdminClient => createAdminClient({ socket: path.join(site.directory, 'run/admin.sock') });
  const sessions = (): ReturnType<AdminClient['sessions']> => admin().sessions();
  const approve = async (id: string): Promise<void> => {
    const { digest } = await admin().request(id);
    expect((await admin().decide(id, { decision: 'approve', digest }, tokens.dba)).state).toBe('approved');
  };

  async function metric(name: string): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${probes}/metrics`)).text();
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1));
  }

  /** A connection and the worker that serves it. */
  async function clientOf(worker: string, token: string): Promise<pg.Client> {
    const others: pg.Client[] = [];
    for (let tries = 0; tries < 3; tries++) {
      const opened = await client(token);
      const port = (opened as unknown as Wire).connection.stream.localPort;
      const session = (await sessions()).find((one) => one.client.endsWith(`:${port}`));
      if (session?.worker === worker) {
        for (const other of others) await other.end();
        return opened;
      }
      others.push(opened);
    }
    throw new Error(`no client came to ${worker}`);
  }

  function pidOf(worker: string): number {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) !== up.process.pid) continue;
        if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(worker)) return Number(pid);
      } catch {
        // It ended while it was looked at.
      }
    }
    throw new Error(`there is no process of ${worker}`);
  }

  /** A request that comes before the statement has reached the server cancels nothing. */
  async function sleepersAtServer(): Promise<number> {
    const direct = new pg.Client(site.server.url());
    await direct.connect();
    const { rowCount } = await direct.query("select from pg_stat_activity where wait_event = 'PgSleep'");
    await direct.end();
    return rowCount ?? 0;
  }

  it('spreads clients, keeps a log for each worker, and adds their counts up', async () => {
    const clients = await Promise.all([0, 1, 2, 3].map(() => client(tokens.app)));
    for (const mine of clients) {
      const { rows } = await mine.query<{ email: string }>('select email from people where id = $1', [7]);
      expect(rows).toEqual([{ email: expect.stringMatching(/^s\*+@/) }]);
    }
    const workers = (await sessions()).map(({ worker }) => worker);
    expect(workers.toSorted()).toEqual(['worker-1', 'worker-1', 'worker-2', 'worker-2']);
    expect(await metric('sqlwarden_connections')).toBe(4);
    expect(await metric('sqlwarden_workers{state="serving"}')).toBe(2);
    const found = (await site.run(['ledger', 'search', '--identity', 'shop', '--json'])).stdout.trimEnd().split('\n');
    const logs = found.map((line) => (JSON.parse(line) as { log: string }).log);
    expect(logs.toSorted()).toEqual(['worker-1', 'worker-1', 'worker-2', 'worker-2']);
    const made =
      (await metric('sqlwarden_decisions_total{decision="made"}')) + (await metric('sqlwarden_decisions_total{decision="found"}'));
    expect(made).toBeGreaterThanOrEqual(4);
  }, 60_000);

  it('brings a cancel request to the worker whose session it is for', async () => {
    for (const worker of ['worker-1', 'worker-2']) {
      // The requests themselves come to the two workers in turn.
      for (let turn = 0; turn < 2; turn++) {
        const mine = await clientOf(worker, tokens.app);
        const slow = mine.query('select count(*) from people, pg_sleep(20)').then(
          () => 'ran to its end',
          (error: unknown) => (error as { readonly code: string }).code,
        );
        await until(async () => (await sessions()).some(({ state }) => state === 'active') && (await sleepersAtServer()) === 1);
        sendCancel(site.port, mine);
        expect(await slow).toBe('57014');
        await mine.end();
      }
    }
  }, 60_000);

  it('lists and decides held statements of either worker', async () => {
    for (const worker of ['worker-1', 'worker-2']) {
      const mine = await clientOf(worker, tokens.dev);
      const notice = once(mine, 'notice') as Promise<[{ readonly message: string }]>;
      const done = mine.query(`create table of_${worker.replace('-', '_')} (a int)`).then(({ command }) => command);
      const id = /request ([a-z0-9]+)/.exec((await notice)[0].message)?.[1] ?? '';
      expect((await admin().pending()).map((request) => request.id)).toEqual([id]);
      await approve(id);
      expect(await done).toBe('CREATE');
      // The next unit of the session finds the change in the schema, and knows who made it.
      await expect(mine.query('select 1')).rejects.toMatchObject({ code: '42501' });
      await mine.end();
    }
    const unknown = await site.run(['approve', 'abcdefgh'], { SQLWARDEN_TOKEN: tokens.dba });
    expect([unknown.status, unknown.stderr]).toEqual([1, expect.stringContaining('no such open request')]);
  }, 60_000);

  it('lets an approval be used where its requester comes back, once', async () => {
    const first = await clientOf('worker-1', tokens.dev);
    await first.query('begin');
    const notice = once(first, 'notice') as Promise<[{ readonly message: string }]>;
    const done = first.query('create table locks (a int)');
    const held = /request ([a-z0-9]+)/.exec((await notice)[0].message)?.[1] ?? '';
    await approve(held);
    await done;
    // With locks it is not held but refused, to come back with once it is approved.
    const refused = await first.query('create table later (a int)').catch((error: unknown) => error as { code: string; message: string });
    const id = /request ([a-z0-9]+)/.exec('message' in refused ? refused.message : '')?.[1] ?? '';
    expect(refused).toMatchObject({ code: '25001' });
    await approve(id);
    await first.end();
    const second = await clientOf('worker-2', tokens.dev);
    expect((await second.query('create table later (a int)')).command).toBe('CREATE');
    const { logs } = JSON.parse((await site.run(['ledger', 'verify', '--json'])).stdout) as { logs: { exitCode: number }[] };
    expect(logs.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  }, 60_000);

  it('answers an auditor from all logs as from one', async () => {
    const why = JSON.parse((await site.run(['why', 'change', 'public.of_worker_1', '--json'])).stdout) as {
      changes: { seq: number; log: string; text: string }[];
      schemaChanges: { intent?: number }[];
    };
    const text = 'create table of_worker_1 (a int)';
    expect(why.changes).toMatchObject([{ log: 'worker-1', text, approval: { decisions: [{ decision: 'approve' }] } }]);
    // The other worker finds the same change in the schema; it is told once, with the statement that made it.
    expect(why.schemaChanges.map(({ intent }) => intent)).toEqual([why.changes[0]?.seq]);
    const entry = `worker-1:${why.changes[0]?.seq}`;
    expect((await site.run(['ledger', 'show', entry])).stdout).toContain(text);
    expect((await site.run(['why', 'statement', entry])).stdout).toContain(text);
    const bare = await site.run(['ledger', 'show', '3']);
    expect([bare.status, bare.stderr]).toEqual([2, expect.stringContaining('such as worker-1:3')]);
    const tail = (await site.run(['ledger', 'tail', '--count', '6', '--json'])).stdout.trimEnd().split('\n');
    const times = tail.map((line) => (JSON.parse(line) as { event: { time: number } }).event.time);
    expect([times.length, times]).toEqual([6, times.toSorted((one, other) => one - other)]);
    const verified = JSON.parse((await site.run(['ledger', 'verify', '--json'])).stdout) as { logs: { log: string; exitCode: number }[] };
    expect(verified.logs.map(({ log, exitCode }) => [log, exitCode])).toEqual([
      ['worker-1', 0],
      ['worker-2', 0],
    ]);
  }, 60_000);

  it('limits clients of an identity and of a listener over both workers, and says why', async () => {
    // That a client has gone, one that was refused too, is noticed a little later.
    const connected = (count: number): Promise<void> => until(async () => (await metric('sqlwarden_connections')) === count);
    await connected(0);
    const clients = await Promise.all([0, 1, 2, 3].map(() => client(tokens.app)));
    await expect(client(tokens.app)).rejects.toMatchObject({
      code: '53300',
      message: expect.stringContaining('this identity has 4'),
    });
    await connected(4);
    clients.push(...(await Promise.all([0, 1, 2, 3].map(() => client(tokens.other)))));
    await expect(client(tokens.dev)).rejects.toMatchObject({ code: '53300', message: expect.stringContaining('8 clients are') });
    expect(await metric('sqlwarden_turned_away_total{why="identity"}')).toBe(1);
    await clients[0]?.end();
    await connected(7);
    await (await client(tokens.dev)).end();
    await Promise.all(clients.map((one) => one.end()));
    await connected(0);
  }, 60_000);

  it('counts what an identity may use over both workers', async () => {
    const token = await site.token('--subject', 'meter', '--kind', 'service', '--groups', 'app,metered');
    const [one, two] = [await clientOf('worker-1', token), await clientOf('worker-2', token)];
    for (let n = 0; n < 4; n++) await one.query('select 1');
    // What one worker has let through the other one learns a little later.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await two.query('select 1');
    await expect(two.query('select 1')).rejects.toMatchObject({ code: '54000', message: expect.stringContaining('metered') });
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await expect(one.query('select 1')).rejects.toMatchObject({ code: '54000' });
  }, 60_000);

  it('lives through a flood of clients that say nothing', async () => {
    const flood = Array.from({ length: 100 }, () => connect(site.port, '127.0.0.1').on('error', () => undefined));
    await until(async () => (await metric('sqlwarden_turned_away_total{why="dropped"}')) === 30);
    expect(await metric('sqlwarden_listener_logins{listener="crm"}')).toBe(6);
    await until(async () => (await metric('sqlwarden_connections')) === 0);
    const mine = await client(tokens.app);
    await mine.end();
    for (const socket of flood) socket.destroy();
  }, 60_000);

  it('starts a worker again that was killed; clients of the other one notice nothing', async () => {
    const [lost, kept] = [await clientOf('worker-1', tokens.app), await clientOf('worker-2', tokens.app)];
    const gone = endOf(lost);
    const restarts = await metric('sqlwarden_worker_restarts_total');
    process.kill(pidOf('worker-1'), 'SIGKILL');
    await gone;
    expect((await kept.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect((await fetch(`http://127.0.0.1:${probes}/readyz`)).status).toBe(200);
    await until(async () => (await metric('sqlwarden_workers{state="serving"}')) === 2);
    expect(await metric('sqlwarden_worker_restarts_total')).toBe(restarts + 1);
    expect(up.output.stderr).toMatch(/worker-1 was ended by SIGKILL; its 1 clients are disconnected; it is started again in 250 ms/);
    const again = await clientOf('worker-1', tokens.app);
    expect((await again.query('select 2 as two')).rows).toEqual([{ two: 2 }]);
    expect(await site.run(['ledger', 'verify'])).toMatchObject({ status: 0 });
  }, 60_000);

  it('drains: ends idle clients at once, others when their transaction has ended, and closes every log', async () => {
    const [idle, busy] = [await clientOf('worker-1', tokens.app), await clientOf('worker-2', tokens.app)];
    const told = once(idle, 'error') as Promise<[{ readonly code: string }]>;
    await busy.query('begin');
    await busy.query('select 1');
    up.process.kill('SIGTERM');
    expect((await told)[0].code).toBe('57P01');
    expect((await fetch(`http://127.0.0.1:${probes}/readyz`)).status).toBe(503);
    await expect(client(tokens.app)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect((await busy.query('select 3 as three')).rows).toEqual([{ three: 3 }]);
    const ended = endOf(busy);
    await busy.query('commit');
    await ended;
    expect(await up.ended).toBe(0);
    expect(up.output.stdout).toMatch(/SIGTERM: draining 2 connections for up to 10 s\nstopped\n$/);
    const tail = (await site.run(['ledger', 'tail', '--count', '40', '--json'])).stdout.trimEnd().split('\n');
    const closed = tail
      .map((line) => JSON.parse(line) as { log: string; event: { type: string } })
      .filter(({ event }) => event.type === 'log.closed');
    expect(closed.map(({ log }) => log).toSorted()).toEqual(['worker-1', 'worker-2']);
  }, 60_000);

  it('ends its workers when the primary is killed, in order', async () => {
    up = await startUp(site);
    const mine = await client(tokens.app);
    const ended = endOf(mine);
    const pids = [pidOf('worker-1'), pidOf('worker-2')];
    up.process.kill('SIGKILL');
    await ended;
    await until(async () => pids.every((pid) => !isAlive(pid)));
    expect(await site.run(['ledger', 'verify'])).toMatchObject({ status: 0 });
    expect((await site.run(['ledger', 'tail', '--count', '1'])).stdout).toContain('closed');
  }, 60_000);
});

/** Resolves when the connection has ended, however it did. */
function endOf(client: pg.Client): Promise<void> {
  return new Promise((resolve) => client.once('end', () => resolve()));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** "CancelRequest" of "Message Formats", protocol 3.0. */
function sendCancel(port: number, client: pg.Client): void {
  const { processID, secretKey } = client as unknown as Wire;
  const bytes = Buffer.alloc(16);
  bytes.writeInt32BE(16, 0);
  bytes.writeInt32BE(80_877_102, 4);
  bytes.writeInt32BE(processID, 8);
  bytes.writeInt32BE(secretKey, 12);
  const socket = connect(port, '127.0.0.1', () => socket.end(bytes));
  socket.on('error', () => undefined);
}
