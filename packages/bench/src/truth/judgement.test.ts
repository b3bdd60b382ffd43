import { describe, expect, it } from '@jest/globals';
import type { OutputColumn, StatementFacts } from '@sqlwarden/core';
import { judge } from './judgement.js';

const RULES = { foldsNames: false, describesReturning: true };

const output = (name: string, ...columns: string[]): OutputColumn => ({
  name,
  origins: columns.map((column) => ({ column, how: 'same' })),
  opaque: false,
});

const facts = (outputs: StatementFacts['outputs'], opaque: StatementFacts['opaque'] = []): StatementFacts => ({
  action: 'select',
  class: 'read',
  span: { start: 0, end: 0 },
  reads: [],
  writes: [],
  columns: [],
  outputs,
  routines: [],
  filter: 'absent',
  limit: null,
  opaque,
  flows: [],
  locks: false,
  schemaChanges: [],
  stateEffect: 'none',
  elevated: false,
});

describe('judging facts by the server', () => {
  it('confirms origins that both name', () => {
    const judgement = judge(facts([output('a', 's.t.a', 's.t.b')]), [{ name: 'a', origins: ['s.t.a'] }], RULES);
    expect(judgement).toMatchObject({ understood: true, confirmed: 1, missing: [], headerDifference: undefined });
  });

  it('reports an origin that only the server names', () => {
    const judgement = judge(facts([output('a', 's.t.b')]), [{ name: 'a', origins: ['s.t.a'] }], RULES);
    expect(judgement.missing).toEqual([{ position: 0, column: 's.t.a' }]);
  });

  it('reports origins of outputs that the facts do not have at all', () => {
    const judgement = judge(facts([]), [{ name: 'a', origins: ['s.t.a'] }], RULES);
    expect(judgement).toMatchObject({ missing: [{ position: 0, column: 's.t.a' }], headerDifference: '0 columns, the server has 1' });
  });

  it('misses nothing in an opaque output, which is not understood', () => {
    const opaque = facts([{ ...output('a'), opaque: true }], [{ kind: 'unknown-routine', detail: 'f' }]);
    expect(judge(opaque, [{ name: 'a', origins: ['s.t.a'] }], RULES)).toMatchObject({ understood: false, missing: [] });
  });

  it('does not understand results of unknown shape', () => {
    expect(judge(facts('unknown'), [{ name: 'a', origins: ['s.t.a'] }], RULES).understood).toBe(false);
  });

  it('compares names as the server does', () => {
    const named = facts([output('a', 's.t.a')]);
    const described = [{ name: 'A', origins: ['s.t.a'] }];
    expect(judge(named, described, RULES).headerDifference).toBe('column 0 is a, on the server A');
    expect(judge(named, described, { ...RULES, foldsNames: true }).headerDifference).toBeUndefined();
  });
});
