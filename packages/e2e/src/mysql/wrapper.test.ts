import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readEntries } from '@sqlwarden/ledger';
import { createConnection, createConnectionPromise, createPoolPromise, Pool, runAs } from '@sqlwarden/mysql2';
import { Client } from '@sqlwarden/pg';
import { requireOrSkip, until } from '@sqlwarden/testkit';
import type { QueryError, RowDataPacket } from 'mysql2';
import type { PoolConnection } from 'mysql2/promise';
import { MYSQL_KINDS } from './mysql-database.js';
import { startWrapperSite, type WrapperSite } from './wrapper-site.js';

const SSN = 'select id, ssn from people order by id';
const MASKED = ['*******2222', '*******4444', null];
const STORED = ['900-11-2222', '900-33-4444', null];

describe.each(MYSQL_KINDS)('@sqlwarden/mysql2 on $name', (kind) => {
  if (!requireOrSkip(kind.finding)) {
    it.skip('needs the server', () => undefined);
    return;
  }
  let site: WrapperSite;
  let pool: Pool;
  beforeAll(async () => {
    site = await startWrapperSite(kind);
    pool = new Pool({ sqlwarden: site.configFile, connectionLimit: 4 });
  });
  afterAll(async () => {
    await ended(pool);
    await site?.stop();
  });

  const ended = (one: Pool | undefined): Promise<void> =>
    new Promise((resolve, reject) => (one === undefined ? resolve() : one.end((error) => (error ? reject(error) : resolve()))));
  const ssnsOf = (rows: unknown): unknown[] => (rows as { ssn: unknown }[]).map(({ ssn }) => ssn);
  const ada = (): string => site.token('ada');
  const eve = (): string => site.token('eve', ['app', 'privacy']);
  const errorOf = async (promise: Promise<unknown>): Promise<QueryError> => {
    try {
      await promise;
    } catch (error) {
      return error as QueryError;
    }
    throw new Error('it did not fail');
  };

  it('masks what the driver gets, in text and in binary rows, by promises and by callbacks', async () => {
    const governed = pool.as(ada());
    const promises = governed.promise();
    expect(ssnsOf((await promises.query(SSN))[0])).toEqual(MASKED);
    expect(ssnsOf((await promises.execute(`${SSN} limit ?`, ['3']))[0])).toEqual(MASKED);
    const byCallback = await new Promise((resolve, reject) =>
      governed.query(SSN, (error, rows) => (error ? reject(error) : resolve(rows))),
    );
    expect(ssnsOf(byCallback)).toEqual(MASKED);
    const executed = await new Promise((resolve, reject) =>
      governed.execute(SSN, [], (error, rows) => (error ? reject(error) : resolve(rows))),
    );
    expect(ssnsOf(executed)).toEqual(MASKED);
    expect(ssnsOf((await pool.as(eve()).promise().execute(SSN))[0])).toEqual(STORED);
  });

  it('streams rows masked', async () => {
    const connection = await promisify(pool.as(ada()).getConnection.bind(pool.as(ada())))();
    const rows: unknown[] = [];
    for await (const row of connection!.query(SSN).stream()) rows.push(row);
    connection!.release();
    expect(ssnsOf(rows)).toEqual(MASKED);
  });

  it('gives the error of a refusal as the driver gives those of the server, and goes on', async () => {
    const connection = await pool.as(ada()).promise().getConnection();
    const refused = await errorOf(connection.query('delete from people'));
    expect(refused.message).toContain('rule: no-unfiltered-write');
    expect(refused.errno).toBe(1142);
    expect(refused.fatal).not.toBe(true);
    expect((await connection.query<RowDataPacket[]>('select count(*) as n from people'))[0][0]).toEqual({ n: 3 });
    connection.release();
  });

  it('connects nobody without an identity, nor with a token that is none', async () => {
    expect(() => createConnection({ sqlwarden: site.configFile })).toThrow('a connection needs an identity');
    expect(await errorOf(pool.promise().query('select 1'))).toMatchObject({ code: 'no-identity' });
    const refused = await errorOf(pool.as('nonsense').promise().query('select 1'));
    expect(refused.errno).toBe(1045);
    expect(refused.message).not.toContain('nonsense');
    await expect(createConnectionPromise({ sqlwarden: site.configFile, identity: ada(), upstream: 'crm' })).rejects.toThrow(
      'its MySQL upstreams are: shop',
    );
  });

  it('takes the address of a URI for the name of the upstream', async () => {
    const uri = `mysql://somebody:secret@${site.server.host}:${site.server.port}/shop?dateStrings=true`;
    const connection = await createConnectionPromise({ sqlwarden: site.configFile, identity: ada(), uri });
    expect(ssnsOf((await connection.query(SSN))[0])).toEqual(MASKED);
    await connection.end();
    const elsewhere = createConnectionPromise({ sqlwarden: site.configFile, identity: ada(), uri: 'mysql://other.example/shop' });
    await expect(elsewhere).rejects.toThrow('no upstream of the configuration is the database that was asked for');
  });

  it('has one gateway with the wrapper of pg: a ledger is for one at a time', async () => {
    const client = new Client({ sqlwarden: site.configFile, upstream: 'crm', identity: ada() });
    // That upstream is nowhere; what says so is the gateway that the pool has open.
    await expect(client.connect()).rejects.toMatchObject({ code: '08006' });
    expect(ssnsOf((await pool.as(ada()).promise().query(SSN))[0])).toEqual(MASKED);
  });

  it('never shares a connection between identities, however many ask at once', async () => {
    const threads = async (token: string): Promise<ReadonlySet<number>> => {
      const asked = Array.from({ length: 12 }, async () => {
        const [rows] = await pool.as(token).promise().query<RowDataPacket[]>('select connection_id() as id');
        return Number(rows[0]?.['id']);
      });
      return new Set(await Promise.all(asked));
    };
    const [one, other] = await Promise.all([threads(site.token('one')), threads(site.token('other'))]);
    expect(one.size).toBeLessThanOrEqual(4);
    expect([...one].filter((id) => other.has(id))).toEqual([]);
  });

  it('takes the identity of whoever asks, though callbacks run on connections of others', async () => {
    const narrow = new Pool({ sqlwarden: site.configFile, connectionLimit: 1, maxConnections: 1 });
    const seen = (token: string): Promise<unknown[]> =>
      new Promise((resolve, reject) => {
        runAs(token, () =>
          // The second one is asked for in the callback of the first: whose it is must have come along.
          narrow.getConnection((refused, connection) => {
            if (refused || connection === undefined) return reject(refused);
            connection.query('select 1', (failure) => {
              connection.release();
              if (failure) return reject(failure);
              narrow.query(SSN, (error, rows) => (error ? reject(error) : resolve(ssnsOf(rows))));
            });
          }),
        );
      });
    const [a, e] = [ada(), eve()];
    const all = await Promise.all([seen(a), seen(e), seen(a), seen(e), seen(a), seen(e)]);
    expect(all).toEqual([MASKED, STORED, MASKED, STORED, MASKED, STORED]);
    await ended(narrow);
  });

  it('says what it is for to the policy, and takes it back with the connection', async () => {
    const governed = createPoolPromise({ sqlwarden: site.configFile, connectionLimit: 1 });
    const token = ada();
    const notes = (): Promise<unknown> => governed.as(token).query('select id from notes');
    expect((await errorOf(notes())).message).toContain('rule: purpose-of-notes');
    await runAs(token, { purpose: 'support' }, notes);
    expect((await errorOf(notes())).message).toContain('rule: purpose-of-notes');
    await governed.end();
  });

  /** In a transaction, by a token that is about to expire: of a longer life where the machine was too slow for it. */
  const nearItsEnd = async (governed: Pool): Promise<{ token: string; member: Pool; connection: PoolConnection }> => {
    for (const lifetimeSeconds of [3, 9, 27]) {
      const token = site.token('short', ['app'], lifetimeSeconds);
      const member = governed.as(token);
      try {
        const connection = await member.promise().getConnection();
        await connection.beginTransaction();
        await connection.query('update people set name = ? where id = 3', ['Cyd']);
        return { token, member, connection };
      } catch (error) {
        if (!/expired/.test((error as Error).message)) throw error;
      }
    }
    throw new Error('the machine is too slow for this');
  };

  it('ends the pool of an identity with it, but not what is in use', async () => {
    const governed = new Pool({ sqlwarden: site.configFile });
    const { token, member, connection } = await nearItsEnd(governed);
    const failure = (): Promise<string> =>
      connection.query('select 1').then(
        () => '',
        (error: QueryError) => error.message,
      );
    await until(async () => /expired/.test(await failure()));
    await until(() => governed.as(token) !== member);
    connection.release();
    const [rows] = await pool.as(ada()).promise().query<RowDataPacket[]>('select name from people where id = 3');
    expect(rows).toEqual([{ name: 'Cy' }]);
    await ended(governed);
  });

  it('keeps to what the driver says of queues', async () => {
    const governed = new Pool({ sqlwarden: site.configFile, connectionLimit: 1, waitForConnections: false });
    const member = governed.as(ada());
    const connection = await member.promise().getConnection();
    await expect(member.promise().query('select 1')).rejects.toThrow('No connections available.');
    connection.release();
    await member.promise().query('select 1');
    await ended(governed);
    expect(() => governed.as(ada())).toThrow('Pool is closed.');
    await expect(errorOf(member.promise().query('select 1'))).resolves.toMatchObject({ message: 'Pool is closed.' });
  });

  it('is said in the ledger to be a library, with the identity of every statement', async () => {
    const entries = readEntries(site.ledgerDirectory);
    const opened = [];
    for await (const { event } of entries) if (event.type === 'session.opened') opened.push(event);
    expect(opened.length).toBeGreaterThan(5);
    expect(new Set(opened.map(({ enforcement, dialect }) => `${enforcement} ${dialect}`))).toEqual(
      new Set(['library mysql', 'library postgres']),
    );
    expect(new Set(opened.map(({ principal }) => principal.subject.id))).toEqual(new Set(['ada', 'eve', 'one', 'other', 'short']));
  });
});
