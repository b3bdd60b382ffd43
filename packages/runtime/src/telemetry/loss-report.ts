import type { Losses } from './counted-exports.js';
import type { Counter } from './metric-series.js';

/** Counts what is lost and tells the operator when losing begins, and when it ends: not of each loss. */
export class LossReport implements Losses {
  readonly #what: string;
  readonly #counter: Counter;
  readonly #onTrouble: (error: Error) => void;
  #isLosing = false;
  #lost = 0;

  constructor(what: 'spans' | 'metrics', counter: Counter, onTrouble: (error: Error) => void) {
    this.#what = what;
    this.#counter = counter;
    this.#onTrouble = onTrouble;
  }

  lost(count: number, why?: Error): void {
    this.#counter.add(count);
    this.#lost += count;
    if (this.#isLosing) return;
    this.#isLosing = true;
    // Its code at most: its words may hold what the collector or the configuration says.
    const reason = why === undefined ? 'more come than are delivered' : ((why as NodeJS.ErrnoException).code ?? why.name);
    this.#onTrouble(new Error(`telemetry: ${this.#what} are lost (${reason}); statements go on without them`));
  }

  delivered(): void {
    if (!this.#isLosing) return;
    this.#isLosing = false;
    this.#onTrouble(new Error(`telemetry: ${this.#what} are delivered again; ${this.#lost} were lost since the start`));
  }
}
