import type { PartyKind } from '@sqlwarden/core';
import type { Algorithm } from './algorithms.js';

/** How an issuer's claims are read. One file per preset in `presets/`. */
export const PRESETS = ['generic', 'dev', 'okta', 'entra', 'kubernetes'] as const;
export type Preset = (typeof PRESETS)[number];

/** Where an issuer's public keys (a JWK set, RFC 7517 section 5) are. */
export type KeysOptions =
  | { readonly kind: 'inline'; readonly keys: readonly object[] }
  /** Read at start, and again every 10 s at most. */
  | { readonly kind: 'file'; readonly path: string }
  /** https, or http on this machine. `maxAgeMs`: how long the keys are believed, by default 10 minutes. */
  | { readonly kind: 'url'; readonly url: string; readonly maxAgeMs?: number };

/** A claim by its name, or by the path to it: `['realm_access', 'roles']`. Names are taken whole: dots in them mean nothing. */
export type ClaimPath = string | readonly string[];

/** Which claims the principal is made from, where the preset leaves a choice. */
export interface ClaimsMapping {
  /** Immutable within the issuer. Only for `generic`; default `sub`. */
  readonly id?: ClaimPath;
  /** For people to read; default `name`. */
  readonly name?: ClaimPath;
  /** An array of texts, or one text; default `groups`. */
  readonly groups?: ClaimPath;
  /** `person`, `service` or `agent`. Only for `generic`; without it every subject is of `subjectKind`. */
  readonly kind?: ClaimPath;
}

/** An OAuth client that is an agent: whatever a token was obtained for by this client, an agent does it. */
export interface AgentClient {
  /** As in the token: Okta `cid`, Entra `azp` or `appid`, otherwise `client_id` or `azp`. */
  readonly clientId: string;
  readonly name?: string;
  /** The agent's own groups. Rights are the intersection with the subject's. */
  readonly groups?: readonly string[];
}

/** One issuer of tokens. */
export interface IssuerOptions {
  /** What it is called in messages and in the ledger. */
  readonly name: string;
  readonly preset: Preset;
  /** Exactly as in the `iss` claim: case and a trailing slash count. */
  readonly issuer: string;
  /** A token must be for one of these, exactly. */
  readonly audience: string | readonly string[];
  /** Okta and Entra have a default, derived from `issuer`. */
  readonly keys?: KeysOptions;
  /** By default RS256 (okta, entra, kubernetes), ES256 (dev), both (generic). */
  readonly algorithms?: readonly Algorithm[];
  readonly claims?: ClaimsMapping;
  /** Only for `generic`. Default `service`, the kind that cannot approve. */
  readonly subjectKind?: PartyKind;
  /** What an actor is whose kind nobody vouches for. Default `agent`, the kind that rules restrict most. */
  readonly actorKind?: PartyKind;
  readonly agents?: readonly AgentClient[];
  /** Other issuers that this one may name in its `act` claims. By default an actor of another issuer refuses the token. */
  readonly actorIssuers?: readonly string[];
  /**
   * The issuer vouches for the `sqlwarden` claims (kind, agent version, model, workload, run): their proof is `token`. Otherwise it is
   * `asserted`. Always on for `dev`. Switch it on only where no user or client can choose what the claim says.
   */
  readonly trustSqlwardenClaims?: boolean;
  /** Put before the name of every group of this issuer, so that its groups are not another issuer's groups of the same name. */
  readonly groupPrefix?: string;
  /** A token with this many groups or more may have lost some. By default 100 for okta, 200 for entra, otherwise none. */
  readonly groupsLimit?: number;
  /** Accept only `typ: at+jwt` (RFC 9068 section 2.1). Default false: most issuers do not set it. */
  readonly requireAccessTokenType?: boolean;
  /** Longest time between `iat` and `exp`. Default 86 400 (24 h). */
  readonly maxLifetimeSeconds?: number;
  /** For `nbf` and `iat`, at most 60. Default 30. `exp` has none. */
  readonly clockSkewSeconds?: number;
  /** Only for `dev`: use it in a production environment all the same. */
  readonly allowInProduction?: boolean;
}
