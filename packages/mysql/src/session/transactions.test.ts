import { describe, expect, it } from '@jest/globals';
import type { TransactionEnd } from '@sqlwarden/core';
import { STATUS } from '../protocol/status-flags.js';
import { mayPrepare, Transactions } from './transactions.js';

describe('where a transaction of MySQL ends', () => {
  const ends: TransactionEnd[] = [];
  const run = (transactions: Transactions, action: string, status: number, isPrepared = false): void => {
    transactions.touched(action);
    transactions.completed(action, status, false, isPrepared);
  };

  it('one that is prepared for XA is not said to be committed', () => {
    const transactions = new Transactions((_, end) => ends.push(end));
    run(transactions, 'begin', STATUS.SERVER_STATUS_IN_TRANS);
    run(transactions, 'update', STATUS.SERVER_STATUS_IN_TRANS);
    run(transactions, 'commit', 0, true);
    run(transactions, 'commit', 0);
    expect(ends).toEqual(['unknown', 'committed']);
  });

  it('XA PREPARE is told from other commits in any spelling', () => {
    for (const text of ["XA PREPARE 'a'", 'xa /* x */\nprepare 0x61', "select 1; xa prepare 'a'"]) expect(mayPrepare(text)).toBe(true);
    for (const text of ['COMMIT', "XA COMMIT 'a' ONE PHASE", "xa commit 'a'"]) expect(mayPrepare(text)).toBe(false);
  });
});
