import { readBulk } from './bulk-read.js';
import { type MaskedColumns, WIDE_TABLES } from './database.js';
import type { OpenPath, PathName } from './paths.js';
import { type PgbenchRun, runPgbench } from './pgbench.js';
import type { Failure, Sample } from './sample.js';

export interface CaseSetting {
  readonly pgbench: string;
  readonly scale: number;
  readonly seconds: number;
}

export interface BenchCase<Setting = CaseSetting> {
  readonly name: string;
  /** What throughput counts, for each second. */
  readonly unit: string;
  /** How many clients at a time, unless others are asked for; `undefined` where it is always one. */
  readonly clients: readonly number[] | undefined;
  /** The paths that it says something of; default all. */
  readonly paths?: readonly PathName[];
  run(path: OpenPath, clients: number, setting: Setting): Promise<Sample | Failure>;
}

const PIPELINE_LENGTH = 10;
const PIPELINE = [
  '\\startpipeline',
  ...Array.from({ length: PIPELINE_LENGTH }, () => [
    '\\set aid random(1, 100000 * :scale)',
    'SELECT abalance FROM pgbench_accounts WHERE aid = :aid;',
  ]).flat(),
  '\\endpipeline',
].join('\n');

const pgbenchCase = (
  name: string,
  clients: readonly number[],
  run: Pick<PgbenchRun, 'mode' | 'script' | 'statements' | 'reconnect'>,
  unit = 'statements',
): BenchCase => ({
  name,
  unit,
  clients,
  run: (path, count, { pgbench, scale, seconds }) => runPgbench(path, { ...run, program: pgbench, scale, seconds, clients: count }),
});

const point = { script: { builtin: 'select-only' }, statements: 1 } as const;
const tpcb = { script: { builtin: 'tpcb-like' }, statements: 1 } as const;

const POINT_CASES = [
  pgbenchCase('point-simple', [8], { ...point, mode: 'simple' }),
  pgbenchCase('point-extended', [8], { ...point, mode: 'extended' }),
  pgbenchCase('point-prepared', [1, 8, 64, 512], { ...point, mode: 'prepared' }),
  pgbenchCase('point-pipelined', [8], { mode: 'prepared', script: { text: `${PIPELINE}\n` }, statements: PIPELINE_LENGTH }),
];
const TPCB_CASES = [
  pgbenchCase('tpcb-simple', [8], { ...tpcb, mode: 'simple' }, 'transactions'),
  pgbenchCase('tpcb-prepared', [8], { ...tpcb, mode: 'prepared' }, 'transactions'),
];
const CONNECT_CASE = pgbenchCase(
  'connect',
  [8],
  { mode: 'simple', script: { text: 'SELECT 1;\n' }, statements: 1, reconnect: true },
  'connections',
);

/** Where columns are masked the other paths of sqlwarden would do again what they do where none is. */
const MASKED_PATHS = ['direct', 'pipe', 'pgbouncer', 'haproxy', 'masks'] as const;

function bulkCase(name: string, masked: MaskedColumns, read: Omit<Parameters<typeof readBulk>[1], 'seconds'>): BenchCase {
  return {
    name,
    unit: read.client === 'raw' ? 'MB' : 'k rows',
    clients: undefined,
    ...(masked === 0 ? {} : { paths: MASKED_PATHS }),
    run: (path, _, { seconds }) => readBulk(path, { ...read, seconds }),
  };
}

const MASKED = [0, 1, 5] as const;
const rows = (masked: MaskedColumns): string => `select * from ${WIDE_TABLES[masked]}`;

const ROWS_CASES = MASKED.flatMap((masked) => [
  bulkCase(`rows-text-${masked}`, masked, { client: 'raw', format: 'text', sql: rows(masked) }),
  bulkCase(`rows-binary-${masked}`, masked, { client: 'raw', format: 'binary', sql: rows(masked) }),
  bulkCase(`rows-objects-${masked}`, masked, { client: 'node-postgres', format: 'text', sql: rows(masked) }),
]);
const COPY_CASES = MASKED.flatMap((masked) => [
  bulkCase(`copy-text-${masked}`, masked, { client: 'raw', format: 'text', sql: `copy ${WIDE_TABLES[masked]} to stdout` }),
  bulkCase(`copy-binary-${masked}`, masked, {
    client: 'raw',
    format: 'text',
    sql: `copy ${WIDE_TABLES[masked]} to stdout (format binary)`,
  }),
]);

/** In the order in which they run. */
export const CASES: readonly BenchCase[] = [...POINT_CASES, ...TPCB_CASES, CONNECT_CASE, ...ROWS_CASES, ...COPY_CASES];
