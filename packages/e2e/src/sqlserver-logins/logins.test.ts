import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeScramVerifier } from '@sqlwarden/identity';
import { readEntries } from '@sqlwarden/ledger';
import {
  type CannedSqlServer,
  type CannedSqlServerOptions,
  createAuthority,
  findFreetds,
  openIdKey,
  requireOrSkip,
  runProgram,
  startCannedSqlServer,
  until,
  cannedDatabase,
} from '@sqlwarden/testkit';
import { Connection, type ConnectionConfiguration, Request } from 'tedious';
import { type RunningGateway, startGateway } from '../harness/gateway.js';

const ACCOUNT = 'of the account that sessions share';
const ALICE = 'the password of alice';
const CAROL = 'carols own secret, that is nowhere';
const ACCESS_TOKEN = 'access.token.of-the-gateway';
const ALLOW_EVERYTHING = 'version: 1\ndefault: deny\nrules:\n  - { id: everything, then: allow }\n';
const NAMES = 'select name from dbo.things';

const publicKeyOf = ({ d: _private, ...key }: Readonly<Record<string, unknown>>): object => key;

type Options = NonNullable<ConnectionConfiguration['options']>;

interface How {
  readonly user?: string;
  readonly password?: string;
  readonly authentication?: object;
  readonly options?: Options & { readonly encrypt?: Options['encrypt'] };
}

const servers: CannedSqlServer[] = [];
const start = async (options: CannedSqlServerOptions): Promise<CannedSqlServer> => {
  const server = await startCannedSqlServer({
    accounts: { gateway: ACCOUNT, carol: CAROL, blue_user: 'resu_eulb' },
    databases: ['master', 'shop'],
    acceptToken: (token) => (token === ACCESS_TOKEN ? 'gateway' : undefined),
    answers: [
      { when: NAMES, give: [{ kind: 'rows', columns: [{ name: 'name', type: 'varchar(20)' }], rows: [['one']] }] },
      ...cannedDatabase({
        name: 'shop',
        tables: { 'dbo.things': { id: 'int not null', name: 'varchar(20)' } },
        roles: { carol: ['analyst'] },
      }),
    ],
    ...options,
  });
  servers.push(server);
  return server;
};

describe('logins before a SQL Server', () => {
  let gateway: RunningGateway;
  let plain: CannedSqlServer;
  let encrypted: CannedSqlServer;
  const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-tds-'));
  const authority = createAuthority();
  const at = (name: string): string => join(directory, name);
  const write = (name: string, text: string): string => {
    writeFileSync(at(name), text, { mode: 0o600 });
    return at(name);
  };

  beforeAll(async () => {
    plain = await start({ encryption: 'not-supported' });
    encrypted = await start({ encryption: 'required' });
    const strict = await start({ encryption: 'strict' });
    const shown = authority.issue({ commonName: 'localhost', names: ['localhost', '127.0.0.1'] });
    const clientTls = { certificate: write('gateway.pem', shown.certificate), key: write('gateway.key', shown.key) };
    const bob = authority.issue({ commonName: 'bob' });
    write('bob.pem', bob.certificate);
    write('bob.key', bob.key);
    const ca = write('clients.pem', authority.certificate);
    const person = { user: 'alice', verifier: makeScramVerifier(ALICE, 4096), kind: 'person' };
    const users = write('users.yaml', JSON.stringify({ version: 1, users: [person] }));
    write('mint.sh', `#!/bin/sh\nprintf '%s' "$SQLWARDEN_USER" | rev\n`);
    chmodSync(at('mint.sh'), 0o755);
    write('access-token', ACCESS_TOKEN);
    write('keys.json', JSON.stringify({ keys: [publicKeyOf(openIdKey())] }));
    const serverOf = ({ host, port, authority: pem }: CannedSqlServer, more: object = {}): object => ({
      host,
      port,
      database: 'shop',
      tls: 'verify-full',
      ca: write(`${port}.pem`, pem),
      ...more,
    });
    gateway = await startGateway({
      server: { server: plain, password: ACCOUNT },
      upstreams: Object.fromEntries(
        ['open', 'token', 'encrypted', 'strict', 'cloud', 'users', 'certificate', 'workload', 'told', 'own', 'minted'].map((name) => [
          name,
          'shop',
        ]),
      ),
      policies: [ALLOW_EVERYTHING],
      upstream: { database: 'sqlserver', credentials: { user: 'gateway' } },
      each: {
        token: { clientTls },
        encrypted: { clientTls, server: serverOf(encrypted) },
        strict: { clientTls, server: serverOf(strict, { sslNegotiation: 'direct' }) },
        cloud: {
          clientTls,
          server: serverOf(encrypted),
          credentials: { passwordFile: at('access-token'), accept: 'access-token' },
        },
        users: { clientTls, clients: ['password', 'token'] },
        certificate: { clientTls: { ...clientTls, ca }, clients: 'certificate' },
        workload: { clients: 'workload' },
        told: { clientTls, clients: 'oauth', oauth: { issuer: 'idp', scope: 'api://sqlwarden/.default' } },
        own: { credentials: { mode: 'client-password', kind: 'person' } },
        minted: {
          credentials: {
            mode: 'minted',
            minted: { command: [at('mint.sh')] },
            roles: [{ match: { groups: ['blue'] }, role: 'blue_user' }],
          },
        },
      },
      config: {
        catalogue: { maxAgeMs: 600_000 },
        identity: {
          issuers: [
            { name: 'dev', preset: 'dev', issuer: 'urn:sqlwarden:dev', audience: 'sqlwarden', keys: { directory: './issuer' } },
            { name: 'idp', preset: 'generic', issuer: 'https://id.example/tenant', audience: 'sqlwarden', keys: { file: at('keys.json') } },
          ],
          users,
          certificates: [{ commonName: 'bob', kind: 'person' }],
          workload: { tokenFile: at('workload-token') },
        },
      },
    });
    write('workload-token', gateway.token(['app'], { id: 'the-pod', kind: 'service' }));
  });
  afterAll(async () => {
    await gateway?.stop();
    for (const server of servers.splice(0)) await server.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const connect = (upstream: string, { user = 'ada', password, authentication, options = {} }: How = {}): Promise<Connection> => {
    const byPassword = { type: 'default', options: { userName: user, password: password ?? gateway.token(['app']) } };
    const connection = new Connection({
      server: 'localhost',
      authentication: (authentication ?? byPassword) as NonNullable<ConnectionConfiguration['authentication']>,
      options: {
        port: gateway.ports[upstream] ?? 0,
        database: 'shop',
        encrypt: true,
        trustServerCertificate: false,
        cryptoCredentialsDetails: { ca: authority.certificate },
        connectTimeout: 60_000,
        maxRetriesOnTransientErrors: 0,
        ...options,
      },
    });
    connection.on('error', () => undefined);
    return new Promise((resolve, reject) => {
      connection.connect((error) => (error === undefined ? resolve(connection) : reject(error)));
    });
  };
  const valueOf = (connection: Connection, sql = NAMES): Promise<unknown> =>
    new Promise((resolve) => {
      let value: unknown;
      const request = new Request(sql, (error) => resolve(error ? (/code: ([a-z-]+)/.exec(error.message)?.[1] ?? error.message) : value));
      request.on('row', (cells: readonly { value: unknown }[]) => void (value = cells[0]?.value));
      connection.execSqlBatch(request);
    });
  const once = async (upstream: string, how: How = {}): Promise<unknown> => {
    const connection = await connect(upstream, how);
    const value = await valueOf(connection);
    connection.close();
    return value;
  };
  const refusalOf = (upstream: string, how: How): Promise<string> =>
    connect(upstream, how).then(
      (connection) => {
        connection.close();
        return 'let in';
      },
      (error: Error) => error.message,
    );
  const accessToken = (token = gateway.token(['app'])): object => ({ type: 'azure-active-directory-access-token', options: { token } });
  const subjects = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const { event } of readEntries(gateway.ledgerDirectory))
      if (event.type === 'session.opened') found.push(event.principal.subject.id);
    return found;
  };

  describe('of clients', () => {
    it.each<[string, string, Options]>([
      ['inside of TLS', 'token', { encrypt: true }],
      ['by TDS 8.0', 'token', { encrypt: 'strict' as unknown as boolean }],
      ['over loopback without TLS', 'open', { encrypt: false }],
      ['over loopback, where TLS is wanted and there is none', 'open', { encrypt: true }],
      ['before a server with TLS', 'encrypted', { encrypt: true }],
      ['before a server of TDS 8.0', 'strict', { encrypt: true }],
    ])('are by a token as password or as access token %s', async (_where, upstream, options) => {
      expect(await once(upstream, { options })).toBe('one');
      expect(await once(upstream, { options, authentication: accessToken() })).toBe('one');
    });

    it('are in every version of the protocol, with small and large packets', async () => {
      for (const tdsVersion of ['7_1', '7_2', '7_3_A', '7_3_B', '7_4'])
        expect(await once('token', { options: { tdsVersion } })).toBe('one');
      for (const packetSize of [512, 32_767]) expect(await once('token', { options: { packetSize } })).toBe('one');
    });

    it('are told where tokens come from, and bring one', async () => {
      const asked: string[] = [];
      const credential = {
        getToken: async (scope: string) => {
          asked.push(scope);
          return { token: gateway.token(['app']), expiresOnTimestamp: Date.now() + 60_000 };
        },
      };
      expect(await once('told', { authentication: { type: 'token-credential', options: { credential } } })).toBe('one');
      expect(asked).toEqual(['api://sqlwarden/.default']);
      expect(await once('told', { authentication: accessToken() })).toBe('one');
      expect(await refusalOf('told', {})).toContain('give an access token');
      expect(await refusalOf('token', { authentication: { type: 'token-credential', options: { credential } } })).toContain(
        'does not say where tokens come from',
      );
    });

    it('are by the password of a user of the file, or a token of anybody else', async () => {
      expect(await once('users', { user: 'alice', password: ALICE })).toBe('one');
      expect(await once('users')).toBe('one');
      expect(await refusalOf('users', { user: 'alice', password: 'wrong' })).toContain('the password is wrong');
      expect(await subjects()).toContain('alice');
    });

    it('are by a certificate', async () => {
      const shown = { ca: authority.certificate, cert: readFileSync(at('bob.pem'), 'utf8'), key: readFileSync(at('bob.key'), 'utf8') };
      expect(await once('certificate', { password: 'not asked for', options: { cryptoCredentialsDetails: shown } })).toBe('one');
      expect(await refusalOf('certificate', {})).toContain('show a client certificate');
    });

    it('are as the workload beside the gateway', async () => {
      expect(await once('workload', { password: 'x', options: { encrypt: false } })).toBe('one');
      expect(await subjects()).toContain('the-pod');
    });

    it('are refused with words that say what to do', async () => {
      expect(await refusalOf('token', { password: 'no token' })).toContain('identity-invalid');
      expect(await refusalOf('token', { password: '' })).toContain('give a token as the password');
      expect(await refusalOf('token', { authentication: accessToken('no.to.ken') })).toContain('identity-invalid');
      expect(await refusalOf('token', { options: { database: 'another' } })).toContain('serves the database "shop"');
      const windows = { type: 'ntlm', options: { userName: 'ada', password: 'x', domain: 'acme' } };
      expect(await refusalOf('token', { authentication: windows })).toContain('SSPI');
    });

    it('leave no token and no password with the server', () => {
      const seen = JSON.stringify([plain.logins, encrypted.logins]);
      expect(seen).toContain('gateway');
      for (const secret of [gateway.token(['app']).split('.')[0] as string, ALICE]) expect(seen).not.toContain(secret);
      expect([...plain.protocolErrors, ...encrypted.protocolErrors]).toEqual([]);
    });
  });

  const tsql = findFreetds('tsql');
  (requireOrSkip(tsql) ? describe : describe.skip)('of FreeTDS', () => {
    it.each([
      // its encryption (off: NOT_SUP, request: OFF, require: ON), the listener, and whether it comes in
      ['off', 'open', true],
      ['request', 'open', true],
      ['require', 'open', false],
      ['off', 'users', true],
      ['request', 'users', true],
      ['require', 'users', true],
    ])('with encryption %s before the listener %s: %s', async (encryption, upstream, comesIn) => {
      const [user, password] = upstream === 'users' ? ['alice', ALICE] : ['ada', gateway.token(['app'])];
      const conf = write(
        'freetds.conf',
        `[gw]\nhost = 127.0.0.1\nport = ${gateway.ports[upstream] ?? 0}\ntds version = 7.4\nencryption = ${encryption}\n`,
      );
      const { stdout, stderr } = await runProgram(tsql.found ? tsql.path : '', ['-S', 'gw', '-D', 'shop', '-U', user, '-P', password], {
        env: { FREETDSCONF: conf },
        input: `${NAMES}\ngo\nexit\n`,
      });
      const expected = upstream === 'users' ? 'one' : 'has cut the token';
      if (comesIn) expect(stdout + stderr).toContain(expected);
      else expect(stdout + stderr).toContain('connection failed');
    });
  });

  describe('that have ended', () => {
    it('end what was opened by them, and go on with a new token', async () => {
      const connection = await connect('token', { password: gateway.token(['app'], { lifetimeSeconds: 4 }) });
      expect(await valueOf(connection)).toBe('one');
      await until(async () => (await valueOf(connection)) === 'identity-expired');
      await valueOf(connection, `exec sp_set_session_context N'sqlwarden.token', N'${gateway.token(['app'])}'`);
      expect(await valueOf(connection)).toBe('one');
      connection.close();
    });
  });

  describe('to the server', () => {
    it('are by an access token, where the upstream has one', async () => {
      encrypted.forget();
      expect(await once('cloud')).toBe('one');
      expect(encrypted.logins.some(({ userName }) => userName === '')).toBe(true);
    });

    it('are as the user of the server that the client is, whom the server vouches for', async () => {
      const options = { encrypt: false };
      expect(await once('own', { user: 'carol', password: CAROL, options })).toBe('one');
      expect(await subjects()).toContain('carol');
      expect(await refusalOf('own', { user: 'carol', password: 'wrong', options })).toContain('check user name and password');
    });

    it('are with a password that is made for the identity', async () => {
      plain.forget();
      expect(await once('minted', { password: gateway.token(['blue']), options: { encrypt: false } })).toBe('one');
      expect(plain.logins.map(({ userName }) => userName)).toContain('blue_user');
    });
  });
});
