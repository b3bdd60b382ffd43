import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { accessWarnings } from '../login/access-warnings.js';
import { ConfigError } from './config-error.js';
import type { GatewayConfig } from './gateway-config.js';
import { loadConfig } from './load-config.js';

const root = mkdtempSync(join(tmpdir(), 'sqlwarden-config-'));
afterAll(() => rmSync(root, { recursive: true }));
const file = join(root, 'sqlwarden.yaml');

function load(upstream: string): GatewayConfig {
  writeFileSync(
    file,
    `version: 1
environment: staging
upstreams:
  - { name: shop, listen: "127.0.0.1:13306", ${upstream} }
identity:
  issuers: [{ name: okta, preset: okta, issuer: "https://acme.okta.com/oauth2/default", audience: sqlwarden }]
policy: ./policy/*.yaml
ledger: { directory: ./ledger }
`,
  );
  return loadConfig(file);
}

function problemsOf(upstream: string): string {
  try {
    load(upstream);
    return '';
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

const mysql = (more = '', server = 'host: db', credentials = 'user: gateway'): string =>
  `database: mysql, ${more}server: { ${server} }, credentials: { ${credentials} }`;

describe('an upstream of MySQL', () => {
  it('has its own port and the defaults of every upstream', () => {
    expect(load(mysql()).upstreams[0]).toMatchObject({
      database: 'mysql',
      clients: ['token'],
      server: { host: 'db', port: 3306, database: 'shop', tls: 'verify-full', publicKey: undefined },
    });
  });

  it('takes what its servers ask for, and the key of one without TLS', () => {
    const [upstream] = load(
      mysql('', 'host: db, tls: disable, publicKey: ./server.pem', 'user: g, accept: caching_sha2_password'),
    ).upstreams;
    expect(upstream).toMatchObject({ server: { publicKey: join(root, 'server.pem') }, credentials: { accept: ['caching_sha2_password'] } });
  });

  it.each<[string, string, string]>([
    ['OAUTHBEARER', mysql('clients: oauth, '), 'clients has oauth, which is OAUTHBEARER of PostgreSQL; write token'],
    ['where OAUTHBEARER sends to', mysql('oauth: { scope: a }, '), 'oauth is only for PostgreSQL'],
    ['how TLS begins', mysql('', 'host: db, sslNegotiation: direct'), 'server.sslNegotiation is only for PostgreSQL; leave it out'],
    ['a version of the protocol', mysql('', 'host: db, protocol: 3.0'), 'server.protocol is only for PostgreSQL; leave it out'],
    ['a way to another server', mysql('', 'host: db, routing: follow'), 'server.routing is only for SQL Server'],
    ['channel binding', mysql('', 'host: db', 'user: g, channelBinding: prefer'), 'channelBinding is only for PostgreSQL'],
    ['settings that clients could change', mysql('propagate: { subject: app.user }, '), 'propagate cannot hold on MySQL'],
    [
      'a method of PostgreSQL',
      mysql('', 'host: db', 'user: g, accept: scram-sha-256'),
      'accept has scram-sha-256, which no mysql server asks for',
    ],
    [
      'clients as users, over a socket that vouches for them',
      mysql('', 'socket: /s', 'user: g, mode: client-password'),
      'server.socket lets whoever',
    ],
    ['a word of SET ROLE', mysql('', 'host: db', 'user: g, mode: role, roles: [{ role: ALL }]'), 'is a word of SET ROLE'],
    ['a key inside TLS', mysql('', 'host: db, publicKey: k.pem'), 'publicKey is only needed where there is no TLS'],
    ['a key over a socket', mysql('', 'socket: /s, publicKey: k.pem'), 'publicKey does not go together with socket'],
  ])('refuses %s', (_what, upstream, words) => {
    expect(problemsOf(upstream)).toContain(words);
  });

  it('is said to show its password to whoever takes the place of its server', () => {
    const warnings = (accept: string): string =>
      accessWarnings(load(mysql('', 'host: db, tls: require', `user: g, passwordEnvironment: P${accept}`))).join('\n');
    expect(warnings('')).toContain('may ask for the password; write tls: verify-full');
    expect(warnings(', accept: mysql_native_password')).not.toContain('may ask for the password');
  });
});

describe('an upstream of SQL Server', () => {
  const sqlserver = (more = '', server = 'host: db', credentials = 'user: gateway'): string =>
    mysql(more, server, credentials).replace('mysql', 'sqlserver');

  it('has its own port and the defaults of every upstream', () => {
    expect(load(sqlserver()).upstreams[0]).toMatchObject({
      database: 'sqlserver',
      clients: ['token'],
      server: { host: 'db', port: 1433, database: 'shop', tls: 'verify-full', routing: 'refuse' },
    });
  });

  it('may be spoken to by TDS 8.0, and with an access token', () => {
    const [upstream] = load(
      sqlserver('clients: oauth, ', 'host: db, sslNegotiation: direct, routing: follow', 'user: g, accept: access-token'),
    ).upstreams;
    expect(upstream).toMatchObject({
      clients: ['oauth'],
      server: { sslNegotiation: 'direct', routing: 'follow' },
      credentials: { accept: ['access-token'] },
    });
  });

  it.each<[string, string, string]>([
    ['a socket', sqlserver('', 'socket: /s'), 'server.socket is not there for SQL Server'],
    ['how TLS of PostgreSQL begins', sqlserver('', 'host: db, sslNegotiation: postgres'), 'write direct for TDS 8.0'],
    ['a version of the protocol', sqlserver('', 'host: db, protocol: 3.0'), 'server.protocol is only for PostgreSQL; leave it out'],
    ['channel binding', sqlserver('', 'host: db', 'user: g, channelBinding: prefer'), 'channelBinding is only for PostgreSQL'],
    ['settings of the session', sqlserver('propagate: { subject: app.user }, '), 'propagate is not there for SQL Server'],
    ['a role', sqlserver('', 'host: db', 'user: g, mode: role, roles: [{ role: a }]'), 'has role, which is not there for SQL Server'],
    ['a key of MySQL', sqlserver('', 'host: db, tls: disable, publicKey: k.pem'), 'server.publicKey is only for MySQL'],
    [
      'a method of MySQL',
      sqlserver('', 'host: db', 'user: g, accept: caching_sha2_password'),
      'accept has caching_sha2_password, which no sqlserver server asks for',
    ],
  ])('refuses %s', (_what, upstream, words) => {
    expect(problemsOf(upstream)).toContain(words);
  });

  it('is said to show its password to whoever takes the place of its server', () => {
    expect(accessWarnings(load(sqlserver('', 'host: db, tls: require', 'user: g, passwordEnvironment: P'))).join()).toContain(
      'may ask for the password; write tls: verify-full',
    );
  });
});

it('what is of MySQL is refused for PostgreSQL by name', () => {
  const postgres = (server: string, credentials: string): string => problemsOf(mysql('', server, credentials).replace('mysql', 'postgres'));
  expect(postgres('host: db, tls: disable, publicKey: k.pem', 'user: g')).toContain('server.publicKey is only for MySQL; leave it out');
  expect(postgres('host: db', 'user: g, accept: mysql_native_password')).toContain(
    'accept has mysql_native_password, which no postgres server asks for',
  );
});

it('another name of a database is answered with the one to write', () => {
  expect(problemsOf(mysql().replace('mysql', 'mariadb'))).toContain('write postgres, mysql (which is MariaDB too) or sqlserver instead');
});
