import { describe, expect, it } from '@jest/globals';
import { compare } from './compare.js';
import { type FoundStatement, summarise } from './summary.js';

const found = (overrides: Partial<FoundStatement>): FoundStatement => ({
  kind: 'select',
  relations: [],
  targets: [],
  commonTables: [],
  ...overrides,
});

describe('summaries of statements', () => {
  it('name relations once, without case, whichever part of the tree they come from', () => {
    const summary = summarise(found({ relations: [{ name: ['S', 'T'] }, { name: ['', 's', 't'] }, { name: ['u'] }] }));
    expect(summary.relations).toEqual(['s.t', 'u']);
  });

  it('leave common tables out', () => {
    expect(summarise(found({ relations: [{ name: ['C'] }, { name: ['t'] }], commonTables: ['c'] })).relations).toEqual(['t']);
  });

  it('take an alias as the target of UPDATE and DELETE for its relation', () => {
    const summary = summarise(found({ kind: 'update', relations: [{ name: ['person'], alias: 'p' }], targets: [['p']] }));
    expect(summary).toMatchObject({ relations: ['person'], writes: ['person'] });
  });

  it('do not take the target of an INSERT for the alias that its query uses', () => {
    const summary = summarise(found({ kind: 'insert', relations: [{ name: ['t1'], alias: 't2' }], targets: [['t2']] }));
    expect(summary).toMatchObject({ relations: ['t1', 't2'], writes: ['t2'] });
  });
});

describe('comparison with an oracle', () => {
  const select = (...names: string[]): FoundStatement => found({ relations: names.map((name) => ({ name: [name] })) });
  const differences = (ours: readonly FoundStatement[], theirs: readonly FoundStatement[]): string[] =>
    compare(ours.map(summarise), theirs.map(summarise)).map(
      ({ difference, ours: mine, theirs: other }) => `${difference}: ${mine.join()}/${other.join()}`,
    );

  it('finds nothing where both say the same in another order', () => {
    expect(differences([select('a', 'b')], [select('b', 'a')])).toEqual([]);
  });

  it('tells relations that only one side sees, each by itself', () => {
    expect(differences([select('a', 'b')], [select('b', 'c')])).toEqual(['only ours: a/', 'only theirs: /c']);
  });

  it('tells a number of statements that differs, and then nothing else', () => {
    expect(differences([select('a')], [select('a'), select('b')])).toEqual(['count: select/select,select']);
  });

  it('tells a kind that differs', () => {
    expect(differences([select('a')], [found({ kind: 'delete', targets: [['a']] })])).toContain('kind: select/delete');
  });

  it('tells a condition that only one side sees', () => {
    const remove = (hasWhere: boolean): FoundStatement => found({ kind: 'delete', targets: [['a']], hasWhere });
    expect(differences([remove(true)], [remove(false)])).toEqual(['where: filtered/unfiltered']);
  });

  it('tells what is written, unless one side does not know', () => {
    const update = (targets: FoundStatement['targets']): FoundStatement =>
      found({ kind: 'update', relations: [{ name: ['a'] }, { name: ['b'] }], targets });
    expect(differences([update([['a']])], [update([['b']])])).toEqual(['writes: a/b']);
    expect(differences([update(undefined)], [update([['b']])])).toEqual([]);
  });

  it('leaves relations of other statements alone', () => {
    expect(differences([found({ kind: 'other', relations: [{ name: ['a'] }] })], [found({ kind: 'other' })])).toEqual([]);
  });
});
