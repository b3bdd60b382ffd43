import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Budget, BudgetBook } from './budgets.js';

describe('Budget', () => {
  it('frees what was used after its length, and not before', () => {
    const budget = new Budget(16_000);
    budget.use(5, 500);
    expect(budget.used(16_499)).toBe(5);
    expect(budget.freeAfterMs(500)).toBe(16_500);
    expect(budget.used(17_000)).toBe(0);
    expect(budget.freeAfterMs(17_000)).toBe(0);
  });

  it('frees nothing when the clock is put back', () => {
    const budget = new Budget(1600);
    budget.use(5, 10_000);
    expect(budget.used(0)).toBe(5);
    budget.use(1, 0);
    expect(budget.used(10_000)).toBe(6);
  });

  it('never says less than what was used in any stretch of its length', () => {
    const uses = fc.array(fc.tuple(fc.nat({ max: 700 }), fc.integer({ min: 1, max: 9 })), { maxLength: 60 });
    fc.assert(
      fc.property(uses, fc.integer({ min: 1, max: 2000 }), (steps, perMs) => {
        const budget = new Budget(perMs);
        const done: [at: number, amount: number][] = [];
        let now = 0;
        for (const [wait, amount] of steps) {
          now += wait;
          budget.use(amount, now);
          done.push([now, amount]);
          const within = done.filter(([at]) => at > now - perMs).reduce((sum, [, used]) => sum + used, 0);
          // Seventeen slots, whose length is rounded up.
          const reach = done.filter(([at]) => at > now - 17 * Math.ceil(perMs / 16)).reduce((sum, [, used]) => sum + used, 0);
          expect(budget.used(now)).toBeGreaterThanOrEqual(within);
          expect(budget.used(now)).toBeLessThanOrEqual(reach);
        }
      }),
    );
  });
});

describe('BudgetBook', () => {
  it('keeps one budget for a key', () => {
    const book = new BudgetBook({ now: () => 0 });
    book.budget('a', 1000)?.use(3, 0);
    expect(book.budget('a', 1000)?.used(0)).toBe(3);
    expect(book.budget('b', 1000)?.used(0)).toBe(0);
  });

  it('tells others what was used, together and once, and not what they told', async () => {
    const told: unknown[] = [];
    const book = new BudgetBook({ now: () => 0, tellOthers: (uses) => told.push(...uses) });
    book.use('a', 1000, 3);
    book.use('a', 1000, 4);
    book.use('b', 60_000, 1);
    book.usedElsewhere([{ key: 'a', perMs: 1000, amount: 5 }]);
    expect(book.budget('a', 1000)?.used(0)).toBe(12);
    while (told.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(told).toEqual([
      { key: 'a', perMs: 1000, amount: 7 },
      { key: 'b', perMs: 60_000, amount: 1 },
    ]);
  });

  it('gives no budget beyond its bound until one is free', () => {
    let now = 0;
    const book = new BudgetBook({ now: () => now, maxBudgets: 2 });
    book.budget('a', 1000)?.use(1, now);
    book.budget('b', 60_000)?.use(1, now);
    expect(book.budget('c', 1000)).toBeUndefined();
    now = 5000;
    expect(book.budget('c', 1000)).toBeDefined();
    expect(book.size).toBe(2);
    expect(book.budget('b', 60_000)?.used(now)).toBe(1);
  });
});
