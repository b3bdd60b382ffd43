import { availableParallelism } from 'node:os';
import path from 'node:path';
import { list, type OAuthDiscovery, unreachable } from '@sqlwarden/core';
import { devJwksPath, type TokenReviewOptions } from '@sqlwarden/identity';
import type { ConfigDocument, ExchangeSource, IssuerSource, UpstreamSource } from './config-document.js';
import { ConfigError, formatPath } from './config-error.js';
import { findContradictions } from './contradictions.js';
import {
  type ClientTlsConfig,
  DEFAULT_CATALOGUE_MAX_AGE_MS,
  DEFAULT_CONNECT_TIMEOUT_MS,
  DEFAULT_DRAIN,
  DEFAULT_EXCHANGE,
  DEFAULT_LIMITS,
  DEFAULT_PASSWORD_COMMAND,
  DEFAULT_PORT,
  type ExchangeConfig,
  type GatewayConfig,
  type HealthConfig,
  type IssuerConfig,
  type PasswordConfig,
  type SessionsConfig,
  type UpstreamConfig,
} from './gateway-config.js';
import { parseListen } from './listen-address.js';
import { sinksOf } from './sink-config.js';
import { checkDocument, readConfigFile } from './read-document.js';
import { telemetryOf } from './telemetry-config.js';
import { upkeepOf } from './upkeep-config.js';

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
    upstreams: document.upstreams.map((upstream) => upstreamOf(upstream, document, directory)),
    identity: {
      issuers: (document.identity.issuers ?? []).map((issuer) => issuerOf(issuer, at)),
      users: document.identity.users === undefined ? undefined : at(document.identity.users),
      certificates: document.identity.certificates ?? [],
      revocations: document.identity.revocations === undefined ? undefined : at(document.identity.revocations),
      workload: document.identity.workload && { tokenFile: at(document.identity.workload.tokenFile) },
    },
    policy: list(document.policy).map(at),
    ledger: {
      directory: at(document.ledger.directory),
      origin: document.ledger.origin ?? `sqlwarden/${document.environment}`,
      reads: document.ledger.reads ?? 'grouped',
      sinks: sinksOf(document.ledger.sinks ?? [], directory),
      ...upkeepOf(document.ledger, directory),
    },
    masking: { keyFile: document.masking && at(document.masking.keyFile) },
    admin: document.admin && { socket: at(document.admin.socket), operators: document.admin.operators ?? [] },
    exchange: document.exchange && exchangeOf(document.exchange, directory),
    workers: document.workers === 'auto' ? Math.min(availableParallelism(), MAX_WORKERS) : (document.workers ?? 1),
    drain: { ...DEFAULT_DRAIN, ...document.drain },
    telemetry: telemetryOf(document.telemetry, at),
    health: healthOf(document.health),
    limits: { ...DEFAULT_LIMITS, ...document.limits },
    catalogue: { maxAgeMs: document.catalogue?.maxAgeMs ?? DEFAULT_CATALOGUE_MAX_AGE_MS },
  };
}

function healthOf(source: ConfigDocument['health']): HealthConfig {
  const address = source?.listen === undefined ? undefined : parseListen(source.listen, '/');
  return { listen: address?.kind === 'tcp' ? address : undefined, needsUpstreams: source?.needsUpstreams ?? false };
}

const SECONDS_PER_DAY = 86_400;

function exchangeOf(source: ExchangeSource, directory: string): ExchangeConfig | undefined {
  const { keys, tls, issuer, audience, agents } = source;
  const { lifetimeSeconds, maxActors, rotateAfterDays } = { ...DEFAULT_EXCHANGE, ...source, ...keys };
  const at = (relative: string): string => path.resolve(directory, relative);
  const listen = parseListen(source.listen, directory);
  return (
    listen && {
      listen,
      tls: tls && { certificate: at(tls.certificate), key: at(tls.key) },
      issuer,
      audience,
      keys: { directory: at(keys.directory), rotateAfterSeconds: rotateAfterDays * SECONDS_PER_DAY },
      lifetimeSeconds,
      maxActors,
      agents,
    }
  );
}

function upstreamOf(source: UpstreamSource, { identity }: ConfigDocument, directory: string): UpstreamConfig {
  const { server, clientTls } = source;
  const at = (relative: string): string => path.resolve(directory, relative);
  return {
    name: source.name,
    database: source.database,
    listen: source.listen === undefined ? undefined : parseListen(source.listen, directory),
    clientTls: clientTls && clientTlsOf(clientTls, at),
    clients: source.clients === undefined ? ['token'] : list(source.clients),
    oauth: discoveryOf(source.oauth, identity.issuers ?? []),
    server: {
      host: server.host ?? 'localhost',
      port: server.port ?? DEFAULT_PORT[source.database],
      socket: server.socket === undefined ? undefined : at(server.socket),
      database: server.database ?? source.name,
      tls: server.tls ?? (server.socket === undefined ? 'verify-full' : 'disable'),
      ca: server.ca === undefined ? undefined : at(server.ca),
      certificate: server.certificate && { certificate: at(server.certificate.certificate), key: at(server.certificate.key) },
      publicKey: server.publicKey === undefined ? undefined : at(server.publicKey),
      sslNegotiation: server.sslNegotiation ?? 'postgres',
      routing: server.routing ?? 'refuse',
      protocol: Number(server.protocol ?? 3.2) === 3 ? '3.0' : '3.2',
      connectTimeoutMs: server.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
    },
    credentials: {
      user: source.credentials.user,
      password: passwordOf(source.credentials, at),
      accept: source.credentials.accept === undefined ? undefined : list(source.credentials.accept),
      channelBinding: source.credentials.channelBinding ?? 'prefer',
      sessions: sessionsOf(source.credentials),
    },
    propagate: source.propagate ?? {},
    crossCheck: source.crossCheck,
  };
}

/** As PostgreSQL does ("OAuth Authorization/Authentication" of its documentation): behind the issuer, as it is written. */
function discoveryOf(source: UpstreamSource['oauth'], issuers: readonly IssuerSource[]): OAuthDiscovery {
  const named = issuers.find(({ name }) => name === source?.issuer);
  const { issuer } = named ?? (issuers.length === 1 ? issuers[0] : undefined) ?? {};
  return {
    ...(issuer !== undefined && /^https?:/.test(issuer) && { openidConfiguration: `${issuer}/.well-known/openid-configuration` }),
    ...(source?.scope !== undefined && { scope: source.scope }),
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

function sessionsOf({ mode = 'shared', roles, minted, kind = 'person' }: UpstreamSource['credentials']): SessionsConfig {
  switch (mode) {
    case 'shared':
      return { mode };
    case 'role':
      return { mode, roles: roles ?? [] };
    case 'minted':
      return { mode, roles, password: { ...DEFAULT_PASSWORD_COMMAND, command: [], ...minted } };
    case 'client-password':
      return { mode, kind };
    default:
      return unreachable(mode);
  }
}

function issuerOf({ keys, tokenReview, ...rest }: IssuerSource, at: (relative: string) => string): IssuerConfig {
  const issuer = tokenReview === undefined ? rest : { ...rest, tokenReview: tokenReviewOf(tokenReview, at) };
  if (keys === undefined) return issuer;
  const { file, url, directory, ...times } = keys;
  if (file !== undefined) return { ...issuer, keys: { kind: 'file', path: at(file) } };
  if (url !== undefined) return { ...issuer, keys: { kind: 'url', url, ...times } };
  if (directory === undefined) return { ...issuer, keys: { kind: 'discovery', ...times } };
  const devDirectory = at(directory);
  return { ...issuer, keys: { kind: 'file', path: devJwksPath(devDirectory) }, devDirectory };
}

function tokenReviewOf({ tokenFile, caFile, ...rest }: TokenReviewOptions, at: (relative: string) => string): TokenReviewOptions {
  return { ...rest, tokenFile: at(tokenFile), ...(caFile !== undefined && { caFile: at(caFile) }) };
}
