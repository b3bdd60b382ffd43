import type { IssuerOptions } from '@sqlwarden/identity';

/** `sqlwarden.yaml` after it was checked: defaults filled in, every path absolute. No secret is in it, only where secrets are. */
export interface GatewayConfig {
  readonly file: string;
  readonly directory: string;
  readonly environment: string;
  readonly upstreams: readonly UpstreamConfig[];
  readonly identity: { readonly issuers: readonly IssuerConfig[] };
  /** Absolute patterns of policy files. */
  readonly policy: readonly string[];
  readonly ledger: { readonly directory: string; readonly origin: string };
  readonly masking: { readonly keyFile: string | undefined };
  readonly admin: { readonly socket: string } | undefined;
  readonly limits: LimitsConfig;
  /** How old the last look at a schema may be when a statement is judged. */
  readonly catalogue: { readonly maxAgeMs: number };
}

export interface UpstreamConfig {
  readonly name: string;
  readonly database: 'postgres';
  /** `undefined`: only for use as a library. */
  readonly listen: ListenConfig | undefined;
  readonly clientTls: { readonly certificate: string; readonly key: string } | undefined;
  readonly server: ServerConfig;
  readonly credentials: CredentialsConfig;
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
  readonly connectTimeoutMs: number;
}

export interface CredentialsConfig {
  readonly user: string;
  /** Where the password is; `none` when the server asks for none. */
  readonly password:
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'environment'; readonly name: string }
    | { readonly kind: 'none' };
}

/** What the verifier takes, and for the development issuer the directory that its key is in. */
export interface IssuerConfig extends IssuerOptions {
  readonly devDirectory?: string;
}

export interface LimitsConfig {
  readonly maxMessageBytes: number;
  readonly maxQueuedBytes: number;
  /** Characters of one unit of statements. */
  readonly maxTextLength: number;
  readonly maxSessions: number;
  readonly loginTimeoutMs: number;
}

export const DEFAULT_LIMITS: LimitsConfig = {
  maxMessageBytes: 64 * 1024 * 1024,
  maxQueuedBytes: 1024 * 1024,
  maxTextLength: 4 * 1024 * 1024,
  maxSessions: 1000,
  loginTimeoutMs: 15_000,
};

export const DEFAULT_CATALOGUE_MAX_AGE_MS = 1000;
export const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
export const DEFAULT_PORT = { postgres: 5432 } as const satisfies Record<UpstreamConfig['database'], number>;
