import { parties, partyKey, type Principal } from '@sqlwarden/core';
import { Claims } from '../claims.js';
import { decodeCompactJws } from '../compact-jws.js';
import type { TokenRefusalCode } from '../errors.js';
import type { Verifier } from '../verifier.js';
import { type Delegation, delegate, type ShownToken } from './delegation.js';
import type { ExchangeOptions } from './exchange-options.js';
import { type ExchangeError, ExchangeRefused, type ExchangeRefusalCode } from './exchange-refused.js';
import { readExchangeRequest } from './exchange-request.js';
import { expirySeconds, issueToken } from './issued-token.js';
import { SigningKeys } from './signing-keys.js';

export interface TokenExchangePorts {
  /** Of all configured issuers and of this exchange itself (`exchangeIssuer`). */
  readonly verifier: Pick<Verifier, 'verify'>;
  /** Why none of the principal's parties or tokens may do anything any more; `undefined` when they may. */
  readonly revoked: (principal: Principal) => string | undefined;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Told what an operator must know and a caller must not. May not throw. */
  readonly report: (problem: Error) => void;
}

export type ExchangeAnswer =
  | {
      readonly ok: true;
      readonly token: string;
      readonly expiresInSeconds: number;
      /** The groups that the subject was left with, when it asked for fewer. */
      readonly scope: readonly string[] | undefined;
      /** As the token is read by the gateway's own verifier. */
      readonly principal: Principal;
      readonly agent: string;
      readonly inputs: readonly { readonly role: 'subject' | 'actor'; readonly issuer: string; readonly principal: Principal }[];
    }
  | {
      readonly ok: false;
      readonly error: ExchangeError;
      readonly code: ExchangeRefusalCode;
      /** Can be shown to who asked. */
      readonly message: string;
      /** Whose tokens were good. */
      readonly subject?: Principal;
      readonly actor?: Principal;
    };

export interface TokenExchange {
  /** Judges a form. Never rejects. The token was not handed to anybody: that is for the caller, once it is recorded. */
  exchange(form: string): Promise<ExchangeAnswer>;
  /** The public keys. Throws an IdentityError `exchange-key`. */
  jwks(): { readonly keys: readonly object[] };
}

/**
 * A small token exchange (RFC 8693): a workload or agent shows its own token, alone or together with that of whom it acts for, and gets a
 * short-lived token that carries the chain, and what the configuration knows of the agent and its model.
 *
 * @throws IdentityError `exchange-key`
 */
export function openTokenExchange(options: ExchangeOptions, ports: TokenExchangePorts): TokenExchange {
  const keys = openSigningKeys(options, ports.clock);
  return {
    jwks: () => keys.jwks(),
    async exchange(form) {
      const seen: Seen = {};
      try {
        return await exchange(form, { options, ports, keys, seen });
      } catch (error) {
        if (error instanceof ExchangeRefused) return { ok: false, error: error.error, code: error.code, message: error.message, ...seen };
        ports.report(new Error('a token could not be exchanged', { cause: error }));
        return { ok: false, error: 'server_error', code: 'fault', message: 'no token could be made, see the log of the gateway', ...seen };
      }
    },
  };
}

/** The keys of an exchange, made when there are none: before anything verifies its tokens. Throws an IdentityError `exchange-key`. */
export function openSigningKeys({ keys, lifetimeSeconds }: ExchangeOptions, clock: () => number): SigningKeys {
  return new SigningKeys({
    directory: keys.directory,
    rotateAfterMs: keys.rotateAfterSeconds * 1000,
    maxTokenMs: lifetimeSeconds * 1000,
    clock,
  });
}

/** Who was verified, for the record of a refusal. */
interface Seen {
  subject?: Principal;
  actor?: Principal;
}

interface Exchanging {
  readonly options: ExchangeOptions;
  readonly ports: TokenExchangePorts;
  readonly keys: SigningKeys;
  readonly seen: Seen;
}

async function exchange(form: string, { options, ports, keys, seen }: Exchanging): Promise<ExchangeAnswer> {
  const request = readExchangeRequest(form, options.audience);
  const subject = await shown(request.subjectToken, 'subject_token', ports);
  seen.subject = subject.principal;
  const actor = request.actorToken === undefined ? undefined : await shown(request.actorToken, 'actor_token', ports);
  if (actor !== undefined) seen.actor = actor.principal;
  const now = ports.clock();
  const delegation = delegate({ subject, actor, scope: request.scope, run: request.run }, options, now);
  checkRevoked([subject.principal, ...(actor === undefined ? [] : [actor.principal]), delegation.principal], ports);
  const expiresInSeconds = expirySeconds(delegation.principal) - Math.floor(now / 1000);
  if (expiresInSeconds < 1)
    throw new ExchangeRefused('invalid_request', 'expired', 'what was shown ends within a second, get new tokens first');
  const token = issueToken(delegation, { issuer: options.issuer, audience: options.audience, now }, keys.current());
  return {
    ok: true,
    token,
    expiresInSeconds,
    scope: request.scope === undefined ? undefined : delegation.principal.subject.groups,
    principal: await readBack(token, delegation, ports),
    agent: delegation.agent.name,
    inputs: [
      { role: 'subject', issuer: subject.token.issuer, principal: subject.principal },
      ...(actor === undefined ? [] : [{ role: 'actor' as const, issuer: actor.token.issuer, principal: actor.principal }]),
    ],
  };
}

const TEMPORARY: ReadonlySet<TokenRefusalCode> = new Set(['keys-unavailable', 'internal']);

async function shown(text: string, name: 'subject_token' | 'actor_token', { verifier }: TokenExchangePorts): Promise<ShownToken> {
  const verified = await verifier.verify(text);
  if (!verified.ok) {
    // RFC 8693 section 2.2.2: a token that is invalid for any reason is an invalid request.
    const error = TEMPORARY.has(verified.code) ? 'temporarily_unavailable' : 'invalid_request';
    throw new ExchangeRefused(error, verified.code, `${name}: ${verified.message}`);
  }
  const { principal, token } = verified;
  return { principal, token, claims: new Claims(decodeCompactJws(text).payload) };
}

function checkRevoked(principals: readonly Principal[], { revoked }: TokenExchangePorts): void {
  for (const principal of principals) {
    const reason = revoked(principal);
    if (reason !== undefined) throw new ExchangeRefused('invalid_request', 'revoked', reason);
  }
}

/** INVARIANT: a token that its own gateway would not take, or would take for somebody else, is given to nobody. */
async function readBack(token: string, { principal }: Delegation, { verifier }: TokenExchangePorts): Promise<Principal> {
  const verified = await verifier.verify(token);
  if (!verified.ok) {
    if (verified.code === 'too-large' || verified.code === 'claims') {
      throw new ExchangeRefused('invalid_request', verified.code, 'the chain does not fit in a token, ask for fewer groups by scope');
    }
    throw new Error(`a token of the exchange was refused: ${verified.code}: ${verified.message}`);
  }
  const keys = (of: Principal): string => parties(of).map(partyKey).join(' ');
  if (keys(verified.principal) !== keys(principal)) throw new Error('a token of the exchange names other parties than it should');
  return verified.principal;
}
