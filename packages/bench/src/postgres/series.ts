import type { PathName } from './paths.js';
import { type Failure, isFailure, type Sample } from './sample.js';

/** What was measured of one case on one path, a result for each round. */
export interface Series {
  readonly name: string;
  readonly unit: string;
  readonly clients: number;
  readonly path: PathName;
  readonly results: readonly (Sample | Failure)[];
}

/** Medians over the rounds. `NaN` where nothing was measured, as processor time without a process between. */
export interface Summary extends Omit<Series, 'results'> {
  readonly throughput: number;
  readonly lowest: number;
  readonly highest: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMicros: number;
  readonly residentBytes: number;
  /** To the same case on that path: medians of the ratios of each round. `NaN` when that path was not measured. */
  readonly toDirect: number;
  readonly toPipe: number;
  /** Of the 99th percentiles. */
  readonly p99ToPipe: number;
  /** The first failure. */
  readonly failed: string | undefined;
}

export function summarise(series: readonly Series[]): Summary[] {
  return series.map((one) => {
    const beside = (path: PathName): Series | undefined =>
      series.find((other) => other.path === path && other.name === one.name && other.clients === one.clients);
    const { name, unit, clients, path, results } = one;
    const throughputs = valuesOf(results, 'throughput');
    return {
      name,
      unit,
      clients,
      path,
      throughput: median(throughputs),
      lowest: Math.min(...throughputs),
      highest: Math.max(...throughputs),
      p50Ms: median(valuesOf(results, 'p50Ms')),
      p99Ms: median(valuesOf(results, 'p99Ms')),
      cpuMicros: median(valuesOf(results, 'cpuMicros')),
      residentBytes: median(valuesOf(results, 'residentBytes')),
      toDirect: ratio(one, beside('direct'), 'throughput'),
      toPipe: ratio(one, beside('pipe'), 'throughput'),
      p99ToPipe: ratio(one, beside('pipe'), 'p99Ms'),
      failed: results.find(isFailure)?.failed,
    };
  });
}

function valuesOf(results: Series['results'], key: keyof Sample): number[] {
  return results.flatMap((result) => (isFailure(result) ? [] : [result[key]]));
}

function ratio(one: Series, other: Series | undefined, key: keyof Sample): number {
  return median(
    one.results.flatMap((mine, round) => {
      const theirs = other?.results[round];
      return theirs === undefined || isFailure(mine) || isFailure(theirs) ? [] : [mine[key] / theirs[key]];
    }),
  );
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length === 0) return Number.NaN;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper;
}
