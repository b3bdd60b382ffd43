import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type Finding,
  createAuthority,
  findPgbench,
  findPostgres,
  findPsql,
  findPython,
  type ProgramResult,
  requireOrSkip,
  runProgram,
} from '@sqlwarden/testkit';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import Cursor from 'pg-cursor';
import { corpusPolicy } from './harness/corpus-case.js';
import { type CorpusServer, GATEWAY_ROLE, startCorpusServer } from './harness/database.js';
import { type RunningGateway, startGateway } from './harness/gateway.js';
import { LeakOracle } from './harness/leak-oracle.js';
import { SECRETS, WORLD_A } from './harness/worlds.js';

const [postgres, psql, pgbench, psycopg2, psycopg3] = [
  findPostgres(18),
  findPsql(),
  findPgbench(),
  findPython('psycopg2'),
  findPython('psycopg'),
];
const withNeeds = (...needs: readonly Finding[]): typeof describe.skip => (requireOrSkip(...needs) ? describe : describe.skip);

/** Where a client connects, as libpq's environment says it. */
type Place = Readonly<Record<string, string>>;

withNeeds(postgres)('clients', () => {
  const oracle = new LeakOracle(SECRETS);
  const certificates = mkdtempSync(join(tmpdir(), 'sqlwarden-e2e-certificates-'));
  let server: CorpusServer;
  let gateway: RunningGateway;
  /** Both legs in TLS. */
  let encrypted: RunningGateway;
  let governed: Place;
  let governedTls: Place;
  let direct: Place;

  beforeAll(async () => {
    server = await startCorpusServer({ tls: true });
    await server.create('crm', WORLD_A);
    await server.create('twin', WORLD_A);
    gateway = await startGateway({ server, upstreams: { crm: 'crm' }, policies: [corpusPolicy('masks')] });
    const authority = createAuthority();
    const own = authority.issue({ commonName: 'localhost', names: ['localhost', '127.0.0.1'] });
    for (const [name, text] of Object.entries({
      'own.crt': own.certificate,
      'own.key': own.key,
      'own-ca.crt': authority.certificate,
      'server-ca.crt': server.server.authority ?? '',
    })) {
      writeFileSync(join(certificates, name), text, { mode: 0o600 });
    }
    const upstream = {
      clientTls: { certificate: join(certificates, 'own.crt'), key: join(certificates, 'own.key') },
      server: { host: '127.0.0.1', port: server.server.port, database: 'crm', tls: 'verify-full', ca: join(certificates, 'server-ca.crt') },
    };
    encrypted = await startGateway({ server, upstreams: { crm: 'crm' }, policies: [corpusPolicy('masks')], upstream });
    const place = (port: number, password: string): Place => ({
      PGHOST: 'localhost',
      PGHOSTADDR: '127.0.0.1',
      PGPORT: String(port),
      PGUSER: GATEWAY_ROLE,
      PGDATABASE: 'crm',
      PGPASSWORD: password,
      PGSSLMODE: 'disable',
      PGTZ: 'UTC',
    });
    governed = place(gateway.ports['crm'] ?? 0, gateway.token(['app']));
    governedTls = {
      ...place(encrypted.ports['crm'] ?? 0, encrypted.token(['app'])),
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: join(certificates, 'own-ca.crt'),
    };
    direct = { ...place(server.server.port, server.password), PGSSLMODE: 'disable' };
  });
  afterAll(async () => {
    await gateway?.stop();
    await encrypted?.stop();
    await server?.stop();
    rmSync(certificates, { recursive: true, force: true });
  });

  const leaksIn = (text: string): unknown[] => oracle.findIn(Buffer.from(text), []);

  withNeeds(psql)('psql', () => {
    const program = psql.found ? psql.path : '';
    const run = (place: Place, ...args: readonly string[]): Promise<ProgramResult> =>
      runProgram(program, ['-X', '-v', 'VERBOSITY=terse', ...args], { env: place });

    it.each([
      ['\\d'],
      ['\\d people'],
      ['\\d+ orders'],
      ['\\d+ visits'],
      ['\\dt+ *.*orders*'],
      ['\\dv'],
      ['\\dm'],
      ['\\di'],
      ['\\ds'],
      ['\\df'],
      ['\\dn+'],
      ['\\du'],
      ['\\dT'],
      ['\\dp orders'],
      ['\\dx'],
      ['\\dC date'],
      ['\\sf tax'],
      ['\\sv order_totals'],
      ['\\d hr.people'],
      ['\\dD'],
      ['\\dew'],
    ])('%s shows what it shows without the gateway', async (command) => {
      const [plain, through] = [await run(direct, '-c', command), await run(governed, '-c', command)];
      expect(through).toEqual(plain);
      expect(plain.status).toBe(0);
    });

    it('runs several statements from -c and from a script, and stops at an error', async () => {
      const script =
        "create temp table t (a int);\n\\set x 5\nselect :x + 1 as six \\gset\n\\echo :six\nbegin;\ninsert into settings (key) values ('psql');\nrollback;\nselect count(*) from settings;\nselect 1/0;\nselect 2;\n";
      for (const args of [
        ['-c', 'select 1; select 2 as two; select count(*) from orders'],
        ['-1', '-v', 'ON_ERROR_STOP=1', '-c', 'select id from orders where id < 3 order by 1'],
      ]) {
        expect(await run(governed, ...args)).toEqual(await run(direct, ...args));
      }
      const [plain, through] = [direct, governed].map((place) =>
        runProgram(program, ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', '-'], { env: place, input: script }),
      );
      const [a, b] = [await plain, await through];
      expect(b?.stdout).toBe(a?.stdout);
      expect(b?.status).toBe(a?.status);
      expect(b?.status).toBe(3);
    });

    it('shows masked rows and says why it refuses', async () => {
      const { stdout, status } = await run(governed, '-c', 'select * from people');
      expect(status).toBe(0);
      expect(stdout).toContain('Person 7');
      expect(leaksIn(stdout)).toEqual([]);
      const refused = await run(governed, '-c', "select name from people where ssn like '1%'");
      expect(refused.status).toBe(1);
      expect(refused.stderr).toMatch(/sqlwarden: column .*ssn/);
    });

    it('copies out and in', async () => {
      for (const command of [
        '\\copy orders to stdout csv header',
        '\\copy (select id, name from people order by id) to stdout',
        'copy products (sku, stock) to stdout',
      ]) {
        expect(await run(governed, '-c', command)).toEqual(await run(direct, '-c', command));
      }
      const copied = await runProgram(program, ['-X', '-c', '\\copy settings (key, value) from stdin csv'], {
        env: governed,
        input: 'copied,1\n"with, comma",2\n',
      });
      expect(copied).toMatchObject({ status: 0, stdout: 'COPY 2\n' });
      const protectedCopy = await run(governed, '-c', '\\copy people to stdout');
      expect(leaksIn(protectedCopy.stdout + protectedCopy.stderr)).toEqual([]);
    });

    it('describes a result before it runs, and lists notifications', async () => {
      for (const input of [
        'select id, total, status from orders \\gdesc\n',
        'select id from orders where id = 1 \\bind \\g\n',
        'listen x;\nnotify x;\nselect 1;\n',
      ]) {
        const [plain, through] = [
          await runProgram(program, ['-X'], { env: direct, input }),
          await runProgram(program, ['-X'], { env: governed, input }),
        ];
        const unnumbered = (text: string): string => text.replaceAll(/PID \d+/g, 'PID');
        expect(unnumbered(through.stdout)).toBe(unnumbered(plain.stdout));
      }
    });

    it('connects with TLS on both legs, and is refused a wrong certificate', async () => {
      const { stdout } = await run(
        governedTls,
        '-At',
        '-c',
        'select ssl from pg_stat_ssl where pid = pg_backend_pid()',
        '-c',
        '\\conninfo',
      );
      expect(stdout).toContain('t\n');
      expect(stdout).toContain('SSL connection');
      const wrong = await run({ ...governedTls, PGSSLROOTCERT: join(certificates, 'server-ca.crt') }, '-c', 'select 1');
      expect(wrong.status).toBe(2);
      const plain = await run({ ...governed, PGSSLMODE: 'require' }, '-c', 'select 1');
      expect(plain.stderr).toContain('does not support SSL');
    });

    it('cancels a statement with ctrl-c', async () => {
      for (const place of [governed, governedTls]) {
        const child = spawn(program, ['-X', '-c', 'select pg_sleep(30)'], {
          env: { ...process.env, ...place },
          stdio: ['ignore', 'ignore', 'pipe'],
        });
        const errors: Buffer[] = [];
        child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
        const exit = once(child, 'exit');
        await sleeping(server);
        child.kill('SIGINT');
        await exit;
        expect(child.exitCode).toBe(1);
        expect(Buffer.concat(errors).toString()).toMatch(/cancel/);
        expect(
          await server.admin('crm', "select 1 from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'"),
        ).toEqual([]);
      }
    });
  });

  describe('node-postgres', () => {
    const connect = async (tls = false): Promise<pg.Client> => {
      const [running, password] = tls ? [encrypted, encrypted.token(['app'])] : [gateway, gateway.token(['app'])];
      const ssl = tls ? { ca: readFileSync(join(certificates, 'own-ca.crt'), 'utf8'), servername: 'localhost' } : false;
      const client = new pg.Client({ host: '127.0.0.1', port: running.ports['crm'] ?? 0, user: 'ada', database: 'crm', password, ssl });
      await client.connect();
      return client;
    };

    it('simple, with parameters, named and binary, with TLS and without', async () => {
      for (const tls of [false, true]) {
        const client = await connect(tls);
        expect((await client.query('select id from orders order by id limit 2')).rows).toEqual([{ id: 1 }, { id: 2 }]);
        expect((await client.query('select $1::int + $2::int as sum', [1, 2])).rows).toEqual([{ sum: 3 }]);
        for (const id of [1, 2])
          expect((await client.query({ name: 'one', text: 'select name from people where id = $1', values: [id] })).rows).toEqual([
            { name: `Person ${id}` },
          ]);
        expect((await client.query(binary('select id, total::float8 as total from orders where id = 2'))).rows).toEqual([
          { id: 2, total: 13.5 },
        ]);
        const { rows } = await client.query<Record<string, unknown>>('select * from people');
        expect(leaksIn(JSON.stringify(rows))).toEqual([]);
        await client.end();
      }
    });

    it('several statements in one text', async () => {
      const client = await connect();
      const results = (await client.query('select 1 as a; select 2 as b')) as unknown as pg.QueryResult[];
      expect(results.map(({ rows }) => rows[0] as unknown)).toEqual([{ a: 1 }, { b: 2 }]);
      await client.end();
    });

    it('a cursor and COPY streams', async () => {
      const client = await connect();
      const cursor = client.query(new Cursor<{ id: number }>('select id, ssn from people order by id'));
      const rows = [...(await cursor.read(7)), ...(await cursor.read(7))];
      expect(rows.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
      expect(leaksIn(JSON.stringify(rows))).toEqual([]);
      await cursor.close();
      await pipeline(Readable.from(['s1\tv\n', 's2\tv\n']), client.query(copyFrom('copy settings (key, value) from stdin')));
      const chunks: Buffer[] = [];
      for await (const chunk of client.query(copyTo("copy (select key from settings where key like 's_' order by 1) to stdout")))
        chunks.push(chunk as Buffer);
      expect(Buffer.concat(chunks).toString()).toBe('s1\ns2\n');
      await client.end();
    });

    it('a pool with parallel work', async () => {
      const pool = new pg.Pool({
        host: '127.0.0.1',
        port: gateway.ports['crm'] ?? 0,
        user: 'ada',
        database: 'crm',
        password: gateway.token(['app']),
        max: 6,
      });
      const results = await Promise.all(Array.from({ length: 60 }, (_, n) => pool.query<{ n: number }>('select $1::int as n', [n])));
      expect(results.map(({ rows }) => rows[0]?.n)).toEqual(Array.from({ length: 60 }, (_, n) => n));
      await pool.end();
    });

    it('errors keep their codes and fields, and the connection goes on', async () => {
      const client = await connect();
      await expect(client.query("insert into settings (key) values ('theme')")).rejects.toMatchObject({
        code: '23505',
        table: 'settings',
        constraint: 'settings_pkey',
      });
      await expect(client.query('select id from people order by ssn')).rejects.toMatchObject({ code: '42501' });
      expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
      await client.end();
    });
  });

  describe.each([
    ['psycopg2', psycopg2, 'with-psycopg2.py'],
    ['psycopg 3', psycopg3, 'with-psycopg3.py'],
  ] as const)('%s', (_, python, script) => {
    (requireOrSkip(python) ? it : it.skip)('gives what it gives without the gateway', async () => {
      const run = (place: Place): Promise<ProgramResult> =>
        runProgram(python.found ? python.path : '', [join(import.meta.dirname, '..', 'corpus', 'clients', script)], { env: place });
      const [plain, through, inTls] = [await run({ ...direct, PGDATABASE: 'twin' }), await run(governed), await run(governedTls)];
      expect(plain.stderr).toBe('');
      expect(through.stderr).toBe('');
      expect(through.stdout).toBe(plain.stdout);
      expect(inTls).toEqual(through);
      expect(through.stdout).toContain('cancelled 57014');
    });
  });

  withNeeds(pgbench)('pgbench', () => {
    const run = (...args: readonly string[]): Promise<ProgramResult> =>
      runProgram(pgbench.found ? pgbench.path : '', args, { env: governed, timeoutMs: 50_000 });

    it('initialises its tables and runs TPC-B, simple and prepared, without a failed transaction', async () => {
      const made = await run('-i', '-s', '1', '--foreign-keys');
      expect(made.status).toBe(0);
      for (const mode of ['simple', 'extended', 'prepared']) {
        const result = await run('-M', mode, '-c', '4', '-j', '2', '-T', '2');
        expect({ mode, status: result.status, stderr: result.stderr.replaceAll(/pgbench \(.*\n|starting vacuum.*\n/g, '') }).toEqual({
          mode,
          status: 0,
          stderr: '',
        });
        expect(Number(/transactions actually processed: (\d+)/.exec(result.stdout)?.[1])).toBeGreaterThan(4);
        expect(result.stdout).toContain('number of failed transactions: 0');
      }
      const [sums] = await server.admin<{ same: boolean }>(
        'crm',
        'select (select sum(abalance) from pgbench_accounts) = (select sum(tbalance) from pgbench_tellers) as same',
      );
      expect(sums?.same).toBe(true);
    }, 90_000);

    it('reads only, prepared, on many connections', async () => {
      const result = await run('-S', '-M', 'prepared', '-c', '16', '-j', '2', '-T', '2', '-n');
      expect(result.status).toBe(0);
      expect(result.stdout).toContain('number of failed transactions: 0');
    }, 60_000);
  });
});

/** The option is known to the driver, not to its types. */
function binary(text: string): pg.QueryConfig {
  return Object.assign({ text }, { binary: true });
}

/** Waits until the server sleeps for somebody. */
async function sleeping(server: CorpusServer): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const found = await server.admin(
      'crm',
      "select 1 from pg_stat_activity where query like '%pg_sleep(30)%' and pid <> pg_backend_pid() and wait_event = 'PgSleep'",
    );
    if (found.length > 0) return;
    await delay(50);
  }
  throw new Error('nobody sleeps');
}
