import { describe, expect, it } from '@jest/globals';
import type { StatementFacts } from '@sqlwarden/core';
import type { Decision } from './decision.js';
import { PreparedNames } from './prepared-names.js';

const facts = (more: Partial<StatementFacts>): StatementFacts => ({ action: 'select', opaque: [], ...more }) as StatementFacts;

const span = (at: number) => ({ start: at, end: at + 1 });

/** A unit of a PREPARE for each name; those of `inside` stand inside of a block in front of them. */
function unitOf(names: readonly string[], inside: readonly string[] = []): Decision {
  const block = { kind: 'block', span: span(0) };
  return {
    text: names.join(),
    unit: { statements: [block, ...names.map((name, at) => ({ kind: 'prepare', name, span: span(at + 1) }))] },
    facts: {
      statements: [
        ...inside.map((name) => facts({ action: 'prepare', prepares: name, span: span(0) })),
        ...names.map((name, at) => facts({ action: 'prepare', prepares: name, span: span(at + 1) })),
      ],
    },
    epoch: 5,
    stateId: 7,
  } as unknown as Decision;
}

function prepared(...names: readonly string[]): PreparedNames {
  const all = new PreparedNames();
  all.afterUnit(unitOf(names));
  return all;
}

const known = (names: PreparedNames, epoch = 5, stateId = 7): [string, unknown][] =>
  [...names.statements(epoch, stateId)].map(([name, statement]) => [name, `PREPARE ${(statement as { readonly name: string }).name}`]);

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

  it('does not know what a block has prepared, though as many statements stand in the text as were run', () => {
    const names = prepared('a');
    const unit = unitOf(['b'], ['a']);
    names.afterUnit(unit);
    expect(known(names)).toEqual([['b', 'PREPARE b']]);
  });

  it('forgets a name that a unit of several statements gives away: where a later one fails, it has another statement all the same', () => {
    const names = prepared('p', 'q');
    names.beforeUnit([facts({ action: 'prepare', prepares: 'p' }), facts({})]);
    expect(known(names).map(([name]) => name)).toEqual(['q']);
  });

  it('forgets all of them when the session is set back', () => {
    const names = prepared('p');
    names.forget();
    expect(known(names)).toEqual([]);
    expect(names.key).toBe('');
  });
});
