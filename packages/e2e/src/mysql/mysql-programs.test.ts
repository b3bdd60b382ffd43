import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ProgramResult, requireOrSkip } from '@sqlwarden/testkit';
import { MYSQL_KINDS } from './mysql-database.js';
import { type CommandLine, mariadbProgram, mysqlProgram, type ProgramSite, startProgramSite } from './program-site.js';

/** Every program, and whether it is MySQL's own: those are for MySQL alone, MariaDB's for both. */
const FAMILIES = [
  { family: 'MariaDB', programs: [mariadbProgram(''), mariadbProgram('dump'), mariadbProgram('slap')] },
  { family: 'MySQL', programs: [mysqlProgram(''), mysqlProgram('dump'), mysqlProgram('slap')] },
] as const satisfies readonly { family: string; programs: readonly [CommandLine, CommandLine, CommandLine] }[];

const WAYS = [
  { way: 'in TLS', inTls: true },
  { way: 'without TLS', inTls: false },
] as const;

/** "Capabilities Flags" of what this gateway does not decode. */
const COMPRESSIONS = { zlib: 0x20, optionalResultsetMetadata: 0x200_0000, zstd: 0x400_0000 };

/** Which of them stand in the Protocol::HandshakeV10 that a server greets with. */
function offered(port: number): Promise<Readonly<Record<string, boolean>>> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let seen = Buffer.alloc(0);
    socket.on('error', reject);
    socket.on('data', (data) => {
      seen = Buffer.concat([seen, data]);
      if (seen.length < 4 || seen.length < 4 + seen.readUIntLE(0, 3)) return;
      socket.destroy();
      // Behind the version: thread id, half of the salt, a filler; between the halves of the flags the collation and the status.
      const at = seen.indexOf(0, 5) + 1 + 4 + 8 + 1;
      const flags = seen.readUInt16LE(at) + seen.readUInt16LE(at + 5) * 2 ** 16;
      resolve(Object.fromEntries(Object.entries(COMPRESSIONS).map(([name, flag]) => [name, (flags & flag) !== 0])));
    });
  });
}

describe.each(MYSQL_KINDS)('programs on $name', (kind) => {
  if (!requireOrSkip(kind.finding)) {
    it.skip('need the server', () => undefined);
    return;
  }
  let site: ProgramSite;
  beforeAll(async () => {
    site = await startProgramSite(kind);
  }, 120_000);
  afterAll(() => site?.stop());

  it('are offered no compression and no results without their columns, whatever the server offers', async () => {
    const own = await offered(site.server.server.port);
    expect(own).toMatchObject(kind.flavour === 'mysql' ? { zlib: true, optionalResultsetMetadata: true, zstd: true } : { zlib: true });
    expect(await offered(site.gateway.ports['crm'] ?? 0)).toEqual({ zlib: false, optionalResultsetMetadata: false, zstd: false });
  });

  const families = FAMILIES.filter(({ family }) => kind.flavour === 'mysql' || family === 'MariaDB');
  describe.each(families)('of $family', ({ family, programs: [client, dump, slap] }) => {
    // What is in a dump of another product's server, and what that writes to standard error, is its own affair: it is the same with us and without.
    const dumping = family === 'MySQL' ? ['--skip-comments', '--set-gtid-purged=OFF', '--routines'] : ['--skip-comments', '--routines'];

    (requireOrSkip(client.finding) ? it : it.skip)('the command line that would compress goes on without it', async () => {
      const compressing = family === 'MySQL' ? '--compression-algorithms=zstd,zlib,uncompressed' : '--compress';
      const told = "select name from people where id = 1; show session status like 'Compression'";
      const { status, stdout, stderr } = await client.run(site.masked(true), [compressing, '-N', 'crm'], told);
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'Person 1\nCompression\tOFF\n', stderr: '' });
    });

    describe.each(WAYS)('$way', ({ inTls }) => {
      (requireOrSkip(client.finding) ? it : it.skip)(
        'the command line shows what it shows without the gateway, but for masks',
        async () => {
          const script = `
          show tables; describe orders; select id, name from people order by id; select count(*) from orders;
          insert into settings (name) values ('cli'); delete from settings where name = 'cli'; select no_such_column from orders;
          call paid_orders(); set @n = 3; select @n;
        `;
          const [plain, through] = [
            await client.run(site.direct, ['-f', '-t', 'ctl'], script),
            await client.run(site.masked(inTls), ['-f', '-t', 'crm'], script),
          ];
          expect(through.stdout.replaceAll('crm', 'ctl')).toBe(plain.stdout);
          expect(plain.stdout).toContain('Person 12');
          expect(through.stderr).toMatch(/ERROR 1054/);
          const status = await client.run(site.masked(inTls), ['crm'], 'status');
          expect(/SSL:\s+(.*)/.exec(status.stdout)?.[1]).toMatch(inTls ? /^Cipher in use/ : /^Not in use/);
          const secret = 'select * from people; select ssn, email from people\\G select code from contacts;';
          const [shown, hidden] = [await client.run(site.direct, ['ctl'], secret), await client.run(site.masked(inTls), ['crm'], secret)];
          expect(site.leaksIn(shown.stdout)).not.toEqual([]);
          expect({ status: hidden.status, stderr: hidden.stderr, leaks: site.leaksIn(hidden.stdout) }).toEqual({
            status: 0,
            stderr: '',
            leaks: [],
          });
          expect(hidden.stdout.split('\n').length).toBe(shown.stdout.split('\n').length);
        },
      );

      (requireOrSkip(dump.finding, client.finding) ? it : it.skip)(
        'a dump of somebody who reads everything restores to an equal database',
        async () => {
          const options = [...dumping, '--triggers', '--single-transaction'];
          const [plain, through] = [
            await dump.run(site.direct, [...options, 'ctl']),
            await dump.run(site.unmasked(inTls), [...options, 'crm']),
          ];
          expect({ status: through.status, stderr: through.stderr }).toEqual({ status: 0, stderr: plain.stderr });
          expect(through.stdout.replaceAll('crm', 'ctl')).toBe(plain.stdout);
          // Restored through the gateway, too, by the same program; once, because every definition has the schema read again.
          const restoring = inTls ? site.unmasked(inTls) : site.direct;
          await site.server.admin('drop database if exists restored; create database restored');
          expect((await client.run(restoring, ['restored'], plain.stdout)).stderr).toBe('');
          const again = await dump.run(site.direct, [...options, 'restored']);
          expect(again.stdout.replaceAll('restored', 'ctl')).toBe(plain.stdout);
        },
      );

      (requireOrSkip(dump.finding) ? it : it.skip)('a dump of somebody who reads masked is masked', async () => {
        const through = await dump.run(site.masked(inTls), [...dumping.slice(0, -1), 'crm', 'people', 'orders', 'staff', 'visits']);
        const leaks = site.leaksIn(through.stdout);
        expect({ status: through.status, stderr: through.stderr, leaks }).toEqual({ status: 0, stderr: '', leaks: [] });
        expect(through.stdout).toContain('INSERT INTO `people` VALUES');
      });

      (requireOrSkip(slap.finding) ? it : it.skip)('the load generator runs', async () => {
        const args = [
          '--create-schema=crm',
          '--query=select id, ssn from people',
          '--concurrency=3',
          '--iterations=2',
          '--number-of-queries=60',
        ];
        const { status, stdout, stderr }: ProgramResult = await slap.run(site.masked(inTls), args);
        expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
        expect(stdout).toContain('Number of clients running queries: 3');
      });
    });
  });
});
