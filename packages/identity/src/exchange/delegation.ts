import {
  currentParty,
  isInAnyGroup,
  isProven,
  matchesWild,
  parties,
  type Party,
  partyKey,
  type Principal,
  type Run,
  type Workload,
} from '@sqlwarden/core';
import type { Claims } from '../claims.js';
import type { VerifiedToken } from '../verifier.js';
import { type ActsFor, asConfigured, type ExchangeAgent, type ExchangeOptions } from './exchange-options.js';
import { ExchangeRefused } from './exchange-refused.js';

/** A token that was verified, with its claims. */
export interface ShownToken {
  readonly principal: Principal;
  readonly token: VerifiedToken;
  readonly claims: Claims;
}

export interface DelegationRequest {
  readonly subject: ShownToken;
  readonly actor: ShownToken | undefined;
  /** The groups that the subject is to keep; `undefined`: all. */
  readonly scope: readonly string[] | undefined;
  /** What the caller says it is a part of. */
  readonly run: Run | undefined;
}

/** What a new token is to say. */
export interface Delegation {
  /** Its fields are proven as the tokens proved them; `expiresAt` is no later than theirs. */
  readonly principal: Principal;
  readonly agent: ExchangeAgent;
  /** Who alone may act for the subject from here on, when its token said so. */
  readonly mayAct: MayAct | undefined;
}

/** `may_act` (RFC 8693 section 4.4), its `iss` always said. */
export type MayAct = Readonly<Record<string, string>>;

/**
 * Who may act for whom, and what comes of it. Nobody's rights grow: the subject and each actor stay who they are, in the groups that they are in,
 * but for what the configuration says of the one that acts now; nobody is left out of the chain; and nothing lives longer than what was shown.
 *
 * @param now milliseconds since the epoch
 * @throws ExchangeRefused
 */
export function delegate(request: DelegationRequest, options: ExchangeOptions, now: number): Delegation {
  const { subject, actor } = request;
  checkOrigins(request, options);
  const shown = actor ?? subject;
  const current = currentParty(shown.principal);
  const agent = configuredAgent(current, shown, options.agents);
  const acting = asConfigured(current, agent);
  const chain = chainOf(subject.principal, actor === undefined ? 'replaced' : 'added', acting);
  if (chain.actors.length > options.maxActors) {
    throw new ExchangeRefused('invalid_request', 'chain', `more than ${options.maxActors} would act one through the other`);
  }
  const mayAct = mayActOf(subject);
  if (chain.actors.length > 0) checkActsFor(agent, request, mayAct);
  const models = modelsOf(chain, acting, agent, request);
  const run = runOf(request);
  const workload = shown.principal.workload;
  const issuedAt = oldest([subject, shown]);
  return {
    principal: {
      subject: narrowed(models.subject, request.scope),
      actors: models.actors,
      ...(workload === undefined ? {} : { workload }),
      ...(run === undefined ? {} : { run: run.run }),
      proof: proofOf(request, { model: models.proven, workload, run }),
      expiresAt: Math.min(now + options.lifetimeSeconds * 1000, subject.principal.expiresAt, actor?.principal.expiresAt ?? Infinity),
      ...(issuedAt === undefined ? {} : { issuedAt }),
      exchangedBy: options.issuer,
    },
    agent,
    mayAct,
  };
}

/** When the oldest was issued; one that does not say may be as old as any. */
function oldest(shown: readonly ShownToken[]): number | undefined {
  const times = shown.map(({ principal }) => principal.issuedAt ?? Number.NEGATIVE_INFINITY);
  const earliest = Math.min(...times);
  return Number.isFinite(earliest) ? earliest : undefined;
}

/** A token of the exchange itself is a chain to be handed on, and no way to prove who one is. */
function checkOrigins({ subject, actor }: DelegationRequest, { issuer }: ExchangeOptions): void {
  if (!isProven(subject.principal, 'subject')) {
    throw new ExchangeRefused('invalid_request', 'subject-unproven', 'subject_token: nobody vouches for who its subject is');
  }
  if (actor === undefined) {
    if (subject.token.issuer !== issuer) return;
    throw new ExchangeRefused('invalid_request', 'exchanged', 'subject_token: exchange the first token again, or show an actor_token');
  }
  if (actor.token.issuer === issuer) {
    throw new ExchangeRefused('invalid_request', 'exchanged', "actor_token: show the actor's own token, not one of this exchange");
  }
  if (actor.principal.actors.length > 0) {
    throw new ExchangeRefused(
      'invalid_request',
      'agent-delegated',
      "actor_token: show the actor's own token, in which nobody acts for another",
    );
  }
}

/** A person is never one: who acts for people must be told from them. */
function configuredAgent(current: Party, shown: ShownToken, agents: readonly ExchangeAgent[]): ExchangeAgent {
  const { principal, token } = shown;
  const isOwn = current.issuer === token.issuer && isProven(principal, principal.actors.length === 0 ? 'subject' : 'actors');
  const agent = agents.find(
    ({ match }) =>
      isOwn &&
      current.kind !== 'person' &&
      match.issuer === token.issuerName &&
      (match.id === undefined || match.id === current.id) &&
      (match.workload === undefined || runsIn(match.workload, principal)),
  );
  if (agent !== undefined) return agent;
  throw new ExchangeRefused(
    'unauthorized_client',
    'agent-unknown',
    'whoever would act is none of the agents of the token exchange, add it there',
  );
}

function runsIn(wanted: Workload, principal: Principal): boolean {
  const { workload } = principal;
  if (workload === undefined || !isProven(principal, 'workload')) return false;
  return (Object.keys(wanted) as (keyof Workload)[]).every((member) => {
    const [pattern, value] = [wanted[member], workload[member]];
    return pattern === undefined || (value !== undefined && matchesWild(pattern, value));
  });
}

interface PartiesOf {
  readonly subject: Party;
  readonly actors: readonly Party[];
}

/** `replaced`: who acts now showed the subject's token alone. `added`: it showed its own besides, and may be in the chain already. */
function chainOf({ subject, actors }: Principal, how: 'replaced' | 'added', acting: Party): PartiesOf {
  const [outermost, ...others] = actors;
  const isCurrent = partyKey(outermost ?? subject) === partyKey(acting);
  if (how === 'added' && !isCurrent) return { subject, actors: [acting, ...actors] };
  return outermost === undefined ? { subject: acting, actors: [] } : { subject, actors: [acting, ...others] };
}

/** Members that identify somebody; the others say nothing there. */
const NOT_IDENTITY: ReadonlySet<string> = new Set(['exp', 'nbf', 'iat', 'aud', 'jti']);

function mayActOf({ claims, token }: ShownToken): MayAct | undefined {
  const named = claims.object('may_act');
  if (named === undefined) return undefined;
  const members = named.names().filter((name) => !NOT_IDENTITY.has(name));
  return { iss: token.issuer, ...Object.fromEntries(members.map((name) => [name, named.requiredId(name)])) };
}

function checkActsFor({ actsFor = 'anybody' }: ExchangeAgent, { subject, actor }: DelegationRequest, mayAct: MayAct | undefined): void {
  const refused = (why: string) => new ExchangeRefused('unauthorized_client', 'agent-not-allowed', why);
  const isNamed =
    mayAct !== undefined && namesSomebody(mayAct) && Object.entries(mayAct).every(([name, value]) => claimOf(actor, name) === value);
  // Who showed the subject's token alone acts in it already.
  if (mayAct !== undefined && actor !== undefined && !isNamed) throw refused('the subject_token names somebody else who may act');
  if (!isAllowed(actsFor, subject.principal, isNamed)) throw refused('the agent may not act for this subject');
}

/** An issuer alone is not somebody: it would be everybody of it. */
function namesSomebody(mayAct: MayAct): boolean {
  return Object.keys(mayAct).some((name) => name !== 'iss');
}

/** A JWT-SVID has no `iss`: its trust domain stands for it. */
function claimOf(shown: ShownToken | undefined, name: string): unknown {
  return name === 'iss' ? shown?.token.issuer : shown?.claims.get(name);
}

function isAllowed(actsFor: ActsFor, principal: Principal, isNamed: boolean): boolean {
  if (actsFor === 'anybody') return true;
  if (actsFor === 'nobody') return false;
  if (actsFor === 'may-act') return isNamed;
  return isProven(principal, 'groups') && isInAnyGroup(principal.subject, actsFor.groups);
}

/**
 * The configuration's model and version are those of the party that acts. What others say of their models, and nobody vouches for, is left
 * out where it would pass for as good as that.
 */
function modelsOf(
  chain: PartiesOf,
  acting: Party,
  agent: ExchangeAgent,
  { subject, actor }: DelegationRequest,
): PartiesOf & { readonly proven: boolean } {
  const isBound = agent.model !== undefined || agent.version !== undefined;
  const key = partyKey(acting);
  const ofActing = areModelsProven((actor ?? subject).principal);
  const ofOthers = areModelsProven(subject.principal);
  const settled = (party: Party): Party => {
    const isActing = party === acting || partyKey(party) === key;
    const own = isBound && !(isActing ? ofActing : ofOthers) ? withoutModel(party) : party;
    if (!isActing || !isBound) return own;
    return { ...own, ...(agent.model && { model: agent.model }), ...(agent.version !== undefined && { version: agent.version }) };
  };
  return {
    subject: settled(chain.subject),
    actors: chain.actors.map(settled),
    proven: isBound || (ofActing && ofOthers),
  };
}

function areModelsProven(principal: Principal): boolean {
  return isProven(principal, 'model') || parties(principal).every(({ model, version }) => model === undefined && version === undefined);
}

function withoutModel(party: Party): Party {
  const { model: _, version: __, ...rest } = party;
  return rest;
}

interface KnownRun {
  readonly run: Run;
  readonly proven: boolean;
}

/** A run that a token names is not mixed with what is merely said. */
function runOf({ subject, actor, run }: DelegationRequest): KnownRun | undefined {
  const known = [actor?.principal, subject.principal].find((principal) => principal?.run !== undefined);
  if (known?.run !== undefined) {
    if (run === undefined) return { run: known.run, proven: isProven(known, 'run') };
    throw new ExchangeRefused('invalid_request', 'request', 'the token says which run it is for; leave out the parameters that say so');
  }
  return run && { run, proven: false };
}

function proofOf(
  { subject, actor }: DelegationRequest,
  { model, workload, run }: { readonly model: boolean; readonly workload: Workload | undefined; readonly run: KnownRun | undefined },
): Principal['proof'] {
  const shown = actor ?? subject;
  const proof = (proven: boolean) => (proven ? 'exchange' : 'asserted');
  const everybody = [subject, ...(actor === undefined ? [] : [actor])].map(({ principal }) => principal);
  return {
    subject: 'exchange',
    groups: proof(everybody.every((principal) => isProven(principal, 'groups'))),
    actors: proof(subject.principal.actors.length === 0 || isProven(subject.principal, 'actors')),
    model: proof(model),
    ...(workload === undefined ? {} : { workload: proof(isProven(shown.principal, 'workload')) }),
    ...(run === undefined ? {} : { run: proof(run.proven) }),
  };
}

/** Groups that are given up still count where a rule takes something away, so that less is never more. */
function narrowed(subject: Party, scope: readonly string[] | undefined): Party {
  if (scope === undefined) return subject;
  if (!scope.every((group) => subject.groups.includes(group))) {
    throw new ExchangeRefused('invalid_scope', 'scope', 'the scope names a group that the subject is not in');
  }
  const givenUp = subject.groups.filter((group) => !scope.includes(group));
  if (givenUp.length === 0) return subject;
  return { ...subject, groups: scope, unusedGroups: [...(subject.unusedGroups ?? []), ...givenUp] };
}
