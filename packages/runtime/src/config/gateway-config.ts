import type { DialectName, OAuthDiscovery, PartyKind, RoleChoiceSource, ServerLogin, ServerMethod } from '@sqlwarden/core';
import type { SinkOptions } from '@sqlwarden/ledger';
import type { CertificateSubject, ExchangeOptions, IssuerOptions } from '@sqlwarden/identity';
import type { TelemetryConfig } from './telemetry-config.js';
import type { UpkeepConfig } from './upkeep-config.js';

/** `sqlwarden.yaml` after it was checked: defaults filled in, every path absolute. No secret is in it, only where secrets are. */
export interface GatewayConfig {
  readonly file: string;
  readonly directory: string;
  readonly environment: string;
  readonly upstreams: readonly UpstreamConfig[];
  readonly identity: IdentityConfig;
  /** Absolute patterns of policy files. */
  readonly policy: readonly string[];
  readonly ledger: {
    readonly directory: string;
    readonly origin: string;
    readonly reads: LedgerReads;
    readonly sinks: readonly SinkOptions[];
  } & UpkeepConfig;
  readonly masking: { readonly keyFile: string | undefined };
  /** `operators`: groups whose people may end sessions, revoke identities and have policies read again. */
  readonly admin: { readonly socket: string; readonly operators: readonly string[] } | undefined;
  readonly exchange: ExchangeConfig | undefined;
  /** Processes that serve clients behind the listeners; 1: the one that was started. */
  readonly workers: number;
  readonly drain: DrainConfig;
  /** Spans and metrics; `undefined`: none. */
  readonly telemetry: TelemetryConfig | undefined;
  readonly health: HealthConfig;
  readonly limits: LimitsConfig;
  /** How old the last look at a schema may be when a statement is judged. */
  readonly catalogue: { readonly maxAgeMs: number };
}

/** `durable`: a read, too, waits until its entry is on the disk; `grouped`: until the operating system has it. */
export type LedgerReads = 'grouped' | 'durable';

export interface UpstreamConfig {
  readonly name: string;
  /** `mysql`: MariaDB too. */
  readonly database: DialectName;
  /** `undefined`: only for use as a library. */
  readonly listen: ListenConfig | undefined;
  readonly clientTls: ClientTlsConfig | undefined;
  /** How clients may prove who they are, in this order. */
  readonly clients: readonly ClientProof[];
  /** With the proof `oauth`: where clients are told that tokens come from. */
  readonly oauth: OAuthDiscovery;
  readonly server: ServerConfig;
  readonly credentials: CredentialsConfig;
  /** What of an identity its sessions on the server begin with, by the name of the setting. */
  readonly propagate: PropagateConfig;
  /** Another parser that is asked before a statement is let through; it can only refuse. */
  readonly crossCheck: 'node-sql-parser' | undefined;
}

/** `isPrivate`: what clients send cannot be overheard (loopback, unix socket). */
export type ListenConfig =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly isPrivate: boolean }
  | { readonly kind: 'socket'; readonly path: string; readonly isPrivate: true };

export interface ServerConfig {
  readonly host: string;
  readonly port: number;
  /** A unix socket instead of host and port. */
  readonly socket: string | undefined;
  /** The one database that this upstream is; clients that ask for another are refused. */
  readonly database: string;
  readonly tls: 'verify-full' | 'require' | 'disable';
  /** File of PEM authorities; the system's when `undefined`. */
  readonly ca: string | undefined;
  /** Files of PEM: who the gateway is, for servers that ask for a certificate. */
  readonly certificate: { readonly certificate: string; readonly key: string } | undefined;
  /** File of PEM: the key that passwords are encrypted with for a MySQL server without TLS; the one that it gives when `undefined`. */
  readonly publicKey: string | undefined;
  readonly sslNegotiation: NonNullable<ServerLogin['sslNegotiation']>;
  /** What happens when a SQL Server sends the gateway to another one: `follow` goes there, once. */
  readonly routing: 'refuse' | 'follow';
  readonly protocol: NonNullable<ServerLogin['protocol']>;
  readonly connectTimeoutMs: number;
}

export interface CredentialsConfig {
  readonly user: string;
  readonly password: PasswordConfig;
  /** What the server may ask for; `undefined`: whatever does not show the password to others. */
  readonly accept: readonly ServerMethod[] | undefined;
  readonly channelBinding: NonNullable<ServerLogin['channelBinding']>;
  readonly sessions: SessionsConfig;
}

/**
 * Who the sessions of clients are on the server. `shared`: the gateway's own user. `role`: a role that this user takes on. `minted`: that user, or one of
 * `roles`, with a password made for the identity. `client-password`: the client's own user.
 */
export type SessionsConfig =
  | { readonly mode: 'shared' }
  | { readonly mode: 'role'; readonly roles: readonly RoleChoiceSource[] }
  | { readonly mode: 'minted'; readonly roles: readonly RoleChoiceSource[] | undefined; readonly password: CommandConfig }
  | { readonly mode: 'client-password'; readonly kind: PartyKind };

/** The settings that hold what of an identity. */
export type PropagateConfig = Partial<Readonly<Record<'subject' | 'issuer' | 'kind' | 'groups' | 'actors', string>>>;

/** A program that writes a password. */
export interface CommandConfig {
  readonly command: readonly string[];
  readonly timeoutMs: number;
  readonly cacheMs: number;
}

/** Where the password of an upstream is; `none` when the server asks for none. */
export type PasswordConfig =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'environment'; readonly name: string }
  | ({ readonly kind: 'command' } & CommandConfig)
  | { readonly kind: 'none' };

/** Files of PEM for the gateway's end of client legs. */
export interface ClientTlsConfig {
  readonly certificate: string;
  readonly key: string;
  /** Authorities of client certificates; `undefined`: clients are not asked for one. */
  readonly ca: string | undefined;
  readonly crl: string | undefined;
  /** Who shows no certificate is refused, however else they could prove who they are. */
  readonly requireCertificate: boolean;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
}

/**
 * How a client may prove who it is: a token in the password or by OAUTHBEARER, a password by SCRAM-SHA-256, a certificate, or by nothing but that it
 * is on the same machine as the workload's token.
 */
export type ClientProof = 'token' | 'oauth' | 'password' | 'certificate' | 'workload';

export interface IdentityConfig {
  readonly issuers: readonly IssuerConfig[];
  /** File of users who log in by SCRAM-SHA-256. */
  readonly users: string | undefined;
  /** Who client certificates stand for, the first that fits. */
  readonly certificates: readonly CertificateEntry[];
  /** File of identities and tokens that are not let in any more. */
  readonly revocations: string | undefined;
  /** Whose token is in a file beside the gateway. */
  readonly workload: { readonly tokenFile: string } | undefined;
}

/** `upstreams`: those that it is let in to, by name; absent: all. */
export interface CertificateEntry extends CertificateSubject {
  readonly upstreams?: readonly string[];
}

/** What the verifier takes, and for the development issuer the directory that its key is in. */
export interface IssuerConfig extends IssuerOptions {
  readonly devDirectory?: string;
}

/** The token exchange, and where it answers. */
export interface ExchangeConfig extends ExchangeOptions {
  readonly listen: ListenConfig;
  /** Files of PEM. */
  readonly tls: { readonly certificate: string; readonly key: string } | undefined;
}

/** What happens between the signal to stop and the end. */
export interface DrainConfig {
  /** How long not ready is shown before listeners close, for balancers to notice. */
  readonly delayMs: number;
  /** How long open transactions may go on. */
  readonly timeoutMs: number;
}

export interface HealthConfig {
  readonly listen: { readonly host: string; readonly port: number } | undefined;
  /** Not ready while an upstream cannot be reached. */
  readonly needsUpstreams: boolean;
}

export interface LimitsConfig {
  readonly maxMessageBytes: number;
  readonly maxQueuedBytes: number;
  /** Characters of one unit of statements. */
  readonly maxTextLength: number;
  /** Clients of one listener at a time. */
  readonly maxSessions: number;
  /** Those of them that have not logged in yet. */
  readonly maxLogins: number;
  /** Clients of one subject at a time, over all listeners. 0: no limit of its own. */
  readonly maxSessionsPerIdentity: number;
  readonly loginTimeoutMs: number;
}

export const DEFAULT_LIMITS: LimitsConfig = {
  maxMessageBytes: 64 * 1024 * 1024,
  maxQueuedBytes: 1024 * 1024,
  maxTextLength: 4 * 1024 * 1024,
  maxSessions: 1000,
  maxLogins: 1000,
  maxSessionsPerIdentity: 0,
  loginTimeoutMs: 15_000,
};

export const DEFAULT_DRAIN: DrainConfig = { delayMs: 0, timeoutMs: 10_000 };
export const DEFAULT_EXCHANGE = { lifetimeSeconds: 900, maxActors: 4, rotateAfterDays: 30 } as const;
export const DEFAULT_CATALOGUE_MAX_AGE_MS = 1000;
export const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
export const DEFAULT_PASSWORD_COMMAND = { timeoutMs: 10_000, cacheMs: 60_000 } as const;
export const DEFAULT_PORT = { postgres: 5432, mysql: 3306, sqlserver: 1433 } as const satisfies Record<DialectName, number>;
