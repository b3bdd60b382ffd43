import type { Dialect, ServerLogin } from '@sqlwarden/core';
import { isLoopback } from '../config/listen-address.js';
import { configProblem, readNamedFile } from '../config/named-file.js';
import type { GatewayConfig, UpstreamConfig } from '../config/gateway-config.js';
import type { ServerTarget } from '../transport/server-socket.js';
import { openPasswordSource, type PasswordSource } from './password-source.js';
import { SessionLogins } from './session-login.js';

/** How the gateway reaches the server of an upstream and logs in there. */
export interface ServerAccess {
  readonly target: ServerTarget;
  /** Without the password, which `password` has. */
  readonly login: ServerLogin;
  readonly password: PasswordSource;
  /** Who the sessions of clients are there. */
  readonly sessions: SessionLogins;
}

/** Reads what the configuration of an upstream names. Throws a `ConfigError` when something cannot be used. */
export function openServerAccess(config: GatewayConfig, upstream: UpstreamConfig, dialect: Pick<Dialect, 'roleSettings'>): ServerAccess {
  checkPassword(config, upstream);
  const { credentials, propagate } = upstream;
  const login = loginOf(config, upstream);
  const password = openPasswordSource(credentials.password, config.directory);
  return {
    target: targetOf(config, upstream),
    login,
    password,
    sessions: new SessionLogins({
      account: login,
      password,
      sessions: credentials.sessions,
      propagate,
      directory: config.directory,
      roleSettings: dialect.roleSettings,
    }),
  };
}

function targetOf({ file }: GatewayConfig, { server }: UpstreamConfig): ServerTarget {
  const pem = (path: string, key: string, advice: string): string => readNamedFile(file, path, key, advice).toString('utf8');
  const { certificate } = server;
  return {
    host: server.host,
    port: server.port,
    socketPath: server.socket,
    tls: server.tls,
    connectTimeoutMs: server.connectTimeoutMs,
    ca:
      server.ca === undefined ? undefined : pem(server.ca, 'server.ca', 'give the PEM of the authority that signed the server certificate'),
    ...(certificate === undefined
      ? {}
      : {
          certificate: {
            certificate: pem(certificate.certificate, 'server.certificate.certificate', 'give the PEM of the certificate of the gateway'),
            key: pem(certificate.key, 'server.certificate.key', 'give the PEM of its key'),
          },
        }),
  };
}

function loginOf({ file }: GatewayConfig, { database, server, credentials }: UpstreamConfig): ServerLogin {
  return {
    user: credentials.user,
    database: server.database,
    password: undefined,
    tls: server.tls === 'disable' ? 'disable' : 'require',
    isPrivate: server.socket !== undefined || isLoopback(server.host),
    isSocket: server.socket !== undefined,
    ...(credentials.accept === undefined ? {} : { accept: credentials.accept }),
    ...(database !== 'mysql' && { sslNegotiation: server.sslNegotiation }),
    ...(database === 'sqlserver' && { followsRouting: server.routing === 'follow' }),
    ...(database === 'postgres' && {
      channelBinding: credentials.channelBinding,
      protocol: server.protocol,
    }),
    ...(server.publicKey !== undefined && {
      serverPublicKey: readNamedFile(file, server.publicKey, 'server.publicKey', 'give the PEM of the key of the server').toString('utf8'),
    }),
  };
}

/** A password that is not there is found at start, and not at the first login. A command is not run for that: it may cost money, or tell somebody. */
function checkPassword({ file }: GatewayConfig, { credentials: { password } }: UpstreamConfig): void {
  if (password.kind === 'file') readNamedFile(file, password.path, 'credentials.passwordFile', 'write the password into it');
  if (password.kind !== 'environment') return;
  if ((process.env[password.name] ?? '') === '') {
    const message = `the environment variable ${password.name} is not set; set it to the password`;
    throw configProblem('config-invalid', file, 'credentials.passwordEnvironment', message);
  }
}
