import type { PartyKind } from '@sqlwarden/core';
import { ALGORITHMS, isAlgorithm, type Algorithm } from './algorithms.js';
import { CERTIFICATE_ISSUER } from './client-certificate.js';
import { isProduction } from './environment.js';
import { IdentityError } from './errors.js';
import type { AgentClient, ClaimPath, IssuerOptions, KeysOptions, Preset, TokenReviewOptions } from './issuer-options.js';
import { PRESETS } from './issuer-options.js';
import { PASSWORD_ISSUER } from './password-users.js';
import { entraTenant } from './presets/entra-tenant.js';
import { isTrustDomain } from './spiffe-id.js';

/** An issuer with every default decided and every option checked. */
export interface Issuer {
  readonly name: string;
  readonly preset: Preset;
  readonly issuer: string;
  readonly audiences: readonly string[];
  /** Absent where only the cluster is asked. */
  readonly keys: KeysOptions | undefined;
  readonly tokenReview: TokenReviewOptions | undefined;
  readonly algorithms: readonly Algorithm[];
  readonly claims: { readonly id: ClaimPath; readonly name: ClaimPath; readonly groups: ClaimPath; readonly kind: ClaimPath | undefined };
  readonly requiredClaims: ReadonlyMap<string, readonly string[]>;
  readonly subjectKind: PartyKind;
  readonly actorKind: PartyKind;
  readonly agents: ReadonlyMap<string, AgentClient>;
  readonly actorIssuers: ReadonlySet<string>;
  readonly trustSqlwardenClaims: boolean;
  readonly groupPrefix: string;
  readonly groupsLimit: number;
  readonly requireAccessTokenType: boolean;
  readonly maxLifetimeSeconds: number;
  readonly clockSkewSeconds: number;
  /** The tenant of an Entra issuer. */
  readonly tenant: string | undefined;
}

const MAX_SKEW_SECONDS = 60;
const DEFAULT_SKEW_SECONDS = 30;
const DEFAULT_LIFETIME_SECONDS = 24 * 60 * 60;

const DEFAULT_ALGORITHMS = {
  generic: ['RS256', 'ES256'],
  dev: ['ES256'],
  okta: ['RS256'],
  entra: ['RS256'],
  kubernetes: ['RS256'],
  // "JWT-SVID" of SPIFFE, section 2.1.
  spiffe: ALGORITHMS,
  github: ['RS256'],
  gitlab: ['RS256'],
  exchange: ['ES256'],
} as const satisfies Record<Preset, readonly Algorithm[]>;

const DEFAULT_GROUPS_LIMIT = {
  generic: Number.POSITIVE_INFINITY,
  dev: Number.POSITIVE_INFINITY,
  okta: 100,
  entra: 200,
  kubernetes: Number.POSITIVE_INFINITY,
  spiffe: Number.POSITIVE_INFINITY,
  github: Number.POSITIVE_INFINITY,
  gitlab: Number.POSITIVE_INFINITY,
  exchange: Number.POSITIVE_INFINITY,
} as const satisfies Record<Preset, number>;

/**
 * Checks one issuer's options and fills in what they leave out.
 *
 * @throws IdentityError `issuer-options` or `dev-in-production`, naming the issuer and what to write instead.
 */
export function resolveIssuer(options: IssuerOptions, environment: string): Issuer {
  const wrong = (what: string) => new IdentityError('issuer-options', `issuer ${options.name}: ${what}`);
  if (!PRESETS.includes(options.preset)) throw wrong(`preset must be one of ${PRESETS.join(', ')}`);
  if (options.preset === 'dev' && isProduction(environment) && options.allowInProduction !== true) throw devInProduction(options.name);
  if (options.preset !== 'generic' && (options.claims?.id ?? options.claims?.kind ?? options.subjectKind) !== undefined) {
    throw wrong(`the id and the kind of a subject are fixed by preset ${options.preset}, use generic to choose them`);
  }
  // What its tokens say of groups that are missing or given up would be passed over, and with it what restricts their holders.
  if ((options.preset === 'exchange' || options.preset === 'dev') && options.trustSqlwardenClaims === false) {
    throw wrong(`the tokens of preset ${options.preset} say all that matters in their sqlwarden claims, leave out trustSqlwardenClaims`);
  }
  const tenant = options.preset === 'entra' ? entraTenant(options.issuer) : undefined;
  if (options.preset === 'entra' && tenant === undefined) {
    throw wrong('name one tenant: https://login.microsoftonline.com/<tenant id>/v2.0 or https://sts.windows.net/<tenant id>/');
  }
  return {
    name: options.name,
    preset: options.preset,
    issuer: checkedIssuer(options, wrong),
    audiences: checkedAudiences(options, wrong),
    keys: checkedKeys(options, tenant, wrong),
    tokenReview: checkedTokenReview(options, wrong),
    algorithms: checkedAlgorithms(options, wrong),
    claims: {
      id: options.claims?.id ?? 'sub',
      name: options.claims?.name ?? 'name',
      groups: options.claims?.groups ?? 'groups',
      kind: options.claims?.kind,
    },
    requiredClaims: checkedRequiredClaims(options, wrong),
    subjectKind: options.subjectKind ?? 'service',
    actorKind: options.actorKind ?? 'agent',
    agents: checkedAgents(options, wrong),
    actorIssuers: new Set(options.actorIssuers),
    trustSqlwardenClaims: options.trustSqlwardenClaims ?? (options.preset === 'dev' || options.preset === 'exchange'),
    groupPrefix: options.groupPrefix ?? '',
    groupsLimit: options.groupsLimit ?? DEFAULT_GROUPS_LIMIT[options.preset],
    requireAccessTokenType: options.requireAccessTokenType ?? options.preset === 'exchange',
    maxLifetimeSeconds: inRange(options.maxLifetimeSeconds ?? DEFAULT_LIFETIME_SECONDS, 1, 366 * 86_400, 'maxLifetimeSeconds', wrong),
    clockSkewSeconds: inRange(options.clockSkewSeconds ?? DEFAULT_SKEW_SECONDS, 0, MAX_SKEW_SECONDS, 'clockSkewSeconds', wrong),
    tenant,
  };
}

/** What both the verifier and the development issuer say. */
export function devInProduction(name: string): IdentityError {
  return new IdentityError(
    'dev-in-production',
    `issuer ${name} is a development issuer and the environment is production: whoever reads its key file can be anybody; ` +
      'configure the real issuer, or set allowInProduction to accept that',
  );
}

type Wrong = (what: string) => IdentityError;

/** Whoever could issue tokens in these names could be anybody who logs in by certificate or password. */
const RESERVED: ReadonlySet<string> = new Set([CERTIFICATE_ISSUER, PASSWORD_ISSUER]);
/** Of those whom a server knows by their own password there; its name follows. */
const UPSTREAM_ISSUER = 'urn:sqlwarden:upstream:';

function checkedIssuer({ issuer, preset }: IssuerOptions, wrong: Wrong): string {
  if (typeof issuer !== 'string' || issuer === '' || issuer.trim() !== issuer) throw wrong('write the issuer exactly as in its tokens');
  if (RESERVED.has(issuer) || issuer.startsWith(UPSTREAM_ISSUER))
    throw wrong('this issuer is taken: it stands for identities that are proven without tokens');
  if (/[{}<>*]/.test(issuer)) throw wrong('an issuer is one exact text: name each tenant, patterns are not supported');
  if (preset === 'okta' && !(issuer.startsWith('https://') && URL.canParse(issuer))) throw wrong('an okta issuer begins with https://');
  if (preset === 'spiffe' && !isTrustDomain(issuer)) throw wrong('a spiffe issuer is its trust domain: spiffe://acme.example');
  return issuer;
}

function checkedAudiences({ audience }: IssuerOptions, wrong: Wrong): readonly string[] {
  const audiences = typeof audience === 'string' ? [audience] : [...audience];
  if (audiences.length === 0 || audiences.some((one) => typeof one !== 'string' || one === '')) {
    throw wrong('say which audience its tokens must have: without one, tokens for anything else would be accepted');
  }
  return audiences;
}

function checkedAlgorithms({ algorithms, preset }: IssuerOptions, wrong: Wrong): readonly Algorithm[] {
  const list = algorithms ?? DEFAULT_ALGORITHMS[preset];
  if (list.length === 0 || !list.every(isAlgorithm)) throw wrong(`algorithms must be some of ${ALGORITHMS.join(', ')}`);
  return list;
}

function checkedAgents({ agents = [] }: IssuerOptions, wrong: Wrong): ReadonlyMap<string, AgentClient> {
  const byId = new Map(agents.map((agent) => [agent.clientId, agent]));
  if (byId.size !== agents.length || byId.has('')) throw wrong('every agent needs a client id of its own');
  return byId;
}

/** Claims that say whose workflow it is, in tokens that everybody may have. */
const NARROWING: Partial<Record<Preset, readonly string[]>> = {
  github: ['repository_owner_id', 'repository_id'],
  gitlab: ['namespace_id', 'project_id'],
};

function checkedRequiredClaims({ requiredClaims = {}, preset }: IssuerOptions, wrong: Wrong): Issuer['requiredClaims'] {
  const required = new Map(Object.entries(requiredClaims).map(([name, values]) => [name, typeof values === 'string' ? [values] : values]));
  for (const [name, values] of required) {
    if (values.length === 0 || values.some((value) => typeof value !== 'string' || value === '')) {
      throw wrong(`requiredClaims.${name} needs the values that are let in, as texts`);
    }
  }
  const narrowing = NARROWING[preset];
  if (narrowing !== undefined && !narrowing.some((name) => required.has(name))) {
    throw wrong(`everybody may have its tokens: write requiredClaims with your ${narrowing.join(' or ')}`);
  }
  return required;
}

function checkedTokenReview({ tokenReview, preset }: IssuerOptions, wrong: Wrong): TokenReviewOptions | undefined {
  if (tokenReview === undefined) return undefined;
  if (preset !== 'kubernetes') throw wrong('tokenReview is only for preset kubernetes');
  if (!tokenReview.url.startsWith('https://') || !URL.canParse(tokenReview.url)) throw wrong('ask the cluster over https: tokenReview.url');
  if (!/^https:\/\/[^/?#@]+\/?$/.test(tokenReview.url)) throw wrong('write the address of the API server without a path: tokenReview.url');
  inRange(tokenReview.cacheMs ?? 0, 0, 300_000, 'tokenReview.cacheMs', wrong);
  return tokenReview;
}

function checkedKeys(options: IssuerOptions, tenant: string | undefined, wrong: Wrong): KeysOptions | undefined {
  if (options.keys !== undefined) return options.keys;
  return options.tokenReview === undefined ? defaultKeys(options, tenant, wrong) : undefined;
}

function inRange(value: number, least: number, most: number, name: string, wrong: Wrong): number {
  if (!Number.isFinite(value) || value < least || value > most) throw wrong(`${name} must be from ${least} to ${most}`);
  return value;
}

/** Where Okta (authorization server API, "keys") and Entra ID (OpenID Connect metadata, `jwks_uri`) publish their keys. */
function defaultKeys({ preset, issuer }: IssuerOptions, tenant: string | undefined, wrong: Wrong): KeysOptions {
  if (preset === 'okta') return { kind: 'url', url: `${issuer}${issuer.includes('/oauth2/') ? '' : '/oauth2'}/v1/keys` };
  if (preset === 'entra' && tenant !== undefined) {
    return issuer.startsWith('https://sts.windows.net/')
      ? { kind: 'url', url: `https://login.microsoftonline.com/${tenant}/discovery/keys` }
      : { kind: 'url', url: issuer.replace(/\/v2\.0$/, '/discovery/v2.0/keys') };
  }
  if (preset === 'dev' || preset === 'spiffe') throw wrong('say where its keys are: a file, a url or inline');
  return { kind: 'discovery' };
}
