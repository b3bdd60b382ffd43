import { afterEach, describe, expect, it } from '@jest/globals';
import type { ServerLogin } from '@sqlwarden/core';
import { type CannedSqlServer, type CannedSqlServerOptions, startCannedSqlServer } from '@sqlwarden/testkit';
import { connectToServer, type ServerConnection } from '../testing/server-connection.js';

const PASSWORD = 'of-the-gateway';
const TOKEN = 'an.access.token';
const LOGIN: ServerLogin = { user: 'gateway', password: PASSWORD, database: 'crm', tls: 'require' };

const servers: CannedSqlServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function start(options: CannedSqlServerOptions = {}): Promise<CannedSqlServer> {
  const server = await startCannedSqlServer({
    encryption: 'on',
    accounts: { gateway: PASSWORD },
    databases: ['master', 'crm'],
    acceptToken: (token) => (token === TOKEN ? 'entra' : undefined),
    ...options,
  });
  servers.push(server);
  return server;
}

async function connect(server: CannedSqlServer, login: Partial<ServerLogin> = {}): Promise<ServerConnection> {
  return connectToServer({ host: server.host, port: server.port, authority: server.authority }, { ...LOGIN, ...login });
}

/** `ready`, or why it was not let in. */
async function outcome(server: CannedSqlServer, login: Partial<ServerLogin> = {}): Promise<string> {
  try {
    const connection = await connect(server, login);
    connection.close();
    return 'ready';
  } catch (error) {
    return (error as Error).message;
  }
}

const NO_TLS = 'the server does not offer TLS for the whole connection, and the upstream requires it';

describe('encryption of the server leg', () => {
  const inClear = { tls: 'disable', isPrivate: true } as const;
  it.each<[NonNullable<CannedSqlServerOptions['encryption']>, Partial<ServerLogin>, string]>([
    ['on', {}, 'ready'],
    ['required', {}, 'ready'],
    ['off', {}, NO_TLS],
    ['not-supported', {}, NO_TLS],
    ['strict', { sslNegotiation: 'direct' }, 'ready'],
    ['not-supported', inClear, 'ready'],
    ['off', inClear, 'ready'],
    ['on', inClear, 'refused: the server requires TLS, and the upstream disables it'],
    ['required', inClear, 'refused: the server requires TLS, and the upstream disables it'],
  ])('a server that answers %s, with %j: %s', async (encryption, login, expected) => {
    const server = await start({ encryption });
    expect(await outcome(server, login)).toBe(expected);
    expect(server.logins).toHaveLength(expected === 'ready' ? 1 : 0);
    expect(server.protocolErrors).toEqual([]);
  });

  it('a password is not shown where it can be overheard, unless the configuration says that it may be', async () => {
    const server = await start({ encryption: 'not-supported' });
    expect(await outcome(server, { tls: 'disable' })).toContain('the password would be sent in clear');
    expect(server.logins).toEqual([]);
    expect(await outcome(server, { tls: 'disable', accept: ['sql-login'] })).toBe('ready');
  });
});

describe('the login to the server', () => {
  it('runs statements one after another, with their errors', async () => {
    const server = await start({
      answers: [
        {
          when: 'SELECT 1',
          give: [
            {
              kind: 'rows',
              columns: [
                { name: 'n', type: 'int' },
                { name: 't', type: 'nvarchar(max)' },
                { name: 'b', type: 'bit' },
              ],
              rows: [
                [1, 'x'.repeat(9000), true],
                [null, null, null],
              ],
            },
          ],
        },
        { when: 'SELECT 2', give: [{ kind: 'error', number: 208, message: 'no such thing' }] },
      ],
    });
    const connection = await connect(server);
    const [first, second, third] = await Promise.all(['SELECT 1', 'SELECT 2', 'SELECT 1'].map((sql) => connection.query(sql)));
    expect(first).toEqual({
      kind: 'rows',
      rows: [
        ['1', 'x'.repeat(9000), '1'],
        [null, null, null],
      ],
    });
    expect(second).toEqual({ kind: 'error', code: '208', message: 'no such thing' });
    expect(third).toEqual(first);
    connection.close();
  });

  it('is by an access token, when the upstream says so', async () => {
    for (const fedAuthRequired of [false, true]) {
      const server = await start({ fedAuthRequired });
      expect(await outcome(server, { password: TOKEN, accept: ['access-token'] })).toBe('ready');
      expect(server.logins[0]).toMatchObject({ userName: '', password: '' });
      expect(server.protocolErrors).toEqual([]);
      expect(await outcome(server, { password: 'another', accept: ['access-token'] })).toContain('error 18456');
      expect(await outcome(server, { password: undefined, accept: ['access-token'] })).toContain('has none');
    }
  });

  it('asks for nothing that is not decoded', async () => {
    const server = await start();
    expect(await outcome(server)).toBe('ready');
    const [login] = server.logins;
    expect(login?.features.map(({ id }) => id)).toEqual([0x0a]);
    expect(login).toMatchObject({ userName: 'gateway', database: 'crm', packetSize: 4096, applicationName: 'sqlwarden' });
  });

  it('says what to do when it is refused, and quotes nothing of the server', async () => {
    const server = await start();
    expect(await outcome(server, { password: 'wrong' })).toBe(
      "refused: the database refused the gateway's login with error 18456 (state 1), check user and password",
    );
    expect(await outcome(server, { database: 'nowhere' })).toMatch(/^refused: the database refused the gateway's login with error \d+/);
    expect(await outcome(server, { user: 'g'.repeat(200) })).toContain('128 characters at most');
    expect(await outcome(server, { settings: { a: 'b' } })).toContain('propagate nothing');
  });

  it.each<[string, CannedSqlServerOptions]>([
    ['an older version', { tdsVersion: '7.3B' }],
    ['the oldest', { tdsVersion: '7.1' }],
    ['smaller packets', { maxPacketSize: 512 }],
  ])('takes a server with %s as it is', async (_what, options) => {
    const answers: CannedSqlServerOptions['answers'] = [
      { when: /^SELECT/, give: [{ kind: 'rows', columns: [{ name: 'n', type: 'int' }], rows: [[7]] }] },
    ];
    const server = await start({ ...options, answers });
    const connection = await connect(server);
    expect(await connection.query(`SELECT 7 -- ${'long '.repeat(1000)}`)).toEqual({ kind: 'rows', rows: [['7']] });
    expect(server.protocolErrors).toEqual([]);
    connection.close();
  });

  it.each<[string, Uint8Array]>([
    ['rows', Uint8Array.of(0xd1, 1)],
    ['an unknown token', Uint8Array.of(0x30, 0, 0)],
    ['Windows authentication', Uint8Array.of(0xed, 2, 0, 1, 2)],
    ['a state of the session, which it was not asked for', Uint8Array.of(0xe4, 5, 0, 0, 0, 1, 0, 0, 0, 1)],
    ['a packet size that is none', Uint8Array.of(0xe3, 7, 0, 4, 2, 0x39, 0, 0x39, 0, 0)],
    ['larger packets than it was asked for', Uint8Array.of(0xe3, 13, 0, 4, 5, ...Buffer.from('32000', 'utf16le'), 0)],
    ['another feature', Uint8Array.of(0xae, 0x01, 0, 0, 0, 0, 0xff)],
  ])('ends when the server answers it with %s', async (_what, loginTokens) => {
    const server = await start({ loginTokens, maxPacketSize: 4096, features: [] });
    expect(await outcome(server)).not.toBe('ready');
  });

  it('is over when the token was not looked at', async () => {
    const server = await start({ tdsVersion: '7.3B' });
    expect(await outcome(server, { password: TOKEN, accept: ['access-token'] })).toContain('did not look at the access token');
  });
});

describe('a server that sends the gateway elsewhere', () => {
  it('is followed once, with a new handshake, where the upstream says so', async () => {
    const other = await start();
    const first = await start({ routing: { host: 'localhost', port: other.port } });
    const connection = await connectToServer({ host: first.host, port: first.port }, { ...LOGIN, followsRouting: true });
    expect(connection.routed).toEqual([{ host: 'localhost', port: other.port }]);
    expect(first.logins).toHaveLength(1);
    expect(other.logins).toMatchObject([{ userName: 'gateway', serverName: 'localhost' }]);
    connection.close();
  });

  it('is refused elsewhere', async () => {
    const other = await start();
    const first = await start({ routing: { host: 'localhost', port: other.port } });
    expect(await outcome(first)).toContain('set server.routing: follow');
    expect(other.logins).toEqual([]);
  });

  it('is not followed from one to the next', async () => {
    const last = await start();
    const other = await start({ routing: { host: 'localhost', port: last.port } });
    const first = await start({ routing: { host: 'localhost', port: other.port } });
    const place = { host: first.host, port: first.port };
    await expect(connectToServer(place, { ...LOGIN, followsRouting: true })).rejects.toThrow('from one server to the next');
    expect(last.logins).toEqual([]);
  });
});
