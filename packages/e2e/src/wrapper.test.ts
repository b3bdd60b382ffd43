import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Pool } from '@sqlwarden/pg';
import { findPostgres, requireOrSkip, runProgram } from '@sqlwarden/testkit';
import pg from 'pg';
import Cursor from 'pg-cursor';
import { corpusPolicy } from './harness/corpus-case.js';
import { type CorpusServer, GATEWAY_ROLE, startCorpusServer } from './harness/database.js';
import { type Site, writeSite } from './harness/gateway.js';
import { LeakOracle } from './harness/leak-oracle.js';
import { SECRETS, WORLD_A } from './harness/worlds.js';

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('@sqlwarden/pg', () => {
  const oracle = new LeakOracle(SECRETS);
  let server: CorpusServer;
  let site: Site;
  let pool: Pool;
  let direct: pg.Pool;

  beforeAll(async () => {
    server = await startCorpusServer();
    await server.create('crm', WORLD_A);
    site = await writeSite({ server, upstreams: { crm: 'crm' }, policies: [corpusPolicy('masks')] });
    pool = new Pool({ sqlwarden: site.configFile, max: 4 });
    direct = new pg.Pool({
      connectionString: server.server.url({ user: GATEWAY_ROLE, password: server.password, database: 'crm' }),
      max: 2,
    });
  });
  afterAll(async () => {
    await pool?.end();
    await direct?.end();
    await server?.stop();
    site?.remove();
  });

  const ada = (): string => site.token(['app'], { id: 'ada' });
  const leaksIn = (value: unknown): unknown[] => oracle.findIn(Buffer.from(JSON.stringify(value)), []);

  it('opens again as soon as it was ended, though a ledger is for one at a time', async () => {
    const own = await writeSite({ server, upstreams: { crm: 'crm' }, policies: [corpusPolicy('masks')] });
    try {
      for (let round = 0; round < 3; round++) {
        const client = new Client({ sqlwarden: own.configFile, identity: own.token(['app'], { id: 'ada' }) });
        await client.connect();
        await client.query('select 1');
        await client.end();
        const again = new Pool({ sqlwarden: own.configFile });
        await again.as(own.token(['app'], { id: 'ada' })).query('select 1');
        await again.end();
      }
    } finally {
      own.remove();
    }
  });

  it('gives no pool to an identity after it was ended', async () => {
    const own = await writeSite({ server, upstreams: { crm: 'crm' }, policies: [corpusPolicy('masks')] });
    const ended = new Pool({ sqlwarden: own.configFile });
    await ended.end();
    expect(() => ended.as(own.token(['app'], { id: 'ada' }))).toThrow('Cannot use a pool after calling end on the pool');
    own.remove();
  });

  it.each([
    ['numbers, texts and nulls', 'select id, name, manager_id, active from people order by id'],
    ['dates, numerics and enums', 'select id, status, total, placed_at, note from orders order by id'],
    ['arrays, documents and bytes', 'select sku, tags, attributes, picture from products order by sku'],
    ['no rows', 'select id from orders where false'],
  ])('gives the same results as pg: %s', async (_, sql) => {
    const governed = await pool.as(ada()).query(sql);
    const plain = await direct.query(sql);
    expect(governed.rows).toEqual(plain.rows);
    expect(governed.rowCount).toBe(plain.rowCount);
    expect(governed.command).toBe(plain.command);
    expect(governed.fields.map(({ name, dataTypeID, tableID }) => [name, dataTypeID, tableID])).toEqual(
      plain.fields.map(({ name, dataTypeID, tableID }) => [name, dataTypeID, tableID]),
    );
  });

  it('masks, in text and in binary, in objects and in arrays', async () => {
    const sql = 'select id, name, email, ssn, phone, salary, card, birthday, bio, secret from people order by id';
    const plain = await direct.query<Record<string, unknown>>(sql);
    expect(leaksIn(plain.rows)).not.toEqual([]);
    for (const query of [{ text: sql }, { text: sql, binary: true }, { text: sql, name: 'all-people' }]) {
      const { rows } = await pool.as(ada()).query<Record<string, unknown>>(query);
      expect(leaksIn(rows)).toEqual([]);
      expect(rows.map(({ id, name }) => [id, name])).toEqual(plain.rows.map(({ id, name }) => [id, name]));
    }
    const { rows } = await pool.as(ada()).query({ text: sql, rowMode: 'array' });
    expect(leaksIn(rows)).toEqual([]);
  });

  it('shows values to those whom policy excepts', async () => {
    const sql = 'select * from people order by id';
    const { rows } = await pool.as(site.token(['app', 'privacy'], { id: 'eve' })).query(sql);
    expect(rows).toEqual((await direct.query(sql)).rows);
  });

  it('takes parameters, and a named statement again and again', async () => {
    const query = { name: 'by-person', text: 'select id, total from orders where person_id = $1 order by id' };
    for (const person of [1, 2, 3, 1]) {
      const governed = await pool.as(ada()).query({ ...query, values: [person] });
      expect(governed.rows).toEqual((await direct.query(query.text, [person])).rows);
    }
  });

  it('never shares a connection between identities', async () => {
    const [one, other] = [pool.as(site.token(['app'], { id: 'one' })), pool.as(site.token(['app'], { id: 'other' }))];
    const pids = async (governed: Pool): Promise<number[]> => {
      const asked = Array.from({ length: 12 }, () => governed.query<{ pid: number }>('select pg_backend_pid() as pid, pg_sleep(0.02)'));
      return (await Promise.all(asked)).map(({ rows }) => rows[0]?.pid ?? 0);
    };
    const [ofOne, ofOther, again] = [await pids(one), await pids(other), await pids(one)];
    expect(new Set([...ofOne, ...again]).size).toBeLessThanOrEqual(4);
    expect([...ofOne, ...again].filter((pid) => ofOther.includes(pid))).toEqual([]);
  });

  it('runs transactions, and what was refused in one is rolled back', async () => {
    const client = await pool.as(ada()).connect();
    try {
      await client.query('begin');
      await client.query("insert into settings (key, value) values ('t1', 'x')");
      await expect(client.query('select id from people order by ssn')).rejects.toMatchObject({ code: '42501' });
      await expect(client.query('select 1')).rejects.toMatchObject({ code: '25P02' });
      await client.query('rollback');
      await client.query('begin');
      await client.query("insert into settings (key, value) values ('t2', 'x')");
      await client.query('commit');
    } finally {
      client.release();
    }
    expect((await direct.query("select key from settings where key in ('t1', 't2')")).rows).toEqual([{ key: 't2' }]);
  });

  it('gives errors as the driver knows them', async () => {
    const refused = await pool
      .as(ada())
      .query("select name from people where ssn = 'x'")
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(refused).toBeInstanceOf(pg.DatabaseError);
    expect(refused).toMatchObject({ code: '42501', severity: 'ERROR' });
    await expect(pool.as(ada()).query('select 1 / 0')).rejects.toMatchObject({ code: '22012' });
    await expect(pool.as(ada()).query("insert into settings (key) values ('theme')")).rejects.toMatchObject({
      code: '23505',
      constraint: 'settings_pkey',
    });
    const cast = await pool
      .as(ada())
      .query("select 'abc'::integer")
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(cast).toMatchObject({ code: '22P02' });
    expect(leaksIn({ ...(cast as pg.DatabaseError), message: (cast as Error).message })).toEqual([]);
  });

  it('reads a cursor', async () => {
    const client = await pool.as(ada()).connect();
    const cursor = client.query(new Cursor<{ id: number; ssn: string }>('select id, ssn from people order by id'));
    const first = await cursor.read(5);
    const rest = await cursor.read(100);
    await cursor.close();
    client.release();
    expect([...first, ...rest].map(({ id }) => id)).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
    expect(leaksIn([...first, ...rest])).toEqual([]);
  });

  it('refuses to connect without an identity, with a forged one, and with an expired one', async () => {
    expect(() => new Client({ sqlwarden: site.configFile })).toThrow(expect.objectContaining({ code: 'no-identity' }));
    await expect(pool.as('forged').query('select 1')).rejects.toMatchObject({ code: expect.stringMatching(/^28/) as unknown });
    const [head = '', , tail = ''] = ada().split('.');
    const payload = Buffer.from(JSON.stringify({ sub: 'root', groups: ['privacy'] })).toString('base64url');
    await expect(pool.as(`${head}.${payload}.${tail}`).query('select 1')).rejects.toMatchObject({
      code: expect.stringMatching(/^28/) as unknown,
    });
  });

  it('times out and cancels a statement, and the pool goes on', async () => {
    const client = new Client({ sqlwarden: site.configFile, identity: ada(), statement_timeout: 300 });
    await client.connect();
    await expect(client.query('select pg_sleep(10)')).rejects.toMatchObject({ code: '57014' });
    expect((await client.query<{ one: number }>('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await client.end();
  });

  it('lets the process exit while it is idle, where the pool is told to', async () => {
    const script = `
      import { Pool } from '@sqlwarden/pg';
      const pool = new Pool({ sqlwarden: process.argv[1], allowExitOnIdle: true });
      await pool.as(process.argv[2]).query('select 1');`;
    const other = await writeSite({ server, upstreams: { crm: 'crm' }, policies: [corpusPolicy('masks')] });
    const result = await runProgram(process.execPath, ['--input-type=module', '--eval', script, other.configFile, other.token(['app'])], {
      cwd: import.meta.dirname,
      timeoutMs: 8_000,
    });
    other.remove();
    expect([result.status, result.stderr]).toEqual([0, '']);
  });

  it('lets the process exit once everything is ended, and does not keep it up by itself', async () => {
    const script = `
      import { Pool } from '@sqlwarden/pg';
      const pool = new Pool({ sqlwarden: process.argv[1] });
      const { rows } = await pool.as(process.argv[2]).query('select count(*)::int as n from orders');
      console.log(rows[0].n);
      await pool.end();`;
    const other = await writeSite({ server, upstreams: { crm: 'crm' }, policies: [corpusPolicy('masks')] });
    const result = await runProgram(process.execPath, ['--input-type=module', '--eval', script, other.configFile, other.token(['app'])], {
      cwd: import.meta.dirname,
      timeoutMs: 20_000,
    });
    other.remove();
    expect(result.stderr).toBe('');
    expect(result.stdout.trim()).toBe('20');
    expect(result.status).toBe(0);
  });
});
