import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Outcome, Unit } from '@sqlwarden/core';
import { type MysqlServer, mysqlServerKinds, requireOrSkip, until } from '@sqlwarden/testkit';
import { type Connection, createConnection, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import { type Gateway, makeApp, startGateway } from '../testing/gateway.js';

describe.each(mysqlServerKinds())('a session with a real $name and mysql2', ({ finding, start }) => {
  const test = requireOrSkip(finding) ? it : it.skip;
  let server: MysqlServer;
  let gateway: Gateway;
  const open: Connection[] = [];

  beforeAll(async () => {
    if (!finding.found) return;
    server = await start({ parameters: { max_allowed_packet: '64M' } });
    await makeApp(server);
    gateway = await startGateway(server);
  });

  afterAll(async () => {
    for (const connection of open) connection.destroy();
    await gateway?.close();
    await server?.stop();
  });

  async function connect(more: Parameters<typeof createConnection>[0] | object = {}, port = gateway.port): Promise<Connection> {
    const connection = await createConnection({
      host: '127.0.0.1',
      port,
      user: 'alice',
      password: 'good-token',
      enableCleartextPlugin: true,
      database: 'app',
      ...(more as object),
    } as never);
    connection.on('error', () => undefined);
    open.push(connection);
    return connection;
  }

  const rowsOf = async (connection: Connection, sql: string): Promise<RowDataPacket[]> => (await connection.query<RowDataPacket[]>(sql))[0];
  const lastOutcome = (): Outcome => gateway.seen.outcomes.at(-1) as Outcome;

  test('logs a client in and runs a query, with masks and without', async () => {
    const client = await connect();
    expect(await rowsOf(client, 'SELECT id, name FROM people ORDER BY id')).toEqual([
      { id: 1, name: 'Ann' },
      { id: 2, name: 'Bob' },
      { id: 3, name: 'Cid' },
    ]);
    expect(await rowsOf(client, 'SELECT id, ssn FROM people ORDER BY id')).toEqual([
      { id: 1, ssn: '***' },
      { id: 2, ssn: '***' },
      { id: 3, ssn: null },
    ]);
    expect(lastOutcome()).toMatchObject({ status: 'ok', statements: [{ rowsReturned: 3 }], maskedCells: 2 });
  });

  test('lets nobody in whose database is refused, by policy or by the server', async () => {
    for (const [database, errno, code] of [
      ['forbidden', 1142, 'policy-denied'],
      ['nowhere', 1049, 'database-unknown'],
    ] as const) {
      const ends = gateway.seen.reasons.length;
      await expect(connect({ database })).rejects.toMatchObject({ errno });
      await until(() => gateway.seen.reasons.length > ends);
      expect(gateway.seen.reasons.at(-1)).toMatchObject({ kind: 'refused', refusal: { code } });
    }
    expect(await rowsOf(await connect({ database: 'other' }), 'SELECT DATABASE() AS d')).toEqual([{ d: 'other' }]);
  });

  test('leaves what the server says of the statement before, but for those behind which the session is asked for', async () => {
    const client = await connect();
    const numbers = async (): Promise<unknown> =>
      (await client.query<RowDataPacket[]>({ sql: 'SELECT ROW_COUNT(), FOUND_ROWS(), LAST_INSERT_ID()', rowsAsArray: true }))[0][0];
    const warnings = async (): Promise<unknown> => (await rowsOf(client, 'SHOW WARNINGS')).map(({ Code }) => Code as number);
    await client.query('CREATE TEMPORARY TABLE counted (id int PRIMARY KEY AUTO_INCREMENT, n tinyint)');
    await client.query("SET sql_mode = ''");
    await client.query('INSERT INTO counted (n) VALUES (1), (1000), (3)');
    expect(await warnings()).toEqual([1264]);
    await client.query('INSERT INTO counted (n) VALUES (1), (2), (3)');
    expect(await numbers()).toEqual([3, expect.any(Number), 4]);
    await client.query('SELECT n FROM counted');
    expect(await numbers()).toEqual([-1, 6, 4]);
    await client.query('BEGIN');
    await expect(client.query('INSERT INTO counted VALUES (1, 1)')).rejects.toMatchObject({ errno: 1062 });
    // Whether the transaction is open was asked by COM_PING.
    expect(await warnings()).toEqual([1062]);
    await expect(client.query('SELECT forbidden')).rejects.toMatchObject({ errno: 1142 });
    await client.query('COMMIT');
    await client.query('UPDATE counted SET n = 1000 WHERE id = 1 /* at most 2 */');
    // docs/running.md says so: COMMIT of the gateway's came between.
    expect(await numbers()).toEqual([0, expect.any(Number), 4]);
    // As is said there of what is behind a SET.
    await client.query('SET @@session.sql_mode = DEFAULT');
    expect(await numbers()).toEqual([-1, 1, 4]);
  });

  test('does not say how a transaction ends that XA PREPARE leaves to others', async () => {
    const client = await connect();
    await client.query('CREATE TABLE left_to_others (n int) ENGINE=InnoDB');
    gateway.seen.ends.length = 0;
    await client.query("XA START 'one'");
    await client.query('INSERT INTO left_to_others VALUES (1)');
    await client.query("XA END 'one'");
    await client.query("XA PREPARE 'one'");
    expect(gateway.seen.ends.map(([, end]) => end)).toEqual(['unknown']);
    await client.query("XA COMMIT 'one'");
    expect(await rowsOf(client, 'SELECT n FROM left_to_others')).toEqual([{ n: 1 }]);
  });

  test('says what to do instead of COM_CHANGE_USER, and stays open', async () => {
    const client = await connect();
    await expect(client.changeUser({ user: 'bob' })).rejects.toMatchObject({
      errno: 1235,
      sqlMessage: expect.stringMatching(/connect again/),
    });
    expect(await rowsOf(client, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
  });

  test('keeps a transaction open behind a refusal, and behind an error of the server', async () => {
    const client = await connect();
    await client.query('BEGIN');
    await client.query('INSERT INTO steps (n) VALUES (10)');
    await expect(client.query('SELECT forbidden')).rejects.toMatchObject({ errno: 1142, sqlState: '42000' });
    await expect(client.query('SELECT nothing_like_it')).rejects.toMatchObject({ errno: 1054 });
    expect(await rowsOf(client, 'SELECT n FROM steps WHERE n = 10')).toHaveLength(1);
    const { transaction } = gateway.seen.units.at(-1) as Unit;
    expect(transaction).toMatchObject({ status: 'open', hasEffects: true });
    await client.query('ROLLBACK');
    expect(await rowsOf(client, 'SELECT n FROM steps WHERE n = 10')).toHaveLength(0);
    expect(gateway.seen.ends).toContainEqual([transaction.ordinal, 'rolled-back']);
  });

  test('says how transactions ended: by COMMIT, by what commits implicitly, by autocommit', async () => {
    const client = await connect();
    const { ends } = gateway.seen;
    ends.length = 0;
    await client.query('INSERT INTO steps (n) VALUES (20)');
    await client.query('BEGIN');
    await client.query('INSERT INTO steps (n) VALUES (21)');
    expect(ends).toHaveLength(1);
    await client.query('CREATE TABLE implicit_commit (a int)');
    await client.query('BEGIN');
    await client.query('INSERT INTO steps (n) VALUES (22)');
    await client.query('BEGIN');
    await client.query('INSERT INTO steps (n) VALUES (23)');
    await client.query('SAVEPOINT a');
    await client.query('ROLLBACK TO SAVEPOINT a');
    await client.query('COMMIT');
    await expect(client.query('INSERT INTO people VALUES (1, NULL, NULL)')).rejects.toMatchObject({ errno: 1062 });
    expect(ends.map(([, end]) => end)).toEqual(['committed', 'committed', 'committed', 'committed', 'rolled-back']);
    expect(new Set(ends.map(([ordinal]) => ordinal)).size).toBe(ends.length);
  });

  test('knows that a deadlock or a killed lock wait has rolled the transaction back', async () => {
    const [one, two] = [await connect(), await connect()];
    await one.query('CREATE TABLE locked (id int PRIMARY KEY, n int)');
    await one.query('INSERT INTO locked VALUES (1, 0), (2, 0)');
    gateway.seen.ends.length = 0;
    await one.query('BEGIN');
    await two.query('BEGIN');
    await one.query('UPDATE locked SET n = 1 WHERE id = 1');
    await two.query('UPDATE locked SET n = 2 WHERE id = 2');
    const results = await Promise.allSettled([
      one.query('UPDATE locked SET n = 1 WHERE id = 2'),
      two.query('UPDATE locked SET n = 2 WHERE id = 1'),
    ]);
    const loser = results[0]?.status === 'rejected' ? one : two;
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    await loser.query('SELECT 1');
    expect(gateway.seen.units.at(-1)?.transaction.status).toBe('idle');
    expect(gateway.seen.ends.map(([, end]) => end)).toContain('rolled-back');
    await (loser === one ? two : one).query('COMMIT');
  });

  test('holds a unit while the host decides, and injects meanwhile', async () => {
    const client = await connect();
    expect(await rowsOf(client, "SELECT 'held' AS a")).toEqual([{ a: 'held' }]);
    const [rows] = await client.execute<RowDataPacket[]>("SELECT 'held' AS a, ? AS b", [7]);
    expect(rows).toEqual([{ a: 'held', b: 7 }]);
  });

  test('prepares, binds and executes, with masks, and with the types of the execute before', async () => {
    const client = await connect();
    const select = (id: number) => client.execute<RowDataPacket[]>('SELECT id, ssn FROM people WHERE id = ?', [id]);
    expect((await select(1))[0]).toEqual([{ id: 1, ssn: '***' }]);
    expect((await select(3))[0]).toEqual([{ id: 3, ssn: null }]);
    const phases = gateway.seen.units.slice(-4).map(({ phase, parameters }) => [phase, parameters.length]);
    expect(phases).toEqual([
      ['bind', 1],
      ['execute', 1],
      ['bind', 1],
      ['execute', 1],
    ]);
    await expect(client.execute('SELECT 1 AS forbidden')).rejects.toMatchObject({ errno: 1142 });
    await expect(client.execute('INSERT INTO people VALUES (?, ?, ?)', [1, 'x', 'y'])).rejects.toMatchObject({ errno: 1062 });
  });

  test('changes the database by COM_INIT_DB and by USE, judged as a statement, and observes it', async () => {
    const client = await connect({ multipleStatements: true });
    await client.query('USE other');
    await client.query('SELECT 1');
    expect(gateway.seen.units.at(-1)?.state.database).toBe('other');
    await client.query('SELECT 1; SELECT 2');
    expect(gateway.seen.outcomes.at(-1)?.statements).toHaveLength(2);
    await client.query("SET sql_mode = 'ANSI_QUOTES'");
    await client.query('SELECT 1');
    expect(gateway.seen.units.at(-1)?.state.lexical['sql_mode']).toBe('ANSI_QUOTES');
  });

  test('opens the database that a login names when it is another than the upstream has, as USE would', async () => {
    const client = await connect({ database: 'other' });
    expect(gateway.seen.units.at(-1)?.text).toBe('USE `other`');
    expect(await rowsOf(client, 'SELECT DATABASE() AS d')).toEqual([{ d: 'other' }]);
    await expect(connect({ database: 'forbidden' })).rejects.toMatchObject({ errno: 1142 });
    await expect(connect({ database: 'not_there' })).rejects.toMatchObject({ errno: 1049 });
  });

  test('takes the token of SET @sqlwarden.token out of the text, and what says why from variables and their end', async () => {
    const client = await connect();
    await client.query("SET @sqlwarden.token = 'abc.def.ghi'");
    expect(gateway.seen.units.at(-1)).toMatchObject({ text: 'SET @sqlwarden.token = NULL', renewal: 'abc.def.ghi' });
    await client.query("SET @sqlwarden.purpose = 'support'");
    await client.query('SELECT 1');
    expect(gateway.seen.units.at(-1)?.asserted).toEqual({ purpose: { value: 'support', source: 'setting' } });
  });

  test('resets a connection: variables, prepared statements and transactions are gone, and the host knows', async () => {
    const client = await connect({ database: 'app' });
    const { seen } = gateway;
    await client.query('USE other');
    await client.query('BEGIN');
    await client.query('INSERT INTO app.steps (n) VALUES (30)');
    const resets = seen.resets;
    await (client as unknown as { reset(): Promise<void> }).reset();
    expect(seen.resets).toBe(resets + 1);
    await client.query("SET sql_mode = 'ANSI_QUOTES'");
    await client.query('SELECT 1');
    await (client as unknown as { reset(): Promise<void> }).reset();
    await client.query('SELECT 1');
    expect(seen.units.at(-1)?.state.lexical['sql_mode']).not.toBe('ANSI_QUOTES');
    expect(seen.ends.map(([, end]) => end)).toContain('rolled-back');
    expect(await rowsOf(client, 'SELECT n FROM app.steps WHERE n = 30')).toHaveLength(0);
    await expect(client.changeUser({ user: 'alice', password: 'good-token' })).rejects.toMatchObject({ errno: 1235 });
  });

  test('ends what runs in another session, by the number that its client or the server knows it by, and no other', async () => {
    const [one, two] = [await connect(), await connect()];
    const running = rowsOf(two, 'SELECT SLEEP(30) AS s').catch((error: unknown) => error);
    await until(() => gateway.seen.units.at(-1)?.text.includes('SLEEP') === true);
    await one.query(`KILL QUERY ${two.threadId}`);
    // KILL QUERY interrupts SLEEP, which says so by its value or by an error.
    await running;
    expect(gateway.seen.kills.at(-1)).toEqual([two.threadId, 'query']);
    await expect(one.query('KILL 4294967295')).rejects.toMatchObject({ errno: 1094 });
    await expect(one.query('KILL 1 + 1')).rejects.toMatchObject({ errno: 1235 });
    await one.query(`KILL ${two.threadId}`);
    await expect(two.query('SELECT 1')).rejects.toThrow();
    expect(gateway.seen.reasons.at(-1)).toMatchObject({ kind: 'refused', refusal: { code: 'session-killed' } });
  });

  test('undoes a write over its limit, and commits one under it, though the client is in no transaction', async () => {
    const limited = await connect();
    const over = limited.query('INSERT INTO steps (n) VALUES (40), (41), (42) /* at most 2 */');
    await expect(over).rejects.toMatchObject({ errno: 1226 });
    const other = await connect();
    await until(async () => (await rowsOf(other, 'SELECT n FROM steps WHERE n BETWEEN 40 AND 42')).length === 0);
    const client = await connect();
    const [under] = await client.query<ResultSetHeader>('INSERT INTO steps (n) VALUES (43), (44) /* at most 2 */');
    expect(under.affectedRows).toBe(2);
    await client.query('SELECT 1');
    expect(gateway.seen.units.at(-1)?.transaction.status).toBe('idle');
    expect(await rowsOf(other, 'SELECT n FROM steps WHERE n BETWEEN 43 AND 44')).toHaveLength(2);
  });

  test('undoes a write over its limit when a packet turned autocommit on before it failed', async () => {
    const client = await connect({ multipleStatements: true });
    await client.query('SET autocommit = 0');
    await expect(client.query('SET autocommit = 1; SELECT nothing_like_it')).rejects.toMatchObject({ errno: 1054 });
    await expect(client.query('INSERT INTO steps (n) VALUES (60), (61), (62) /* at most 2 */')).rejects.toMatchObject({ errno: 1226 });
    const other = await connect();
    await until(async () => (await rowsOf(other, 'SELECT n FROM steps WHERE n BETWEEN 60 AND 62')).length === 0);
  });

  test('counts and keeps a write under its limit that follows a packet that turned autocommit off before it failed', async () => {
    const client = await connect({ multipleStatements: true });
    await expect(client.query('SET autocommit = 0; SELECT nothing_like_it')).rejects.toMatchObject({ errno: 1054 });
    await client.query('INSERT INTO steps (n) VALUES (63) /* at most 2 */');
    await client.query('ROLLBACK');
    expect(await rowsOf(await connect(), 'SELECT n FROM steps WHERE n = 63')).toHaveLength(0);
  });

  test('does not give up the locks of LOCK TABLES for a write under a limit', async () => {
    const client = await connect();
    await client.query('LOCK TABLES steps WRITE');
    await expect(client.query('INSERT INTO steps (n) VALUES (64) /* at most 2 */')).rejects.toMatchObject({ errno: 1226 });
    await client.query('UNLOCK TABLES');
    await client.query('INSERT INTO steps (n) VALUES (64) /* at most 2 */');
    expect(await rowsOf(client, 'SELECT n FROM steps WHERE n = 64')).toHaveLength(1);
  });

  test('passes statements and values of more than one packet', async () => {
    const client = await connect();
    const big = 'x'.repeat(17 << 20);
    await client.query(`INSERT INTO steps (n, big) VALUES (50, '${big}')`);
    await client.execute('INSERT INTO steps (n, big) VALUES (51, ?)', [Buffer.from(big)]);
    const rows = await rowsOf(client, 'SELECT n, big FROM steps WHERE n IN (50, 51) ORDER BY n');
    expect(rows.map(({ n, big: value }) => [n, (value as Buffer).length])).toEqual([
      [50, 17 << 20],
      [51, 17 << 20],
    ]);
  });

  test('runs as the role that it was given, also behind a reset, and ends when the role is another', async () => {
    const pinned = await startGateway(server, { role: 'reader' });
    const roleOf = async (client: Connection) => (await rowsOf(client, 'SELECT CURRENT_ROLE() AS r'))[0]?.['r'];
    const client = await connect({}, pinned.port);
    expect(await roleOf(client)).toContain('reader');
    await (client as unknown as { reset(): Promise<void> }).reset();
    expect(await roleOf(client)).toContain('reader');
    await client.query('SET ROLE NONE');
    await expect(client.query('SELECT 1')).rejects.toMatchObject({ errno: 1227 });
    expect(pinned.seen.reasons).toMatchObject([{ kind: 'refused', refusal: { code: 'setting-pinned' } }]);
    await pinned.close();
    const without = await startGateway(server, { role: 'not_there' });
    await expect(connect({}, without.port)).rejects.toMatchObject({ errno: 1429 });
    await without.close();
  });

  test('reads a conversation the same however its bytes are cut', async () => {
    const cut = await startGateway(server, { cutBytes: 1 });
    const client = await connect({}, cut.port);
    expect(await rowsOf(client, 'SELECT id, ssn FROM people ORDER BY id')).toEqual([
      { id: 1, ssn: '***' },
      { id: 2, ssn: '***' },
      { id: 3, ssn: null },
    ]);
    expect((await client.execute<RowDataPacket[]>('SELECT id, ssn FROM people WHERE id = ?', [2]))[0]).toEqual([{ id: 2, ssn: '***' }]);
    client.destroy();
    await cut.close();
  });

  test('knows the transaction of a session without autocommit, and what SET autocommit commits', async () => {
    const client = await connect();
    await client.query('SET autocommit = 0');
    gateway.seen.ends.length = 0;
    await client.query('INSERT INTO steps (n) VALUES (70)');
    await client.query('SELECT 1');
    expect(gateway.seen.units.at(-1)?.transaction).toMatchObject({ status: 'open', hasEffects: true });
    await client.query('SET autocommit = 1');
    expect(gateway.seen.ends.map(([, end]) => end)).toEqual(['committed']);
  });

  test('asks for the state again when the server says that the escapes of strings are others', async () => {
    const client = await connect();
    const changed = "DO 1; SET @@sql_mode = 'NO_BACKSLASH_ESCAPES'";
    const several = await connect({ multipleStatements: true });
    await several.query(`${changed} /* unseen */`);
    await several.query('SELECT 1');
    expect(gateway.seen.units.at(-1)?.state.lexical['sql_mode']).toBe('NO_BACKSLASH_ESCAPES');
    client.destroy();
  });

  test('says in its place why it lets nobody in whom the server has let in', async () => {
    // How mysql2 says that sequence ids are wrong, where other clients give up.
    const complaint = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const other = await startGateway(server, { refusesReady: true });
    await expect(connect({}, other.port)).rejects.toMatchObject({ message: expect.stringContaining('you are let in no more') });
    expect(other.seen.reasons).toMatchObject([{ kind: 'refused', refusal: { code: 'identity-revoked' } }]);
    await other.close();
    expect(complaint.mock.calls).toEqual([]);
    complaint.mockRestore();
  });

  test('ends a unit as unknown when the connection is lost while it runs', async () => {
    const client = await connect();
    const running = client.query('INSERT INTO steps (n) SELECT SLEEP(30)').catch((error: unknown) => error);
    await until(() => gateway.seen.units.at(-1)?.text.includes('SLEEP') === true);
    gateway.seen.ends.length = 0;
    const ticket = gateway.seen.issued.at(-1);
    for (const session of gateway.sessions) session.ended('server');
    await running;
    expect(gateway.seen.outcomes.find((outcome) => outcome.ticket === ticket)?.status).toBe('unknown');
    expect(gateway.seen.ends.map(([, end]) => end)).toContain('unknown');
  });

  test('settles every ticket once', () => {
    const { issued, outcomes } = gateway.seen;
    const settled = outcomes.map(({ ticket }) => ticket);
    expect(new Set(settled).size).toBe(settled.length);
    // What still runs is not settled; here nothing does.
    expect(settled.toSorted((a, b) => a - b)).toEqual(issued.toSorted((a, b) => a - b));
  });
});
