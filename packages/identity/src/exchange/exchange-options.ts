import type { Model, Party, PartyKind, Workload } from '@sqlwarden/core';
import { IdentityError } from '../errors.js';
import type { IssuerOptions } from '../issuer-options.js';
import { exchangeJwksPath } from './signing-keys.js';

/** What the gateway's own token exchange is told. */
export interface ExchangeOptions {
  /** The `iss` of its tokens; its metadata is under it (OpenID Connect Discovery 1.0 section 4). */
  readonly issuer: string;
  /** The `aud` of its tokens. */
  readonly audience: string;
  readonly keys: { readonly directory: string; readonly rotateAfterSeconds: number };
  /** Longest life of a token, from 1 to 3600. */
  readonly lifetimeSeconds: number;
  /** How many may act one through the other. */
  readonly maxActors: number;
  /** Who may ask, the first that fits. */
  readonly agents: readonly ExchangeAgent[];
}

/** A workload or client that may have tokens, and what is known of it that its own token does not say. */
export interface ExchangeAgent {
  /** For people to read. */
  readonly name: string;
  /** Default `agent`. Who is an agent by its own token stays one. */
  readonly kind?: Exclude<PartyKind, 'person'>;
  readonly match: AgentMatch;
  /** Its own version. */
  readonly version?: string;
  readonly model?: Model;
  /** Its groups, in place of those that its token names. */
  readonly groups?: readonly string[];
  /** For whom it may act besides itself. Default `anybody` who gives it a token. */
  readonly actsFor?: ActsFor;
}

/** `may-act`: whose token names it (RFC 8693 section 4.4). `groups`: who is in one of them. */
export type ActsFor = 'anybody' | 'nobody' | 'may-act' | { readonly groups: readonly string[] };

/** All that is given must fit, and be proven. */
export interface AgentMatch {
  /** The name of a configured issuer: its own token must be of this one. */
  readonly issuer: string;
  /** Its id within the issuer. */
  readonly id?: string;
  /** `*` stands for any run of characters. */
  readonly workload?: Workload;
}

/** No configured issuer can have it: their names have no spaces. */
export const EXCHANGE_ISSUER_NAME = 'token exchange';

/**
 * The exchange as an issuer for the verifier of the same gateway. Its tokens may name parties of all its issuers, and of theirs.
 *
 * @throws IdentityError `exchange-options`
 */
export function exchangeIssuer(options: ExchangeOptions, issuers: readonly IssuerOptions[]): IssuerOptions {
  checkExchange(options, issuers);
  return {
    name: EXCHANGE_ISSUER_NAME,
    preset: 'exchange',
    issuer: options.issuer,
    audience: options.audience,
    keys: { kind: 'file', path: exchangeJwksPath(options.keys.directory) },
    actorIssuers: [...new Set(issuers.flatMap(({ issuer, actorIssuers = [] }) => [issuer, ...actorIssuers]))],
    maxLifetimeSeconds: options.lifetimeSeconds,
  };
}

const MAX_LIFETIME_SECONDS = 3600;

function checkExchange({ issuer, lifetimeSeconds, agents }: ExchangeOptions, issuers: readonly IssuerOptions[]): void {
  const wrong = (what: string) => new IdentityError('exchange-options', `token exchange: ${what}`);
  if (!URL.canParse(issuer)) throw wrong('the issuer must be a url, under which its metadata is');
  if (!Number.isInteger(lifetimeSeconds) || lifetimeSeconds < 1 || lifetimeSeconds > MAX_LIFETIME_SECONDS) {
    throw wrong(`lifetimeSeconds must be from 1 to ${MAX_LIFETIME_SECONDS}`);
  }
  const names = new Set(issuers.map(({ name }) => name));
  for (const { name, match } of agents) {
    if (!names.has(match.issuer)) {
      throw wrong(`agent ${name}: there is no issuer ${match.issuer}, write one of: ${[...names].join(', ')}`);
    }
    if (fitsEverybody(match)) {
      throw wrong(`agent ${name}: everybody with a token of ${match.issuer} would be it, write id or workload in match`);
    }
  }
}

/** True when everybody with a token of the issuer would be the agent. */
export function fitsEverybody({ id, workload = {} }: AgentMatch): boolean {
  const patterns = (Object.keys(workload) as (keyof Workload)[]).map((member) => workload[member] ?? '*');
  return id === undefined && patterns.every((pattern) => /^\*+$/.test(pattern));
}

/** What the configuration says of a party that it calls an agent. */
export function asConfigured(party: Party, agent: ExchangeAgent): Party {
  return {
    ...party,
    kind: party.kind === 'agent' ? 'agent' : (agent.kind ?? 'agent'),
    name: agent.name,
    ...(agent.groups === undefined ? {} : configuredGroups(party, agent.groups)),
  };
}

/** The groups of its own token grant nothing beside them, and go on counting where a rule takes something away. */
function configuredGroups(party: Party, groups: readonly string[]): Pick<Party, 'groups' | 'groupsComplete' | 'unusedGroups'> {
  const replaced = [...new Set([...party.groups, ...(party.unusedGroups ?? [])])].filter((group) => !groups.includes(group));
  return { groups, groupsComplete: true, ...(replaced.length === 0 ? {} : { unusedGroups: replaced }) };
}
