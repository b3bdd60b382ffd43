import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findBabelfish, startBabelfish, type SqlserverServer } from './babelfish-server.js';
import { requireOrSkip } from './require-or-skip.js';
import { connectSqlserver } from './sqlserver-connection.js';

(requireOrSkip(findBabelfish()) ? describe : describe.skip)('Babelfish', () => {
  let server: SqlserverServer;
  beforeAll(async () => {
    server = await startBabelfish({ tls: true });
  }, 60_000);
  afterAll(() => server?.stop());

  it('takes its password under TLS, with a certificate of its own authority', async () => {
    const connection = await connectSqlserver(server);
    expect(await connection.query("SELECT 1 AS one, N'zwei' AS two UNION ALL SELECT 2, NULL ORDER BY 1")).toEqual([
      [1, 'zwei'],
      [2, null],
    ]);
    await expect(connection.query('SELECT 1 / 0')).rejects.toMatchObject({ number: 8134 });
    await connection.end();
    await expect(connectSqlserver(server, { password: 'wrong' })).rejects.toThrow(/password authentication failed|Login failed/);
    const { authority: _, ...plain } = server;
    await expect(connectSqlserver(plain)).rejects.toThrow(/requires encryption/);
  });
});
