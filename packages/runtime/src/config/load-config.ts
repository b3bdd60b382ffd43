import { availableParallelism } from 'node:os';
import path from 'node:path';
import { list } from '@sqlwarden/core';
import { devJwksPath } from '@sqlwarden/identity';
import type { ConfigDocument, IssuerSource, UpstreamSource } from './config-document.js';
import { ConfigError, formatPath } from './config-error.js';
import { findContradictions } from './contradictions.js';
import {
  type ClientTlsConfig,
  DEFAULT_CATALOGUE_MAX_AGE_MS,
  DEFAULT_CONNECT_TIMEOUT_MS,
  DEFAULT_DRAIN,
  DEFAULT_LIMITS,
  DEFAULT_PASSWORD_COMMAND,
  DEFAULT_PORT,
  type GatewayConfig,
  type HealthConfig,
  type IssuerConfig,
  type PasswordConfig,
  type UpstreamConfig,
} from './gateway-config.js';
import { parseListen } from './listen-address.js';
import { checkDocument, readConfigFile } from './read-document.js';

export type { GatewayConfig, IssuerConfig, LimitsConfig, ListenConfig, ServerConfig, UpstreamConfig } from './gateway-config.js';

/**
 * Reads `sqlwarden.yaml`, checks it, fills in defaults and makes paths absolute (from the file's own directory). Reads no other file. Throws
 * a {@link ConfigError} with every problem of the file (`config-invalid`), or one that says why it cannot be read.
 */
export function loadConfig(file: string): GatewayConfig {
  const absolute = path.resolve(file);
  const checked = checkDocument(readConfigFile(absolute), file, 'config');
  if (!checked.ok) throw new ConfigError('config-invalid', checked.problems);
  const { source } = checked;
  const document = source.value as ConfigDocument;
  const directory = path.dirname(absolute);
  const problems = findContradictions(document).map(({ path: where, message }) => ({
    file,
    ...source.locate(where),
    path: formatPath(where),
    message,
  }));
  if (problems.length > 0) throw new ConfigError('config-invalid', problems);
  return configOf(document, absolute, directory);
}

/** What a cancel key can name. */
const MAX_WORKERS = 63;

function configOf(document: ConfigDocument, file: string, directory: string): GatewayConfig {
  const at = (relative: string): string => path.resolve(directory, relative);
  return {
    file,
    directory,
    environment: document.environment,
    upstreams: document.upstreams.map((upstream) => upstreamOf(upstream, directory)),
    identity: {
      issuers: (document.identity.issuers ?? []).map((issuer) => issuerOf(issuer, at)),
      users: document.identity.users === undefined ? undefined : at(document.identity.users),
      certificates: document.identity.certificates ?? [],
    },
    policy: list(document.policy).map(at),
    ledger: {
      directory: at(document.ledger.directory),
      origin: document.ledger.origin ?? `sqlwarden/${document.environment}`,
      reads: document.ledger.reads ?? 'grouped',
    },
    masking: { keyFile: document.masking && at(document.masking.keyFile) },
    admin: document.admin && { socket: at(document.admin.socket) },
    workers: document.workers === 'auto' ? Math.min(availableParallelism(), MAX_WORKERS) : (document.workers ?? 1),
    drain: { ...DEFAULT_DRAIN, ...document.drain },
    health: healthOf(document.health),
    limits: { ...DEFAULT_LIMITS, ...document.limits },
    catalogue: { maxAgeMs: document.catalogue?.maxAgeMs ?? DEFAULT_CATALOGUE_MAX_AGE_MS },
  };
}

function healthOf(source: ConfigDocument['health']): HealthConfig {
  const address = source?.listen === undefined ? undefined : parseListen(source.listen, '/');
  return { listen: address?.kind === 'tcp' ? address : undefined, needsUpstreams: source?.needsUpstreams ?? false };
}

function upstreamOf(source: UpstreamSource, directory: string): UpstreamConfig {
  const { server, clientTls } = source;
  const at = (relative: string): string => path.resolve(directory, relative);
  return {
    name: source.name,
    database: source.database,
    listen: source.listen === undefined ? undefined : parseListen(source.listen, directory),
    clientTls: clientTls && clientTlsOf(clientTls, at),
    clients: source.clients === undefined ? ['token'] : list(source.clients),
    server: {
      host: server.host ?? 'localhost',
      port: server.port ?? DEFAULT_PORT[source.database],
      socket: server.socket === undefined ? undefined : at(server.socket),
      database: server.database ?? source.name,
      tls: server.tls ?? (server.socket === undefined ? 'verify-full' : 'disable'),
      ca: server.ca === undefined ? undefined : at(server.ca),
      certificate: server.certificate && { certificate: at(server.certificate.certificate), key: at(server.certificate.key) },
      sslNegotiation: server.sslNegotiation ?? 'postgres',
      protocol: Number(server.protocol ?? 3.2) === 3 ? '3.0' : '3.2',
      connectTimeoutMs: server.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
    },
    credentials: {
      user: source.credentials.user,
      password: passwordOf(source.credentials, at),
      accept: source.credentials.accept === undefined ? undefined : list(source.credentials.accept),
      channelBinding: source.credentials.channelBinding ?? 'prefer',
    },
    crossCheck: source.crossCheck,
  };
}

function clientTlsOf(source: NonNullable<UpstreamSource['clientTls']>, at: (relative: string) => string): ClientTlsConfig {
  return {
    certificate: at(source.certificate),
    key: at(source.key),
    ca: source.ca === undefined ? undefined : at(source.ca),
    crl: source.crl === undefined ? undefined : at(source.crl),
    requireCertificate: source.requireCertificate ?? false,
    minVersion: source.minVersion ?? 'TLSv1.2',
  };
}

function passwordOf(source: UpstreamSource['credentials'], at: (relative: string) => string): PasswordConfig {
  if (source.passwordFile !== undefined) return { kind: 'file', path: at(source.passwordFile) };
  if (source.passwordEnvironment !== undefined) return { kind: 'environment', name: source.passwordEnvironment };
  if (source.passwordCommand !== undefined) return { kind: 'command', ...DEFAULT_PASSWORD_COMMAND, ...source.passwordCommand };
  return { kind: 'none' };
}

function issuerOf({ keys, ...rest }: IssuerSource, at: (relative: string) => string): IssuerConfig {
  if (keys?.file !== undefined) return { ...rest, keys: { kind: 'file', path: at(keys.file) } };
  if (keys?.url !== undefined)
    return { ...rest, keys: { kind: 'url', url: keys.url, ...(keys.maxAgeMs !== undefined && { maxAgeMs: keys.maxAgeMs }) } };
  if (keys?.directory === undefined) return rest;
  const devDirectory = at(keys.directory);
  return { ...rest, keys: { kind: 'file', path: devJwksPath(devDirectory) }, devDirectory };
}
