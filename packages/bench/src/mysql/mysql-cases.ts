import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { BenchCase } from '../postgres/cases.js';
import type { OpenPath } from '../postgres/paths.js';
import { costOf } from '../postgres/process-cost.js';
import type { Failure, Sample } from '../postgres/sample.js';
import { ACCOUNTS, WIDE_TABLES } from './bench-database.js';
import type { LoadRequest, LoadResult } from './load.js';

export interface MysqlSetting {
  readonly seconds: number;
}

const POINT = { sql: 'select abalance from accounts where aid = {}', upTo: ACCOUNTS } as const;

const statements = (
  name: string,
  clients: readonly number[],
  statement: LoadRequest['statement'],
  unit = 'statements',
): BenchCase<MysqlSetting> => ({
  name,
  unit,
  clients,
  run: (path, count, { seconds }) => measured(path, { clients: count, seconds, statement }, ({ operations }) => operations),
});

/** Where columns are masked the other paths of sqlwarden would do again what they do where none is. */
const MASKED_PATHS = ['direct', 'pipe', 'haproxy', 'masks'] as const;

const rows = (kind: 'text' | 'prepared', masked: keyof typeof WIDE_TABLES): BenchCase<MysqlSetting> => ({
  name: `rows-${kind === 'text' ? 'text' : 'binary'}-${masked}`,
  unit: 'MB',
  clients: undefined,
  ...(masked === 0 ? {} : { paths: MASKED_PATHS }),
  run: (path, _, { seconds }) =>
    measured(
      path,
      { clients: 1, seconds, statement: { kind, sql: `select * from ${WIDE_TABLES[masked]}`, upTo: 1 } },
      ({ bytes }) => bytes / 2 ** 20,
    ),
});

/** In the order in which they run. */
export const MYSQL_CASES: readonly BenchCase<MysqlSetting>[] = [
  statements('point-text', [8], { kind: 'text', ...POINT }),
  statements('point-prepared', [1, 8, 64], { kind: 'prepared', ...POINT }),
  statements('connect', [8], { kind: 'connect', sql: 'select 1', upTo: 1 }, 'connections'),
  ...([0, 1, 5] as const).flatMap((masked) => [rows('text', masked), rows('prepared', masked)]),
];

type Load = Pick<LoadRequest, 'clients' | 'seconds' | 'statement'>;

async function measured(path: OpenPath, load: Load, amount: (result: LoadResult) => number): Promise<Sample | Failure> {
  const before = costOf(path.pid);
  const answer = await inProcess({ ...load, port: path.port, login: path.login });
  if ('failed' in answer) return answer;
  const { result } = answer;
  const after = costOf(path.pid);
  const { operations, elapsedMs, p50Ms, p99Ms } = result;
  return {
    throughput: (amount(result) * 1_000) / elapsedMs,
    p50Ms,
    p99Ms,
    cpuMicros: path.pid === undefined ? Number.NaN : (after.cpuMicros - before.cpuMicros) / operations,
    residentBytes: after.residentBytes,
  };
}

function inProcess(request: LoadRequest): Promise<{ readonly result: LoadResult } | Failure> {
  const child = fork(join(import.meta.dirname, 'load-process.js'));
  return new Promise((resolve) => {
    child.once('message', (answer) => resolve(answer as { readonly result: LoadResult } | Failure));
    child.once('exit', (status) => resolve({ failed: `the load generator ended with status ${status}` }));
    child.send(request);
  });
}
