import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { findPgbench } from '@sqlwarden/testkit';
import { textTable } from '../commands/text-table.js';
import { createDatabase } from '../postgres/database.js';
import { startGateway } from '../postgres/gateway.js';
import { machine } from '../postgres/machine.js';
import { openPath } from '../postgres/open-path.js';
import type { OpenPath } from '../postgres/paths.js';
import { runPgbench } from '../postgres/pgbench.js';
import { isFailure, type Sample } from '../postgres/sample.js';

const SCALE = 10;
/** Every row is written about as often as any other. */
const WRITE = '\\set aid random(1, 100000 * :scale)\nUPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = :aid;\n';
/** The counts are written 20 times in a second. */
const COUNTS_MS = 120;

interface Counts {
  readonly intents: number;
  readonly syncs: number;
}

interface Point extends Sample {
  readonly clients: number;
  /** The same without the gateway. */
  readonly direct: number;
  readonly syncsPerWrite: number;
}

/** `npm run bench -- ledger writes`: writes whose intents are on the disk before they are forwarded. The server itself runs without fsync. */
export async function measureCurve(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      clients: { type: 'string', default: '1,2,4,8,16,32,64' },
      seconds: { type: 'string', default: '5' },
      json: { type: 'string' },
    },
  });
  const pgbench = findPgbench();
  if (!pgbench.found) {
    console.error(`bench: ${pgbench.name} is needed: ${pgbench.reason}`);
    return 2;
  }
  const before = machine();
  const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-syncs-'));
  const counts = join(directory, 'counts');
  const database = await createDatabase({ pgbench: pgbench.path, major: 18, scale: SCALE, wideRows: 1 });
  const paths: OpenPath[] = [];
  try {
    const preload = { file: join(import.meta.dirname, 'count-syncs.js'), env: { SQLWARDEN_BENCH_SYNCS: counts } };
    const direct = await openPath('direct', { database, workers: 1 });
    const gateway = await startGateway('policy', { database, workers: 1, preload });
    paths.push(direct, gateway);
    const run = (path: OpenPath, clients: number, seconds = Number(values.seconds)): Promise<Sample> =>
      measure(path, { program: pgbench.path, clients, seconds });
    await run(gateway, 8, 3);
    const points: Point[] = [];
    for (const clients of values.clients.split(',').map(Number)) {
      const bare = await run(direct, clients);
      const from = await countsIn(counts);
      const sample = await run(gateway, clients);
      const to = await countsIn(counts);
      points.push({ ...sample, clients, direct: bare.throughput, syncsPerWrite: (to.syncs - from.syncs) / (to.intents - from.intents) });
    }
    console.log(textTable(['clients', 'writes/s', 'p50 ms', 'p99 ms', 'syncs per write', 'without the gateway/s'], points.map(shown)));
    if (values.json !== undefined)
      writeFileSync(values.json, `${JSON.stringify({ machine: before, loadAfter: machine().load, points }, undefined, 2)}\n`);
    return 0;
  } finally {
    for (const path of paths) await path.stop();
    await database.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measure(
  path: OpenPath,
  { program, clients, seconds }: { readonly program: string; readonly clients: number; readonly seconds: number },
): Promise<Sample> {
  const result = await runPgbench(path, {
    program,
    scale: SCALE,
    clients,
    seconds,
    mode: 'prepared',
    script: { text: WRITE },
    statements: 1,
  });
  if (isFailure(result)) throw new Error(`${path.name}: ${result.failed}`);
  return result;
}

async function countsIn(file: string): Promise<Counts> {
  await delay(COUNTS_MS);
  return JSON.parse(readFileSync(file, 'utf8')) as Counts;
}

function shown({ clients, throughput, p50Ms, p99Ms, syncsPerWrite, direct }: Point): (string | number)[] {
  return [clients, throughput.toFixed(0), p50Ms.toFixed(2), p99Ms.toFixed(2), syncsPerWrite.toFixed(3), direct.toFixed(0)];
}
