import { describe, expect, it } from '@jest/globals';
import { CASES } from './cases.js';
import { OptionError, readOptions } from './options.js';
import { PATH_NAMES } from './paths.js';

describe('options of the benchmark', () => {
  it('take everything where nothing is said', () => {
    const { cases, paths, clients, rounds } = readOptions([]);
    expect([cases, paths, clients, rounds]).toEqual([CASES, PATH_NAMES, undefined, 3]);
  });

  it('take cases by how their names begin, and paths in the order in which they are shown', () => {
    const { cases, paths, clients } = readOptions(['--cases', 'point-p,connect', '--paths', 'sqlwarden,direct', '--clients', '1,8']);
    expect(cases.map(({ name }) => name)).toEqual(['point-prepared', 'point-pipelined', 'connect']);
    expect([paths, clients]).toEqual([
      ['direct', 'sqlwarden'],
      [1, 8],
    ]);
  });

  it.each([
    [['--cases', 'pint'], 'no case begins with pint'],
    [['--paths', 'tunnel'], 'there is no path tunnel'],
    [['--seconds', '0'], '--seconds must be a whole number from 1'],
    [['--clients', '8,x'], '--clients must be a whole number from 1'],
    [['--major', '9'], 'there is no PostgreSQL 9 here'],
    [['--speed'], "Unknown option '--speed'"],
  ])('%j is refused', (args, message) => {
    expect(() => readOptions(args)).toThrow(OptionError);
    expect(() => readOptions(args)).toThrow(message);
  });
});
