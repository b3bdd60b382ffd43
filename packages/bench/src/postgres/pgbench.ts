import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { percentile } from '../cost/percentile.js';
import { DATABASE } from './database.js';
import type { OpenPath } from './paths.js';
import { costOf } from './process-cost.js';
import type { Failure, Sample } from './sample.js';

export interface PgbenchRun {
  readonly program: string;
  readonly scale: number;
  readonly clients: number;
  /** Whole seconds. */
  readonly seconds: number;
  readonly mode: 'simple' | 'extended' | 'prepared';
  /** A built-in script by its name, or the text of one. */
  readonly script: { readonly builtin: 'select-only' | 'tpcb-like' } | { readonly text: string };
  /** Statements in one run of the script, where throughput is counted in statements. */
  readonly statements: number;
  /** A connection for each transaction. */
  readonly reconnect?: boolean;
}

/** Only some of the transactions are logged: writing the log costs the client as much as a small statement. */
const SAMPLING_RATE = 0.2;

/** For logging in, before the first statement. */
const PATIENCE_SECONDS = 120;
/** pgbench tells of a second a little after it. */
const LAST_WORD_MS = 300;

/**
 * Runs pgbench once, with its own log of latencies. pgbench counts the logins of its clients into its duration; here the time begins with the
 * first second after them.
 */
export async function runPgbench(path: OpenPath, run: PgbenchRun): Promise<Sample | Failure> {
  const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-pgbench-'));
  try {
    const report = await execute(path, run, directory);
    if ('failed' in report) return report;
    const { first, last, transactions } = report;
    const latencies = readLatencies(directory, first.date);
    return {
      throughput: (transactions * run.statements * 1_000) / (last.date - first.date),
      p50Ms: percentile(latencies, 0.5),
      p99Ms: percentile(latencies, 0.99),
      cpuMicros: path.pid === undefined ? Number.NaN : (last.cpuMicros - first.cpuMicros) / transactions / run.statements,
      residentBytes: costOf(path.pid).residentBytes,
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A moment at which pgbench told of the second before. */
interface Moment {
  /** Milliseconds since the epoch. */
  readonly date: number;
  /** What the processes between had used. */
  readonly cpuMicros: number;
}

interface Report {
  readonly first: Moment;
  readonly last: Moment;
  /** Between the two. */
  readonly transactions: number;
}

async function execute(path: OpenPath, run: PgbenchRun, directory: string): Promise<Report | Failure> {
  const child = spawn(run.program, argumentsOf(path, run, directory), {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PGPASSWORD: path.login.password, PGSSLMODE: 'disable', PGGSSENCMODE: 'disable' },
  });
  let errors = '';
  let first: Moment | undefined;
  let last: Moment | undefined;
  let transactions = 0;
  // The signal of its own clock: it ends in order.
  const end = (): boolean => child.kill('SIGALRM');
  let timer: NodeJS.Timeout | undefined;
  createInterface(child.stderr).on('line', (line) => {
    const tps = /^progress: [\d.]+ s, ([\d.]+) tps/.exec(line)?.[1];
    if (tps === undefined) errors = `${errors}${line}\n`.slice(0, 2_000);
    else {
      const moment = { date: Date.now(), cpuMicros: costOf(path.pid).cpuMicros };
      if (last !== undefined) transactions += (Number(tps) * (moment.date - last.date)) / 1_000;
      first ??= moment;
      last = moment;
      timer ??= setTimeout(end, run.seconds * 1_000 + LAST_WORD_MS);
    }
  });
  const killer = setTimeout(() => child.kill('SIGKILL'), (run.seconds + 2 * PATIENCE_SECONDS) * 1_000);
  const status = await new Promise<number | null>((resolve, reject) => child.once('close', resolve).once('error', reject));
  clearTimeout(timer);
  clearTimeout(killer);
  if (status === 0 && first !== undefined && last !== undefined && transactions > 0) return { first, last, transactions };
  return { failed: firstError(errors) || `pgbench ended with status ${status} and ${transactions} transactions` };
}

function argumentsOf(path: OpenPath, run: PgbenchRun, directory: string): string[] {
  const { clients, seconds, mode, script, reconnect = false } = run;
  const file = join(directory, 'script.sql');
  if ('text' in script) writeFileSync(file, script.text);
  const login = ['-h', '127.0.0.1', '-p', String(path.port), '-U', path.login.user];
  const load = ['-c', String(clients), '-j', String(Math.min(2, clients)), '-T', String(seconds + PATIENCE_SECONDS), '-M', mode];
  const log = ['-P', '1', '-l', `--log-prefix=${join(directory, 'log')}`];
  const kind = reconnect ? ['-C'] : [`--sampling-rate=${SAMPLING_RATE}`];
  const what = 'text' in script ? ['-f', file, '-s', String(run.scale)] : ['-b', script.builtin];
  return ['-n', ...login, ...load, ...log, ...kind, ...what, DATABASE];
}

/** The first complaint says why; those of other clients repeat it. */
function firstError(errors: string): string {
  const lines = errors.split('\n').filter((line) => /error|fatal|refused/i.test(line));
  return (lines[0] ?? errors).trim().slice(0, 300);
}

/**
 * "pgbench", section "Per-Transaction Logging": the third field of a line is the time in microseconds, the fifth and sixth say when it was
 * over. In milliseconds, of what was over after a date.
 */
function readLatencies(directory: string, after: number): number[] {
  const logs = readdirSync(directory).filter((name) => name.startsWith('log'));
  const lines = logs.flatMap((name) => readFileSync(join(directory, name), 'latin1').trimEnd().split('\n'));
  return lines.flatMap((line) => {
    const [, , micros, , seconds, rest] = line.split(' ').map(Number);
    return micros !== undefined && (seconds ?? 0) * 1_000 + (rest ?? 0) / 1_000 >= after ? [micros / 1_000] : [];
  });
}
