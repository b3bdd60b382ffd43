import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findBabelfish, startBabelfish, type SqlserverServer } from './babelfish-server.js';
import { requireOrSkip } from './require-or-skip.js';
import { findSqlserverAtUrl, startSqlserverAtUrl } from './sqlserver-at-url.js';
import { connectSqlserver } from './sqlserver-connection.js';

const { SQLWARDEN_SQLSERVER_URL: before } = process.env;
const set = (url: string | undefined): void => {
  if (url === undefined) delete process.env['SQLWARDEN_SQLSERVER_URL'];
  else process.env['SQLWARDEN_SQLSERVER_URL'] = url;
};
afterAll(() => set(before));

describe('finding the server of a URL', () => {
  it('says what is wrong with the URL, and that nothing answers', () => {
    set(undefined);
    expect(findSqlserverAtUrl()).toBeUndefined();
    set('postgres://sa:secret@localhost');
    expect(findSqlserverAtUrl()).toMatchObject({ found: false, reason: expect.stringContaining('mssql://') });
    set('mssql://sa:secret@127.0.0.1:1');
    expect(findSqlserverAtUrl()).toMatchObject({ found: false, reason: expect.stringContaining('nothing answers') });
  });
});

(requireOrSkip(findBabelfish()) ? describe : describe.skip)('a server of a URL, which is a Babelfish', () => {
  let server: SqlserverServer;
  beforeAll(async () => {
    server = await startBabelfish();
    set(`mssql://sa:${encodeURIComponent(server.password)}@127.0.0.1:${server.port}`);
  }, 60_000);
  afterAll(() => server?.stop());

  it("is found by its PRELOGIN, is one suite's at a time, and has its databases dropped", async () => {
    expect(findSqlserverAtUrl()).toMatchObject({ found: true, version: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
    const first = await startSqlserverAtUrl();
    const connection = await connectSqlserver(first);
    await connection.query('CREATE DATABASE left_behind');
    await connection.end();
    let started = false;
    const second = startSqlserverAtUrl().then((taken) => {
      started = true;
      return taken;
    });
    await connectSqlserver(first).then((other) => other.end());
    expect(started).toBe(false);
    await first.stop();
    const taken = await second;
    const after = await connectSqlserver(taken);
    expect((await after.query('SELECT name FROM sys.databases')).flat()).not.toContain('left_behind');
    await after.end();
    await taken.stop();
  });

  it('is refused when it has databases that no test has made', async () => {
    const connection = await connectSqlserver(server);
    await connection.query("IF DB_ID('sqlwarden_tests') IS NOT NULL DROP DATABASE sqlwarden_tests");
    await connection.query('CREATE DATABASE payroll');
    await connection.end();
    await expect(startSqlserverAtUrl()).rejects.toThrow(/has databases of its own/);
  });
});
