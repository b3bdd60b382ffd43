import { describe, expect, it } from '@jest/globals';
import { sameRows } from './canary.js';
import { comparedConstants } from './seed-literals.js';

describe('rows before and after a change', () => {
  it('are the same in any order', () => {
    expect(
      sameRows(
        [
          ['1', 'a'],
          ['2', null],
        ],
        [
          ['2', null],
          ['1', 'a'],
        ],
      ),
    ).toBe(true);
  });

  it('differ when one is missing or holds another value', () => {
    expect(sameRows([['1']], [['1'], ['1']])).toBe(false);
    expect(sameRows([['1']], [[null]])).toBe(false);
  });

  it('are compared in one column when asked to', () => {
    const left = [['1', 'a']];
    const right = [['1', 'b']];
    expect(sameRows(left, right, 0)).toBe(true);
    expect(sameRows(left, right, 1)).toBe(false);
  });
});

describe('constants that a statement compares columns with', () => {
  const column = (name: string): object => ({ kind: 'column', qualifier: [], name });
  const literal = (value: string): object => ({ kind: 'literal', type: 'string', value });

  it('are found for equality, IN and LIKE, through functions of the column', () => {
    const statement = {
      where: [
        { kind: 'comparison', left: column('a'), right: literal('x') },
        { kind: 'in-list', operand: column('b'), list: [literal('y'), literal('z')] },
        { kind: 'operator', operands: [{ kind: 'call', arguments: [{ expression: column('c') }] }, literal('%w%')] },
      ],
    };
    expect(new Map(comparedConstants(statement).map(({ column: name, value }) => [name, value]))).toEqual(
      new Map([
        ['a', 'x'],
        ['b', 'y'],
        ['c', 'w'],
      ]),
    );
  });

  it('are not those of comparisons between columns', () => {
    expect(comparedConstants({ kind: 'comparison', left: column('a'), right: column('b') })).toEqual([]);
  });
});
