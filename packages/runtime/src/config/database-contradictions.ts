import { type DialectName, list, type ServerMethod, unreachable } from '@sqlwarden/core';
import type { UpstreamSource } from './config-document.js';
import type { Contradiction } from './contradictions.js';
import type { Path } from './yaml-source.js';

/** What each database's servers may ask for. */
const METHODS: Readonly<Record<DialectName, readonly ServerMethod[]>> = {
  postgres: ['scram-sha-256-plus', 'scram-sha-256', 'md5', 'password', 'none'],
  mysql: ['caching_sha2_password', 'mysql_native_password', 'mysql_clear_password', 'none'],
  sqlserver: ['sql-login', 'access-token'],
};

/** What is written of one database that only another one has. */
export function databaseContradictions(upstream: UpstreamSource, path: Path): Contradiction[] {
  const { database, credentials } = upstream;
  const own: readonly string[] = METHODS[database];
  const wrong = list(credentials.accept ?? []).find((method) => !own.includes(method));
  const found: Contradiction[] =
    wrong === undefined
      ? []
      : [
          {
            path: [...path, 'credentials', 'accept'],
            message: `has ${wrong}, which no ${database} server asks for; write of ${own.join(', ')}`,
          },
        ];
  const others = ofOthers(database, upstream);
  return [...found, ...others.map(({ path: where, message }) => ({ path: [...path, ...where], message }))];
}

function ofOthers(database: DialectName, upstream: UpstreamSource): Contradiction[] {
  switch (database) {
    case 'postgres':
      return [...onlyMysql(upstream), ...onlySqlserver(upstream)];
    case 'mysql':
      return [...notMysql(upstream), ...onlySqlserver(upstream)];
    case 'sqlserver':
      return [...onlyMysql(upstream), ...notSqlserver(upstream)];
    default:
      return unreachable(database);
  }
}

function notSqlserver({ server, credentials, propagate }: UpstreamSource): Contradiction[] {
  const found: Contradiction[] = [];
  const add = (path: Path, message: string): void => void found.push({ path, message });
  if (server.socket !== undefined) add(['server', 'socket'], 'is not there for SQL Server, which listens on TCP; write host: 127.0.0.1');
  if (server.protocol !== undefined) add(['server', 'protocol'], 'is only for PostgreSQL; leave it out');
  if (server.sslNegotiation === 'postgres')
    add(['server', 'sslNegotiation'], 'has postgres; write direct for TDS 8.0 (which clients call strict), or leave it out');
  if (credentials.channelBinding !== undefined)
    add(['credentials', 'channelBinding'], 'is only for PostgreSQL; leave it out, and have tls: verify-full');
  if (propagate !== undefined)
    add(['propagate'], 'is not there for SQL Server; leave it out, and give identities users by mode: minted or client-password');
  if (credentials.mode === 'role')
    add(['credentials', 'mode'], 'has role, which is not there for SQL Server; write minted or client-password');
  return found;
}

function notMysql({ clients, oauth, server, credentials, propagate }: UpstreamSource): Contradiction[] {
  const found: Contradiction[] = [];
  const add = (path: Path, message: string): void => void found.push({ path, message });
  if (list(clients ?? 'token').includes('oauth'))
    add(
      ['clients'],
      'has oauth, which is OAUTHBEARER of PostgreSQL; write token: clients of MySQL send it as password, or by its OpenID Connect plugin',
    );
  else if (oauth !== undefined) add(['oauth'], 'is only for PostgreSQL, whose clients can be told where tokens come from; leave it out');
  if (server.sslNegotiation !== undefined) add(['server', 'sslNegotiation'], 'is only for PostgreSQL; leave it out');
  if (server.protocol !== undefined) add(['server', 'protocol'], 'is only for PostgreSQL; leave it out');
  if (credentials.channelBinding !== undefined)
    add(
      ['credentials', 'channelBinding'],
      'is only for PostgreSQL: MySQL has no method that binds to a certificate; leave it out, and have tls: verify-full',
    );
  if (propagate !== undefined)
    add(
      ['propagate'],
      'cannot hold on MySQL, where clients may set every variable of their session; leave it out, and give identities roles or users',
    );
  if (credentials.mode === 'client-password' && server.socket !== undefined)
    add(
      ['server', 'socket'],
      "lets whoever names an account that is the gateway's own user of the system be it (auth_socket); write host: 127.0.0.1",
    );
  for (const [at, { role }] of (credentials.roles ?? []).entries())
    if (/^(?:all|default)$/i.test(role))
      add(['credentials', 'roles', at, 'role'], 'is a word of SET ROLE and not the name of one; write another one');
  return found;
}

function onlyMysql({ server }: UpstreamSource): Contradiction[] {
  return server.publicKey === undefined ? [] : [{ path: ['server', 'publicKey'], message: 'is only for MySQL; leave it out' }];
}

function onlySqlserver({ server }: UpstreamSource): Contradiction[] {
  return server.routing === undefined ? [] : [{ path: ['server', 'routing'], message: 'is only for SQL Server; leave it out' }];
}
