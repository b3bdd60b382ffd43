import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createConnection } from 'mysql2/promise';
import { connectMariadb } from './mariadb-connection.js';
import { findMysql, startMysql } from './mysql-server.js';
import { requireOrSkip } from './require-or-skip.js';
import type { MysqlServer } from './server-site.js';

(requireOrSkip(findMysql()) ? describe : describe.skip)('MySQL', () => {
  let server: MysqlServer;
  beforeAll(async () => {
    server = await startMysql({ tls: true, parameters: { lower_case_table_names: '1' } });
  }, 60_000);
  afterAll(() => server?.stop());

  it('is of the version that was found, takes parameters, and proves passwords by caching_sha2_password', async () => {
    const connection = await connectMariadb(server);
    const rows = await connection.query(
      "SELECT version(), @@lower_case_table_names, user(), plugin FROM mysql.user WHERE user = 'root' AND host = '127.0.0.1'",
    );
    expect(rows).toEqual([[server.version, '1', 'root@127.0.0.1', 'caching_sha2_password']]);
    await connection.end();
    await expect(connectMariadb(server, { password: 'wrong' })).rejects.toMatchObject({ errno: 1045 });
  });

  it('serves TLS with a certificate of its own authority, and listens on its unix socket', async () => {
    const { port, user, password, socketPath, authority = '' } = server;
    const encrypted = await createConnection({ host: 'localhost', port, user, password, ssl: { ca: authority } });
    const [rows] = await encrypted.query("SHOW STATUS LIKE 'Ssl_version'");
    expect(rows).toEqual([{ Variable_name: 'Ssl_version', Value: 'TLSv1.3' }]);
    await encrypted.end();
    await (await createConnection({ user, password, socketPath })).end();
  });

  it('leaves no directory when it is stopped', async () => {
    await server.stop();
    expect(existsSync(path.dirname(server.socketPath))).toBe(false);
  });
});

describe('a MySQL that is not there', () => {
  it('may be missing where nothing else may be', () => {
    const [required, file] = [process.env['SQLWARDEN_REQUIRE'], process.env['SQLWARDEN_MISSING_FILE']];
    process.env['SQLWARDEN_REQUIRE'] = 'all';
    delete process.env['SQLWARDEN_MISSING_FILE'];
    const missing = { found: false, name: 'a server', reason: 'none here' } as const;
    try {
      expect(requireOrSkip({ ...missing, optional: true })).toBe(false);
      expect(() => requireOrSkip({ ...missing, optional: true }, missing)).toThrow(/a server/);
    } finally {
      for (const [name, value] of [
        ['SQLWARDEN_REQUIRE', required],
        ['SQLWARDEN_MISSING_FILE', file],
      ] as const) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
  });
});
