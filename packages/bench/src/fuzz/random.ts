/** Numbers from a seed: mulberry32. The same seed gives the same numbers everywhere. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 ≤ n < 2³². */
  next(): number {
    this.#state = (this.#state + 0x6d2b_79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** 0 ≤ n < `limit`; 0 for a limit of 0. */
  below(limit: number): number {
    return limit <= 1 ? 0 : this.next() % limit;
  }

  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0;
  }

  /** One of them. Throws a `RangeError` where there is none. */
  pick<T>(values: readonly T[]): T {
    if (values.length === 0) throw new RangeError('nothing to choose from');
    return values[this.below(values.length)] as T;
  }
}
