import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectMariadb, type MariadbConnection } from './mariadb-connection.js';
import { startMariadb } from './mariadb-server.js';
import { findMysqlAtUrl, startMysqlAtUrl } from './mysql-at-url.js';
import { mysqlServerKinds } from './mysql-server-kinds.js';
import { requireOrSkip } from './require-or-skip.js';
import type { MysqlServer } from './server-site.js';

const before = process.env['SQLWARDEN_MYSQL_URL'];
const set = (url: string | undefined): void => {
  if (url === undefined) delete process.env['SQLWARDEN_MYSQL_URL'];
  else process.env['SQLWARDEN_MYSQL_URL'] = url;
};
afterAll(() => set(before));

describe('a server that is named by a URL', () => {
  it('is none where nothing is named, and missed by its name where nothing answers', () => {
    set(undefined);
    expect(findMysqlAtUrl()).toBe(undefined);
    for (const [url, reason] of [
      ['mysql://root@127.0.0.1:1', 'nothing greets as MySQL does at 127.0.0.1:1'],
      ['postgres://root@127.0.0.1', 'is not mysql://user:password@host:port'],
      ['127.0.0.1:3306', 'is not mysql://user:password@host:port'],
    ] as const) {
      set(url);
      expect(findMysqlAtUrl()?.finding).toMatchObject({ found: false, reason: expect.stringContaining(reason) });
    }
  });
});

const [mariadb] = mysqlServerKinds();
(mariadb !== undefined && requireOrSkip(mariadb.finding) ? describe : describe.skip)('a MariaDB that somebody else has started', () => {
  let server: MysqlServer;
  let root: MariadbConnection;
  const names = async (sql: string): Promise<unknown[]> => (await root.query(sql)).map(([name]) => name);
  const databases = (): Promise<unknown[]> =>
    names("show databases where `Database` not in ('mysql', 'sys', 'information_schema', 'performance_schema')");
  const accounts = (): Promise<unknown[]> => names('select user from mysql.user order by user');

  beforeAll(async () => {
    server = await startMariadb();
    root = await connectMariadb(server);
    await root.query('create database mine');
    set(`mysql://root:${encodeURIComponent(server.password)}@127.0.0.1:${server.port}`);
  });
  afterAll(async () => {
    await root?.end();
    await server?.stop();
  });

  it('is one of the kinds, of the flavour and version that it greets with', () => {
    expect(mysqlServerKinds().at(-1)).toMatchObject({
      flavour: 'mariadb',
      servesTls: false,
      finding: { found: true, name: 'the server of SQLWARDEN_MYSQL_URL', version: server.version },
    });
  });

  it('is left as it was found, whatever a suite made and however it was set', async () => {
    const found = [await databases(), await accounts(), await names('select @@global.max_allowed_packet')];
    const there = await startMysqlAtUrl({ password: '', parameters: { 'max-allowed-packet': '64M' } });
    expect(await names('select @@global.max_allowed_packet')).toEqual([String(64 << 20)]);
    const suite = await connectMariadb(there);
    await suite.query('create database crm');
    await suite.query('create table crm.t (a int)');
    await suite.query("create user gateway identified by 'x'");
    await suite.query('create role analyst');
    // It goes on while what it uses is dropped.
    await suite.query('start transaction');
    await suite.query('insert into crm.t values (1)');
    await there.stop();
    expect([await databases(), await accounts(), await names('select @@global.max_allowed_packet')]).toEqual(found);
    await suite.end().catch(() => undefined);
  });

  it('has what a suite that was killed left dropped by the next', async () => {
    const found = [await databases(), await accounts()];
    const killed = await startMysqlAtUrl();
    await root.query('create database left_over');
    await root.query("create user leftover identified by 'x'");
    await root.query("select is_used_lock('sqlwarden_tests') into @holder");
    await root.query('execute immediate concat("kill ", @holder)');
    const next = await startMysqlAtUrl();
    expect(await databases()).not.toContain('left_over');
    await next.stop();
    await killed.stop().catch(() => undefined);
    expect([await databases(), await accounts()]).toEqual(found);
  });

  it('is used by one suite at a time', async () => {
    const first = await startMysqlAtUrl();
    const second = startMysqlAtUrl();
    const early = await Promise.race([second.then(() => 'second'), root.query('select sleep(0.1)').then(() => 'first')]);
    expect(early).toBe('first');
    await first.stop();
    await (await second).stop();
  });

  it('is not touched where it holds tables of its own, nor used for TLS that it does not serve', async () => {
    await root.query('create table mine.precious (a int)');
    await expect(startMysqlAtUrl()).rejects.toThrow('1 tables of its own');
    await root.query('drop table mine.precious');
    await expect(startMysqlAtUrl({ tls: true })).rejects.toThrow('?ssl-ca=FILE');
    expect(await databases()).toEqual(['mine']);
  });
});
