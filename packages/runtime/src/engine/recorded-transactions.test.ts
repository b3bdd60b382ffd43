import { describe, expect, it } from '@jest/globals';
import { RecordedTransactions } from './recorded-transactions.js';

describe('the transactions whose ends are recorded', () => {
  it('are none while there are only reads', () => {
    const transactions = new RecordedTransactions();
    transactions.read(1);
    transactions.read(2);
    expect([1, 2, 3].map((ordinal) => transactions.ended(ordinal))).toEqual([false, false, false]);
  });

  it('hold an intent, before or behind a read', () => {
    const transactions = new RecordedTransactions();
    transactions.read(1);
    transactions.intent(1);
    transactions.read(1);
    transactions.read(2);
    transactions.intent(3);
    transactions.read(4);
    expect([1, 2, 3, 4].map((ordinal) => transactions.ended(ordinal))).toEqual([true, false, true, false]);
  });

  it('are also those that a unit of several statements may have begun', () => {
    const transactions = new RecordedTransactions();
    transactions.intent(1);
    expect([1, 2].map((ordinal) => transactions.ended(ordinal))).toEqual([true, true]);
    transactions.read(3);
    expect(transactions.ended(3)).toBe(false);
  });

  it('are also those in which its outcome says that it ran, when a read is begun there before they end', () => {
    const transactions = new RecordedTransactions();
    transactions.intent(1);
    expect([1, 2].map((ordinal) => transactions.ended(ordinal))).toEqual([true, true]);
    transactions.intent(3);
    transactions.read(3);
    expect(transactions.ended(3)).toBe(true);
    transactions.read(4);
    expect(transactions.ended(4)).toBe(false);
  });

  it('are asked for in their order when many were sent at once', () => {
    const transactions = new RecordedTransactions();
    for (const ordinal of [1, 3, 5]) {
      transactions.intent(ordinal);
      transactions.read(ordinal + 1);
    }
    expect([1, 2, 3, 4, 5, 6].map((ordinal) => transactions.ended(ordinal))).toEqual([true, false, true, false, true, false]);
  });
});
