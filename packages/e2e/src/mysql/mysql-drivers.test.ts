import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Finding, findMariadbJdbc, findPython, type ProgramResult, requireOrSkip, runProgram, until } from '@sqlwarden/testkit';
import { type Connection as MariadbConnection, createConnection as connectMariadb, createPool as poolOfMariadb, SqlError } from 'mariadb';
import type { Connection as CallbackConnection } from 'mysql2';
import { type Connection, createConnection, createPool, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import { MYSQL_KINDS } from './mysql-database.js';
import { type Place, type ProgramSite, startProgramSite } from './program-site.js';

const [pymysql, sqlalchemy, django] = (['pymysql', 'sqlalchemy', 'django'] as const).map((module) => findPython(module)) as [
  Finding,
  Finding,
  Finding,
];
const jdbc = findMariadbJdbc();

const WAYS = [
  { way: 'in TLS', inTls: true },
  { way: 'without TLS', inTls: false },
] as const;

const corpusFile = (name: string): string => join(import.meta.dirname, '..', '..', 'corpus', 'mysql', 'clients', name);

describe.each(MYSQL_KINDS)('drivers on $name', (kind) => {
  if (!requireOrSkip(kind.finding)) {
    it.skip('need the server', () => undefined);
    return;
  }
  let site: ProgramSite;
  const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-drivers-'));
  beforeAll(async () => {
    site = await startProgramSite(kind);
  }, 120_000);
  afterAll(async () => {
    await site?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Runs the same around the gateway and through it: what is not marked `masked ` is equal, and nothing leaks. */
  async function compare(run: (place: Place) => Promise<ProgramResult>, inTls: boolean): Promise<void> {
    const [plain, through] = [await run(site.direct), await run(site.masked(inTls))];
    expect({ status: plain.status, stderr: plain.stderr }).toEqual({ status: 0, stderr: '' });
    expect({ status: through.status, stderr: through.stderr }).toEqual({ status: 0, stderr: '' });
    const isMarked = (line: string): boolean => line.startsWith('masked ');
    const [all, governed] = [plain.stdout.split('\n'), through.stdout.split('\n')];
    expect(governed.filter((line) => !isMarked(line))).toEqual(all.filter((line) => !isMarked(line)));
    if (all.some((line) => /^masked .*@/.test(line))) expect(governed.some((line) => /^masked .*\*@\*/.test(line))).toBe(true);
    expect(site.leaksIn(plain.stdout)).not.toEqual([]);
    expect(site.leaksIn(through.stdout)).toEqual([]);
  }
  const python =
    (found: Finding, script: string) =>
    (place: Place): Promise<ProgramResult> =>
      runProgram(found.found ? found.path : '', ['-W', 'ignore', corpusFile(script)], { env: { ...place } });

  describe.each(WAYS)('$way', ({ inTls }) => {
    (requireOrSkip(pymysql, sqlalchemy) ? it : it.skip)(
      'PyMySQL and SQLAlchemy show what they show without the gateway, but for masks',
      () => compare(python(pymysql, 'with-pymysql.py'), inTls),
    );

    it('mysql2 shows what it shows without the gateway, but for masks', () => compare(withMysql2, inTls));
  });

  // In TLS only: without it the connector itself never shows a password in clear.
  it("MariaDB's connector for Node shows what it shows without the gateway, but for masks", () => compare(withMariadbConnector, true));

  // Once, because every migration has the schema read again.
  (requireOrSkip(django, pymysql) ? it : it.skip)(
    'Django inspects, migrates and maps what it does without the gateway, but for masks',
    () => compare(python(django, 'with-django.py'), true),
  );

  (requireOrSkip(jdbc) ? describe : describe.skip)('the JDBC driver of MariaDB', () => {
    const archive = jdbc.found ? jdbc.path : '';
    beforeAll(async () => {
      const { status, stderr } = await runProgram('javac', ['-cp', archive, '-d', directory, corpusFile('WithJdbc.java')]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    });
    const java = (place: Place, option: string): Promise<ProgramResult> =>
      runProgram('java', ['-Xshare:auto', '-XX:TieredStopAtLevel=1', '-cp', `${archive}:${directory}`, 'WithJdbc', option], {
        env: { ...place },
      });

    it.each(WAYS)('reads, prepares, batches, rolls back and describes $way', ({ inTls }) =>
      compare((place) => {
        if (place === site.direct) return java(place, '&allowPublicKeyRetrieval=true');
        return java(place, place.MYSQL_CA === '' ? '&useSSL=false' : `&useSSL=true&serverSslCert=${place.MYSQL_CA}`);
      }, inTls),
    );

    it('shows no token without TLS unless it is told that there is none, and says so', async () => {
      const { status, stdout, stderr } = await java(site.masked(false), '');
      expect({ status, rows: stdout.split('\n').length }).toEqual({ status: 1, rows: 2 });
      expect(stderr).toContain("explicitly forcing 'useSsl=false' in connection string");
    });
  });
});

/** What applications do with mysql2, in the form of a program. */
async function withMysql2(place: Place): Promise<ProgramResult> {
  const lines: string[] = [];
  const show = (value: unknown, mark = ''): void =>
    void lines.push(`${mark}${JSON.stringify(value).replaceAll(place.MYSQL_DATABASE, 'database')}`);
  const login = {
    host: '127.0.0.1',
    port: Number(place.MYSQL_TCP_PORT),
    user: place.MYSQL_USER,
    password: place.MYSQL_PWD,
    database: place.MYSQL_DATABASE,
    ...(place.MYSQL_CA === '' ? { enableCleartextPlugin: true } : { ssl: { ca: readFileSync(place.MYSQL_CA) } }),
  };
  const connection = await createConnection({ ...login, multipleStatements: true, namedPlaceholders: true });
  try {
    await readsOfMysql2(connection, show);
    await writesOfMysql2(connection, show);
  } finally {
    await connection.end();
  }
  const pool = createPool({ ...login, connectionLimit: 2 });
  const counts = await Promise.all([1, 2, 3, 4].map((id) => pool.execute('select name from people where id = ?', [id])));
  show(counts.map(([rows]) => rows));
  await pool.end();
  return { status: 0, signal: null, stdout: lines.join('\n'), stderr: '' };
}

type Show = (value: unknown, mark?: string) => void;

async function readsOfMysql2(connection: Connection, show: Show): Promise<void> {
  show((await connection.query('select id, name, created_at from people where id < :below order by id', { below: 4 }))[0]);
  const secrets = 'select ssn, email, phone, salary, card, birthday, bio, secret from people order by id';
  for (const rows of [(await connection.query(secrets))[0], (await connection.execute(secrets))[0]]) show(rows, 'masked ');
  const [results] = await connection.query<RowDataPacket[][]>('select 1 as one; select count(*) as n from orders; call paid_orders()');
  show(results.map((result) => (Array.isArray(result) ? result : 'ok')));
  const [, fields] = await connection.query('select id, total, placed_at from orders limit 1');
  show(fields.map(({ name, columnType, columnLength, flags }) => [name, columnType, columnLength, flags]));
  const prepared = await connection.prepare('select status, total from orders where id = ?');
  for (const id of [1, 2, 3]) show((await prepared.execute([id]))[0]);
  await prepared.close();
  const streamed: unknown[] = [];
  const { connection: inner } = connection as unknown as { readonly connection: CallbackConnection };
  for await (const row of inner.query('select id, status from orders order by id').stream()) streamed.push(row);
  show(streamed);
  const failure = await connection.query('select no_such_column from orders').catch((error: { errno: number; sqlState: string }) => error);
  show('errno' in failure && [failure.errno, failure.sqlState]);
}

async function writesOfMysql2(connection: Connection, show: Show): Promise<void> {
  await connection.beginTransaction();
  const rows = [
    ['node1', "it's"],
    ['node2', null],
  ];
  show((await connection.query<ResultSetHeader>('insert into settings (name, value) values ?', [rows]))[0].affectedRows);
  show((await connection.execute<ResultSetHeader>('update settings set value = ? where name = ?', ['x', 'node2']))[0].info);
  show((await connection.query("select name, value from settings where name like 'node%' order by name"))[0]);
  await connection.rollback();
  show((await connection.query("select count(*) as n from settings where name like 'node%'"))[0]);
  await connection.ping();
  await connection.reset();
  show((await connection.query('select database() as d, @@autocommit as a'))[0]);
}

/** What applications do with MariaDB's own connector, which sends an execute ahead of the answer to its preparation. */
async function withMariadbConnector(place: Place): Promise<ProgramResult> {
  const lines: string[] = [];
  const show = (value: unknown, mark = ''): void =>
    void lines.push(
      `${mark}${JSON.stringify(value, (_key, one) => (typeof one === 'bigint' ? String(one) : one)).replaceAll(place.MYSQL_DATABASE, 'database')}`,
    );
  const login = {
    host: '127.0.0.1',
    port: Number(place.MYSQL_TCP_PORT),
    user: place.MYSQL_USER,
    password: place.MYSQL_PWD,
    database: place.MYSQL_DATABASE,
    allowPublicKeyRetrieval: true,
    ...(place.MYSQL_CA === '' ? {} : { ssl: { ca: readFileSync(place.MYSQL_CA) } }),
  };
  const connection = await connectMariadb(login);
  try {
    await readsOfMariadbConnector(connection, show);
    await writesOfMariadbConnector(connection, show);
  } finally {
    await connection.end();
  }
  const pool = poolOfMariadb({ ...login, connectionLimit: 2 });
  show(await Promise.all([1, 2, 3, 4].map((id) => pool.execute('select name from people where id = ?', [id]))));
  // A connection that is still being made when the pool ends is ended by nobody.
  await until(() => pool.idleConnections() === 2);
  await pool.end();
  return { status: 0, signal: null, stdout: lines.join('\n'), stderr: '' };
}

async function readsOfMariadbConnector(connection: MariadbConnection, show: Show): Promise<void> {
  for (const send of ['query', 'execute'] as const) {
    show(await connection[send]('select id, name, created_at from people where id < ? order by id', [4]));
    show(await connection[send]('select ssn, email, phone, salary, card, birthday, bio, secret from people order by id'), 'masked ');
  }
  show((await connection.query<unknown[]>('call paid_orders()')).length);
  const streamed: unknown[] = [];
  for await (const row of connection.queryStream('select id, status from orders order by id')) streamed.push(row);
  show(streamed);
  const failure: unknown = await connection.query('select no_such_column from orders').catch((error: unknown) => error);
  show(failure instanceof SqlError && [failure.errno, failure.sqlState]);
}

async function writesOfMariadbConnector(connection: MariadbConnection, show: Show): Promise<void> {
  await connection.beginTransaction();
  const rows = [
    ['node1', "it's"],
    ['node2', null],
    ['node3', 'x'],
  ];
  const written = await connection.batch('insert into settings (name, value) values (?, ?)', rows);
  show([written].flat().reduce((sum, { affectedRows }) => sum + affectedRows, 0));
  show(await connection.query("select name, value from settings where name like 'node%' order by name"));
  await connection.rollback();
  show(await connection.query("select count(*) as n from settings where name like 'node%'"));
  await connection.reset();
  show(await connection.query('select database() as d, @@autocommit as a'));
  await connection.ping();
}
