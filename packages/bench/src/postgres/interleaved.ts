import type { BenchCase } from './cases.js';
import type { OpenPath } from './paths.js';
import { type Failure, isFailure, type Sample } from './sample.js';
import type { Series } from './series.js';

export interface InterleavedRun<Setting extends { readonly seconds: number }> {
  readonly cases: readonly BenchCase<Setting>[];
  readonly paths: readonly OpenPath[];
  readonly clients: readonly number[] | undefined;
  readonly rounds: number;
  /** Seconds; 0: none. */
  readonly warmUp: number;
  readonly setting: Setting;
  /** Told of each measurement. */
  readonly onMeasured: (text: string) => void;
}

/**
 * Measures each case on all paths, one after the other, in every round from another path on: what disturbs the machine for some seconds
 * then disturbs all of them alike. A path is warmed up before its first measurement of a case.
 */
export async function measureInterleaved<Setting extends { readonly seconds: number }>(run: InterleavedRun<Setting>): Promise<Series[]> {
  const series = run.cases.flatMap((one) => seriesOf(one, run));
  for (const group of groupsOf(series)) {
    if (run.warmUp > 0) {
      for (const { one, path, clients } of group) await one.run(path, clients, { ...run.setting, seconds: run.warmUp });
    }
    for (let round = 0; round < run.rounds; round += 1) {
      for (const { one, path, clients, results } of rotated(group, round)) {
        const result = await one.run(path, clients, run.setting);
        results.push(result);
        run.onMeasured(`${one.name} ${clients} ${path.name}: ${shown(result, one)}`);
      }
    }
  }
  return series.map(({ one, path, clients, results }) => ({ name: one.name, unit: one.unit, clients, path: path.name, results }));
}

interface OpenSeries<Setting> {
  readonly one: BenchCase<Setting>;
  readonly path: OpenPath;
  readonly clients: number;
  readonly results: (Sample | Failure)[];
}

function seriesOf<Setting extends { readonly seconds: number }>(
  one: BenchCase<Setting>,
  { paths, clients }: InterleavedRun<Setting>,
): OpenSeries<Setting>[] {
  const counts = one.clients === undefined ? [1] : (clients ?? one.clients);
  const taken = paths.filter(({ name }) => one.paths?.includes(name) ?? true);
  return counts.flatMap((count) => taken.map((path) => ({ one, path, clients: count, results: [] })));
}

/** What is compared with each other: one case with one number of clients. */
function groupsOf<Setting>(series: readonly OpenSeries<Setting>[]): OpenSeries<Setting>[][] {
  const groups = new Map<string, OpenSeries<Setting>[]>();
  for (const one of series) {
    const key = `${one.one.name} ${one.clients}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}

function rotated<Item>(items: readonly Item[], by: number): Item[] {
  const at = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}

function shown(result: Sample | Failure, { unit }: { readonly unit: string }): string {
  return isFailure(result) ? `failed: ${result.failed}` : `${result.throughput.toFixed(0)} ${unit}/s`;
}
