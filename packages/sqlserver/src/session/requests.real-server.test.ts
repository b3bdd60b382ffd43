import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Unit } from '@sqlwarden/core';
import { connectSqlserver, findBabelfish, requireOrSkip, type SqlserverServer, startBabelfish, until } from '@sqlwarden/testkit';
import { Connection, ISOLATION_LEVEL, Request, TYPES } from 'tedious';
import { type Gateway, GOOD_TOKEN, startGateway } from '../testing/gateway.js';

interface Ran {
  readonly rows: readonly (readonly unknown[])[];
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly infos: readonly string[];
}

/** What tedious tells of one request; rejects with the server's error. */
function run(
  connection: Connection,
  make: (done: (error: Error | null | undefined) => void) => Request,
  how: (request: Request) => void,
): Promise<Ran> {
  const rows: unknown[][] = [];
  const outputs: Record<string, unknown> = {};
  const infos: string[] = [];
  const onInfo = ({ message }: { message: string }): void => void infos.push(message);
  connection.on('infoMessage', onInfo);
  return new Promise<Ran>((resolve, reject) => {
    const request = make((error) => {
      connection.off('infoMessage', onInfo);
      if (error) reject(error);
      else resolve({ rows, outputs, infos });
    });
    request.on('row', (row: readonly { readonly value: unknown }[]) => rows.push(row.map(({ value }) => value)));
    request.on('returnValue', (name: string, value: unknown) => void (outputs[name] = value));
    how(request);
  });
}

const batch = (connection: Connection, text: string): Promise<Ran> =>
  run(
    connection,
    (done) => new Request(text, done),
    (request) => connection.execSqlBatch(request),
  );

const kinds = [{ name: 'Babelfish', finding: findBabelfish(), start: () => startBabelfish() }];

describe.each(kinds)('the requests of tedious to $name', ({ finding, start }) => {
  const test = requireOrSkip(finding) ? it : it.skip;
  let server: SqlserverServer;
  let gateway: Gateway;
  const open: Connection[] = [];

  beforeAll(async () => {
    if (!finding.found) return;
    server = await start();
    const direct = await connectSqlserver(server);
    for (const text of [
      'CREATE DATABASE app',
      'CREATE DATABASE other',
      'USE app',
      'CREATE TABLE people (id int PRIMARY KEY, name nvarchar(100), ssn varchar(20))',
      "INSERT INTO people VALUES (1, N'Ann', '123-45-6789'), (2, N'Bob', '987-65-4321'), (3, N'Cid', NULL)",
      'CREATE PROCEDURE ssn_of @id int, @ssn varchar(20) OUTPUT AS SELECT @ssn = ssn FROM people WHERE id = @id; RETURN 5',
    ])
      await direct.query(text);
    await direct.end();
    gateway = await startGateway(server);
  });

  afterAll(async () => {
    for (const connection of open) connection.close();
    await gateway?.close();
    await server?.stop();
  });

  function connect(database?: string, password = GOOD_TOKEN): Promise<Connection> {
    const connection = new Connection({
      server: '127.0.0.1',
      authentication: { type: 'default', options: { userName: 'alice', password } },
      options: {
        port: gateway.port,
        encrypt: false,
        ...(database === undefined ? {} : { database }),
        connectTimeout: 60_000,
        requestTimeout: 0,
      },
    });
    connection.on('error', () => undefined);
    open.push(connection);
    return new Promise((resolve, reject) => connection.connect((error) => (error ? reject(error) : resolve(connection))));
  }

  const lastUnit = (): Unit => gateway.seen.units.at(-1) as Unit;

  test('a batch is judged as its text, and its masked rows are masked', async () => {
    const connection = await connect();
    const { rows } = await batch(connection, 'SELECT id, ssn FROM people ORDER BY id');
    expect(rows).toEqual([
      [1, '***'],
      [2, '***'],
      [3, null],
    ]);
    expect(lastUnit()).toMatchObject({ phase: 'query', text: 'SELECT id, ssn FROM people ORDER BY id', state: { database: 'app' } });
    await expect(batch(connection, "SELECT 'forbidden'")).rejects.toMatchObject({ message: expect.stringContaining('policy-denied') });
    expect((await batch(connection, 'SELECT 1')).rows).toEqual([[1]]);
  });

  test('every ticket is settled once', async () => {
    const connection = await connect();
    await batch(connection, 'SELECT 1');
    await expect(batch(connection, 'SELECT 1/0')).rejects.toThrow();
    await batch(connection, 'UPDATE people SET name = name WHERE id = 1');
    const { issued, outcomes } = gateway.seen;
    await until(() => outcomes.length >= issued.length);
    expect(outcomes.map(({ ticket }) => ticket).toSorted((a, b) => a - b)).toEqual(issued);
    expect(outcomes.at(-1)).toMatchObject({ status: 'ok', statements: [{ rowsAffected: 1 }] });
    expect(outcomes.at(-2)).toMatchObject({ status: 'error', errorCode: '8134' });
  });

  test('another database than the configured one is judged as USE, before the login is answered', async () => {
    const connection = await connect('other');
    expect(gateway.seen.units.find(({ text }) => text === 'USE [other]')).toMatchObject({ phase: 'query', state: { database: 'app' } });
    await batch(connection, 'SELECT 1');
    expect(lastUnit().state.database).toBe('other');
    await expect(connect('forbidden')).rejects.toMatchObject({ message: expect.stringContaining('policy-denied') });
    await expect(connect('nowhere')).rejects.toMatchObject({ message: expect.stringContaining('database-unknown') });
    await expect(connect('app', 'bad-token')).rejects.toMatchObject({ message: expect.stringContaining('identity-invalid') });
  });

  test('sp_executesql is judged as its text, with values and outputs', async () => {
    const connection = await connect();
    const sql = 'SELECT id, ssn FROM people WHERE id = @id';
    const { rows } = await run(
      connection,
      (done) => new Request(sql, done),
      (request) => {
        request.addParameter('id', TYPES.Int, 2);
        connection.execSql(request);
      },
    );
    expect(rows).toEqual([[2, '***']]);
    expect(lastUnit()).toMatchObject({ phase: 'query', text: sql, parameters: [{ value: Uint8Array.of(2, 0, 0, 0) }] });
    const { outputs } = await run(
      connection,
      (done) => new Request('SELECT @ssn = ssn, @name = name FROM people WHERE id = 1', done),
      (request) => {
        request.addOutputParameter('ssn', TYPES.VarChar, undefined, { length: 20 });
        request.addOutputParameter('name', TYPES.NVarChar, undefined, { length: 100 });
        connection.execSql(request);
      },
    );
    expect(outputs).toEqual({ ssn: '***', name: 'Ann' });
  });

  test('a prepared statement is judged when it is prepared and at each execution', async () => {
    const connection = await connect();
    const request = new Request('SELECT id, ssn FROM people WHERE id = @id', () => undefined);
    request.addParameter('id', TYPES.Int);
    await new Promise<void>((resolve, reject) => {
      request.once('prepared', resolve);
      request.once('error', reject);
      connection.prepare(request);
    });
    for (const id of [1, 3]) {
      const rows: unknown[] = [];
      const onRow = (row: readonly { readonly value: unknown }[]): void => void rows.push(row.map(({ value }) => value));
      request.on('row', onRow);
      await new Promise<void>((resolve, reject) => {
        request.callback = (error: Error | null | undefined) => (error ? reject(error) : resolve());
        connection.execute(request, { id });
      });
      request.off('row', onRow);
      expect(rows).toEqual([[id, id === 1 ? '***' : null]]);
      expect(gateway.seen.units.slice(-2).map(({ phase }) => phase)).toEqual(['bind', 'execute']);
    }
    await new Promise<void>((resolve) => {
      request.callback = () => resolve();
      connection.unprepare(request);
    });
  });

  test('a procedure is judged as EXECUTE, and what it gives back is masked', async () => {
    const connection = await connect();
    const { outputs } = await run(
      connection,
      (done) => new Request('ssn_of', done),
      (request) => {
        request.addParameter('id', TYPES.Int, 2);
        request.addOutputParameter('ssn', TYPES.VarChar, undefined, { length: 20 });
        connection.callProcedure(request);
      },
    );
    expect(outputs).toEqual({ ssn: '***' });
    expect(lastUnit().text).toContain('EXECUTE @sqlwarden_status = [ssn_of] @id = @id, @ssn = @ssn OUTPUT');
  });

  test('transactions have one number, and a refusal leaves them open', async () => {
    const connection = await connect();
    const from = gateway.seen.ends.length;
    await new Promise<void>((resolve, reject) =>
      connection.beginTransaction((error) => (error ? reject(error) : resolve()), 'work', ISOLATION_LEVEL.READ_COMMITTED),
    );
    expect(lastUnit().text).toBe('BEGIN TRANSACTION [work]');
    await batch(connection, "UPDATE people SET name = N'Anna' WHERE id = 1");
    expect(lastUnit().transaction).toMatchObject({ status: 'open' });
    await expect(batch(connection, "SELECT 'forbidden'")).rejects.toThrow('policy-denied');
    await batch(connection, 'SELECT 2');
    expect(lastUnit().transaction).toMatchObject({ status: 'open', hasEffects: true });
    await new Promise<void>((resolve, reject) => connection.rollbackTransaction((error) => (error ? reject(error) : resolve())));
    expect(gateway.seen.ends.slice(from).at(-1)?.[1]).toBe('rolled-back');
    expect((await batch(connection, 'SELECT name FROM people WHERE id = 1')).rows).toEqual([['Ann']]);
    expect(lastUnit().transaction.status).toBe('idle');
  });

  test('RESETCONNECTION sets the session back before the request that asks for it is judged', async () => {
    const connection = await connect();
    await batch(connection, 'CREATE TABLE #own (id int)');
    await batch(connection, 'SET QUOTED_IDENTIFIER OFF');
    await batch(connection, 'SELECT 1');
    expect(lastUnit().state.lexical['quoted_identifier']).toBe('off');
    const { resets } = gateway.seen;
    await new Promise<void>((resolve, reject) => connection.reset((error) => (error ? reject(error) : resolve())));
    expect(gateway.seen.resets).toBe(resets + 1);
    expect(lastUnit()).toMatchObject({ text: expect.stringMatching(/^set /), state: { lexical: { quoted_identifier: 'on' } } });
    const { rows } = await batch(connection, "SELECT OBJECT_ID('tempdb..#own'), DB_NAME()");
    expect(rows).toEqual([[null, lastUnit().state.database]]);
  });

  test('a held unit says so, runs what the gateway asks, and goes on', async () => {
    const connection = await connect();
    const { rows, infos } = await batch(connection, "SELECT 'held'");
    expect(rows).toEqual([['held']]);
    expect(infos).toEqual(['held (waiting)']);
  });

  test('a client that cancels what is held is told so at once, and the session goes on', async () => {
    const connection = await connect();
    const { abandoned } = gateway.seen;
    const cancelled = batch(connection, "SELECT 'held long'");
    const expected = expect(cancelled).rejects.toMatchObject({ code: 'ECANCEL' });
    await until(() => lastUnit().text.includes('held long'));
    connection.cancel();
    await expected;
    expect(gateway.seen.abandoned).toBe(abandoned + 1);
    gateway.release();
    expect((await batch(connection, 'SELECT 3')).rows).toEqual([[3]]);
  });

  test('rows of a bulk load are accounted to the INSERT BULK that announced them', async () => {
    const connection = await connect();
    await batch(connection, 'CREATE TABLE loaded (id int, name nvarchar(20))');
    const loaded = await new Promise<number | undefined>((resolve, reject) => {
      const load = connection.newBulkLoad('loaded', {}, (error, count) => (error ? reject(error) : resolve(count)));
      load.addColumn('id', TYPES.Int, { nullable: true });
      load.addColumn('name', TYPES.NVarChar, { length: 20, nullable: true });
      connection.execBulkLoad(load, [
        { id: 1, name: 'a' },
        { id: 2, name: null },
      ]);
    });
    expect(loaded).toBe(2);
    expect(lastUnit()).toMatchObject({ phase: 'query', text: expect.stringMatching(/^insert bulk/i) });
    await until(() => gateway.seen.outcomes.at(-1)?.ticket === gateway.seen.issued.at(-1));
    expect(gateway.seen.outcomes.at(-1)).toMatchObject({ status: 'ok', statements: [{ rowsAffected: 2 }] });
  });

  test('a write that a limit counts leaves nothing behind when it goes over it', async () => {
    const connection = await connect();
    await batch(connection, 'UPDATE people SET name = name /* at most 2 */ WHERE id < 3');
    expect(gateway.seen.ends.at(-1)?.[1]).toBe('committed');
    expect(lastUnit().transaction.status).toBe('idle');
    await expect(batch(connection, "UPDATE people SET name = N'all' /* at most 2 */")).rejects.toThrow();
    const other = await connect();
    expect((await batch(other, "SELECT count(*) FROM people WHERE name = N'all'")).rows).toEqual([[0]]);
    await expect(batch(other, 'BEGIN TRANSACTION; DELETE FROM people /* at most 2 */; COMMIT')).rejects.toMatchObject({
      message: expect.stringContaining('limit-exceeded'),
    });
  });
});
