/** Cancel requests whose key fits nothing, of one address or of all, within {@link WINDOW_MS}. */
const MISSES_OF_ADDRESS = 50;
const MISSES_OF_ALL = 1_000;
const WINDOW_MS = 10_000;
/** Addresses that are remembered; beyond, the one that was remembered first is forgotten. */
const MAX_ADDRESSES = 10_000;

interface Misses {
  count: number;
  readonly since: number;
  told: boolean;
}

/**
 * Keeps clients from finding the cancel keys of others by trying: whoever has sent too many that fit nothing is not heard for the rest of the time,
 * whether its next key fits or not. A cancel request is answered by nothing but a close, so nobody learns that. An ordinary client that cancels what
 * has just ended misses now and then.
 */
export class CancelGuard {
  readonly #now: () => number;
  readonly #onBlocked: (address: string, misses: number) => void;
  readonly #byAddress = new Map<string, Misses>();
  #all: Misses = { count: 0, since: Number.NEGATIVE_INFINITY, told: false };

  /** `onBlocked`: called once for an address in each time that it is not heard. */
  constructor(now: () => number, onBlocked: (address: string, misses: number) => void) {
    this.#now = now;
    this.#onBlocked = onBlocked;
  }

  /** Whether a request of this address is heard. `address` is the host, without a port. */
  hears(address: string): boolean {
    const misses = this.#missesOf(address);
    if (misses !== undefined && misses.count >= MISSES_OF_ADDRESS) return this.#blocked(address, misses);
    const all = this.#current(this.#all);
    if (all !== undefined && all.count >= MISSES_OF_ALL) return this.#blocked('all addresses', all);
    return true;
  }

  /** A request of this address fitted nothing. */
  missed(address: string): void {
    const misses = this.#missesOf(address);
    if (misses === undefined) this.#remember(address);
    else misses.count += 1;
    const all = this.#current(this.#all);
    if (all === undefined) this.#all = { count: 1, since: this.#now(), told: false };
    else all.count += 1;
  }

  /** Addresses that are remembered. */
  get remembered(): number {
    return this.#byAddress.size;
  }

  #blocked(address: string, misses: Misses): false {
    if (!misses.told) {
      misses.told = true;
      this.#onBlocked(address, misses.count);
    }
    return false;
  }

  #remember(address: string): void {
    if (this.#byAddress.size >= MAX_ADDRESSES) {
      const [oldest] = this.#byAddress.keys();
      if (oldest !== undefined) this.#byAddress.delete(oldest);
    }
    this.#byAddress.set(address, { count: 1, since: this.#now(), told: false });
  }

  #missesOf(address: string): Misses | undefined {
    const misses = this.#byAddress.get(address);
    if (misses === undefined || this.#current(misses) !== undefined) return misses;
    this.#byAddress.delete(address);
    return undefined;
  }

  #current(misses: Misses): Misses | undefined {
    return this.#now() - misses.since < WINDOW_MS ? misses : undefined;
  }
}
