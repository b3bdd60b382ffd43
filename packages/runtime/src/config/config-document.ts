import type {
  Algorithm,
  AgentClient,
  ClaimsMapping,
  ExchangeAgent,
  PasswordUser,
  Preset,
  RemoteKeys,
  TokenReviewOptions,
} from '@sqlwarden/identity';
import type { DialectName, OneOrMany, PartyKind, RoleChoiceSource, ServerLogin, ServerMethod } from '@sqlwarden/core';
import type {
  CertificateEntry,
  ClientProof,
  ClientTlsConfig,
  DrainConfig,
  LedgerReads,
  LimitsConfig,
  PropagateConfig,
  SessionsConfig,
} from './gateway-config.js';
import type { UpkeepSource } from './upkeep-config.js';
import type { SinkSource } from './sink-config.js';
import type { TelemetrySource } from './telemetry-config.js';

/** `sqlwarden.yaml` as it is written: what `config.schema.json` lets through. */
export interface ConfigDocument {
  readonly version: 1;
  readonly environment: string;
  readonly upstreams: readonly UpstreamSource[];
  readonly identity: {
    readonly issuers?: readonly IssuerSource[];
    readonly users?: string;
    readonly certificates?: readonly CertificateEntry[];
    readonly revocations?: string;
    readonly workload?: { readonly tokenFile: string };
  };
  readonly policy: OneOrMany<string>;
  readonly ledger: {
    readonly directory: string;
    readonly origin?: string;
    readonly reads?: LedgerReads;
    readonly sinks?: readonly SinkSource[];
  } & UpkeepSource;
  readonly masking?: { readonly keyFile: string };
  readonly admin?: { readonly socket: string; readonly operators?: readonly string[] };
  readonly exchange?: ExchangeSource;
  readonly workers?: number | 'auto';
  readonly drain?: Partial<DrainConfig>;
  readonly telemetry?: TelemetrySource;
  readonly health?: { readonly listen?: string; readonly needsUpstreams?: boolean };
  readonly limits?: Partial<LimitsConfig>;
  readonly catalogue?: { readonly maxAgeMs: number };
}

export interface ExchangeSource {
  readonly listen: string;
  readonly tls?: { readonly certificate: string; readonly key: string };
  readonly issuer: string;
  readonly audience: string;
  readonly keys: { readonly directory: string; readonly rotateAfterDays?: number };
  readonly lifetimeSeconds?: number;
  readonly maxActors?: number;
  readonly agents: readonly ExchangeAgent[];
}

export interface UpstreamSource {
  readonly name: string;
  readonly database: DialectName;
  readonly listen?: string;
  readonly clientTls?: Pick<ClientTlsConfig, 'certificate' | 'key'> & Partial<ClientTlsConfig>;
  readonly clients?: OneOrMany<ClientProof>;
  readonly oauth?: { readonly issuer?: string; readonly scope?: string };
  readonly server: {
    readonly host?: string;
    readonly port?: number;
    readonly socket?: string;
    readonly database?: string;
    readonly tls?: 'verify-full' | 'require' | 'disable';
    readonly ca?: string;
    readonly certificate?: { readonly certificate: string; readonly key: string };
    readonly publicKey?: string;
    readonly sslNegotiation?: 'postgres' | 'direct';
    readonly routing?: 'refuse' | 'follow';
    /** YAML takes 3.0 for a number. */
    readonly protocol?: '3.0' | '3.2' | 3 | 3.2;
    readonly connectTimeoutMs?: number;
  };
  readonly credentials: {
    readonly user: string;
    readonly passwordFile?: string;
    readonly passwordEnvironment?: string;
    readonly passwordCommand?: { readonly command: readonly string[]; readonly timeoutMs?: number; readonly cacheMs?: number };
    readonly accept?: OneOrMany<ServerMethod>;
    readonly channelBinding?: NonNullable<ServerLogin['channelBinding']>;
    readonly mode?: SessionsConfig['mode'];
    readonly roles?: readonly RoleChoiceSource[];
    readonly minted?: { readonly command: readonly string[]; readonly timeoutMs?: number; readonly cacheMs?: number };
    readonly kind?: PartyKind;
  };
  readonly propagate?: PropagateConfig;
  readonly crossCheck?: 'node-sql-parser';
}

export interface IssuerSource {
  readonly name: string;
  readonly preset: Preset;
  readonly issuer: string;
  readonly audience: OneOrMany<string>;
  readonly keys?: { readonly file?: string; readonly url?: string; readonly directory?: string } & RemoteKeys;
  readonly algorithms?: readonly Algorithm[];
  readonly claims?: ClaimsMapping;
  readonly requiredClaims?: Readonly<Record<string, OneOrMany<string>>>;
  readonly tokenReview?: TokenReviewOptions;
  readonly subjectKind?: PartyKind;
  readonly actorKind?: PartyKind;
  readonly agents?: readonly AgentClient[];
  readonly actorIssuers?: readonly string[];
  readonly trustSqlwardenClaims?: boolean;
  readonly groupPrefix?: string;
  readonly groupsLimit?: number;
  readonly requireAccessTokenType?: boolean;
  readonly maxLifetimeSeconds?: number;
  readonly clockSkewSeconds?: number;
  readonly allowInProduction?: boolean;
}

/** The file of `identity.users` as it is written: what `users.schema.json` lets through. */
export interface UsersDocument {
  readonly version: 1;
  readonly users: readonly PasswordUser[];
}
