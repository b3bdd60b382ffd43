import { randomUUID, type KeyObject } from 'node:crypto';
import type { Model, PartyKind, Run, Workload } from '@sqlwarden/core';
import jsonwebtoken from 'jsonwebtoken';
import { MAX_TOKEN_BYTES } from './compact-jws.js';
import { devJwksPath, openDevKey } from './dev-key.js';
import { isProduction } from './environment.js';
import { IdentityError } from './errors.js';
import { devInProduction } from './issuer.js';
import { sqlwardenClaimsOf, sqlwardenWholeClaimsOf } from './sqlwarden-claims.js';

/** The `iss` of development tokens unless another is asked for. It is no address, so no real issuer can have it. */
export const DEFAULT_DEV_ISSUER = 'urn:sqlwarden:dev';
export const MAX_DEV_LIFETIME_SECONDS = 24 * 60 * 60;

export interface DevIssuerOptions {
  /** Where its key is, or is to be made. */
  readonly directory: string;
  /** Default {@link DEFAULT_DEV_ISSUER}. */
  readonly issuer?: string;
  /** The configuration's environment. In a production one there is no development issuer, unless `allowInProduction` is set. */
  readonly environment: string;
  readonly allowInProduction?: boolean;
  /** Milliseconds since the epoch; default the system's clock. */
  readonly clock?: () => number;
}

/** An issuer of tokens for work on one's own machine: anybody who can read its directory can be anybody. */
export interface DevIssuer {
  readonly issuer: string;
  readonly keyId: string;
  /** The key set to give the verifier: `keys: { kind: 'file', path }`. */
  readonly jwksPath: string;
  readonly key: KeyObject;
  readonly clock: () => number;
}

/** A party of a development token. */
export interface DevParty {
  readonly kind: PartyKind;
  readonly id: string;
  readonly name?: string;
  readonly groups?: readonly string[];
  /** Of an agent. */
  readonly version?: string;
  readonly model?: Model;
}

export interface DevTokenRequest {
  readonly subject: DevParty;
  /** Who acts for the subject; the one who acts now first. */
  readonly actors?: readonly DevParty[];
  readonly workload?: Workload;
  readonly run?: Run;
  readonly audience: string;
  /** From 1 to 86 400. */
  readonly lifetimeSeconds: number;
}

/**
 * Opens the development issuer in a directory, and makes its key when there is none.
 *
 * @throws IdentityError `dev-in-production` or `dev-key`
 */
export function openDevIssuer(options: DevIssuerOptions): DevIssuer {
  const issuer = options.issuer ?? DEFAULT_DEV_ISSUER;
  if (isProduction(options.environment) && options.allowInProduction !== true) throw devInProduction(issuer);
  const { key, id } = openDevKey(options.directory);
  return { issuer, keyId: id, jwksPath: devJwksPath(options.directory), key, clock: options.clock ?? Date.now };
}

/**
 * Issues a token (ES256) that the preset `dev` reads back as the same subject, actors, models, workload and run.
 *
 * @throws IdentityError `dev-request` when the request makes no token that would be accepted.
 */
export function issueDevToken(issuer: DevIssuer, request: DevTokenRequest): string {
  check(request);
  const issuedAt = Math.floor(issuer.clock() / 1000);
  const claims = {
    iss: issuer.issuer,
    aud: request.audience,
    iat: issuedAt,
    exp: issuedAt + request.lifetimeSeconds,
    jti: randomUUID(),
    ...partyClaims(request.subject, sqlwardenWholeClaimsOf(request)),
    ...actClaim(request.actors ?? []),
  };
  const token = jsonwebtoken.sign(claims, issuer.key, { algorithm: 'ES256', keyid: issuer.keyId });
  if (token.length > MAX_TOKEN_BYTES) {
    throw new IdentityError('dev-request', `the token would be longer than ${MAX_TOKEN_BYTES} bytes, leave out groups`);
  }
  return token;
}

function check({ subject, actors = [], audience, lifetimeSeconds }: DevTokenRequest): void {
  if (!Number.isInteger(lifetimeSeconds) || lifetimeSeconds < 1 || lifetimeSeconds > MAX_DEV_LIFETIME_SECONDS) {
    throw new IdentityError('dev-request', `a development token lives from 1 to ${MAX_DEV_LIFETIME_SECONDS} whole seconds`);
  }
  if (audience === '') throw new IdentityError('dev-request', 'say which audience the token is for');
  if ([subject, ...actors].some((party) => party.id === '')) throw new IdentityError('dev-request', 'every party needs an id');
}

function actClaim([outermost, ...inner]: readonly DevParty[]): object {
  return outermost === undefined ? {} : { act: { ...partyClaims(outermost), ...actClaim(inner) } };
}

function partyClaims(party: DevParty, whole: object = {}): object {
  const { id, name, groups = [] } = party;
  return { sub: id, name, groups, sqlwarden: { ...sqlwardenClaimsOf(party), ...whole } };
}
