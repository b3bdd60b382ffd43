const WINDOW_MS = 60_000;
const MAX_PER_WINDOW = 120;

/**
 * Decides which refusals get an entry of their own: anybody who reaches the endpoint can cause them, and the ledger has a disk to fill. Those beyond
 * 120 a minute are counted, and told of together.
 */
export class RefusalMeter {
  readonly #now: () => number;
  #windowEnds = 0;
  #count = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** `record`: write this one down. `missed`: how many before it were not, when that is to be written down now. */
  count(): { readonly record: boolean; readonly missed: number } {
    const now = this.#now();
    let missed = 0;
    if (now >= this.#windowEnds) {
      missed = Math.max(0, this.#count - MAX_PER_WINDOW);
      this.#windowEnds = now + WINDOW_MS;
      this.#count = 0;
    }
    this.#count += 1;
    return { record: this.#count <= MAX_PER_WINDOW, missed };
  }
}
