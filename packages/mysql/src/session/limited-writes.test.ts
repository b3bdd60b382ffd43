import { describe, expect, it } from '@jest/globals';
import type { AdmittedStatement, RowAllowance } from '@sqlwarden/core';
import { planWrites } from './limited-writes.js';

const affected: RowAllowance = {
  remaining: 1,
  take: () => true,
  refusal: () => ({ code: 'limit-exceeded', message: 'too many', rule: 'few' }),
};
const statement = (action: string, isLimited = true): AdmittedStatement => ({
  plan: undefined,
  changesState: false,
  changesSchema: false,
  hasEffects: true,
  action,
  mayCopy: false,
  ...(isLimited && { affected }),
});

describe('planWrites', () => {
  it('leaves alone what no limit counts, and reads', () => {
    expect(planWrites([statement('update', false), statement('commit', false)], false).kind).toBe('as-it-is');
    expect(planWrites([statement('select')], false).kind).toBe('as-it-is');
  });

  it('wraps a single write that would be committed before its count is known', () => {
    for (const action of ['insert', 'update', 'delete', 'copy']) expect(planWrites([statement(action)], false).kind).toBe('wrap');
  });

  it('refuses to give up the locks of LOCK TABLES for a transaction of its own', () => {
    expect(planWrites([statement('update')], false, true)).toMatchObject({
      kind: 'refuse',
      refusal: { code: 'limit-exceeded', message: expect.stringContaining('LOCK TABLES') },
    });
    expect(planWrites([statement('update')], true, true).kind).toBe('as-it-is');
    expect(planWrites([statement('update', false)], false, true).kind).toBe('as-it-is');
  });

  it('leaves writes alone that can still be undone', () => {
    expect(planWrites([statement('update')], true).kind).toBe('as-it-is');
    expect(planWrites([statement('select', false), statement('update'), statement('insert', false)], true).kind).toBe('as-it-is');
  });

  it.each([
    ['several statements under autocommit', [statement('update'), statement('select', false)], false],
    ['a COMMIT beside it', [statement('update'), statement('commit', false)], true],
    ['a SET that may turn autocommit on', [statement('update'), statement('set', false)], true],
    ['a CALL, whose rows are not counted', [statement('call')], true],
    ['a CALL beside it', [statement('update'), statement('call', false)], true],
  ] as const)('refuses %s', (_, statements, mayBeUndone) => {
    const answer = planWrites(statements, mayBeUndone);
    expect(answer).toMatchObject({
      kind: 'refuse',
      refusal: { code: 'limit-exceeded', rule: 'few', message: expect.stringContaining('the limit few') },
    });
  });
});
