import { describe, expect, it } from '@jest/globals';
import type { StatementFacts } from '@sqlwarden/core';
import type { Decision } from './decision.js';
import { PreparedNames } from './prepared-names.js';

const facts = (more: Partial<StatementFacts>): StatementFacts => ({ action: 'select', opaque: [], ...more }) as StatementFacts;

function prepared(...names: readonly string[]): PreparedNames {
  const all = new PreparedNames();
  all.afterUnit({
    text: names.join(),
    unit: { statements: names.map((name) => `PREPARE ${name}`) },
    facts: { statements: names.map((name) => facts({ action: 'prepare', prepares: name })) },
    epoch: 5,
    stateId: 7,
  } as unknown as Decision);
  return all;
}

const known = (names: PreparedNames, epoch = 5, stateId = 7): [string, unknown][] => [...names.statements(epoch, stateId)];

describe('PreparedNames', () => {
  it('knows what was prepared, in the schema and state that its names were looked up in', () => {
    const names = prepared('p');
    expect(known(names)).toEqual([['p', 'PREPARE p']]);
    expect(known(names, 6)).toEqual([]);
    expect(known(names, 5, 8)).toEqual([]);
    expect(names.key).not.toBe('');
  });

  it.each<[string, (names: PreparedNames) => void, string[]]>([
    ['DEALLOCATE of it', (names) => names.beforeUnit([facts({ action: 'deallocate', deallocates: { name: 'p' } })]), ['q']],
    ['DEALLOCATE ALL', (names) => names.beforeUnit([facts({ action: 'deallocate', deallocates: { name: undefined } })]), []],
    ['DISCARD', (names) => names.beforeUnit([facts({ action: 'discard' })]), []],
    ['code that is not seen', (names) => names.beforeUnit([facts({ action: 'call' })]), []],
    ['an opaque statement', (names) => names.beforeUnit([facts({ opaque: [{ kind: 'dynamic-sql', detail: 'x' }] })]), []],
    ["the protocol's own statement of its name", (names) => names.parsed('p'), ['q']],
  ])('forgets by %s', (_note, happens, left) => {
    const names = prepared('p', 'q');
    const before = names.key;
    happens(names);
    expect(known(names).map(([name]) => name)).toEqual(left);
    expect(names.key).not.toBe(before);
  });
});
