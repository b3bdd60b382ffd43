import {
  type AppliedLimit,
  type CompiledPolicy,
  type LimitAmount,
  type LimitedThing,
  limitedParties,
  type Principal,
  type Refusal,
  type RowAllowance,
  unreachable,
  type Verdict,
} from '@sqlwarden/core';
import type { BudgetBook } from './budgets.js';

/** What one statement may still return and affect; absent: any number. */
export interface StatementAllowances {
  readonly returned?: RowAllowance;
  readonly affected?: RowAllowance;
}

/** What limits say of a unit that is about to run. `statements`: one per statement of the unit. */
export type LimitAnswer =
  | { readonly kind: 'unlimited' }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'limited'; readonly statements: readonly StatementAllowances[] };

const UNLIMITED: LimitAnswer = { kind: 'unlimited' };

/** The limits of one principal: who it is does not change during a session. */
export class SessionLimits {
  readonly #book: BudgetBook;
  readonly #parties: ReadonlyMap<string, readonly string[]>;

  constructor(book: BudgetBook, policy: CompiledPolicy, principal: Principal) {
    this.#book = book;
    this.#parties = limitedParties(policy, principal);
  }

  /**
   * Counts the statements of a unit, just before it is recorded as an intent, and gives what its rows draw from. Refuses it when one more
   * statement is too much, or when nothing is left of a budget that its rows would need; then nothing is counted.
   */
  admit(verdict: Verdict): LimitAnswer {
    if (verdict.limits === undefined) return UNLIMITED;
    const uncountable = verdict.limits.flat().find((limit) => limit.isUncountable);
    if (uncountable !== undefined) return { kind: 'refused', refusal: refusalOfUncounted(uncountable) };
    const counted = verdict.limits.flatMap((limits) => this.#draws(limits, 'statements'));
    const calls = new Allowance(this.#book, oncePerUnit(counted));
    const statements = verdict.limits.map((limits) => ({
      returned: this.#allowance(limits, 'rows-returned'),
      affected: this.#allowance(limits, 'rows-affected'),
    }));
    const spent = [calls, ...statements.flatMap(({ returned, affected }) => [returned, affected])].find((one) => one?.findSpent() === true);
    if (spent !== undefined) return { kind: 'refused', refusal: spent.refusal() };
    if (!calls.takeCounted()) return { kind: 'refused', refusal: calls.refusal() };
    return {
      kind: 'limited',
      statements: statements.map(({ returned, affected }) => ({
        ...(returned === undefined ? {} : { returned }),
        ...(affected === undefined ? {} : { affected }),
      })),
    };
  }

  #allowance(limits: readonly AppliedLimit[], what: LimitedThing): Allowance | undefined {
    const draws = this.#draws(limits, what);
    return draws.length === 0 ? undefined : new Allowance(this.#book, draws);
  }

  #draws(limits: readonly AppliedLimit[], what: LimitedThing): Draw[] {
    return limits.flatMap((limit) => {
      const parties = this.#parties.get(limit.limit) ?? [];
      return limit.amounts.filter((amount) => amount.what === what).flatMap((amount) => drawsOf(limit, amount, parties));
    });
  }
}

/** One thing that is drawn from: a budget over time, or what one statement may have. */
interface Draw {
  readonly limit: AppliedLimit;
  readonly amount: LimitAmount;
  /** Of the budget; `undefined` for one statement by itself. */
  readonly key: string | undefined;
  /** What one unit takes at once, of statements. */
  times: number;
  /** What this statement has taken. */
  taken: number;
}

function drawsOf(limit: AppliedLimit, amount: LimitAmount, parties: readonly string[]): Draw[] {
  const draw = (key: string | undefined): Draw => ({ limit, amount, key, times: 1, taken: 0 });
  if (amount.perMs === undefined) return [draw(undefined)];
  const key = (...of: readonly (string | undefined)[]): string => JSON.stringify([limit.limit, amount.what, amount.perMs, ...of]);
  switch (limit.each) {
    case 'everybody':
      return [draw(key())];
    case 'identity':
      return parties.map((party) => draw(key(party)));
    case 'identity-and-relation':
      return parties.flatMap((party) => limit.relations.map((relation) => draw(key(party, relation))));
    default:
      return unreachable(limit.each);
  }
}

/** Statements of one unit that draw from one budget draw together, so that a unit is let through whole or not at all. */
function oncePerUnit(draws: readonly Draw[]): Draw[] {
  const together = new Map<string | undefined, Draw>();
  for (const draw of draws) {
    const known = together.get(draw.key);
    if (known === undefined) together.set(draw.key, draw);
    else known.times += 1;
  }
  return [...together.values()];
}

class Allowance implements RowAllowance {
  readonly #book: BudgetBook;
  readonly #draws: readonly Draw[];
  /** The one that did not suffice. */
  #short: Draw | undefined;

  constructor(book: BudgetBook, draws: readonly Draw[]) {
    this.#book = book;
    this.#draws = draws;
  }

  get remaining(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const draw of this.#draws) least = Math.min(least, this.#left(draw));
    return least;
  }

  /** Nothing is left of a budget over time; {@link refusal} says of which. */
  findSpent(): boolean {
    this.#short = this.#draws.find((draw) => draw.key !== undefined && this.#left(draw) < draw.times);
    return this.#short !== undefined;
  }

  take(rows: number): boolean {
    return this.#take(() => rows);
  }

  /** Takes what the unit counts for. */
  takeCounted(): boolean {
    return this.#take((draw) => draw.times);
  }

  refusal(): Refusal {
    const short = this.#short ?? this.#draws.find((draw) => this.#left(draw) === 0) ?? this.#draws[0];
    if (short === undefined) return { code: 'limit-exceeded', message: 'a limit of the policy was reached' };
    const { limit, amount } = short;
    const message = limit.message ?? `the limit ${limit.limit} lets ${describeAmount(amount, limit)}${insteadOf(amount)}`;
    const hint = this.#hint(short);
    return { code: 'limit-exceeded', message, rule: limit.limit, ...(hint === undefined ? {} : { hint }) };
  }

  #take(amountOf: (draw: Draw) => number): boolean {
    this.#short = this.#draws.find((draw) => this.#left(draw) < amountOf(draw));
    if (this.#short !== undefined) return false;
    for (const draw of this.#draws) {
      draw.taken += amountOf(draw);
      if (draw.key === undefined || draw.amount.perMs === undefined) continue;
      this.#book.use(draw.key, draw.amount.perMs, amountOf(draw));
    }
    return true;
  }

  #left({ amount, key, taken }: Draw): number {
    if (key === undefined || amount.perMs === undefined) return Math.max(0, amount.max - taken);
    const budget = this.#book.budget(key, amount.perMs);
    // INVARIANT: what cannot be counted is not let through.
    return budget === undefined ? 0 : Math.max(0, amount.max - budget.used(this.#book.now()));
  }

  #hint({ amount, key }: Draw): string | undefined {
    if (key === undefined || amount.perMs === undefined) return undefined;
    const wait = this.#book.budget(key, amount.perMs)?.freeAfterMs(this.#book.now()) ?? 0;
    return wait > 0 ? `some of it is free again in ${describeMs(wait)}` : undefined;
  }
}

function refusalOfUncounted({ limit }: AppliedLimit): Refusal {
  const message = `the limit ${limit} counts written rows, and of this statement the server counts only some; write in one statement for each table`;
  return { code: 'limit-exceeded', message, rule: limit };
}

function describeAmount({ what, max, perMs }: LimitAmount, { each }: AppliedLimit): string {
  const whom = { identity: 'one identity', 'identity-and-relation': 'one identity, of one table,', everybody: 'everybody together' }[each];
  const who = perMs === undefined ? 'one statement' : whom;
  const time = perMs === undefined ? '' : ` in ${describeMs(perMs)}`;
  switch (what) {
    case 'rows-returned':
      return `${who} read ${max} rows${time}`;
    case 'rows-affected':
      return `${who} write ${max} rows${time}`;
    case 'statements':
      return `${who} run ${max} statements${time}`;
    default:
      return unreachable(what);
  }
}

function insteadOf({ what }: LimitAmount): string {
  return what === 'statements' ? '; wait a little' : '; ask for fewer rows, or ask the owner of the policy for more';
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

/** In the unit that is short to read, rounded up. */
function describeMs(ms: number): string {
  for (const [unit, size] of UNITS) if (ms >= size && (ms % size === 0 || ms >= 2 * size)) return `${Math.ceil(ms / size)}${unit}`;
  return ms >= 1000 ? `${Math.ceil(ms / 1000)}s` : `${Math.ceil(ms)}ms`;
}
