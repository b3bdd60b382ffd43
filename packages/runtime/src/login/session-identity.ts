import { type Principal, type Refusal, renewalProblem } from '@sqlwarden/core';

/** Who somebody is now, or why nobody. */
export type Renewed = { readonly ok: true; readonly principal: Principal } | { readonly ok: false; readonly refusal: Refusal };

export interface SessionIdentityOptions {
  /** Who a token is of, unless it is revoked. */
  readonly verify: (token: string) => Promise<Renewed>;
  /** Asked when what the principal came from may have a newer one: a token file that the gateway reads. */
  readonly source?: (() => Promise<Renewed>) | undefined;
  /** Equal for principals that neither policy nor the server can tell apart. */
  readonly rightsKey: (principal: Principal) => string;
  readonly now: () => number;
  /** Writes it down before it counts; throws when it cannot. */
  readonly record: (principal: Principal, by: 'statement' | 'source') => void;
}

/** A source that has nothing new is not asked again before. */
const ASK_AGAIN_MS = 1_000;

/**
 * Who a session is, for as long as it may be. It can be renewed by a newer token of the same parties with the same rights, so that what was
 * decided, masked and recorded for the session stays true; anything else needs a new session.
 */
export class SessionIdentity {
  readonly #options: SessionIdentityOptions;
  #principal: Principal;
  #askedAt = Number.NEGATIVE_INFINITY;
  #refreshing: Promise<void> | undefined;

  constructor(principal: Principal, options: SessionIdentityOptions) {
    this.#principal = principal;
    this.#options = options;
  }

  get principal(): Principal {
    return this.#principal;
  }

  get isExpired(): boolean {
    // Written so that an end that is no number has passed.
    return !(this.#options.now() < this.#principal.expiresAt);
  }

  /** The end has passed, and asking the source may help. */
  get canBeRefreshed(): boolean {
    const { source, now } = this.#options;
    if (source === undefined || !this.isExpired) return false;
    return this.#refreshing !== undefined || Math.abs(now() - this.#askedAt) >= ASK_AGAIN_MS;
  }

  /** Renews by a token that the client gave. Why not, or `undefined`; the session is as it was then. Rejects when it cannot be recorded. */
  async renew(token: string): Promise<Refusal | undefined> {
    const identified = await this.#options.verify(token);
    if (!identified.ok) return identified.refusal;
    return this.#take(identified.principal, 'statement');
  }

  /** Renews from the source, if that has something newer. Rejects when it cannot be recorded. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#askSource().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  async #askSource(): Promise<void> {
    const { source, now } = this.#options;
    if (source === undefined) return;
    this.#askedAt = now();
    const identified = await source();
    if (identified.ok && identified.principal.expiresAt > this.#principal.expiresAt) this.#take(identified.principal, 'source');
  }

  #take(principal: Principal, by: 'statement' | 'source'): Refusal | undefined {
    const { rightsKey, record, now } = this.#options;
    if (!(now() < principal.expiresAt)) return { code: 'identity-expired', message: 'the new token has expired; get another one' };
    const problem = renewalProblem(this.#principal, principal);
    if (problem !== undefined) return { code: 'identity-invalid', message: problem };
    if (rightsKey(this.#principal) !== rightsKey(principal))
      return { code: 'identity-invalid', message: 'the token gives other rights than the one before; connect again with it' };
    record(principal, by);
    this.#principal = principal;
    return undefined;
  }
}

/** To whose session has come to its end. */
export const EXPIRED: Refusal = {
  code: 'identity-expired',
  message: "the token of this connection has expired; get a new one and connect again, or give it by SET sqlwarden.token = '<token>'",
};

/** The server would refuse the statement that stands for the token. */
export const IN_FAILED_TRANSACTION: Refusal = {
  code: 'transaction-failed',
  message: 'the transaction has failed; roll it back, then give the new token',
};

/** Nobody can be asked in time whether a session may go on. */
export const HELD_RENEWAL: Refusal = {
  code: 'identity-invalid',
  message: 'policy has SET approved by people, and a new token cannot wait for that; connect again with it',
};

/** To a text that may hold a token, where nobody looks for one. */
export const UNCLEAR_RENEWAL: Refusal = {
  code: 'identity-invalid',
  message: "sqlwarden.token is for renewing the identity of this session; write SET sqlwarden.token = '<token>' as a statement by itself",
};
