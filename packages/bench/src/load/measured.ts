import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { BenchCase } from '../postgres/cases.js';
import type { OpenPath } from '../postgres/paths.js';
import { costOf } from '../postgres/process-cost.js';
import type { Failure, Sample } from '../postgres/sample.js';
import type { LoadRequest, LoadResult, LoadStatement } from './load.js';

export interface LoadSetting {
  readonly seconds: number;
}

/** By how many of their columns the policy masks. */
export const WIDE_TABLES = { 0: 'wide_0', 1: 'wide_1', 5: 'wide_5' } as const;
/** Where columns are masked the other paths of sqlwarden would do again what they do where none is. */
const MASKED_PATHS = ['direct', 'pipe', 'haproxy', 'masks'] as const;

/** Many small statements. */
export function statementCase(
  database: LoadRequest['database'],
  name: string,
  clients: readonly number[],
  statement: LoadStatement,
  unit = 'statements',
): BenchCase<LoadSetting> {
  return {
    name,
    unit,
    clients,
    run: (path, count, { seconds }) => measured(path, { database, clients: count, seconds, statement }, ({ operations }) => operations),
  };
}

/** The whole of a wide table, by one client. */
export function rowsCase(
  database: LoadRequest['database'],
  name: string,
  kind: LoadStatement['kind'],
  masked: keyof typeof WIDE_TABLES,
): BenchCase<LoadSetting> {
  const statement = { kind, sql: `select * from ${WIDE_TABLES[masked]}`, upTo: 1 };
  return {
    name: `${name}-${masked}`,
    unit: 'MB',
    clients: undefined,
    ...(masked === 0 ? {} : { paths: MASKED_PATHS }),
    run: (path, _, { seconds }) => measured(path, { database, clients: 1, seconds, statement }, ({ bytes }) => bytes / 2 ** 20),
  };
}

type Load = Omit<LoadRequest, 'port' | 'login'>;

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
