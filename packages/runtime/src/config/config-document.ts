import type { Algorithm, AgentClient, ClaimsMapping, Preset } from '@sqlwarden/identity';
import type { OneOrMany, PartyKind } from '@sqlwarden/core';
import type { LimitsConfig } from './gateway-config.js';

/** `sqlwarden.yaml` as it is written: what `config.schema.json` lets through. */
export interface ConfigDocument {
  readonly version: 1;
  readonly environment: string;
  readonly upstreams: readonly UpstreamSource[];
  readonly identity: { readonly issuers: readonly IssuerSource[] };
  readonly policy: OneOrMany<string>;
  readonly ledger: { readonly directory: string; readonly origin?: string };
  readonly masking?: { readonly keyFile: string };
  readonly admin?: { readonly socket: string };
  readonly limits?: Partial<LimitsConfig>;
  readonly catalogue?: { readonly maxAgeMs: number };
}

export interface UpstreamSource {
  readonly name: string;
  readonly database: 'postgres';
  readonly listen?: string;
  readonly clientTls?: { readonly certificate: string; readonly key: string };
  readonly server: {
    readonly host?: string;
    readonly port?: number;
    readonly socket?: string;
    readonly database?: string;
    readonly tls?: 'verify-full' | 'require' | 'disable';
    readonly ca?: string;
    readonly connectTimeoutMs?: number;
  };
  readonly credentials: { readonly user: string; readonly passwordFile?: string; readonly passwordEnvironment?: string };
  readonly crossCheck?: 'node-sql-parser';
}

export interface IssuerSource {
  readonly name: string;
  readonly preset: Preset;
  readonly issuer: string;
  readonly audience: OneOrMany<string>;
  readonly keys?: { readonly file?: string; readonly url?: string; readonly directory?: string; readonly maxAgeMs?: number };
  readonly algorithms?: readonly Algorithm[];
  readonly claims?: ClaimsMapping;
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
