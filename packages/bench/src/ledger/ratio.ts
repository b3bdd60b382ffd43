import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { findPgbench } from '@sqlwarden/testkit';
import { textTable } from '../commands/text-table.js';
import { CASES } from '../postgres/cases.js';
import { createDatabase } from '../postgres/database.js';
import { measureInterleaved } from '../postgres/interleaved.js';
import { machine } from '../postgres/machine.js';
import { openPath } from '../postgres/open-path.js';
import type { OpenPath } from '../postgres/paths.js';
import { isFailure } from '../postgres/sample.js';
import { median, type Series } from '../postgres/series.js';

const SCALE = 10;

/** `npm run bench -- ledger ratio`: throughput of prepared point reads with the ledger, and with one that writes nothing, turn about. */
export async function measureRatio(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      clients: { type: 'string', default: '8' },
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '7' },
      json: { type: 'string' },
    },
  });
  const pgbench = findPgbench();
  if (!pgbench.found) {
    console.error(`bench: ${pgbench.name} is needed: ${pgbench.reason}`);
    return 2;
  }
  const before = machine();
  const database = await createDatabase({ pgbench: pgbench.path, major: 18, scale: SCALE, wideRows: 1 });
  const paths: OpenPath[] = [];
  try {
    for (const name of ['direct', 'unrecorded', 'policy'] as const) paths.push(await openPath(name, { database, workers: 1 }));
    const series = await measureInterleaved({
      cases: CASES.filter(({ name }) => name === 'point-prepared'),
      paths,
      clients: values.clients.split(',').map(Number),
      rounds: Number(values.rounds),
      warmUp: 3,
      setting: { pgbench: pgbench.path, scale: SCALE, seconds: Number(values.seconds) },
      onMeasured: (text) => console.error(text),
    });
    const rows = ratios(series);
    console.log(textTable(['clients', 'off /s', 'on /s', 'on / off', 'lowest', 'highest', 'on CPU µs', 'off CPU µs'], rows.map(shown)));
    if (values.json !== undefined)
      writeFileSync(values.json, `${JSON.stringify({ machine: before, loadAfter: machine().load, rows, series }, undefined, 2)}\n`);
    return 0;
  } finally {
    for (const path of paths) await path.stop();
    await database.stop();
  }
}

interface Ratio {
  readonly clients: number;
  readonly off: number;
  readonly on: number;
  /** Of the throughputs of each round. */
  readonly ratios: readonly number[];
  readonly onMicros: number;
  readonly offMicros: number;
}

function ratios(series: readonly Series[]): Ratio[] {
  return series.flatMap((on) => {
    const off = series.find(({ path, clients }) => path === 'unrecorded' && clients === on.clients);
    if (on.path !== 'policy' || off === undefined) return [];
    const pairs = on.results.flatMap((mine, round) => {
      const theirs = off.results[round];
      return theirs === undefined || isFailure(mine) || isFailure(theirs) ? [] : [{ mine, theirs }];
    });
    return [
      {
        clients: on.clients,
        off: median(pairs.map(({ theirs }) => theirs.throughput)),
        on: median(pairs.map(({ mine }) => mine.throughput)),
        ratios: pairs.map(({ mine, theirs }) => mine.throughput / theirs.throughput),
        onMicros: median(pairs.map(({ mine }) => mine.cpuMicros)),
        offMicros: median(pairs.map(({ theirs }) => theirs.cpuMicros)),
      },
    ];
  });
}

function shown({ clients, off, on, ratios: all, onMicros, offMicros }: Ratio): (string | number)[] {
  const range = [median(all), Math.min(...all), Math.max(...all)].map((ratio) => ratio.toFixed(3));
  return [clients, off.toFixed(0), on.toFixed(0), ...range, onMicros.toFixed(1), offMicros.toFixed(1)];
}
