import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { percentile } from '../cost/percentile.js';
import { DATABASE } from './database.js';
import type { OpenPath } from './paths.js';
import { costOf } from './process-cost.js';
import type { RawLogin } from './raw-reader.js';
import type { Failure, Sample } from './sample.js';

export interface BulkRead {
  /** `raw`: bytes are counted and not decoded. `node-postgres`: rows become objects, text format only. */
  readonly client: 'raw' | 'node-postgres';
  readonly sql: string;
  readonly format: 'text' | 'binary';
  readonly seconds: number;
}

export interface ReadRequest extends BulkRead {
  readonly login: RawLogin;
}

/** What the reading process says: it has logged in and read once; it has read for so long. */
export type ReadReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'done'; readonly size: number; readonly readMs: readonly number[] };

const PROGRAM = join(import.meta.dirname, 'reader-process.js');

export interface BulkSample extends Sample {
  /** Bytes or rows of one read. */
  readonly size: number;
}

/** Reads one big result again and again on one connection. Throughput is in MB or thousand rows for each second. */
export async function readBulk(path: OpenPath, read: BulkRead): Promise<BulkSample | Failure> {
  const child = fork(PROGRAM, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  try {
    const request: ReadRequest = { ...read, login: { port: path.port, database: DATABASE, ...path.clearLogin } };
    child.send(request);
    const ready = await nextReport(child);
    if (ready.kind === 'failed') return { failed: ready.reason };
    const before = costOf(path.pid);
    child.send('go');
    const done = await nextReport(child);
    const after = costOf(path.pid);
    if (done.kind !== 'done') return { failed: done.kind === 'failed' ? done.reason : 'the reader did not read' };
    const { size, readMs } = done;
    const totalMs = readMs.reduce((sum, ms) => sum + ms, 0);
    return {
      size,
      throughput: (size * readMs.length) / (read.client === 'raw' ? 1_000 : 1) / totalMs,
      p50Ms: percentile(readMs, 0.5),
      p99Ms: percentile(readMs, 0.99),
      cpuMicros: path.pid === undefined ? Number.NaN : (after.cpuMicros - before.cpuMicros) / readMs.length,
      residentBytes: after.residentBytes,
    };
  } finally {
    child.kill('SIGKILL');
  }
}

function nextReport(child: ChildProcess): Promise<ReadReport> {
  return new Promise((resolve) => {
    child.once('message', (report: ReadReport) => resolve(report));
    child.once('exit', () => resolve({ kind: 'failed', reason: 'the reading process ended' }));
  });
}
