import { describe, expect, it } from '@jest/globals';
import { plotSummaries } from './plot.js';
import type { Sample } from './sample.js';
import { median, type Series, summarise } from './series.js';
import { failureLines, summaryTable } from './summary-table.js';

const sample = (throughput: number, p99Ms: number): Sample => ({ throughput, p50Ms: 1, p99Ms, cpuMicros: 20, residentBytes: 2 ** 20 });
const series = (path: Series['path'], results: Series['results']): Series => ({
  name: 'point-prepared',
  unit: 'statements',
  clients: 8,
  path,
  results,
});
const MEASURED = [
  series('direct', [sample(100, 1), sample(50, 2), sample(80, 1)]),
  series('pipe', [sample(50, 2), sample(25, 4), sample(60, 2)]),
  series('sqlwarden', [sample(40, 3), { failed: 'refused' }, sample(45, 4)]),
];

describe('a summary', () => {
  it('compares what was measured in the same round, and takes the median of the ratios', () => {
    const [direct, pipe, sqlwarden] = summarise(MEASURED);
    expect(direct).toMatchObject({ throughput: 80, lowest: 50, highest: 100, toDirect: 1, toPipe: 2 });
    expect(pipe).toMatchObject({ throughput: 50, toDirect: 0.5, toPipe: 1, p99ToPipe: 1 });
    expect(sqlwarden).toMatchObject({ throughput: 42.5, toPipe: (0.8 + 0.75) / 2, p99ToPipe: 1.75, failed: 'refused' });
  });

  it('has no ratio to a path that was not measured', () => {
    const [alone] = summarise([series('sqlwarden', [sample(1, 1)])]);
    expect(alone?.toPipe).toBeNaN();
    expect(summaryTable([alone!])).toContain('–');
  });

  it('is shown with its failures, and drawn', () => {
    const summaries = summarise(MEASURED);
    expect(failureLines(summaries)).toEqual(['point-prepared 8 sqlwarden: refused']);
    expect(summaryTable(summaries).split('\n')).toHaveLength(4);
    expect(plotSummaries(summaries).match(/<rect/g)).toHaveLength(1 + 3);
  });
});

describe('median', () => {
  it.each([
    [[3, 1, 2], 2],
    [[4, 1, 2, 3], 2.5],
    [[7], 7],
    [[], Number.NaN],
  ])('of %j is %p', (values, wanted) => expect(median(values)).toBe(wanted));
});
