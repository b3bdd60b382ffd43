import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readEntries } from '@sqlwarden/ledger';
import {
  findPgbench,
  findPostgres,
  findPsql,
  findPython,
  openIdKey,
  type OpenIdProvider,
  requireOrSkip,
  runProgram,
  startOpenIdProvider,
} from '@sqlwarden/testkit';
import pg from 'pg';
import type { RunningGateway } from '../harness/gateway.js';
import { setStage, type Stage, startStageGateway } from './stage.js';

const [postgres, psql, pgbench, psycopg, python] = [
  findPostgres(18),
  findPsql(),
  findPgbench(),
  findPython('psycopg'),
  findPython('ctypes'),
];
const pathOf = (found: { readonly found: boolean }): string => (found as { readonly path?: string }).path ?? '';
/** So that tokens come close to the longest that are taken, and beyond. */
const groups = (count: number): string[] => ['app', ...Array.from({ length: count }, (_, i) => `a-group-with-a-name-${i}`)];

(requireOrSkip(postgres) ? describe : describe.skip)('how clients log in with tokens of an OpenID provider', () => {
  let provider: OpenIdProvider;
  let stage: Stage;
  let gateway: RunningGateway;
  let ports: Readonly<Record<string, number>>;
  const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-tokens-'));
  const tokenFile = join(directory, 'token');
  /** Where libpq looks for the unix socket of a port. */
  const socketOf = (port: number): string => join(directory, `.s.PGSQL.${port}`);
  const tokens: Record<'ada' | 'long' | 'beyond', string> = { ada: '', long: '', beyond: '' };

  beforeAll(async () => {
    provider = await startOpenIdProvider({
      accounts: { ada: { groups: ['app'] }, bob: { groups: ['app'] }, long: { groups: groups(440) }, beyond: { groups: groups(600) } },
    });
    for (const account of ['ada', 'long', 'beyond'] as const) tokens[account] = (await provider.login(account)).accessToken;
    stage = await setStage(18);
    const { gateway: certificate, gatewayKey: key } = stage.files;
    const clientTls = { certificate, key };
    ({ gateway, ports } = await startStageGateway(
      stage,
      {
        token: { more: { clientTls } },
        oauth: { more: { clientTls, clients: 'oauth', oauth: { issuer: 'op', scope: 'openid sql' } } },
        workload: { more: { clients: 'workload' } },
        socket: { more: { listen: socketOf(5_431), clients: 'token' } },
        pod: { more: { listen: socketOf(5_430), clients: 'workload' } },
      },
      {
        identity: {
          issuers: [
            {
              name: 'op',
              preset: 'generic',
              issuer: provider.issuer,
              audience: 'sqlwarden',
              keys: { url: `${provider.issuer}/jwks` },
              subjectKind: 'person',
            },
            { name: 'dev', preset: 'dev', issuer: 'urn:sqlwarden:dev', audience: 'sqlwarden', keys: { directory: './issuer' } },
          ],
          workload: { tokenFile },
        },
      },
    ));
  });
  afterAll(async () => {
    await gateway?.stop();
    await stage?.stop();
    await provider?.stop();
    rmSync(directory, { recursive: true });
  });

  const place = (upstream: string, mode: string): string =>
    `host=localhost hostaddr=127.0.0.1 port=${ports[upstream] ?? 0} user=ada dbname=postgres sslmode=${mode} sslrootcert=${stage.files.clientCa}`;

  async function byPsql(upstream: string, password: string, mode = 'verify-full'): Promise<string> {
    const { stdout, stderr } = await runProgram(
      pathOf(psql),
      ['-X', '-A', '-t', '-w', '-d', place(upstream, mode), '-c', 'select name from things'],
      {
        env: { PGPASSWORD: password },
      },
    );
    return (stdout + stderr).trim();
  }

  async function lastPrincipal(): Promise<unknown> {
    let last: unknown;
    for await (const { event } of readEntries(gateway.ledgerDirectory)) if (event.type === 'session.opened') last = event.principal;
    return last;
  }

  const ada = (issuer: string): object => ({
    subject: { kind: 'person', issuer, id: 'ada', groups: ['app'] },
    proof: { subject: 'token' },
  });

  describe('as the password', () => {
    (requireOrSkip(psql) ? it : it.skip)('by psql, inside of TLS and on this machine', async () => {
      expect(await byPsql('token', tokens.ada)).toBe('one');
      expect(await byPsql('token', tokens.ada, 'disable')).toBe('one');
      expect(await lastPrincipal()).toMatchObject(ada(provider.issuer));
    });

    (requireOrSkip(psql) ? it : it.skip)('by psql from a file of passwords', async () => {
      const passfile = join(directory, 'pgpass');
      writeFileSync(passfile, `*:*:*:*:${tokens.ada}\n`, { mode: 0o600 });
      const found = await runProgram(pathOf(psql), [
        '-X',
        '-A',
        '-t',
        '-w',
        '-d',
        `${place('token', 'require')} passfile=${passfile}`,
        '-c',
        'select 1',
      ]);
      expect(found.stdout + found.stderr).toBe('1\n');
    });

    (requireOrSkip(psql) ? it : it.skip)('as long as tokens may be, and no longer', async () => {
      expect(tokens.long.length).toBeGreaterThan(14 * 1024);
      expect(tokens.long.length).toBeLessThanOrEqual(16 * 1024);
      expect(await byPsql('token', tokens.long)).toBe('one');
      expect(tokens.beyond.length).toBeGreaterThan(16 * 1024);
      expect(await byPsql('token', tokens.beyond)).toContain('the token is longer than 16384 bytes');
    });

    (requireOrSkip(psql) ? it : it.skip)('by psql over a unix socket', async () => {
      const found = await runProgram(
        pathOf(psql),
        ['-X', '-A', '-t', '-w', '-d', `host=${directory} port=5431 user=ada dbname=postgres`, '-c', 'select name from things'],
        {
          env: { PGPASSWORD: tokens.ada },
        },
      );
      expect(found.stdout + found.stderr).toBe('one\n');
    });

    (requireOrSkip(pgbench) ? it : it.skip)('by pgbench, for each of its clients', async () => {
      const script = join(directory, 'select.sql');
      writeFileSync(script, 'select name from things;\n');
      const { stdout, stderr } = await runProgram(
        pathOf(pgbench),
        ['-n', '-f', script, '-c', '4', '-j', '2', '-t', '10', '-C', place('token', 'require')],
        {
          env: { PGPASSWORD: tokens.ada },
        },
      );
      expect(stderr.replace(/^pgbench \(.*\n/, '')).toBe('');
      expect(stdout).toContain('number of transactions actually processed: 40/40');
    });

    (requireOrSkip(psycopg) ? it : it.skip)('by psycopg', async () => {
      const script =
        'import psycopg, sys, os; print(psycopg.connect(sys.argv[1], password=os.environ["TOKEN"]).execute("select name from things").fetchone()[0])';
      const { stdout, stderr } = await runProgram(pathOf(psycopg), ['-c', script, place('token', 'verify-full')], {
        env: { TOKEN: tokens.ada },
      });
      expect(stdout + stderr).toBe('one\n');
    });

    it('by node-postgres, with a newer one for each connection of a pool', async () => {
      const given: string[] = [];
      const next = async (): Promise<string> => {
        const { accessToken } = await provider.login(given.length === 0 ? 'ada' : 'bob');
        given.push(accessToken);
        return accessToken;
      };
      const ssl = { ca: readFileSync(stage.files.clientCa, 'utf8') };
      const pool = new pg.Pool({
        host: 'localhost',
        port: ports['token'] ?? 0,
        user: 'ada',
        database: 'postgres',
        password: next,
        ssl,
        max: 2,
      });
      const clients = [await pool.connect(), await pool.connect()];
      for (const client of clients) {
        expect((await client.query('select name from things')).rows).toEqual([{ name: 'one' }]);
        client.release();
      }
      await pool.end();
      expect(given[0]).not.toBe(given[1]);
      expect(await lastPrincipal()).toMatchObject({ subject: { id: 'bob' } });
    });

    (requireOrSkip(psql) ? it : it.skip)(
      'of the key that the provider changed to, without a restart here',
      async () => {
        const [before, after] = [tokens.ada, openIdKey()];
        await provider.restart([after]);
        tokens.ada = (await provider.login('ada')).accessToken;
        expect(tokens.ada.split('.')[0]).not.toBe(before.split('.')[0]);
        expect(await byPsql('token', tokens.ada)).toBe('one');
      },
      60_000,
    );
  });

  (requireOrSkip(python) ? describe : describe.skip)('by OAUTHBEARER, with the libpq of PostgreSQL 18', () => {
    async function byLibpq(upstream: string, token: string, more = ''): Promise<readonly string[]> {
      const library = join(pathOf(postgres), 'lib', 'libpq.so.5');
      const conninfo = `${place(upstream, 'verify-full')} oauth_issuer=${provider.issuer} oauth_client_id=tool ${more}`;
      const script = join(import.meta.dirname, '..', '..', 'corpus', 'clients', 'libpq-oauth.py');
      const { stdout, stderr } = await runProgram(pathOf(python), [script, library, conninfo], {
        // The issuer of these tests is no https URL.
        env: { TOKEN: token, PGOAUTHDEBUG: 'UNSAFE' },
      });
      return (stdout + stderr)
        .trim()
        .split('\n')
        .filter((line) => !line.startsWith('WARNING'));
    }

    it('which learns where tokens are, brings one, and is known', async () => {
      const asked = `asked ${provider.issuer}/.well-known/openid-configuration openid sql`;
      expect(await byLibpq('oauth', tokens.ada)).toEqual([asked, 'one']);
      expect(await lastPrincipal()).toMatchObject(ada(provider.issuer));
    });

    it('with a token as long as they may be', async () => {
      const long = (await provider.login('long')).accessToken;
      expect((await byLibpq('oauth', long)).at(-1)).toBe('one');
    });

    it('is told why a token is refused', async () => {
      const [, ...told] = await byLibpq('oauth', `${tokens.ada.slice(0, -6)}AAAAAA`);
      expect(told.join('\n')).toContain('sqlwarden: the signature of the token is wrong');
    });

    it('is not taken for a password elsewhere, nor a password for it', async () => {
      expect((await byLibpq('token', tokens.ada, 'require_auth=oauth')).join()).toContain('server requested a cleartext password');
      expect(await byPsql('oauth', tokens.ada)).toMatch(/OAUTHBEARER|none of the server's SASL authentication mechanisms are supported/);
    });

    it('records who asked where tokens are, and who brought a wrong one', async () => {
      const found: unknown[] = [];
      for (let attempt = 0; found.length < 2 && attempt < 40; attempt += 1) {
        found.splice(0);
        for await (const { event } of readEntries(gateway.ledgerDirectory))
          if (event.type === 'login.refused' && event.upstream === 'oauth') found.push([event.code, event.message]);
        if (found.length < 2) await delay(50);
      }
      expect(found).toContainEqual(['identity-missing', 'give a bearer token']);
      expect(found).toContainEqual(['identity-invalid', 'the signature of the token is wrong']);
    });
  });

  (requireOrSkip(psql) ? describe : describe.skip)('by the token of their workload', () => {
    it('which is read for each login, whatever they send', async () => {
      writeFileSync(tokenFile, `${(await provider.clientLogin('batch')).accessToken}\n`, { mode: 0o600 });
      expect(await byPsql('workload', '', 'disable')).toBe('one');
      expect(await lastPrincipal()).toMatchObject({ subject: { issuer: provider.issuer, id: 'batch' }, proof: { subject: 'token' } });
      expect(await byPsql('workload', 'any password', 'disable')).toBe('one');
      writeFileSync(tokenFile, tokens.ada, { mode: 0o600 });
      expect(await byPsql('workload', '', 'disable')).toBe('one');
      expect(await lastPrincipal()).toMatchObject({ subject: { id: 'ada' } });
    });

    it('over a unix socket, and go on with the next token of the same workload when one has ended, but not with that of another', async () => {
      const write = (id: string, lifetimeSeconds: number): void =>
        writeFileSync(tokenFile, gateway.token(['app'], { id, kind: 'service', lifetimeSeconds }), { mode: 0o600 });
      write('etl', 2);
      const client = new pg.Client({ host: directory, port: 5_430, user: 'x', database: 'postgres' });
      await client.connect();
      const select = (): Promise<unknown> =>
        client.query('select name from things').then(
          ({ rows }) => rows[0],
          (error: Error) => error.message,
        );
      expect(await select()).toEqual({ name: 'one' });
      write('etl', 4);
      await delay(2_100);
      expect(await select()).toEqual({ name: 'one' });
      write('another', 60);
      await delay(2_500);
      expect(await select()).toMatch(/^sqlwarden: /);
      await client.end();
    }, 20_000);

    it('not without it, nor by one that is wrong; the operator is told why, and not the token', async () => {
      rmSync(tokenFile);
      expect(await byPsql('workload', tokens.ada, 'disable')).toContain(
        'sqlwarden: the gateway has no token for this workload; its log says why',
      );
      writeFileSync(tokenFile, `${tokens.ada.slice(0, -6)}AAAAAA`, { mode: 0o600 });
      expect(await byPsql('workload', tokens.ada, 'disable')).toContain('sqlwarden: the signature of the token is wrong');
      const said = gateway.troubles.map(({ message }) => message);
      expect(said).toEqual(expect.arrayContaining([`the token of the workload cannot be read: ${tokenFile} (ENOENT)`]));
      expect(said.join()).not.toContain(tokens.ada.slice(0, 20));
    });
  });
});
