import { writeFileSync } from 'node:fs';
import { findPgbench } from '@sqlwarden/testkit';
import { createDatabase, type BenchDatabase } from './database.js';
import { measureInterleaved } from './interleaved.js';
import { machine } from './machine.js';
import { openPath } from './open-path.js';
import { type BenchOptions, OptionError, readOptions, USAGE } from './options.js';
import { checkPath } from './path-check.js';
import { findPath, type OpenPath, PATH_NOTES, type PathName } from './paths.js';
import { plotSummaries } from './plot.js';
import { printProfiles } from './profile-run.js';
import { type Summary, summarise } from './series.js';
import { failureLines, summaryTable } from './summary-table.js';

/** `npm run bench -- postgres`; answers the exit status. 1: a case failed on a path; 2: it cannot be measured here, or not so. */
export async function benchPostgres(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(USAGE);
    return 0;
  }
  const pgbench = findPgbench();
  if (!pgbench.found) {
    console.error(`bench: ${pgbench.name} is needed: ${pgbench.reason}`);
    return 2;
  }
  try {
    return await run(readOptions(args), pgbench.path);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    console.error(`bench: ${error.message}\n\n${USAGE}`);
    return 2;
  }
}

async function run(options: BenchOptions, pgbench: string): Promise<number> {
  const names = options.paths.filter(isHere);
  const { major, scale, rows: wideRows } = options;
  const database = await createDatabase({ pgbench, major, scale, wideRows });
  try {
    const setting = { pgbench, scale, seconds: options.seconds };
    if (options.profile) return await printProfiles({ ...options, paths: names, database, setting });
    return await compare(options, names, database, pgbench);
  } finally {
    await database.stop();
  }
}

async function compare(options: BenchOptions, names: readonly PathName[], database: BenchDatabase, pgbench: string): Promise<number> {
  const { cases, clients, rounds, warmUp, seconds, scale, workers } = options;
  const before = machine();
  const paths: OpenPath[] = [];
  try {
    const direct = await openPath('direct', { database, workers });
    for (const name of names) {
      const path = await openPath(name, { database, workers });
      paths.push(path);
      await checkPath(path, direct);
    }
    const setting = { pgbench, scale, seconds };
    const series = await measureInterleaved({ cases, paths, clients, rounds, warmUp, setting, onMeasured: (text) => console.error(text) });
    const summaries = summarise(series);
    report(summaries, names);
    if (options.plot !== undefined) writeFileSync(options.plot, plotSummaries(summaries));
    if (options.json !== undefined) {
      const conditions = { rounds, seconds, scale, workers, rows: options.rows, major: options.major, paths: names };
      const document = { machine: before, loadAfter: machine().load, conditions, summaries, series };
      writeFileSync(options.json, `${JSON.stringify(document, undefined, 2)}\n`);
    }
    return summaries.some(({ failed }) => failed !== undefined) ? 1 : 0;
  } finally {
    for (const path of paths) await path.stop();
  }
}

/** Says so when it is not. */
function isHere(name: PathName): boolean {
  const finding = findPath(name);
  if (!finding.found) console.log(`skipped: ${finding.name} (${finding.reason})`);
  return finding.found;
}

function report(summaries: readonly Summary[], names: readonly PathName[]): void {
  console.log(`\n${summaryTable(summaries)}\n`);
  for (const name of names) console.log(`${name}: ${PATH_NOTES[name]}`);
  for (const line of failureLines(summaries)) console.log(`failed: ${line}`);
}
