import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { type PostgresMajor, runProgram } from '@sqlwarden/testkit';
import { readJunit } from './junit.js';
import { openPlace, type PeerPlace } from './peer-places.js';

/** By the test's name, how it went. */
export type Outcomes = ReadonlyMap<string, string>;

export interface SuiteOptions {
  readonly source: string;
  readonly major: PostgresMajor;
  /** The interpreter of a suite that needs one. */
  readonly python: string;
}

/** Tests that went otherwise through the gateway. */
export interface SuiteComparison {
  readonly count: number;
  readonly passedDirect: number;
  readonly passedThrough: number;
  readonly differing: readonly { readonly test: string; readonly direct: string; readonly through: string }[];
}

export type ClientSuite = (place: PeerPlace, options: SuiteOptions) => Promise<Outcomes>;

const FILE_LIMIT_MS = 60_000;
const SUITE_LIMIT_MS = 60 * 60 * 1000;

/**
 * node-postgres's integration tests. `source` is a folder of the package `pg` with its `test` folder in it, and with what those tests need
 * installed around it (`async`, `bluebird`, `co`, `pg-copy-streams` 0.3).
 */
const nodePostgres: ClientSuite = async (place, { source }) => {
  const outcomes = new Map<string, string>();
  const folder = join(source, 'test', 'integration');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('-tests.js'));
  for (const file of files.sort()) {
    const env = { ...libpqEnvironment(place), PGTESTNOSSL: '1' };
    const result = await runProgram(process.execPath, [join(folder, file)], { env, cwd: source, timeoutMs: FILE_LIMIT_MS }).catch(
      () => undefined,
    );
    outcomes.set(relative(folder, join(folder, file)), result?.status === 0 ? 'pass' : 'failure');
  }
  return outcomes;
};

/** psycopg 3's tests, but for its pool's, those marked slow, and those of other databases. `source` is a checkout that fits the one that is installed. */
const psycopg: ClientSuite = async (place, { source, python }) => {
  const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-psycopg-'));
  const report = join(directory, 'report.xml');
  const dsn = `host=127.0.0.1 port=${place.port} user=${place.user} dbname=${place.database} password=${place.password}`;
  const ignored = ['pool', 'crdb', 'test_typing.py'].map((path) => `--ignore=tests/${path}`);
  const args = ['-m', 'pytest', 'tests', '-q', '-m', 'not slow and not gevent and not crdb and not proxy', '-p', 'no:randomly'];
  try {
    await runProgram(python, [...args, ...ignored, `--junitxml=${report}`], {
      env: { PSYCOPG_TEST_DSN: dsn },
      cwd: source,
      timeoutMs: SUITE_LIMIT_MS,
    });
    return readJunit(readFileSync(report, 'utf8'));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
};

export const CLIENT_SUITES = { 'node-postgres': nodePostgres, psycopg } as const satisfies Record<string, ClientSuite>;

/** Runs a suite directly and through a gateway, each on a server of its own. */
export async function compareSuite(suite: ClientSuite, options: SuiteOptions): Promise<SuiteComparison> {
  const outcomes: Outcomes[] = [];
  for (const name of ['direct', 'through'] as const) {
    const place = await openPlace(name, { major: options.major, database: 'peer', preparation: ['create database peer'] });
    try {
      outcomes.push(await suite(place, options));
    } finally {
      await place.stop();
    }
  }
  const [direct = new Map<string, string>(), through = new Map<string, string>()] = outcomes;
  return compareOutcomes(direct, through);
}

export function compareOutcomes(direct: Outcomes, through: Outcomes): SuiteComparison {
  const names = [...new Set([...direct.keys(), ...through.keys()])].sort();
  const passed = (outcomes: Outcomes): number => [...outcomes.values()].filter((outcome) => outcome === 'pass').length;
  return {
    count: names.length,
    passedDirect: passed(direct),
    passedThrough: passed(through),
    differing: names.flatMap((test) => {
      const [a, b] = [direct.get(test) ?? 'missing', through.get(test) ?? 'missing'];
      return a === b ? [] : [{ test, direct: a, through: b }];
    }),
  };
}

function libpqEnvironment(place: PeerPlace): Record<string, string> {
  return {
    PGHOST: '127.0.0.1',
    PGPORT: String(place.port),
    PGUSER: place.user,
    PGDATABASE: place.database,
    PGPASSWORD: place.password,
  };
}
