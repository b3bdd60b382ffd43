import { describe, expect, it } from '@jest/globals';
import { compareOutcomes } from './client-suites.js';
import { readJunit } from './junit.js';

describe('suites of clients', () => {
  it('reads the outcome of every test that pytest reports', () => {
    const xml = `<testsuite><testcase classname="a" name="t[1]" time="0.1" /><testcase classname="a" name="u"><failure message="x &gt; y">at</failure></testcase>
      <testcase classname="b" name="t[1]"><skipped type="s" message="no">why</skipped></testcase></testsuite>`;
    expect([...readJunit(xml)]).toEqual([
      ['a::t[1]', 'pass'],
      ['a::u', 'failure'],
      ['b::t[1]', 'skipped'],
    ]);
  });

  it('counts what passes on both ways, and names what differs or is missing', () => {
    const direct = new Map([
      ['a', 'pass'],
      ['b', 'pass'],
      ['c', 'failure'],
    ]);
    const through = new Map([
      ['a', 'pass'],
      ['b', 'failure'],
      ['c', 'failure'],
      ['d', 'pass'],
    ]);
    expect(compareOutcomes(direct, through)).toEqual({
      count: 4,
      passedDirect: 2,
      passedThrough: 2,
      differing: [
        { test: 'b', direct: 'pass', through: 'failure' },
        { test: 'd', direct: 'missing', through: 'pass' },
      ],
    });
  });
});
