import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findPsql, type PostgresMajor, runProgram } from '@sqlwarden/testkit';
import { type Cause, causesOf, hunksBetween } from './differing-lines.js';
import { openPlace, type PeerPlace } from './peer-places.js';

/** What one file of the suite gave on both ways. */
export interface FileComparison {
  readonly file: string;
  readonly isSame: boolean;
  /** How many hunks differ for each cause. */
  readonly causes: ReadonlyMap<Cause, number>;
}

export interface RegressOptions {
  /** The folder `src/test/regress` of PostgreSQL's source, with `pg_regress` and `regress.so` made in it ("Running the Tests"). */
  readonly source: string;
  readonly major: PostgresMajor;
  /** Run only so many files, from the beginning. */
  readonly limit: number;
  readonly progress: (line: string) => void;
}

const DATABASE = 'regression';
const RUN_LIMIT_MS = 3 * 60 * 60 * 1000;

/** What pg_regress sets in a database that it makes itself (pg_regress.c, create_database). */
const PREPARATION = [
  `create database ${DATABASE} template template0`,
  ...['lc_messages', 'lc_monetary', 'lc_numeric', 'lc_time'].map((name) => `alter database ${DATABASE} set ${name} to 'C'`),
  `alter database ${DATABASE} set bytea_output to 'hex'`,
  `alter database ${DATABASE} set timezone_abbreviations to 'Default'`,
];

/** Runs PostgreSQL's own suite directly and through a gateway, file after file, and compares what psql printed. */
export async function compareRegression(options: RegressOptions): Promise<readonly FileComparison[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'sqlwarden-regress-'));
  const schedule = join(scratch, 'schedule');
  const files = filesOf(readFileSync(join(options.source, 'parallel_schedule'), 'utf8')).slice(0, options.limit);
  writeFileSync(schedule, files.map((file) => `test: ${file}\n`).join(''));
  const outputs: string[] = [];
  for (const name of ['direct', 'through'] as const) {
    const place = await openPlace(name, { major: options.major, database: DATABASE, preparation: PREPARATION });
    try {
      outputs.push(await runSuite(place, options, schedule, join(scratch, name)));
    } finally {
      await place.stop();
    }
  }
  options.progress(`outputs: ${scratch}`);
  const [direct = '', through = ''] = outputs;
  return Promise.all(readdirSync(direct).map((file) => compareFile(direct, through, file)));
}

/** The files of a schedule one by one: what the parallel groups run side by side shows in no other order then. */
export function filesOf(schedule: string): readonly string[] {
  return schedule.split('\n').flatMap((line) => (line.startsWith('test: ') ? line.slice(6).trim().split(/\s+/) : []));
}

/** Answers the folder with the outputs. */
async function runSuite(place: PeerPlace, { source, progress }: RegressOptions, schedule: string, output: string): Promise<string> {
  const psql = findPsql();
  if (!psql.found) throw new Error('there is no psql');
  for (const folder of ['results', 'testtablespace']) {
    mkdirSync(join(output, folder), { recursive: true });
    // The server runs as another account, and writes files there.
    chmodSync(join(output, folder), 0o777);
  }
  chmodSync(dirname(output), 0o755);
  const args = [`--inputdir=${source}`, `--outputdir=${output}`, `--bindir=${dirname(psql.path)}`, `--dlpath=${source}`];
  const login = ['--use-existing', `--dbname=${place.database}`, '--host=127.0.0.1', `--port=${place.port}`, `--user=${place.user}`];
  const { stdout, stderr } = await runProgram(join(source, 'pg_regress'), [...args, ...login, `--schedule=${schedule}`], {
    env: { PGPASSWORD: place.password },
    cwd: output,
    timeoutMs: RUN_LIMIT_MS,
  });
  const summary = /^ *(All \d+|\d+ of \d+) tests.*$/m.exec(stdout)?.[0].trim();
  if (summary === undefined) throw new Error(`pg_regress did not come to its end: ${stderr}${stdout.slice(-500)}`);
  progress(`${place.name}: against what the suite expects, ${summary}`);
  return join(output, 'results');
}

async function compareFile(direct: string, through: string, file: string): Promise<FileComparison> {
  if (!existsSync(join(through, file))) return { file, isSame: false, causes: new Map([['unexplained', 1]]) };
  const causes = new Map<Cause, number>();
  for (const cause of causesOf(await hunksBetween(join(direct, file), join(through, file)))) {
    causes.set(cause, (causes.get(cause) ?? 0) + 1);
  }
  return { file, isSame: causes.size === 0, causes };
}
