import { describe, expect, it } from '@jest/globals';
import type { SegmentIndex } from '../index-files/segment-index.js';
import { EntryPlan } from './entry-plan.js';
import { LogState } from './log-state.js';

const index = (parts: Partial<SegmentIndex>): SegmentIndex => ({
  first: 100,
  root: '',
  acts: [],
  names: [],
  who: [],
  units: { positions: [], acts: [], who: [], times: [] },
  sessions: [],
  requests: [],
  restarts: [],
  schemaChanges: [],
  named: [],
  ...parts,
});
const session = (name: string, opened: readonly number[], closed: readonly number[] = []): SegmentIndex['sessions'][number] => ({
  session: name,
  opened,
  closed,
  ends: [],
});

describe('the state of a log, by its indexes', () => {
  it('knows the entry in which a session began, at every place of a segment', () => {
    const segment = index({ sessions: [session('a', [5, 40], [20])], restarts: [60] });
    const state = new LogState();
    const places: readonly [position: number, opened: number | undefined][] = [
      [5, undefined],
      [6, 105],
      [20, 105],
      [21, undefined],
      [41, 140],
      [61, undefined],
    ];
    for (const [position, opened] of places) expect(state.opened('a', segment, position)).toBe(opened);
    expect(state.opened('b', segment, 61)).toBeUndefined();
  });

  it('takes sessions along to the next segment, but not over a restart', () => {
    const state = new LogState();
    state.pass(index({ sessions: [session('kept', [5]), session('over', [6], [9])] }));
    state.pass(index({ first: 200 }));
    expect([state.opened('kept'), state.opened('over')]).toEqual([105, undefined]);
    expect(state.opened('kept', index({ first: 300, restarts: [7] }), 6)).toBe(105);
    expect(state.opened('kept', index({ first: 300, restarts: [7] }), 8)).toBeUndefined();
    state.pass(index({ first: 300, restarts: [7], sessions: [session('new', [8])] }));
    expect([state.opened('kept'), state.opened('new')]).toEqual([undefined, 308]);
  });

  it('tells what there is of a request once, and then what is to come', () => {
    const state = new LogState();
    state.pass(index({ requests: [{ request: 'r', entries: [1, 3] }] }));
    const next = index({ first: 200, requests: [{ request: 'r', entries: [2, 8] }] });
    expect(state.isTold('r')).toBe(false);
    expect(state.untold('r', next, 5)).toEqual([101, 103, 202]);
    expect([state.isTold('r'), state.untold('r', next, 9)]).toEqual([true, []]);
    expect(state.untold('unknown', next, 5)).toEqual([]);
  });
});

describe('the plan of what is read', () => {
  it('has each position once, in order, and follows from where it is', () => {
    const plan = new EntryPlan([1, 4, 4, 9]);
    const never = (): boolean => false;
    expect([plan.next(never), plan.next(never)]).toEqual([1, 4]);
    plan.follow('session a', () => [2, 4, 6, 8, 9, 11]);
    expect([plan.next(never), plan.next(never)]).toEqual([6, 8]);
    expect([plan.next(() => true), plan.next(never)]).toEqual([9, undefined]);
  });
});
