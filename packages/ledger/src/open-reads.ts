/** A read that is open: its number and the canonical JSON of what is known of it, in pieces, so that it is made once. */
export interface OpenRead {
  readonly number: number;
  readonly decision: number;
  readonly transaction: number;
  /** `"asserted":{…},`, or nothing. */
  readonly asserted: string;
  /** `"opened":…,"parameters":[…],"phase":…,"read":…,` */
  readonly middle: string;
  /** `"session":…,"startedAt":…,` */
  readonly later: string;
}

const SLOTS = 4096;

/**
 * The reads that are open, by number. Most are over before some thousand later ones have begun, so they stand in a ring; the others in a map,
 * whose tables, when all went through it, would keep dead strings alive from one collection of garbage to the next.
 */
export class OpenReads {
  readonly #ring: (OpenRead | undefined)[] = Array.from({ length: SLOTS }, () => undefined);
  readonly #long = new Map<number, OpenRead>();

  get(number: number): OpenRead | undefined {
    const read = this.#ring[number % SLOTS];
    return read?.number === number ? read : this.#long.get(number);
  }

  add(read: OpenRead): void {
    const slot = read.number % SLOTS;
    const before = this.#ring[slot];
    if (before !== undefined) this.#long.set(before.number, before);
    this.#ring[slot] = read;
  }

  delete(number: number): void {
    const slot = number % SLOTS;
    if (this.#ring[slot]?.number === number) this.#ring[slot] = undefined;
    else this.#long.delete(number);
  }

  /** In the order of their numbers. */
  all(): OpenRead[] {
    const open = [...this.#long.values(), ...this.#ring].filter((read) => read !== undefined);
    return open.sort((a, b) => a.number - b.number);
  }
}
