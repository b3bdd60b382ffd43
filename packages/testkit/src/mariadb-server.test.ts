import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { type ConnectionOptions, createConnection, type RowDataPacket } from 'mysql2/promise';
import { findMariadb, type MariadbServer, startMariadb } from './mariadb-server.js';
import { requireOrSkip } from './require-or-skip.js';

async function query(options: ConnectionOptions, sql: string): Promise<unknown> {
  const connection = await createConnection(options);
  try {
    const [rows] = await connection.query<RowDataPacket[]>(sql);
    return { ...rows[0] };
  } finally {
    await connection.end();
  }
}

(requireOrSkip(findMariadb()) ? describe : describe.skip)('MariaDB', () => {
  let server: MariadbServer;
  beforeAll(async () => {
    server = await startMariadb({ tls: true, parameters: { lower_case_table_names: '1' } });
  });
  afterAll(() => server.stop());
  const login = (): ConnectionOptions => ({ host: server.host, port: server.port, user: server.user, password: server.password });

  it('is of the version that was found and takes parameters', async () => {
    const row = await query(login(), 'SELECT version() AS version, @@lower_case_table_names AS folds, user() AS login');
    expect(row).toEqual({ version: server.version, folds: 1, login: 'root@127.0.0.1' });
  });

  it('refuses a wrong password', async () => {
    await expect(query({ ...login(), password: 'wrong' }, 'SELECT 1')).rejects.toMatchObject({ errno: 1045 });
  });

  it('serves TLS that verifies against its own authority only', async () => {
    const sql = "SHOW STATUS LIKE 'Ssl_version'";
    const row = await query({ ...login(), host: 'localhost', ssl: { ca: server.authority ?? '' } }, sql);
    expect(row).toEqual({ Variable_name: 'Ssl_version', Value: 'TLSv1.3' });
    await expect(query({ ...login(), host: 'localhost', ssl: {} }, sql)).rejects.toThrow(/certificate/);
  });

  it('listens on its unix socket', async () => {
    const { user, password, socketPath } = server;
    expect(await query({ user, password, socketPath }, 'SELECT user() AS login')).toEqual({ login: 'root@localhost' });
  });

  it('logs', () => expect(server.log()).toContain('ready for connections'));
});

(requireOrSkip(findMariadb()) ? describe : describe.skip)('a MariaDB that is no longer wanted', () => {
  it('leaves no directory and no listener when it is stopped, twice too', async () => {
    const server = await startMariadb();
    await Promise.all([server.stop(), server.stop()]);
    expect(existsSync(path.dirname(server.socketPath))).toBe(false);
    const { host, port, user, password } = server;
    await expect(query({ host, port, user, password }, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('ends with the process that started it, killed', async () => {
    const testkit = pathToFileURL(path.join(import.meta.dirname, '..', 'dist', 'index.js')).href;
    const script = `
      const { startMariadb } = await import(${JSON.stringify(testkit)});
      console.log((await startMariadb()).socketPath);
      setInterval(() => undefined, 1000);
    `;
    const owner = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(owner.stdout, 'data')) as [Buffer];
    const directory = path.dirname(line.toString().trim());
    expect(existsSync(directory)).toBe(true);
    owner.kill('SIGKILL');
    for (let waited = 0; existsSync(directory) && waited < 10_000; waited += 50) await delay(50);
    expect(existsSync(directory)).toBe(false);
  });

  it('says what the server logged when it does not come up', async () => {
    await expect(startMariadb({ parameters: { no_such_variable: 'x' } })).rejects.toThrow(/no-such-variable/);
  });
});
