import type { Algorithm } from './algorithms.js';
import type { KeyLookup, KeySet } from './key-set.js';

/** Where an issuer's keys come from. */
export interface KeySource {
  find(keyId: string | undefined, algorithm: Algorithm): Promise<KeyLookup | { readonly kind: 'unavailable' }>;
}

/** Keys that never change while the process runs. */
export class FixedKeys implements KeySource {
  readonly #set: KeySet;

  constructor(set: KeySet) {
    this.#set = set;
  }

  async find(keyId: string | undefined, algorithm: Algorithm): Promise<KeyLookup> {
    return this.#set.lookup(keyId, algorithm);
  }
}

/** How long keys are believed; milliseconds. */
export interface KeyCacheTimes {
  /** After it keys are read again before they are used, so that a key that the issuer withdrew stops working. */
  readonly maxAgeMs: number;
  /** How much longer they are used while they cannot be read. */
  readonly staleMs: number;
}

/** What the cache needs: the time in milliseconds, and who is told why reading failed. */
export interface KeyCachePorts {
  readonly clock: () => number;
  readonly failed: (cause: unknown) => void;
}

const RETRY_WITHOUT_KEYS_MS = 5_000;
/** Whoever logs in waits for the attempt, with keys at hand that would do. */
const RETRY_WITH_OLD_KEYS_MS = 30_000;
const UNKNOWN_FOR_MS = 30_000;
const MAX_UNKNOWN = 256;
const COOLDOWN_MS = 10_000;

/**
 * Keys that are read again when they are old, and when a token names a key that is not among them (the issuer has rotated). Reads are
 * shared by everybody who waits. A flood of made-up key ids costs at most one read in 10 s: whatever id caused it, a rotated key comes in
 * with it, and so waits no longer than that. An id that was not found causes no read for 30 s.
 */
export class CachedKeys implements KeySource {
  readonly #read: () => Promise<KeySet>;
  readonly #clock: () => number;
  readonly #failed: (cause: unknown) => void;
  readonly #times: KeyCacheTimes;
  readonly #unknownUntil = new Map<string, number>();
  #set: KeySet | undefined;
  #readAt = 0;
  #retryAt = Number.NEGATIVE_INFINITY;
  #mayReadForUnknownAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  /** @param first keys that were read already, just now */
  constructor(read: () => Promise<KeySet>, times: KeyCacheTimes, ports: KeyCachePorts, first?: KeySet) {
    this.#read = read;
    this.#times = times;
    this.#clock = ports.clock;
    this.#failed = ports.failed;
    if (first !== undefined) {
      this.#set = first;
      this.#readAt = ports.clock();
    }
  }

  async find(keyId: string | undefined, algorithm: Algorithm): Promise<KeyLookup | { readonly kind: 'unavailable' }> {
    const set = await this.#current();
    if (set === undefined) return { kind: 'unavailable' };
    const found = set.lookup(keyId, algorithm);
    if (found.kind !== 'unknown') return found;
    // While keys cannot be read nobody knows whether the issuer has this one.
    if (this.#hasFailed()) return { kind: 'unavailable' };
    if (!this.#mayReadFor(keyId)) return found;
    await this.#readAgain();
    if (this.#hasFailed()) return { kind: 'unavailable' };
    const again = (this.#set ?? set).lookup(keyId, algorithm);
    if (again.kind === 'unknown') this.#rememberUnknown(keyId);
    return again;
  }

  async #current(): Promise<KeySet | undefined> {
    if (this.#set === undefined || this.#ageMs() > this.#times.maxAgeMs) await this.#readAgain();
    return this.#ageMs() > this.#times.maxAgeMs + this.#times.staleMs ? undefined : this.#set;
  }

  #ageMs(): number {
    return this.#clock() - this.#readAt;
  }

  /** The last read failed, and it is too early for the next one. */
  #hasFailed(): boolean {
    return this.#clock() < this.#retryAt;
  }

  #readAgain(): Promise<void> {
    if (this.#reading !== undefined) return this.#reading;
    if (this.#hasFailed()) return Promise.resolve();
    this.#reading = this.#readOnce().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readOnce(): Promise<void> {
    try {
      this.#set = await this.#read();
      this.#readAt = this.#clock();
    } catch (cause) {
      // The keys at hand stay in use for as long as `staleMs` says.
      this.#retryAt = this.#clock() + (this.#set === undefined ? RETRY_WITHOUT_KEYS_MS : RETRY_WITH_OLD_KEYS_MS);
      this.#failed(cause);
    }
  }

  #mayReadFor(keyId: string | undefined): boolean {
    const now = this.#clock();
    // Joining a read that is under way costs nothing.
    if (this.#reading !== undefined) return true;
    if (now < this.#mayReadForUnknownAt || (this.#unknownUntil.get(keyId ?? '') ?? now) > now) return false;
    this.#mayReadForUnknownAt = now + COOLDOWN_MS;
    return true;
  }

  #rememberUnknown(keyId: string | undefined): void {
    if (this.#unknownUntil.size >= MAX_UNKNOWN) {
      const [oldest] = this.#unknownUntil.keys();
      if (oldest !== undefined) this.#unknownUntil.delete(oldest);
    }
    this.#unknownUntil.set(keyId ?? '', this.#clock() + UNKNOWN_FOR_MS);
  }
}
