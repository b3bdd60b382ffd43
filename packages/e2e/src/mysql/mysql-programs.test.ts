import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Finding, findMariadb, findPython, type ProgramResult, requireOrSkip, runProgram } from '@sqlwarden/testkit';
import { LeakOracle } from '../harness/leak-oracle.js';
import { SECRETS, WORLD_A } from '../harness/worlds.js';
import { GATEWAY_ACCOUNT, MARIADB, type MysqlCorpusServer, startMysqlCorpusServer } from './mysql-database.js';
import { type MysqlGateway, mysqlPolicies, startMysqlGateway } from './mysql-gateway.js';

type Place = Readonly<Record<string, string>>;

function findProgram(name: string): Finding {
  const { status, stdout } = spawnSync(name, ['--version'], { encoding: 'utf8' });
  return status === 0
    ? { found: true, name, path: name, version: stdout.trim() }
    : { found: false, name, reason: 'not on PATH (apt-get install mariadb-client)' };
}

const [client, dump, slap] = ['mariadb', 'mariadb-dump', 'mariadb-slap'].map(findProgram) as [Finding, Finding, Finding];
const python = findPython('pymysql');

(requireOrSkip(findMariadb()) ? describe : describe.skip)('programs for MySQL and MariaDB', () => {
  const oracle = new LeakOracle(SECRETS);
  let server: MysqlCorpusServer;
  let gateway: MysqlGateway;
  let [direct, masked, unmasked]: Place[] = [];

  beforeAll(async () => {
    server = await startMysqlCorpusServer(MARIADB);
    for (const database of ['crm', 'ctl']) await server.create(database, WORLD_A);
    gateway = await startMysqlGateway({ server, upstreams: { crm: 'crm' }, policies: mysqlPolicies() });
    const place = (port: number, password: string, database: string): Place => ({
      MYSQL_TCP_PORT: String(port),
      MYSQL_PWD: password,
      MYSQL_USER: GATEWAY_ACCOUNT,
      MYSQL_DATABASE: database,
    });
    direct = place(server.server.port, server.password, 'ctl');
    masked = place(gateway.ports['crm'] ?? 0, gateway.token(['app']), 'crm');
    unmasked = place(gateway.ports['crm'] ?? 0, gateway.token(['app', 'privacy']), 'crm');
  }, 60_000);
  afterAll(async () => {
    await gateway?.stop();
    await server?.stop();
  });

  const run = (program: string, place: Place = {}, args: readonly string[] = [], input = ''): Promise<ProgramResult> =>
    runProgram(program, ['--no-defaults', '-h', '127.0.0.1', '-P', place['MYSQL_TCP_PORT'] ?? '', '-u', GATEWAY_ACCOUNT, ...args], {
      env: place,
      input,
    });
  const leaks = (text: string): readonly unknown[] => oracle.findIn(Buffer.from(text), []);

  (requireOrSkip(client) ? it : it.skip)('the command line shows what it shows without the gateway, but for masks', async () => {
    const script = `
      show tables; describe orders; select id, name from people order by id; select count(*) from orders;
      insert into settings (name) values ('cli'); delete from settings where name = 'cli'; select no_such_column from orders;
      call paid_orders(); set @n = 3; select @n;
    `;
    const [plain, through] = [
      await run('mariadb', direct, ['-f', '-t', 'ctl'], script),
      await run('mariadb', masked, ['-f', '-t', 'crm'], script),
    ];
    expect(through.stdout.replaceAll('crm', 'ctl')).toBe(plain.stdout);
    expect(plain.stdout).toContain('Person 12');
    expect(through.stderr).toMatch(/ERROR 1054/);
    const secret = 'select * from people; select ssn, email from people\\G select code from contacts;';
    const [shown, hidden] = [await run('mariadb', direct, ['ctl'], secret), await run('mariadb', masked, ['crm'], secret)];
    expect(leaks(shown.stdout)).not.toEqual([]);
    expect({ status: hidden.status, stderr: hidden.stderr, leaks: leaks(hidden.stdout) }).toEqual({ status: 0, stderr: '', leaks: [] });
    expect(hidden.stdout.split('\n').length).toBe(shown.stdout.split('\n').length);
  });

  (requireOrSkip(dump, client) ? it : it.skip)('a dump of somebody who reads everything restores to an equal database', async () => {
    const options = ['--skip-comments', '--routines', '--triggers', '--single-transaction'];
    const [plain, through] = [
      await run('mariadb-dump', direct, [...options, 'ctl']),
      await run('mariadb-dump', unmasked, [...options, 'crm']),
    ];
    expect({ status: through.status, stderr: through.stderr }).toEqual({ status: 0, stderr: plain.stderr });
    expect(through.stdout.replaceAll('crm', 'ctl')).toBe(plain.stdout);
    await server.admin('create database restored');
    const restoring = await run('mariadb', direct, ['restored'], plain.stdout);
    expect(restoring.stderr).toBe('');
    const again = await run('mariadb-dump', direct, [...options, 'restored']);
    expect(again.stdout.replaceAll('restored', 'ctl')).toBe(plain.stdout);
  });

  (requireOrSkip(dump) ? it : it.skip)('a dump of somebody who reads masked is masked', async () => {
    const through = await run('mariadb-dump', masked, ['--skip-comments', 'crm', 'people', 'orders', 'staff', 'visits']);
    expect({ status: through.status, stderr: through.stderr, leaks: leaks(through.stdout) }).toEqual({ status: 0, stderr: '', leaks: [] });
    expect(through.stdout).toContain('INSERT INTO `people` VALUES');
  });

  (requireOrSkip(slap) ? it : it.skip)('the load generator runs', async () => {
    const args = [
      '--create-schema=crm',
      '--query=select id, ssn from people',
      '--concurrency=3',
      '--iterations=2',
      '--number-of-queries=60',
    ];
    const { status, stdout, stderr } = await run('mariadb-slap', masked, args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('Number of clients running queries: 3');
  });

  (requireOrSkip(python, findPython('sqlalchemy')) ? it : it.skip)(
    'PyMySQL and SQLAlchemy show what they show without the gateway, but for masks',
    async () => {
      const script = join(import.meta.dirname, '..', '..', 'corpus', 'mysql', 'clients', 'with-pymysql.py');
      const program = (place: Place = {}): Promise<ProgramResult> =>
        runProgram(python.found ? python.path : '', ['-W', 'ignore', script], { env: place });
      const [plain, through] = [await program(direct), await program(masked)];
      expect({ status: through.status, stderr: through.stderr }).toEqual({ status: 0, stderr: '' });
      const isMarked = (line: string): boolean => line.startsWith('masked ');
      const [all, governed] = [plain, through].map(({ stdout }) => stdout.split('\n')) as [string[], string[]];
      expect(governed.filter((line) => !isMarked(line))).toEqual(all.filter((line) => !isMarked(line)));
      expect(governed.filter(isMarked).length).toBe(all.filter(isMarked).length);
      expect(leaks(plain.stdout)).not.toEqual([]);
      expect(leaks(through.stdout)).toEqual([]);
    },
  );
});
