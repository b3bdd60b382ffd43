import type { PartyKind } from '@sqlwarden/core';
import type { Algorithm } from './algorithms.js';

/** How an issuer's claims are read. One file per preset in `presets/`. */
export const PRESETS = ['generic', 'dev', 'okta', 'entra', 'kubernetes', 'spiffe', 'github', 'gitlab', 'exchange'] as const;
export type Preset = (typeof PRESETS)[number];

/** Where an issuer's public keys (a JWK set, RFC 7517 section 5) are. */
export type KeysOptions =
  | { readonly kind: 'inline'; readonly keys: readonly object[] }
  /** Read at start, and again every 10 s at most. */
  | { readonly kind: 'file'; readonly path: string }
  /** https, or http on this machine. */
  | ({ readonly kind: 'url'; readonly url: string } & RemoteKeys)
  /** Where the issuer's own metadata says (OpenID Connect Discovery 1.0). */
  | ({ readonly kind: 'discovery' } & RemoteKeys);

/** How long keys from the network are believed. */
export interface RemoteKeys {
  /** After it they are fetched again before they are used. Default 10 minutes. */
  readonly maxAgeMs?: number;
  /** How much longer they are used while they cannot be fetched. Default 24 h. */
  readonly maxStaleMs?: number;
}

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

/** The TokenReview API of a cluster (Kubernetes API reference, "TokenReview", authentication.k8s.io/v1). */
export interface TokenReviewOptions {
  /** Of the API server: `https://kubernetes.default.svc`. */
  readonly url: string;
  /** The gateway's own token, which must be allowed to create TokenReviews (`system:auth-delegator`). Read for each review. */
  readonly tokenFile: string;
  /** PEM of the authority of the API server. Default the system's. */
  readonly caFile?: string;
  /** How long an answer is believed, in milliseconds; never beyond the token. Default 10 000. */
  readonly cacheMs?: number;
}

/** One issuer of tokens. */
export interface IssuerOptions {
  /** What it is called in messages and in the ledger. */
  readonly name: string;
  readonly preset: Preset;
  /**
   * Exactly as in the `iss` claim: case and a trailing slash count. For `spiffe` the trust domain, `spiffe://acme.example`, which is looked
   * for in `sub`.
   */
  readonly issuer: string;
  /** A token must be for one of these, exactly. */
  readonly audience: string | readonly string[];
  /** By default they are discovered; those of Okta and Entra are where these issuers always have them. `dev` has no default. */
  readonly keys?: KeysOptions;
  /** By default RS256 (okta, entra, kubernetes, github, gitlab), ES256 (dev, exchange), both (generic), all (spiffe). */
  readonly algorithms?: readonly Algorithm[];
  readonly claims?: ClaimsMapping;
  /**
   * Claims that a token must have with one of these values, exactly. Needed for `github` and `gitlab`, where everybody in the world may have
   * tokens of the same issuer.
   */
  readonly requiredClaims?: Readonly<Record<string, string | readonly string[]>>;
  /** Only for `kubernetes`: the cluster is asked about each token, which also tells of pods that are gone. Without `keys` it alone decides. */
  readonly tokenReview?: TokenReviewOptions;
  /** Only for `generic`. Default `service`, the kind that cannot approve. Where it is `person`, a client that acts for itself is a service. */
  readonly subjectKind?: PartyKind;
  /** What an actor is whose kind nobody vouches for. Default `agent`, the kind that rules restrict most. */
  readonly actorKind?: PartyKind;
  readonly agents?: readonly AgentClient[];
  /**
   * Other issuers that this one may name in its `act` claims, and for `exchange` as the subject's own. By default an actor of another issuer
   * refuses the token.
   */
  readonly actorIssuers?: readonly string[];
  /**
   * The issuer vouches for the `sqlwarden` claims (kind, agent version, model, workload, run): their proof is `token`. Otherwise it is
   * `asserted`. On for `dev` and `exchange`. Switch it on only where no user or client can choose what the claim says.
   */
  readonly trustSqlwardenClaims?: boolean;
  /** Put before the name of every group of this issuer, so that its groups are not another issuer's groups of the same name. */
  readonly groupPrefix?: string;
  /** A token with this many groups or more may have lost some. By default 100 for okta, 200 for entra, otherwise none. */
  readonly groupsLimit?: number;
  /** Accept only `typ: at+jwt` (RFC 9068 section 2.1). Default false, but for `exchange`: most issuers do not set it. */
  readonly requireAccessTokenType?: boolean;
  /** Longest time between `iat` and `exp`. Default 86 400 (24 h). */
  readonly maxLifetimeSeconds?: number;
  /** For `nbf` and `iat`, at most 60. Default 30. `exp` has none. */
  readonly clockSkewSeconds?: number;
  /** Only for `dev`: use it in a production environment all the same. */
  readonly allowInProduction?: boolean;
}
