import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { findPostgres, postgresMajors } from './postgres-binaries.js';
import { startPostgres } from './postgres-server.js';
import type { PostgresServer } from './postgres-server.js';
import { requireOrSkip } from './require-or-skip.js';

async function query(config: pg.ClientConfig, sql: string): Promise<unknown> {
  const client = new pg.Client(config);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows[0];
  } finally {
    await client.end();
  }
}

for (const major of postgresMajors) {
  (requireOrSkip(findPostgres(major)) ? describe : describe.skip)(`embedded PostgreSQL ${major}`, () => {
    let server: PostgresServer;
    beforeAll(async () => {
      server = await startPostgres({ major, tls: true, parameters: { cluster_name: "it's" } });
    });
    afterAll(() => server.stop());

    it('is of the major that was asked for and takes parameters', async () => {
      const sql = "select current_setting('server_version_num')::int / 10000 as major, current_setting('cluster_name') as name";
      expect(await query({ connectionString: server.url() }, sql)).toEqual({ major, name: "it's" });
    });

    it('refuses a wrong password', async () => {
      await expect(query({ connectionString: server.url({ password: 'wrong' }) }, 'select 1')).rejects.toMatchObject({ code: '28P01' });
    });

    it('serves TLS that verifies against its own authority only', async () => {
      const sql = 'select ssl, version from pg_stat_ssl where pid = pg_backend_pid()';
      const connectionString = server.url();
      const row = await query({ connectionString, ssl: { ca: server.authority ?? '', servername: 'localhost' } }, sql);
      expect(row).toEqual({ ssl: true, version: 'TLSv1.3' });
      await expect(query({ connectionString, ssl: { servername: 'localhost' } }, sql)).rejects.toThrow(/certificate/);
    });

    it('listens on its unix socket', async () => {
      const { socketDirectory, port, user, password, database } = server;
      const row = await query({ host: socketDirectory, port, user, password, database }, 'select inet_client_addr() is null as local');
      expect(row).toEqual({ local: true });
    });

    it('logs', () => expect(server.log()).toContain('password authentication failed'));
  });
}

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('a server that is no longer wanted', () => {
  it('leaves no directory and no listener when it is stopped, twice too', async () => {
    const server = await startPostgres();
    await Promise.all([server.stop(), server.stop()]);
    expect(existsSync(path.dirname(server.socketDirectory))).toBe(false);
    await expect(query({ connectionString: server.url() }, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it.each(['SIGKILL', 'SIGTERM'] as const)('ends with the process that started it, ended by %s', async (signal) => {
    const testkit = pathToFileURL(path.join(import.meta.dirname, '..', 'dist', 'index.js')).href;
    const script = `
      const { startPostgres } = await import(${JSON.stringify(testkit)});
      const server = await startPostgres();
      console.log(JSON.stringify({ url: server.url(), directory: server.socketDirectory }));
      setInterval(() => undefined, 1000);
    `;
    const owner = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(owner.stdout, 'data')) as [Buffer];
    const { url, directory } = JSON.parse(line.toString()) as { url: string; directory: string };
    expect(await query({ connectionString: url }, 'select 1 as one')).toEqual({ one: 1 });
    owner.kill(signal);
    for (let waited = 0; existsSync(path.dirname(directory)) && waited < 10_000; waited += 50) await delay(50);
    expect(existsSync(path.dirname(directory))).toBe(false);
    await expect(query({ connectionString: url }, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('says what the server logged when it does not come up', async () => {
    await expect(startPostgres({ parameters: { shared_buffers: 'nonsense' } })).rejects.toThrow(/shared_buffers/);
  });
});
