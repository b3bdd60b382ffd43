import { describe, expect, it } from '@jest/globals';
import { counted, derive, either, link, offer, originList, read, rowOf, settle, sources, stored } from './value.js';

const ssn = stored('s.people.ssn');
const name = stored('s.people.name');

describe('lineage values', () => {
  it('pass unchanged or derive', () => {
    expect(originList(either([ssn, name]).origins)).toEqual([
      { column: 's.people.name', how: 'same' },
      { column: 's.people.ssn', how: 'same' },
    ]);
    expect(originList(derive([ssn]).origins)).toEqual([{ column: 's.people.ssn', how: 'derived' }]);
  });

  it('derive when a column comes in two ways', () => {
    expect(originList(either([ssn, derive([ssn])]).origins)).toEqual([{ column: 's.people.ssn', how: 'derived' }]);
    expect(originList(either([ssn, counted(ssn)]).origins)).toEqual([{ column: 's.people.ssn', how: 'derived' }]);
  });

  it('stay counts when counts are computed with', () => {
    expect(originList(derive([counted(ssn), counted(name)]).origins).map((origin) => origin.how)).toEqual(['counted', 'counted']);
    expect(originList(derive([counted(ssn), ssn]).origins)).toEqual([{ column: 's.people.ssn', how: 'derived' }]);
  });

  it('derive when what is counted was computed', () => {
    expect(originList(counted(derive([ssn])).origins)).toEqual([{ column: 's.people.ssn', how: 'derived' }]);
  });

  it('count each field of a row', () => {
    const row = rowOf([
      { name: 'a', value: ssn },
      { name: 'b', value: derive([name]) },
    ]);
    expect(originList(counted(row).origins)).toEqual([
      { column: 's.people.name', how: 'derived' },
      { column: 's.people.ssn', how: 'counted' },
    ]);
  });

  it('carry what is opaque on', () => {
    expect(derive([ssn, { ...name, opaque: true }]).opaque).toBe(true);
    expect(rowOf([], false).opaque).toBe(true);
    expect(read(offer({ name: 'x', value: ssn, reason: { kind: 'foreign-data', detail: 'x' } })).opaque).toBe(true);
  });

  it('are the values that they were made equal to, through any number of steps', () => {
    const [a, b, c] = [stored('s.a.x'), stored('s.b.x'), ssn].map((value) => read(offer({ name: 'x', value })));
    if (a === undefined || b === undefined || c === undefined) throw new Error('no values');
    link(b, c);
    link(a, b);
    expect(originList(settle(a).origins)).toEqual([
      { column: 's.a.x', how: 'same' },
      { column: 's.b.x', how: 'same' },
      { column: 's.people.ssn', how: 'same' },
    ]);
    expect(originList(settle(derive([a])).origins).every((origin) => origin.how === 'derived')).toBe(true);
    expect(originList(settle(stored('s.a.x')).origins)).toHaveLength(1);
  });

  it('move everywhere but as a count', () => {
    expect(sources(derive([ssn, counted(name)]).origins)).toEqual(['s.people.ssn']);
  });
});
