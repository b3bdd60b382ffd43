import { describe, expect, it } from '@jest/globals';
import { type AppliedLimit, compilePolicy, type LimitSource, type Principal, type Verdict } from '@sqlwarden/core';
import { compilePattern } from '../policy/compile-pattern.js';
import { BudgetBook } from './budgets.js';
import { SessionLimits } from './limits.js';

const person = (id: string, agent?: string): Principal => ({
  subject: { kind: 'person', issuer: 'i', id, groups: [], groupsComplete: true },
  actors: agent === undefined ? [] : [{ kind: 'agent', issuer: 'i', id: agent, groups: [], groupsComplete: true }],
  proof: { subject: 'token', actors: 'token' },
  expiresAt: 1,
});

/** Sessions of one process under one limit. */
function gateway(source: Omit<LimitSource, 'id'>, relations: readonly string[] = []) {
  const policy = compilePolicy([{ file: 'p', version: 1, limits: [{ id: 'l', ...source }] }], { compilePattern });
  const [limit] = policy.limits;
  if (limit === undefined) throw new Error('no limit');
  const clock = { now: 0 };
  const book = new BudgetBook({ now: () => clock.now });
  const { id, amounts, each, message } = limit;
  const applied: AppliedLimit = { limit: id, amounts, each, relations, message };
  const verdict = (statements = 1): Verdict => ({
    effect: 'allow',
    rules: [],
    masks: [],
    labels: [],
    protectedColumns: [],
    limits: Array.from({ length: statements }, () => [applied]),
  });
  const session = (as: Principal) => new SessionLimits(book, policy, as);
  return { clock, verdict, session, book, policy };
}

/** What a statement may return. */
function returned(limits: SessionLimits, verdict: Verdict) {
  const answer = limits.admit(verdict);
  if (answer.kind !== 'limited') throw new Error(answer.kind);
  const allowance = answer.statements[0]?.returned;
  if (allowance === undefined) throw new Error('unlimited');
  return allowance;
}

describe('SessionLimits', () => {
  it('lets pass what has no limits', () => {
    const { session, verdict } = gateway({ rowsReturned: { max: 1 } });
    const { limits: _, ...unlimited } = verdict();
    expect(session(person('alice')).admit(unlimited)).toEqual({ kind: 'unlimited' });
  });

  it('gives each statement its rows, all of them or none', () => {
    const { session, verdict } = gateway({ rowsReturned: { max: 10 } });
    const alice = session(person('alice'));
    const rows = returned(alice, verdict());
    expect(rows.take(8)).toBe(true);
    expect(rows.take(3)).toBe(false);
    expect(rows.remaining).toBe(2);
    expect(rows.take(2)).toBe(true);
    expect(rows.take(1)).toBe(false);
    expect(rows.refusal()).toEqual({
      code: 'limit-exceeded',
      rule: 'l',
      message: 'the limit l lets one statement read 10 rows; ask for fewer rows, or ask the owner of the policy for more',
    });
    expect(returned(alice, verdict()).remaining).toBe(10);
  });

  it('lets statements of one identity share what it has over time, on all its connections', () => {
    const { session, verdict, clock } = gateway({ rowsReturned: { max: 10, per: '1h' } });
    const [one, two] = [session(person('alice')), session(person('alice'))];
    const [first, second] = [returned(one, verdict()), returned(two, verdict())];
    expect(first.take(7)).toBe(true);
    expect(second.remaining).toBe(3);
    expect(second.take(4)).toBe(false);
    expect(second.take(3)).toBe(true);
    const refused = one.admit(verdict());
    expect(refused).toMatchObject({
      kind: 'refused',
      refusal: { code: 'limit-exceeded', rule: 'l', hint: 'some of it is free again in 64m' },
    });
    expect(returned(session(person('bob')), verdict()).remaining).toBe(10);
    clock.now += 2 * 3_600_000;
    expect(returned(one, verdict()).remaining).toBe(10);
  });

  it('counts for each relation apart where it is asked to', () => {
    const people = gateway({ rowsReturned: { max: 10, per: '1h' }, each: 'identity-and-relation' }, [
      'crm.public.people',
      undefined as never,
    ]);
    const alice = people.session(person('alice'));
    expect(returned(alice, people.verdict()).take(10)).toBe(true);
    const onlyOrders = people.verdict().limits?.map((limits) => limits.map((limit) => ({ ...limit, relations: ['crm.public.orders'] })));
    expect(returned(alice, { ...people.verdict(), limits: onlyOrders ?? [] }).remaining).toBe(10);
    expect(alice.admit(people.verdict()).kind).toBe('refused');
  });

  it('counts for everybody together where it is asked to', () => {
    const { session, verdict } = gateway({ rowsReturned: { max: 10, per: '1h' }, each: 'everybody' });
    returned(session(person('alice')), verdict()).take(6);
    expect(returned(session(person('bob')), verdict()).remaining).toBe(4);
  });

  it('counts for a person and for the agent that acts for it', () => {
    const { session, verdict } = gateway({ rowsReturned: { max: 10, per: '1h' } });
    returned(session(person('alice', 'bot')), verdict()).take(6);
    expect(returned(session(person('alice')), verdict()).remaining).toBe(4);
    expect(returned(session(person('bob', 'bot')), verdict()).remaining).toBe(4);
  });

  it('counts statements, those of one unit together', () => {
    const { session, verdict, clock } = gateway({ statements: { max: 5, per: '1m' } });
    const alice = session(person('alice'));
    expect(alice.admit(verdict(4)).kind).toBe('limited');
    expect(alice.admit(verdict(2))).toMatchObject({
      kind: 'refused',
      refusal: { message: 'the limit l lets one identity run 5 statements in 1m; wait a little' },
    });
    expect(alice.admit(verdict()).kind).toBe('limited');
    expect(alice.admit(verdict()).kind).toBe('refused');
    clock.now += 64_000;
    expect(alice.admit(verdict(5)).kind).toBe('limited');
  });

  it('counts nothing of a unit that it refuses', () => {
    const { session, verdict } = gateway({ statements: { max: 5, per: '1m' }, rowsReturned: { max: 1, per: '1h' } });
    const alice = session(person('alice'));
    expect(returned(alice, verdict()).take(1)).toBe(true);
    for (let at = 0; at < 10; at++)
      expect(alice.admit(verdict())).toMatchObject({ kind: 'refused', refusal: { message: expect.stringContaining('read 1 rows') } });
  });

  it('says what the policy says to do', () => {
    const { session, verdict } = gateway({ rowsReturned: { max: 0 }, message: 'use the reporting replica' });
    const rows = returned(session(person('alice')), verdict());
    expect(rows.take(0)).toBe(true);
    expect(rows.take(1)).toBe(false);
    expect(rows.refusal().message).toBe('use the reporting replica');
  });

  it('goes on where it was after a policy is loaded anew', () => {
    const before = gateway({ rowsReturned: { max: 10, per: '1h' } });
    returned(before.session(person('alice')), before.verdict()).take(10);
    const after = gateway({ rowsReturned: { max: 12, per: '1h' } });
    const alice = new SessionLimits(before.book, after.policy, person('alice'));
    expect(returned(alice, after.verdict()).remaining).toBe(2);
  });

  it('lets nothing through that it cannot count', () => {
    const { verdict, policy } = gateway({ rowsReturned: { max: 10, per: '1h' } });
    const full = new BudgetBook({ now: () => 0, maxBudgets: 0 });
    expect(new SessionLimits(full, policy, person('alice')).admit(verdict()).kind).toBe('refused');
  });
});
