// npm run fuzz -- postgres|mysql|sqlserver [--direction client|server] [--frames n] [--seed n] [--seconds s] [--failures <directory>]
// npm run fuzz -- postgres|mysql|sqlserver --replay <file> --direction client|server
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Exploration, explore, type ExploreReport } from '../fuzz/explore.js';
import { type Direction, inputFromJson, inputToJson } from '../fuzz/input.js';
import { mysqlTarget } from '../fuzz/mysql/mysql-target.js';
import { postgresTarget } from '../fuzz/postgres-target.js';
import { sqlserverTarget } from '../fuzz/sqlserver/sqlserver-target.js';
import type { Target } from '../fuzz/target.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    direction: { type: 'string' },
    frames: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '3600' },
    failures: { type: 'string', default: 'fuzz-failures' },
    replay: { type: 'string' },
  },
});

const DIRECTIONS: readonly Direction[] = ['client', 'server'];
const TARGETS: ReadonlyMap<string, Target> = new Map([
  ['postgres', postgresTarget],
  ['mysql', mysqlTarget],
  ['sqlserver', sqlserverTarget],
]);
const HANG_MS = 10_000;

function main(): number {
  const chosen = DIRECTIONS.filter((direction) => options.direction === undefined || options.direction === direction);
  const numbers = [options.frames, options.seed, options.seconds].map(Number);
  const target = TARGETS.get(positionals.join());
  if (target === undefined || chosen.length === 0 || numbers.some((number) => !(number >= 0))) {
    console.error('fuzz: npm run fuzz -- postgres|mysql|sqlserver [--direction client|server] [--frames n] [--seed n] [--seconds s]');
    return 2;
  }
  if (options.replay !== undefined) return replay(target, options.replay, chosen);
  return chosen.map((direction) => run(target, direction)).some((failed) => failed) ? 1 : 0;
}

function replay(target: Target, file: string, directions: readonly Direction[]): number {
  const input = inputFromJson(readFileSync(file, 'utf8'));
  const found = directions.map((direction) => target.play(input, direction).wrong);
  for (const wrong of found) console.log(wrong ?? 'nothing is wrong');
  return found.every((wrong) => wrong === undefined) ? 0 : 1;
}

/** True when something was wrong. */
function run(target: Target, direction: Direction): boolean {
  const exploration = explore({
    target,
    direction,
    seed: Number(options.seed),
    frames: Number(options.frames),
    seconds: Number(options.seconds),
    hangMs: HANG_MS,
    progress: (report) => console.log(line(direction, report)),
  });
  console.log(line(direction, exploration.report));
  return tell(direction, exploration);
}

function tell(direction: Direction, { failure, report }: Exploration): boolean {
  console.log(
    `${direction}: the heap is ${(report.heapGrowth / 1024 / 1024).toFixed(1)} MiB larger than at the beginning, the corpus included`,
  );
  if (failure === undefined) return false;
  mkdirSync(options.failures, { recursive: true });
  const file = join(options.failures, `${direction}-${options.seed}.json`);
  writeFileSync(file, inputToJson(failure.input));
  console.error(`${direction}: ${failure.what}\n  the input, made small: ${file}`);
  return true;
}

function line(direction: Direction, { inputs, frames, mutatedFrames, seconds, corpus, covered, slowestMs }: ExploreReport): string {
  const rate = (count: number): string => Math.round(count / seconds).toLocaleString('en');
  return [
    `${direction}: ${mutatedFrames.toLocaleString('en')} mutated frames of ${frames.toLocaleString('en')} in ${inputs.toLocaleString('en')} inputs`,
    `${seconds.toFixed(0)} s, ${rate(mutatedFrames)} mutated and ${rate(frames)} frames/s`,
    `corpus ${corpus}, ${covered} bytes of source covered, slowest input ${slowestMs.toFixed(0)} ms`,
  ].join('; ');
}

process.exitCode = main();
