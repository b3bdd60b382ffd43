/**
 * What has been used up of the budgets that limits of the policy give. One for the whole process: it outlives connections and policies (a
 * limit that is loaded anew goes on where it was, as long as its id and its stretch of time are the same). Worker processes tell each other
 * what was used, a moment later.
 */

/** A stretch of time is counted in so many slots. */
const SLOTS = 16;

/**
 * A sliding window: never more than a budget's amount in ANY stretch of its length. Counted in slots, and a slot counts until all of it is
 * out of reach: what was used can be used again after one length at the earliest, and a sixteenth of it later at the latest.
 */
export class Budget {
  readonly #slotMs: number;
  readonly #slots = new Float64Array(SLOTS + 1);
  #slot = Number.NEGATIVE_INFINITY;
  #used = 0;

  constructor(perMs: number) {
    this.#slotMs = Math.max(1, Math.ceil(perMs / SLOTS));
  }

  /** What was used within reach of `now`. */
  used(now: number): number {
    this.#advance(now);
    return this.#used;
  }

  use(amount: number, now: number): void {
    this.#advance(now);
    this.#slots[at(this.#slot)] = (this.#slots[at(this.#slot)] ?? 0) + amount;
    this.#used += amount;
  }

  /** How long after `now` something will be free again; 0 when nothing is used. */
  freeAfterMs(now: number): number {
    this.#advance(now);
    for (let slot = this.#slot - SLOTS; slot <= this.#slot; slot++) {
      if ((this.#slots[at(slot)] ?? 0) > 0) return (slot + SLOTS + 1) * this.#slotMs - now;
    }
    return 0;
  }

  #advance(now: number): void {
    const slot = Math.floor(now / this.#slotMs);
    // A clock that is put back does not free anything.
    if (slot <= this.#slot) return;
    if (slot - this.#slot > SLOTS) {
      this.#slots.fill(0);
      this.#used = 0;
    } else {
      for (let passed = this.#slot + 1; passed <= slot; passed++) {
        this.#used -= this.#slots[at(passed)] ?? 0;
        this.#slots[at(passed)] = 0;
      }
    }
    this.#slot = slot;
  }
}

function at(slot: number): number {
  const rest = slot % (SLOTS + 1);
  return rest < 0 ? rest + SLOTS + 1 : rest;
}

/** Some of a budget that was used. */
export interface Use {
  readonly key: string;
  readonly perMs: number;
  readonly amount: number;
}

/** How long what was used is gathered before other processes hear of it. */
const TELL_AFTER_MS = 20;

export interface BudgetBookOptions {
  /** Milliseconds. */
  readonly now: () => number;
  /** Budgets that are kept at most; a few hundred bytes each. */
  readonly maxBudgets?: number;
  /** Tells other processes that count the same budgets what was used here. */
  readonly tellOthers?: (uses: readonly Use[]) => void;
}

const MAX_BUDGETS = 200_000;

/** All budgets by key; the same key always comes with the same length. */
export class BudgetBook {
  readonly #now: () => number;
  readonly #maxBudgets: number;
  readonly #budgets = new Map<string, Budget>();
  readonly #tellOthers: BudgetBookOptions['tellOthers'];
  /** What was used and not told yet. */
  readonly #untold = new Map<string, { readonly key: string; readonly perMs: number; amount: number }>();
  #sweptAt = Number.NEGATIVE_INFINITY;

  constructor({ now, maxBudgets = MAX_BUDGETS, tellOthers }: BudgetBookOptions) {
    this.#now = now;
    this.#tellOthers = tellOthers;
    this.#maxBudgets = maxBudgets;
  }

  now(): number {
    return this.#now();
  }

  get size(): number {
    return this.#budgets.size;
  }

  /** Ask for it whenever it is used: budgets of which nothing is used are forgotten. `undefined` when there are as many as may be, and all of them are in use: nothing may be let through on it then. */
  budget(key: string, perMs: number): Budget | undefined {
    const known = this.#budgets.get(key);
    if (known !== undefined) return known;
    if (this.#budgets.size >= this.#maxBudgets && !this.#sweep()) return undefined;
    const budget = new Budget(perMs);
    this.#budgets.set(key, budget);
    return budget;
  }

  use(key: string, perMs: number, amount: number): void {
    this.budget(key, perMs)?.use(amount, this.#now());
    if (this.#tellOthers !== undefined) this.#tellSoon(key, perMs, amount);
  }

  /** What another process used. */
  usedElsewhere(uses: readonly Use[]): void {
    for (const { key, perMs, amount } of uses) this.budget(key, perMs)?.use(amount, this.#now());
  }

  #tellSoon(key: string, perMs: number, amount: number): void {
    if (this.#untold.size === 0) setTimeout(() => this.#tell(), TELL_AFTER_MS).unref();
    const untold = this.#untold.get(key);
    if (untold === undefined) this.#untold.set(key, { key, perMs, amount });
    else untold.amount += amount;
  }

  #tell(): void {
    const uses = [...this.#untold.values()];
    this.#untold.clear();
    this.#tellOthers?.(uses);
  }

  /** Forgets budgets of which nothing is used. At most once a second: it looks at all of them. */
  #sweep(): boolean {
    const now = this.#now();
    if (now - this.#sweptAt < 1000) return false;
    this.#sweptAt = now;
    for (const [key, budget] of this.#budgets) if (budget.used(now) === 0) this.#budgets.delete(key);
    return this.#budgets.size < this.#maxBudgets;
  }
}
