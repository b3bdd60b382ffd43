import { describe, expect, it } from '@jest/globals';
import { ENV_CHANGE } from '../protocol/server-token.js';
import { Transactions } from './transactions.js';

function session(): { readonly transactions: Transactions; readonly ends: string[] } {
  const ends: string[] = [];
  return { transactions: new Transactions((ordinal, end) => ends.push(`${ordinal} ${end}`)), ends };
}

const NONE = new Uint8Array(0);
const DESCRIPTOR = Uint8Array.of(7, 0, 0, 0, 1, 0, 0, 0);

describe('where the transaction of a session stands', () => {
  it('gives each statement outside of a transaction its own', () => {
    const { transactions, ends } = session();
    expect(transactions.touched('select')).toBe(1);
    transactions.completed('select');
    transactions.touched('insert');
    transactions.failed(2627);
    transactions.completed('select');
    expect(ends).toEqual(['1 committed', '2 rolled-back']);
    expect(transactions.ordinal).toBe(3);
  });

  it('keeps one number from its beginning to its end, and knows its descriptor', () => {
    const { transactions, ends } = session();
    transactions.environmentChanged(ENV_CHANGE.BEGIN_TRANSACTION, DESCRIPTOR);
    expect(transactions.touched('begin')).toBe(1);
    transactions.completed('select');
    expect(transactions.snapshot()).toMatchObject({ status: 'open', ordinal: 1 });
    expect(transactions.descriptor).toBe(0x1_0000_0007n);
    expect(transactions.touched('insert')).toBe(1);
    transactions.failed(547);
    transactions.completed('select');
    expect(ends).toEqual([]);
    transactions.environmentChanged(ENV_CHANGE.COMMIT_TRANSACTION, NONE);
    expect(transactions.touched('commit')).toBe(1);
    transactions.completed('select');
    expect(ends).toEqual(['1 committed']);
    expect(transactions.snapshot()).toMatchObject({ status: 'idle', ordinal: 2 });
    expect(transactions.descriptor).toBe(0n);
  });

  it('ends it when the server rolls it back by itself', () => {
    const { transactions, ends } = session();
    transactions.environmentChanged(ENV_CHANGE.BEGIN_TRANSACTION, DESCRIPTOR);
    transactions.touched('update');
    transactions.failed(1205);
    transactions.environmentChanged(ENV_CHANGE.ROLLBACK_TRANSACTION, NONE);
    transactions.completed('select');
    expect(ends).toEqual(['1 rolled-back']);
    expect(transactions.status).toBe('idle');
  });

  it('tells what ran before a transaction from the transaction', () => {
    const { transactions, ends } = session();
    transactions.touched('insert');
    transactions.environmentChanged(ENV_CHANGE.BEGIN_TRANSACTION, DESCRIPTOR);
    expect(ends).toEqual(['1 committed']);
    expect(transactions.ordinal).toBe(2);
  });

  it('does not know what a procedure that failed has committed', () => {
    const { transactions, ends } = session();
    transactions.touched('call');
    transactions.failed(50000);
    expect(ends).toEqual(['1 unknown']);
  });

  it('is rolled back by a reset and by the loss of the connection, unless its end was under way', () => {
    const { transactions, ends } = session();
    transactions.environmentChanged(ENV_CHANGE.BEGIN_TRANSACTION, DESCRIPTOR);
    transactions.reset();
    transactions.environmentChanged(ENV_CHANGE.BEGIN_TRANSACTION, DESCRIPTOR);
    transactions.lost(false);
    transactions.environmentChanged(ENV_CHANGE.BEGIN_TRANSACTION, DESCRIPTOR);
    transactions.lost(true);
    expect(ends).toEqual(['1 rolled-back', '2 rolled-back', '3 unknown']);
  });

  it('says that something in it may hold locks until it ends', () => {
    const { transactions } = session();
    const statement = { plan: undefined, changesState: false, changesSchema: false, hasEffects: true, action: 'update', mayCopy: false };
    transactions.environmentChanged(ENV_CHANGE.BEGIN_TRANSACTION, DESCRIPTOR);
    transactions.runs(statement);
    expect(transactions.snapshot().hasEffects).toBe(true);
    transactions.environmentChanged(ENV_CHANGE.COMMIT_TRANSACTION, NONE);
    expect(transactions.snapshot().hasEffects).toBe(false);
  });

  it('is asked for once the server did not tell of one that a text began', () => {
    const { transactions } = session();
    transactions.touched('begin');
    transactions.completed('begin');
    expect(transactions.isDoubtful).toBe(true);
    transactions.observed(true);
    expect(transactions.snapshot().status).toBe('open');
  });

  it('is asked for behind what may begin or end one, where the server does not tell', () => {
    const { transactions, ends } = session();
    transactions.isTold = false;
    transactions.touched('select');
    transactions.completed('select');
    expect(transactions.isDoubtful).toBe(false);
    transactions.touched('begin');
    transactions.completed('begin');
    expect(transactions.isDoubtful).toBe(true);
    transactions.observed(true);
    expect(transactions.snapshot()).toMatchObject({ status: 'open', ordinal: 3 });
    transactions.touched('commit');
    transactions.completed('commit');
    transactions.observed(false);
    expect(transactions.status).toBe('idle');
    expect(ends.at(-1)).toBe('3 committed');
    transactions.touched('call');
    transactions.completed('call');
    transactions.observed(true);
    transactions.failed(547);
    transactions.observed(false);
    expect(ends.at(-1)).toMatch(/unknown$/);
  });
});
