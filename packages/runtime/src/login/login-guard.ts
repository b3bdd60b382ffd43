import { isIPv6 } from 'node:net';
import type { Refusal } from '@sqlwarden/core';

/** Failures that cost nothing: of a user at an address, of an address over all users, of a user over all addresses. */
const FREE_OF_PAIR = 5;
const FREE_OF_ADDRESS = 50;
const FREE_OF_USER = 100;
/** Failures are forgotten when none has followed for so long. */
const FORGET_MS = 600_000;
const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 30_000;
/** How long a login that is heard keeps others of its name and address waiting, unless its end is known before. */
const TRY_MS = 1_000;
/** Of each kind; beyond, what was remembered first is forgotten. */
const MAX_REMEMBERED = 10_000;
const MAX_NAME = 256;

interface Failures {
  count: number;
  last: number;
  /** Nobody is heard before. */
  until: number;
  /** One is heard, and what comes of it is not known yet: nobody else is before. */
  triedUntil: number;
}

/**
 * Slows down who tries passwords and tokens. After some failures logins are refused unheard for a second, then two, four, up to {@link MAX_WAIT_MS};
 * what is refused so does not count. Behind a wait they are heard one after the other. INVARIANT: nobody is kept out for longer at a time, and who has logged in from an address before is not kept out
 * by what others do elsewhere, nor by what was tried in other names; only by failures in the same name from the same address.
 */
export class LoginGuard {
  readonly #now: () => number;
  readonly #onGuessing: (detail: string) => void;
  readonly #pairs = new Map<string, Failures>();
  readonly #addresses = new Map<string, Failures>();
  readonly #users = new Map<string, Failures>();
  readonly #known = new Map<string, true>();
  /** Ends when the last check of that name and address does. */
  readonly #checks = new Map<string, Promise<unknown>>();

  /** `onGuessing`: called whenever logins begin to be refused; not for those that are. */
  constructor(now: () => number, onGuessing: (detail: string) => void) {
    this.#now = now;
    this.#onGuessing = onGuessing;
  }

  /**
   * The answer to a login that is not to be heard now; one that is heard must be said to have failed or succeeded. `host`: the client's address
   * without its port; `user`: the name that it gives.
   */
  hear(host: string, user: string): Refusal | undefined {
    const [address, name] = [addressOf(host), nameOf(user)];
    const pair = pairOf(address, name);
    const own = this.#pairs.get(pair);
    const others = this.#known.has(pair) ? [] : [this.#addresses.get(address), this.#users.get(name)];
    const until = Math.max(own?.triedUntil ?? 0, ...[own, ...others].map((failures) => failures?.until ?? 0));
    const now = this.#now();
    const waitMs = until - now;
    if (waitMs <= 0) {
      if (own !== undefined && own.count > FREE_OF_PAIR) own.triedUntil = now + TRY_MS;
      return undefined;
    }
    return { code: 'login-throttled', message: `too many logins have failed; connect again in ${Math.ceil(waitMs / 1000)} s` };
  }

  /**
   * Runs a check that takes its time, once those of the same name and address that were asked for before have ended: what came of them is known then,
   * so that many logins begun at once are not many guesses. `check` does not reject.
   */
  async inTurn<Value>(host: string, user: string, check: () => Promise<Value>): Promise<Value> {
    const pair = pairOf(addressOf(host), nameOf(user));
    const turn = (this.#checks.get(pair) ?? Promise.resolve()).then(check);
    this.#checks.set(pair, turn);
    const value = await turn;
    if (this.#checks.get(pair) === turn) this.#checks.delete(pair);
    return value;
  }

  /** Somebody gave a wrong secret. */
  failed(host: string, user: string): void {
    const [address, name] = [addressOf(host), nameOf(user)];
    const count = this.#count(this.#pairs, pairOf(address, name), FREE_OF_PAIR);
    if (count !== undefined) this.#onGuessing(`logins of one user from ${address} are refused for a while: ${count} have failed`);
    const ofAddress = this.#count(this.#addresses, address, FREE_OF_ADDRESS);
    if (ofAddress !== undefined) this.#onGuessing(`logins from ${address} are refused for a while: ${ofAddress} have failed`);
    const ofUser = this.#count(this.#users, name, FREE_OF_USER);
    if (ofUser !== undefined) this.#onGuessing(`logins of one user are refused for a while: ${ofUser} from several addresses have failed`);
  }

  /** Somebody has proven who it is. */
  succeeded(host: string, user: string): void {
    const pair = pairOf(addressOf(host), nameOf(user));
    this.#pairs.delete(pair);
    this.#known.delete(pair);
    remember(this.#known, pair, true);
  }

  /** Entries that are kept. */
  get remembered(): number {
    return this.#pairs.size + this.#addresses.size + this.#users.size + this.#known.size;
  }

  /** The number of failures when logins begin to be refused because of them. */
  #count(kept: Map<string, Failures>, key: string, free: number): number | undefined {
    const now = this.#now();
    let failures = kept.get(key);
    if (failures !== undefined && now - failures.last > FORGET_MS) {
      kept.delete(key);
      failures = undefined;
    }
    if (failures === undefined) {
      failures = { count: 0, last: now, until: 0, triedUntil: 0 };
      remember(kept, key, failures);
    }
    // Logins that were asked together fail together: they begin one wait, not many.
    if (failures.until > now) return undefined;
    failures.triedUntil = 0;
    failures.count += 1;
    failures.last = now;
    if (failures.count <= free) return undefined;
    failures.until = now + Math.min(FIRST_WAIT_MS * 2 ** (failures.count - free - 1), MAX_WAIT_MS);
    return failures.count;
  }
}

/** A client has a whole /64 of IPv6 to itself (RFC 6177). */
function addressOf(host: string): string {
  if (host.toLowerCase().startsWith('::ffff:')) return host.slice(7);
  if (!isIPv6(host)) return host;
  const [head = '', tail] = host.toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  const all = [...groups, ...Array.from({ length: missing }, () => '0'), ...(tail ?? '').split(':')];
  return `${all.slice(0, 4).join(':')}::/64`;
}

function nameOf(user: string): string {
  return user.slice(0, MAX_NAME);
}

function pairOf(address: string, name: string): string {
  return `${address}\0${name}`;
}

function remember<Value>(kept: Map<string, Value>, key: string, value: Value): void {
  if (kept.size >= MAX_REMEMBERED) {
    const [oldest] = kept.keys();
    if (oldest !== undefined) kept.delete(oldest);
  }
  kept.set(key, value);
}
