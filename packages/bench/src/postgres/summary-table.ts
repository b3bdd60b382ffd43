import { textTable } from '../commands/text-table.js';
import type { Summary } from './series.js';

const HEADER = [
  'case',
  'clients',
  'path',
  'per second',
  '',
  'spread',
  '/ direct',
  '/ pipe',
  'p50 ms',
  'p99 ms',
  'p99 / pipe',
  'CPU µs',
  'RSS MB',
];

/** Medians of all rounds. The spread is from the slowest round to the fastest, in percent of the median. */
export function summaryTable(summaries: readonly Summary[]): string {
  return textTable(
    HEADER,
    summaries.map((one) => [
      one.name,
      one.clients,
      one.path,
      ...(Number.isNaN(one.throughput) ? ['failed', '', ''] : [figure(one.throughput), one.unit, spread(one)]),
      fixed(one.toDirect, 2),
      fixed(one.toPipe, 2),
      fixed(one.p50Ms, 3),
      fixed(one.p99Ms, 2),
      fixed(one.p99ToPipe, 2),
      fixed(one.cpuMicros, one.cpuMicros < 1_000 ? 1 : 0),
      one.residentBytes > 0 ? fixed(one.residentBytes / 2 ** 20, 0) : '–',
    ]),
  );
}

/** One line for each case that failed on a path. */
export function failureLines(summaries: readonly Summary[]): string[] {
  return summaries.flatMap(({ name, clients, path, failed }) => (failed === undefined ? [] : [`${name} ${clients} ${path}: ${failed}`]));
}

function spread({ lowest, highest, throughput }: Summary): string {
  const percent = (value: number): string => ((value / throughput - 1) * 100).toFixed(0);
  return `${percent(lowest)}…+${percent(highest)} %`;
}

function figure(value: number): string {
  return value >= 1_000 ? Math.round(value).toLocaleString('en-US') : value.toFixed(1);
}

function fixed(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '–';
}
