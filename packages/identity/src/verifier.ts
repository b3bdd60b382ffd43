import { unreachable, type Principal } from '@sqlwarden/core';
import jsonwebtoken from 'jsonwebtoken';
import { isAlgorithm, type Algorithm } from './algorithms.js';
import { Claims } from './claims.js';
import { decodeCompactJws, type UnverifiedToken } from './compact-jws.js';
import { IdentityError, TokenRefused, type TokenRefusalCode } from './errors.js';
import { EXCHANGE_ISSUER_NAME } from './exchange/exchange-options.js';
import type { Fetch } from './fetch-document.js';
import { resolveIssuer, type Issuer } from './issuer.js';
import type { IssuerOptions, KeysOptions, Preset } from './issuer-options.js';
import type { VerificationKey } from './json-web-key.js';
import type { KeySource } from './key-source.js';
import { openKeys, type KeyPorts } from './open-keys.js';
import { principalOf } from './principal-of.js';
import { checkRegisteredClaims } from './registered-claims.js';
import { trustDomainOf } from './spiffe-id.js';
import { TokenReview } from './token-review.js';

/** What was verified, besides the principal. */
export interface VerifiedToken {
  /** The issuer's `name` in the configuration. */
  readonly issuerName: string;
  readonly issuer: string;
  readonly keyId: string | undefined;
  readonly algorithm: Algorithm;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export type Verification =
  | { readonly ok: true; readonly principal: Principal; readonly token: VerifiedToken }
  | { readonly ok: false; readonly code: TokenRefusalCode; readonly message: string };

/** One issuer, as `check` shows it. */
export interface IssuerDescription {
  readonly name: string;
  readonly preset: Preset;
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly algorithms: readonly Algorithm[];
  readonly keys: string;
  readonly maxLifetimeSeconds: number;
  readonly trustSqlwardenClaims: boolean;
  /** What an operator should know, loudly. */
  readonly warnings: readonly string[];
}

export interface Verifier {
  /**
   * Verifies a token (compact JWS) and makes a principal of it. Never throws and never rejects: whatever goes wrong is a refusal. Its
   * message can be shown to who presented the token, and holds nothing of it.
   */
  verify(token: string): Promise<Verification>;
  describe(): readonly IssuerDescription[];
}

export interface VerifierOptions {
  /** The configuration's environment; decides whether a development issuer may be used. */
  readonly environment: string;
  /** Milliseconds since the epoch; default the system's clock. */
  readonly clock?: () => number;
  /** Default the platform's. */
  readonly fetch?: Fetch;
  /** Told what an operator must know and a client must not: why keys could not be read, and faults. May not throw. */
  readonly report?: (problem: Error) => void;
}

interface OpenIssuer {
  readonly issuer: Issuer;
  /** At least one of the two is there. */
  readonly keys: KeySource | undefined;
  readonly review: TokenReview | undefined;
}

/**
 * Opens the issuers. Everything that can be wrong with their options is found here.
 *
 * @throws IdentityError
 */
export function createVerifier(issuers: readonly IssuerOptions[], options: VerifierOptions): Verifier {
  const clock = options.clock ?? Date.now;
  const fetch = options.fetch ?? globalThis.fetch;
  const report = options.report ?? (() => {});
  const resolved = issuers.map((issuer) => resolveIssuer(issuer, options.environment));
  checkDistinct(resolved);
  const byIssuer = new Map<string, OpenIssuer>(resolved.map((issuer) => [issuer.issuer, open(issuer, { clock, fetch, report })]));
  return {
    describe: () => resolved.map((issuer) => description(issuer, resolved)),
    async verify(token) {
      try {
        return await verify(token, byIssuer, clock);
      } catch (error) {
        if (error instanceof TokenRefused) return { ok: false, code: error.code, message: error.message };
        report(new Error('a token could not be checked', { cause: error }));
        return { ok: false, code: 'internal', message: 'the token could not be checked, see the log of the gateway' };
      }
    },
  };
}

function open(issuer: Issuer, ports: KeyPorts): OpenIssuer {
  const { keys, tokenReview } = issuer;
  return {
    issuer,
    keys: keys === undefined ? undefined : openKeys(issuer, keys, ports),
    review: tokenReview === undefined ? undefined : new TokenReview(tokenReview, issuer, ports),
  };
}

async function verify(token: string, issuers: ReadonlyMap<string, OpenIssuer>, clock: () => number): Promise<Verification> {
  const unverified = decodeCompactJws(token);
  const claims = new Claims(unverified.payload);
  const { issuer, keys, review } = issuerOf(claims, issuers);
  const algorithm = allowedAlgorithm(unverified, issuer);
  if (keys !== undefined) checkSignature(token, await signingKey(unverified.keyId, algorithm, issuer, keys), algorithm);
  // The clock is read after the keys, which may have taken their time.
  const expiresAt = checkRegisteredClaims(claims, unverified.type, issuer, clock());
  await review?.confirm(token, claims, expiresAt);
  return {
    ok: true,
    principal: principalOf(claims, issuer, expiresAt),
    token: { issuerName: issuer.name, issuer: issuer.issuer, keyId: unverified.keyId, algorithm, expiresAt },
  };
}

/**
 * The issuer that a token says it is of; all that follows from that is whose keys it is checked with. A JWT-SVID may lack `iss` ("JWT-SVID"
 * of SPIFFE, section 3), and is of the trust domain in its `sub`.
 */
function issuerOf(claims: Claims, issuers: ReadonlyMap<string, OpenIssuer>): OpenIssuer {
  const named = claims.id('iss');
  const known = named === undefined ? undefined : issuers.get(named);
  if (known !== undefined) return known;
  const sub = claims.get('sub');
  const trustDomain = typeof sub === 'string' ? trustDomainOf(sub) : undefined;
  const domain = trustDomain === undefined ? undefined : issuers.get(trustDomain);
  if (domain?.issuer.preset === 'spiffe') return domain;
  throw named === undefined
    ? new TokenRefused('claims', 'the token has no claim iss')
    : new TokenRefused('issuer', 'the issuer of the token is not configured');
}

/** The header's `alg` chooses among what the issuer is allowed, and nothing else (RFC 8725 section 3.1). */
function allowedAlgorithm({ algorithm }: UnverifiedToken, issuer: Issuer): Algorithm {
  if (!isAlgorithm(algorithm) || !issuer.algorithms.includes(algorithm)) {
    throw new TokenRefused('algorithm', `the token is not signed as ${issuer.name} must: ${issuer.algorithms.join(', ')}`);
  }
  return algorithm;
}

async function signingKey(keyId: string | undefined, algorithm: Algorithm, issuer: Issuer, keys: KeySource): Promise<VerificationKey> {
  const found = await keys.find(keyId, algorithm);
  switch (found.kind) {
    case 'found':
      return found.key;
    case 'unknown':
      throw new TokenRefused('key-unknown', `the token is signed with a key that ${issuer.name} does not publish`);
    case 'ambiguous':
      throw new TokenRefused('key-unknown', `several keys of ${issuer.name} answer to the key id of the token`);
    case 'unsuitable':
      throw new TokenRefused('algorithm', 'the key of the token is not for its algorithm');
    case 'unavailable':
      throw new TokenRefused('keys-unavailable', `the keys of ${issuer.name} cannot be read at the moment`);
    default:
      return unreachable(found);
  }
}

/** The library checks the signature only: issuer, times, audience and types are checked by us, with codes of their own. */
function checkSignature(token: string, { key }: VerificationKey, algorithm: Algorithm): void {
  try {
    jsonwebtoken.verify(token, key, { algorithms: [algorithm], ignoreExpiration: true, ignoreNotBefore: true });
  } catch {
    throw new TokenRefused('signature', 'the signature of the token is wrong');
  }
}

function checkDistinct(issuers: readonly Issuer[]): void {
  const seen = { issuer: new Set<string>(), name: new Set<string>(), tenant: new Set<string>() };
  for (const issuer of issuers) {
    if (seen.issuer.has(issuer.issuer)) {
      throw new IdentityError('issuer-duplicate', `issuer ${issuer.name}: another entry has the same issuer, list all audiences in one`);
    }
    if (seen.name.has(issuer.name)) throw new IdentityError('issuer-duplicate', `issuer ${issuer.name}: the name is taken, choose another`);
    // Somebody with a token of each version would be two people, and could approve their own statements.
    if (issuer.tenant !== undefined && seen.tenant.has(issuer.tenant)) {
      throw new IdentityError('issuer-duplicate', `issuer ${issuer.name}: its tenant is configured already, use one token version only`);
    }
    seen.issuer.add(issuer.issuer);
    seen.name.add(issuer.name);
    if (issuer.tenant !== undefined) seen.tenant.add(issuer.tenant);
  }
}

function description(issuer: Issuer, all: readonly Issuer[]): IssuerDescription {
  return {
    name: issuer.name,
    preset: issuer.preset,
    issuer: issuer.issuer,
    audiences: issuer.audiences,
    algorithms: issuer.algorithms,
    keys: describeKeys(issuer.keys),
    maxLifetimeSeconds: issuer.maxLifetimeSeconds,
    trustSqlwardenClaims: issuer.trustSqlwardenClaims,
    warnings: [...warnings(issuer), ...sharedGroups(issuer, all), ...sharedPeople(issuer, all)],
  };
}

function describeKeys(keys: KeysOptions | undefined): string {
  if (keys === undefined) return 'the cluster is asked';
  switch (keys.kind) {
    case 'inline':
      return `${keys.keys.length} inline`;
    case 'file':
      return `file ${keys.path}`;
    case 'url':
      return `url ${keys.url}`;
    case 'discovery':
      return 'by discovery';
    default:
      return unreachable(keys);
  }
}

/** Groups have names only: those of two issuers are one group when they are called the same. */
function sharedGroups(issuer: Issuer, all: readonly Issuer[]): readonly string[] {
  const other = all.find((one) => one !== issuer && hasGroups(one) && one.groupPrefix === issuer.groupPrefix);
  if (other === undefined || !hasGroups(issuer)) return [];
  return [`a group of ${other.name} is the same as one of its own of that name, set groupPrefix to tell them apart`];
}

/** Authorization servers of one Okta organization have the same users, and who is who is told by issuer and id. */
function sharedPeople(issuer: Issuer, all: readonly Issuer[]): readonly string[] {
  const organization = ({ issuer: address }: Issuer): string => new URL(address).host;
  if (issuer.preset !== 'okta') return [];
  const other = all.find((one) => one !== issuer && one.preset === 'okta' && organization(one) === organization(issuer));
  if (other === undefined) return [];
  return [`has the people of ${other.name}: one with tokens of both is two, and could approve what it asks for itself; use one of them`];
}

/** A token exchange passes on groups of others; SPIFFE has none. */
function hasGroups({ preset }: Issuer): boolean {
  return preset !== 'exchange' && preset !== 'spiffe';
}

/** Claims that people may change, or that are given to others after them. */
const MUTABLE_IDS: ReadonlySet<string> = new Set([
  'email',
  'mail',
  'upn',
  'unique_name',
  'preferred_username',
  'username',
  'nickname',
  'name',
]);

function warnings({ name, preset, issuer, claims, trustSqlwardenClaims, actorKind, tokenReview, actorIssuers }: Issuer): readonly string[] {
  const found = [];
  const id = [claims.id].flat().at(-1) ?? '';
  if (MUTABLE_IDS.has(id))
    found.push(`who has a ${id} today may be somebody else tomorrow, with the same rights: write a claim that never changes`);
  if (preset === 'exchange') return name === EXCHANGE_ISSUER_NAME ? [] : [exchangeWarning(actorIssuers)];
  if (preset === 'dev') found.push('a development issuer: whoever reads its key file can be anybody');
  else if (trustSqlwardenClaims) found.push('its sqlwarden claims are believed: no client or user may be able to choose them');
  if (preset === 'kubernetes' && tokenReview === undefined) found.push('a deleted pod stays good until its token expires');
  if (preset === 'okta' && !issuer.includes('/oauth2/')) {
    found.push('an org authorization server: Okta publishes no keys for its access tokens, use a custom authorization server');
  }
  if (actorKind === 'person') found.push('an actor of unknown kind counts as a person');
  return found;
}

function exchangeWarning(named: ReadonlySet<string>): string {
  if (named.size === 0) return 'it may name nobody, so that none of its tokens is taken: write actorIssuers';
  return `a token exchange: whoever runs it can be anybody of ${[...named].join(', ')}`;
}
