// oxlint-disable unicorn/no-thenable -- `then` is a key of rules
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readEntries } from '@sqlwarden/ledger';
import { Client, Pool, type PoolConfig, runAs, SqlwardenPgError } from '@sqlwarden/pg';
import { findPostgres, requireOrSkip, until } from '@sqlwarden/testkit';
import fc from 'fast-check';
import type pg from 'pg';
import { stringify } from 'yaml';
import { type CorpusServer, GATEWAY_ROLE, startCorpusServer } from '../harness/database.js';
import { type Site, writeSite } from '../harness/gateway.js';

const POLICY = {
  version: 1,
  rules: [{ id: 'all', then: 'allow' }],
  require: [{ id: 'ticket-for-guarded', match: { relations: { write: 'work.public.guarded' } }, ticket: 'CHG-[0-9]+' }],
};
const SCHEMA = `
CREATE TABLE guarded (n int); CREATE TABLE plain (n int); CREATE ROLE reader; GRANT reader TO ${GATEWAY_ROLE};
GRANT ALL ON ALL TABLES IN SCHEMA public TO ${GATEWAY_ROLE}, reader`;

interface Canaries {
  readonly pid: number;
  readonly setting: string;
  readonly table: string | null;
}
const LOOK = `select pg_backend_pid() as pid, coalesce(current_setting('app.canary', true), '') as setting, to_regclass('pg_temp.canary')::text as table`;

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('identities over one pool', () => {
  let server: CorpusServer;
  let site: Site;
  /** Keeps the gateway open from one test to the next. */
  let keeper: Pool;

  beforeAll(async () => {
    server = await startCorpusServer();
    await server.admin('postgres', `create database work owner ${GATEWAY_ROLE}`);
    await server.admin('work', SCHEMA);
    site = await writeSite({ server, upstreams: { work: 'work' }, policies: [stringify(POLICY)] });
    keeper = new Pool({ sqlwarden: site.configFile });
  });
  afterAll(async () => {
    await keeper?.end();
    await server?.stop();
    site?.remove();
  });

  const token = (id: string, lifetimeSeconds = 3600): string => site.token(['app'], { id, lifetimeSeconds });
  async function withPool(options: Partial<PoolConfig>, work: (pool: Pool) => Promise<void>): Promise<void> {
    const pool = new Pool({ sqlwarden: site.configFile, max: 1, ...options });
    pool.on('error', () => undefined);
    try {
      await work(pool);
    } finally {
      await pool.end();
    }
  }
  const one = async (from: Pool | pg.PoolClient, sql: string, values?: unknown[]): Promise<unknown> => {
    const { rows } = await (from as Pool).query({ text: sql, rowMode: 'array', ...(values === undefined ? {} : { values }) });
    return (rows[0] as unknown[] | undefined)?.[0];
  };
  const backends = async (): Promise<number[]> => {
    const sql = `select pid from pg_stat_activity where usename = '${GATEWAY_ROLE}' and datname = 'work'`;
    return (await server.admin<{ pid: number }>('postgres', sql)).map(({ pid }) => pid);
  };
  describe('that runAs says', () => {
    it('have each their own connections, however their requests are interleaved', async () => {
      await withPool({ max: 2 }, async (pool) => {
        const seen = new Map<string, Set<unknown>>();
        await Promise.all(
          Array.from({ length: 24 }, (_, at) => {
            const id = `web-${at % 4}`;
            return runAs(token(id), async () => {
              await new Promise((resolve) => setTimeout(resolve, (at * 7) % 11));
              const pids = seen.get(id) ?? new Set();
              seen.set(id, pids.add(await one(pool, 'select pg_backend_pid(), pg_sleep(0.01)')));
            });
          }),
        );
        const all = [...seen.values()].flatMap((pids) => [...pids]);
        expect(seen.size).toBe(4);
        expect(new Set(all).size).toBe(all.length);
      });
    });

    it('are needed: without one nothing is connected, however it is asked for', async () => {
      await withPool({}, async (pool) => {
        const before = await backends();
        const wanted = { name: 'SqlwardenPgError', code: 'no-identity' };
        await expect(pool.query('select 1')).rejects.toMatchObject(wanted);
        await expect(pool.connect()).rejects.toMatchObject(wanted);
        await expect(new Promise((_, reject) => pool.connect((error) => reject(error)))).rejects.toMatchObject(wanted);
        await expect(new Promise((_, reject) => pool.query('select 1', (error) => reject(error)))).rejects.toMatchObject(wanted);
        expect(() => new Client({ sqlwarden: site.configFile })).toThrow(SqlwardenPgError);
        expect((await backends()).length).toBeLessThanOrEqual(before.length + 1);
      });
    });

    it('have their connections set up by whoever listens to the pool', async () => {
      await withPool({}, async (pool) => {
        const heard: string[] = [];
        pool.on('connect', (client) => void client.query("set app.set_up = 'yes'"));
        for (const event of ['connect', 'acquire', 'release'] as const) pool.on(event, () => void heard.push(event));
        expect(await runAs(token('first'), () => one(pool, "select current_setting('app.set_up', true)"))).toBe('yes');
        expect(await one(pool.as(token('second')), "select current_setting('app.set_up', true)")).toBe('yes');
        expect(heard).toEqual(['connect', 'acquire', 'release', 'connect', 'acquire', 'release']);
      });
    });

    it('count less than an identity that was given', async () => {
      await withPool({}, async (pool) => {
        const own = await one(pool.as(token('given')), 'select pg_backend_pid()');
        const inside = await runAs(token('said'), () => one(pool.as(token('given')), 'select 1'));
        expect(inside).toBe(1);
        const said = await runAs(token('said'), () => one(pool, 'select pg_backend_pid()'));
        expect(said).not.toBe(own);
      });
    });

    it('serve callbacks, single clients and transactions', async () => {
      await withPool({}, async (pool) => {
        await runAs(token('caller'), async () => {
          const rows = await new Promise((resolve, reject) =>
            pool.query('select 1 as one', (error, result) => (error ? reject(error) : resolve(result.rows))),
          );
          expect(rows).toEqual([{ one: 1 }]);
          const released = await new Promise((resolve, reject) =>
            pool.connect((error, client, done) => {
              if (client === undefined) return reject(error);
              client.query('select 2 as two', (failure, result) => {
                done();
                if (failure) reject(failure);
                else resolve(result.rows);
              });
            }),
          );
          expect(released).toEqual([{ two: 2 }]);
          const client = new Client({ sqlwarden: site.configFile });
          await client.connect();
          expect((await client.query('select 3 as three')).rows).toEqual([{ three: 3 }]);
          await client.end();
          const leased = await pool.connect();
          await leased.query('begin');
          await leased.query('insert into plain values (1)');
          await leased.query('rollback');
          leased.release();
        });
      });
    });
  });

  describe('see nothing of each other', () => {
    it.each<readonly [what: string, leave: readonly string[], look: string, own: unknown, others: unknown]>([
      ['settings', ["set app.tenant = 'ada'"], "select current_setting('app.tenant', true)", 'ada', null],
      ['how long statements may take', ["set statement_timeout = '77s'"], 'show statement_timeout', '77s', '0'],
      ['search paths', ['set search_path = pg_catalog'], 'show search_path', 'pg_catalog', '"$user", public'],
      ['roles', ['set role reader'], 'select current_user', 'reader', GATEWAY_ROLE],
      ['temporary tables', ['create temporary table mine as select 1 as n'], "select to_regclass('pg_temp.mine')::text", 'mine', null],
      ['prepared statements', ['prepare mine as select 1'], 'select count(*)::int from pg_prepared_statements where name = $$mine$$', 1, 0],
      ['cursors that outlive transactions', ['declare mine cursor with hold for select 1'], 'select count(*)::int from pg_cursors', 1, 0],
      ['advisory locks', ['select pg_advisory_lock(4711)'], 'select pg_advisory_unlock(4711)', true, false],
      ['channels', ['listen mine'], 'select count(*)::int from pg_listening_channels()', 1, 0],
    ])('%s', async (_, leave, look, own, others) => {
      await withPool({}, async (pool) => {
        const [ada, bob] = [pool.as(token('ada')), pool.as(token('bob'))];
        for (const sql of leave) await ada.query(sql);
        expect(await one(bob, look)).toEqual(others);
        expect(await one(ada, look)).toEqual(own);
        // The same after one that fails, and after a transaction that was left open.
        await expect(ada.query('select 1 / 0')).rejects.toMatchObject({ code: '22012' });
        await bob.query('begin');
        expect(await one(bob, look)).toEqual(others);
        await bob.query('rollback');
        expect(await one(pool.as(token('eve')), look)).toEqual(others);
      });
    });

    it('named statements of the driver, with the same name and another text', async () => {
      await withPool({}, async (pool) => {
        const named = (id: string, text: string) => pool.as(token(id)).query({ name: 'mine', text, rowMode: 'array' });
        expect((await named('ada', "select 'ada'")).rows).toEqual([['ada']]);
        expect((await named('bob', "select 'bob'")).rows).toEqual([['bob']]);
        expect((await named('ada', "select 'ada'")).rows).toEqual([['ada']]);
      });
    });

    it('notifications that another one listens for', async () => {
      await withPool({}, async (pool) => {
        const [ada, bob] = [await pool.as(token('ada')).connect(), await pool.as(token('bob')).connect()];
        const heard: string[] = [];
        ada.on('notification', () => void heard.push('ada'));
        bob.on('notification', () => void heard.push('bob'));
        await ada.query('listen news');
        await bob.query("notify news, 'for those who listen'");
        await Promise.all([ada.query('select 1'), bob.query('select 1')]);
        await until(async () => heard.length > 0);
        expect(heard).toEqual(['ada']);
        for (const client of [ada, bob]) client.release();
      });
    });

    it('transactions that somebody left open', async () => {
      await withPool({}, async (pool) => {
        const client = await pool.as(token('ada')).connect();
        await client.query('begin');
        await client.query('insert into plain values (4711)');
        client.release();
        expect(await one(pool.as(token('bob')), 'select count(*)::int from plain where n = 4711')).toBe(0);
        expect(await one(pool.as(token('bob')), 'select pg_current_xact_id_if_assigned() is null')).toBe(true);
      });
    });
  });

  it("never read each other's canaries, in whatever order they come, fail, are evicted and come back", async () => {
    const step = fc.record({
      who: fc.integer({ min: 0, max: 6 }),
      what: fc.constantFrom('set', 'temp', 'read', 'fail', 'abandon', 'drop'),
      pause: fc.integer({ min: 0, max: 6 }),
    });
    await withPool({ max: 2, maxIdentities: 3, idleTimeoutMillis: 50 }, async (pool) => {
      const tokens = Array.from({ length: 7 }, (_, at) => token(`canary-${at}`));
      const owners = new Map<unknown, number>();
      const run = async ({ who, what, pause }: { who: number; what: string; pause: number }): Promise<void> => {
        await new Promise((resolve) => setTimeout(resolve, pause));
        const client = await runAs(tokens[who] ?? '', () => pool.connect());
        let broken = false;
        try {
          // A transaction that this identity left open, and in which something failed, is its own to end.
          const look = () => client.query<Canaries>(LOOK).then(({ rows }) => rows[0]);
          const found = await look().catch(async (error: pg.DatabaseError) => {
            expect(error.code).toBe('25P02');
            await client.query('rollback');
            return look();
          });
          const { pid, setting, table } = found ?? { pid: 0, setting: '', table: null };
          expect(owners.get(pid) ?? who).toBe(who);
          owners.set(pid, who);
          expect(['', `canary-${who}`]).toContain(setting);
          if (table !== null) expect(await one(client, 'select who from pg_temp.canary')).toBe(who);
          if (what === 'set') await client.query(`set app.canary = 'canary-${who}'`);
          else if (what === 'temp') await client.query(`create temporary table if not exists canary as select ${who} as who`);
          else if (what === 'fail') await client.query('select 1 / 0').catch(() => undefined);
          else if (what === 'abandon') {
            await client.query('begin');
            await client.query(`set local app.canary = 'canary-${who}'`);
          } else if (what === 'drop') broken = true;
        } finally {
          client.release(broken);
        }
      };
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 30 }), async (steps) => {
          await Promise.all(steps.map(run));
        }),
        { numRuns: 12 },
      );
      expect(owners.size).toBeGreaterThan(7);
    });
  });

  it('are not had by a token that only says the same, nor by a principal that is changed later', async () => {
    await withPool({}, async (pool) => {
      const real = token('ada');
      await pool.as(real).query("set app.tenant = 'ada'");
      const [head, body, signature = ''] = real.split('.');
      const forged = `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
      await expect(pool.as(forged).query('select 1')).rejects.toMatchObject({ code: '28P01' });
      await expect(runAs(forged, () => pool.query('select 1'))).rejects.toMatchObject({ code: '28P01' });

      const principal = (id: string) => ({
        subject: { kind: 'person' as const, issuer: 'https://id.example', id, groups: ['app'], groupsComplete: true },
        actors: [],
        proof: { subject: 'token' as const, groups: 'token' as const },
        expiresAt: Date.now() + 3_600_000,
      });
      const changing = principal('ada');
      const before = await one(pool.as(changing), 'select pg_backend_pid()');
      changing.subject.id = 'bob';
      expect(await one(pool.as(changing), 'select pg_backend_pid()')).not.toBe(before);
      const kept = pool.as({ ...principal('ada'), expiresAt: changing.expiresAt });
      expect(await one(kept, 'select pg_backend_pid()')).toBe(before);
      // A new connection of the first one's pool is still for whom it was asked for.
      (await kept.connect()).release(true);
      expect(await one(kept, 'select pg_backend_pid()')).not.toBe(before);
      const subjects = new Map<string, string>();
      for await (const { event } of readEntries(site.ledgerDirectory))
        if (event.type === 'session.opened' && event.principal.subject.issuer === 'https://id.example')
          subjects.set(event.session, event.principal.subject.id);
      expect([...subjects.values()].sort()).toEqual(['ada', 'ada', 'bob']);
    });
  });

  describe('that are many', () => {
    it('have no more pools than they may, once they are idle', async () => {
      await withPool({ maxIdentities: 2, idleTimeoutMillis: 0 }, async (pool) => {
        const before = (await backends()).length;
        for (let at = 0; at < 8; at++) await one(pool.as(token(`many-${at}`)), 'select 1');
        // Two identities, and the gateway's own connection for the schema.
        await until(async () => (await backends()).length <= before + 3);
      });
    });

    it('have no more connections together than they may: who comes later waits, and what is idle makes room', async () => {
      await withPool({ max: 3, maxConnections: 4, idleTimeoutMillis: 0 }, async (pool) => {
        const before = (await backends()).length;
        let most = 0;
        const watch = setInterval(() => void backends().then((pids) => (most = Math.max(most, pids.length - before))), 5);
        await Promise.all(
          Array.from({ length: 40 }, (_, at) => runAs(token(`crowd-${at % 10}`), () => one(pool, 'select 1, pg_sleep(0.02)'))),
        );
        clearInterval(watch);
        expect(most).toBeGreaterThan(1);
        expect(most).toBeLessThanOrEqual(5);
        for (const id of ['crowd-0', 'crowd-1', 'crowd-2', 'crowd-3', 'crowd-4']) expect(await one(pool.as(token(id)), 'select 1')).toBe(1);
        await until(async () => (await backends()).length - before <= 5);
      });
    });

    it('do not hold places of all while they wait for a connection of their own', async () => {
      await withPool({ max: 1, maxConnections: 2 }, async (pool) => {
        const busy = pool.as(token('busy'));
        const client = await busy.connect();
        const waiting = Array.from({ length: 5 }, () => one(busy, 'select 1'));
        expect(await one(pool.as(token('other')), 'select 2')).toBe(2);
        client.release();
        expect(await Promise.all(waiting)).toEqual([1, 1, 1, 1, 1]);
      });
    });

    it('get a new pool after theirs was ended by the application', async () => {
      await withPool({}, async (pool) => {
        const ender = token('ender', 3);
        const mine = pool.as(ender);
        expect(await one(mine, 'select 1')).toBe(1);
        await mine.end();
        await expect(mine.query('select 1')).rejects.toThrow('Cannot use a pool after calling end on the pool');
        expect(await one(pool.as(ender), 'select 2')).toBe(2);
      });
    });

    it('give their place back when they fail, and are told when none is free in time', async () => {
      await withPool({ max: 2, maxConnections: 1, connectionTimeoutMillis: 300 }, async (pool) => {
        const good = pool.as(token('good'));
        for (let at = 0; at < 3; at++) {
          await expect(pool.as('no token').query('select 1')).rejects.toMatchObject({ code: '28P01' });
          await expect(good.query('select 1 / 0')).rejects.toMatchObject({ code: '22012' });
        }
        const client = await good.connect();
        await expect(pool.as(token('other')).query('select 1')).rejects.toThrow('timeout exceeded when trying to connect');
        client.release();
        expect(await one(pool.as(token('other')), 'select 1')).toBe(1);
      });
    });

    it('are served when all places are in use, and what is in use is not ended', async () => {
      await withPool({ maxIdentities: 1 }, async (pool) => {
        const first = await pool.as(token('busy')).connect();
        const other = pool.as(token('newcomer'));
        expect(await one(other, 'select 1')).toBe(1);
        expect(await one(first, 'select 2')).toBe(2);
        first.release();
        const idle = pool.as(token('third'));
        expect(await one(idle, 'select 3')).toBe(3);
        expect(await one(other, 'select 4')).toBe(4);
      });
    });
  });

  it('that have expired give back their connections; a new token gets new ones, and what runs may end', async () => {
    await withPool({ max: 1, idleTimeoutMillis: 0 }, async (pool) => {
      const short = token('renewed', 2);
      const old = pool.as(short);
      expect(await one(old, 'select 1')).toBe(1);
      const client = await old.connect();
      const running = client.query('select pg_sleep(2.5), 1 as done');
      const waiting = old.query('select 2').then(
        () => undefined,
        (error: pg.DatabaseError) => error.code,
      );
      const renewed = pool.as(token('renewed'));
      const [pid, busy] = [await one(renewed, 'select pg_backend_pid()'), (client as unknown as { processID: number }).processID];
      expect(pid).not.toBe(busy);
      expect((await running).rows).toMatchObject([{ done: 1 }]);
      await expect(client.query('select 1')).rejects.toMatchObject({ code: '28000' });
      client.release();
      // Who waited for it meanwhile is answered.
      expect(await waiting).toBe('28000');
      await expect(old.query('select 1')).rejects.toMatchObject({ code: expect.stringMatching(/^28/) });
      await expect(pool.as(short).query('select 1')).rejects.toMatchObject({ code: expect.stringMatching(/^28/) });
      expect(await one(renewed, 'select pg_backend_pid()')).toBe(pid);
    });
  });

  describe('what the application says of why', () => {
    it('belongs to who took the connection, whoever had it before', async () => {
      await withPool({}, async (pool) => {
        const me = token('worker');
        const insert = (n: number) => pool.query(`insert into guarded values (${n})`);
        await runAs(me, { ticket: 'CHG-1' }, () => insert(-1));
        await expect(runAs(me, () => insert(-2))).rejects.toMatchObject({ code: '42501' });
        await expect(runAs(me, { ticket: 'other' }, () => insert(-3))).rejects.toMatchObject({ code: '42501' });
        await expect(pool.as(me).query('insert into guarded values (-4)')).rejects.toMatchObject({ code: '42501' });
        await runAs(me, { ticket: 'CHG-2' }, () => pool.as(me).query('insert into guarded values (-5)'));
      });
      const rows = await server.admin<{ n: number }>('work', 'select n from guarded where n < 0 order by n desc');
      expect(rows.map(({ n }) => n)).toEqual([-1, -5]);
    });

    it('is recorded with each statement, under load', async () => {
      await withPool({ max: 3 }, async (pool) => {
        const me = [token('w1'), token('w2')];
        await Promise.all(
          Array.from({ length: 60 }, (_, at) =>
            runAs(me[at % 2] ?? '', { ticket: `CHG-${at}`, purpose: `round ${at}` }, async () => {
              await pool.query(`insert into guarded values (${at})`);
              await pool.query(`select ${at} as "round${at}"`);
            }),
          ),
        );
      });
      const completed = async (): Promise<number> => {
        let count = 0;
        for await (const { event } of readEntries(site.ledgerDirectory))
          if ('asserted' in event && event.asserted?.['purpose'] !== undefined) count += 1;
        return count;
      };
      // What is not forwarded yet is written out a little later.
      await until(async () => (await completed()) >= 120);
      const wrong: string[] = [];
      let seen = 0;
      const decided = new Map<number, string>();
      for await (const { event, disclosures } of readEntries(site.ledgerDirectory)) {
        const text = disclosures.find(({ name }) => name === 'text')?.value ?? '';
        if (event.type === 'statement.decided') decided.set(event.seq, text);
        if (event.type !== 'statement.intent' && event.type !== 'statement.completed') continue;
        const sql = event.type === 'statement.completed' ? (decided.get(event.decision) ?? '') : text;
        const at = /^insert into guarded values \((\d+)\)$|"round(\d+)"$/.exec(sql);
        if (at === null) continue;
        seen += 1;
        const ticket = event.asserted?.ticket;
        if (ticket?.value !== `CHG-${at[1] ?? at[2]}` || ticket.source !== 'library') wrong.push(sql);
      }
      expect(wrong).toEqual([]);
      expect(seen).toBe(120);
    });
  });
});
