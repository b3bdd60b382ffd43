import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type SqlserverServerKind, sqlserverServerKinds } from '@sqlwarden/testkit';
import { type Connection, Request } from 'tedious';
import type { WireBench, WireDatabase } from '../load/bench-wire.js';
import { WIDE_TABLES } from '../load/measured.js';
import { ACCOUNT_COLUMNS, ACCOUNTS, balanceOf, WIDE_COLUMNS, wideRow } from './bench-tables.js';
import type { CannedStart } from './canned-process.js';
import { SQLSERVER_CASES } from './sqlserver-cases.js';
import { connected, DATABASE } from './sqlserver-load.js';

const ACCOUNT = 'gateway';

/** `npm run bench -- sqlserver`, on the server that is given for tests, or else on the testkit's own, which executes nothing. */
export const sqlserverBench: WireBench = {
  name: 'sqlserver',
  cases: SQLSERVER_CASES,
  open: (rows) => {
    const real = sqlserverServerKinds().find(({ finding }) => finding.found);
    return real === undefined ? openCanned(rows) : openReal(real, rows);
  },
};

async function openCanned(rows: number): Promise<WireDatabase> {
  const child = fork(join(import.meta.dirname, 'canned-process.js'));
  const login = { user: ACCOUNT, password: randomBytes(12).toString('hex') };
  const answer = await new Promise<{ readonly port: number } | { readonly failed: string }>((resolve) => {
    child.once('message', (message) => resolve(message as { readonly port: number }));
    child.once('exit', (status) => resolve({ failed: `the server ended with status ${status}` }));
    child.send({ password: login.password, rows } satisfies CannedStart);
  });
  if ('failed' in answer) throw new Error(answer.failed);
  const server = { host: '127.0.0.1', port: answer.port, version: 'a server of the testkit, which executes nothing' };
  return { server, login, ...PLACE, stop: async () => child.disconnect() };
}

async function openReal(kind: SqlserverServerKind, rows: number): Promise<WireDatabase> {
  const server = await kind.start();
  const { host, port } = server;
  const login = { user: ACCOUNT, password: `Bench-${randomBytes(12).toString('hex')}` };
  const admin = await connected({ port, login: { user: server.user, password: server.password } }, 'master');
  const run = async (sql: string): Promise<void> => void (await rowsOf(admin, sql));
  await run(`create database ${DATABASE}`);
  await run(`create login ${ACCOUNT} with password = '${login.password}'`);
  await run(`alter server role sysadmin add member ${ACCOUNT}`);
  await run(`use ${DATABASE}`);
  await run(`create table accounts (${declared(ACCOUNT_COLUMNS)}, primary key (aid))`);
  await inBatches(run, 'accounts', ACCOUNTS, (aid) => [aid, balanceOf(aid), 'x']);
  for (const table of Object.values(WIDE_TABLES)) {
    await run(`create table ${table} (${declared(WIDE_COLUMNS)}, primary key (id))`);
    await inBatches(run, table, rows, wideRow);
  }
  admin.close();
  return { server: { host, port, version: kind.name }, login, ...PLACE, stop: () => server.stop() };
}

const PLACE: Pick<WireDatabase, 'database' | 'prefix' | 'wideRow'> = {
  database: DATABASE,
  prefix: 'dbo.',
  wideRow: async (port, login, table) => {
    const connection = await connected({ port, login });
    const [row = []] = await rowsOf(connection, `select * from ${table} where id = 77`);
    connection.close();
    return row.map(String);
  },
};

const declared = (columns: Readonly<Record<string, string>>): string =>
  Object.entries(columns)
    .map(([name, type]) => `${name} ${type}`)
    .join(', ');

const BATCH_ROWS = 1_000;

async function inBatches(
  run: (sql: string) => Promise<void>,
  table: string,
  count: number,
  rowOf: (id: number) => readonly (number | string | null)[],
): Promise<void> {
  for (let first = 1; first <= count; first += BATCH_ROWS) {
    const ids = Array.from({ length: Math.min(BATCH_ROWS, count - first + 1) }, (_, at) => first + at);
    const values = ids.map((id) => `(${rowOf(id).map(literal).join(', ')})`);
    await run(`insert into ${table} values ${values.join(', ')}`);
  }
}

const literal = (value: number | string | null): string =>
  value === null ? 'null' : typeof value === 'number' ? String(value) : `'${value}'`;

function rowsOf(connection: Connection, sql: string): Promise<readonly (readonly unknown[])[]> {
  return new Promise((resolve, reject) => {
    connection.execSqlBatch(
      new Request(sql, (error, _, rows: { readonly value: unknown }[][]) =>
        error ? reject(error) : resolve(rows.map((row) => row.map(({ value }) => value))),
      ),
    );
  });
}
