import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { textTable } from '../commands/text-table.js';
import type { BenchCase, CaseSetting } from './cases.js';
import { type ProfileSummary, summariseProfile } from './cpu-profile.js';
import type { BenchDatabase } from './database.js';
import { openPath } from './open-path.js';
import { GATEWAY_PATHS } from './gateway.js';
import type { PathName } from './paths.js';
import { isFailure } from './sample.js';

export interface ProfileRun {
  readonly cases: readonly BenchCase[];
  readonly paths: readonly PathName[];
  readonly clients: readonly number[] | undefined;
  readonly workers: number;
  readonly database: BenchDatabase;
  readonly setting: CaseSetting;
}

const SHOWN = 35;
const WARM_UP_SECONDS = 2;
/** Threads that did less than this share of the busiest one's work are not shown. */
const WORTH_SHOWING = 0.05;

/** Runs each case once on each path of sqlwarden with the CPU profiler on, and prints the functions with the most time of their own. */
export async function printProfiles(run: ProfileRun): Promise<number> {
  const paths = run.paths.filter((name) => GATEWAY_PATHS.some((path) => path === name));
  let status = 0;
  for (const one of run.cases) {
    for (const clients of one.clients === undefined ? [1] : (run.clients ?? one.clients)) {
      for (const name of paths.filter((path) => one.paths?.includes(path) ?? true)) {
        if (!(await printProfile(run, one, { name, clients }))) status = 1;
      }
    }
  }
  return status;
}

/** False when the case failed. */
async function printProfile(
  { database, workers, setting }: ProfileRun,
  one: BenchCase,
  { name, clients }: { readonly name: PathName; readonly clients: number },
): Promise<boolean> {
  const profileDirectory = mkdtempSync(join(tmpdir(), 'sqlwarden-profile-'));
  try {
    const path = await openPath(name, { database, workers, profileDirectory });
    let measured;
    let from = 0;
    let to = 0;
    try {
      await one.run(path, clients, { ...setting, seconds: WARM_UP_SECONDS });
      from = now();
      measured = await one.run(path, clients, setting);
      to = now();
    } finally {
      await path.stop();
    }
    console.log(`\n${one.name}, ${clients} clients, ${name}`);
    if (isFailure(measured)) {
      console.log(`failed: ${measured.failed}`);
      return false;
    }
    console.log(`${measured.throughput.toFixed(0)} ${one.unit}/s under the profiler, CPU ${measured.cpuMicros.toFixed(1)} µs`);
    for (const summary of busiest(profileDirectory, from, to)) printSummary(summary);
    return true;
  } finally {
    rmSync(profileDirectory, { recursive: true, force: true });
  }
}

/** The monotonic clock in microseconds, which V8 stamps profiles with. */
function now(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

function busiest(directory: string, from: number, to: number): ProfileSummary[] {
  const names = readdirSync(directory).filter((name) => name.endsWith('.cpuprofile'));
  const summaries = names.map((name) => summariseProfile(readFileSync(join(directory, name), 'utf8'), from, to));
  const most = Math.max(...summaries.map(({ busyMicros }) => busyMicros));
  return summaries.filter(({ busyMicros }) => busyMicros > most * WORTH_SHOWING).sort((a, b) => b.busyMicros - a.busyMicros);
}

function printSummary({ busyMicros, wholeMicros, selfTimes }: ProfileSummary): void {
  console.log(`a thread that was busy for ${(busyMicros / 1_000).toFixed(0)} of ${(wholeMicros / 1_000).toFixed(0)} ms`);
  const rows = selfTimes.slice(0, SHOWN).map(({ place, micros }) => [place, (micros / 1_000).toFixed(0), share(micros, busyMicros)]);
  console.log(textTable(['function', 'self ms', 'share'], rows));
}

function share(part: number, whole: number): string {
  return `${((part / whole) * 100).toFixed(1)} %`;
}
