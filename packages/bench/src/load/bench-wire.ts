import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { BenchCase } from '../postgres/cases.js';
import { measureInterleaved } from '../postgres/interleaved.js';
import { machine } from '../postgres/machine.js';
import { type ProxyProcess, startHaproxy, startPipe } from '../postgres/other-proxies.js';
import { findPath, type Login, type OpenPath, PATH_NOTES } from '../postgres/paths.js';
import { summarise } from '../postgres/series.js';
import { failureLines, summaryTable } from '../postgres/summary-table.js';
import { type LoadSetting, WIDE_TABLES } from './measured.js';
import { startWireGateway } from './wire-gateway.js';

const PATHS = ['direct', 'pipe', 'haproxy', 'sqlwarden', 'policy', 'masks', 'durable'] as const;
type WirePath = (typeof PATHS)[number];

/** A database that is measured by load generators of its protocol, and what stands before it. */
export interface WireBench {
  /** As in `npm run bench -- <name>`. */
  readonly name: 'mysql' | 'sqlserver';
  readonly cases: readonly BenchCase<LoadSetting>[];
  /** Starts a server with `rows` wide rows in each of three tables; a text says why there is none. */
  open(rows: number): Promise<WireDatabase | string>;
}

export interface WireDatabase {
  /** What the table is of. */
  readonly server: { readonly host: string; readonly port: number; readonly version: string };
  /** The gateway's account, which clients without a gateway use, too. */
  readonly login: Login;
  /** Where the tables are, as the server and as policies name it: `bench.dbo.`. */
  readonly database: string;
  readonly prefix: string;
  /** One row of a wide table, by an ordinary client. */
  wideRow(port: number, login: Login, table: string): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** Answers the exit status. 1: a case failed on a path; 2: it cannot be measured here, or not so. */
export async function benchWire(bench: WireBench, args: readonly string[]): Promise<number> {
  const options = optionsOf(args);
  if (options === undefined) {
    console.error(usage(bench));
    return 2;
  }
  const database = await bench.open(options.rows);
  if (typeof database === 'string') {
    console.error(`bench: ${database}`);
    return 2;
  }
  const paths: OpenPath[] = [];
  try {
    const before = machine();
    for (const name of options.paths.filter(isHere)) paths.push(await openPath(name, bench, database, options.workers));
    for (const path of paths) await checkPath(path, database);
    const { rounds, seconds } = options;
    const cases = bench.cases.filter(({ name }) => options.cases.some((prefix) => name.startsWith(prefix)));
    const setting = { seconds };
    const onMeasured = (text: string): void => console.error(text);
    const series = await measureInterleaved({ cases, paths, clients: undefined, rounds, warmUp: 1, setting, onMeasured });
    const summaries = summarise(series);
    console.log(`\n${database.server.version}\n\n${summaryTable(summaries)}\n`);
    for (const { name } of paths) console.log(`${name}: ${PATH_NOTES[name]}`);
    for (const line of failureLines(summaries)) console.log(`failed: ${line}`);
    const document = {
      machine: before,
      loadAfter: machine().load,
      server: database.server.version,
      conditions: options,
      summaries,
      series,
    };
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(document, undefined, 2)}\n`);
    return summaries.some(({ failed }) => failed !== undefined) ? 1 : 0;
  } finally {
    for (const path of paths) await path.stop();
    await database.stop();
  }
}

const usage = ({ name, cases }: WireBench): string => `usage: npm run bench -- ${name} [options]

  --cases <a,b>     cases whose names begin so (default: all): ${cases.map((one) => one.name).join(', ')}
  --paths <a,b>     of ${PATHS.join(', ')} (default: all)
  --seconds <n>     of each measurement (default 5)
  --rounds <n>      measurements of each case on each path (default 3)
  --rows <n>        rows of the bulk reads (default 100000)
  --workers <n>     worker processes of sqlwarden (default 1)
  --json <file>     write everything that was measured`;

interface Options {
  readonly cases: readonly string[];
  readonly paths: readonly WirePath[];
  readonly seconds: number;
  readonly rounds: number;
  readonly rows: number;
  readonly workers: number;
  readonly json: string | undefined;
}

/** `undefined`: they make no sense. */
function optionsOf(args: readonly string[]): Options | undefined {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { cases: text, paths: text, seconds: text, rounds: text, rows: text, workers: text, json: text },
    });
    const paths = values.paths?.split(',') ?? PATHS;
    const number = (value: string | undefined, usual: number): number => (value === undefined ? usual : Number(value));
    const figures = {
      seconds: number(values.seconds, 5),
      rounds: number(values.rounds, 3),
      rows: number(values.rows, 100_000),
      workers: number(values.workers, 1),
    };
    if (!Object.values(figures).every((value) => Number.isInteger(value) && value > 0) || !paths.every(isPath)) return undefined;
    return { ...figures, paths: PATHS.filter((name) => paths.includes(name)), cases: values.cases?.split(',') ?? [''], json: values.json };
  } catch {
    return undefined;
  }
}

function isPath(name: string): name is WirePath {
  return PATHS.some((path) => path === name);
}

function isHere(name: WirePath): boolean {
  const finding = findPath(name);
  if (!finding.found) console.log(`skipped: ${finding.name} (${finding.reason})`);
  return finding.found;
}

async function openPath(name: WirePath, bench: WireBench, database: WireDatabase, workers: number): Promise<OpenPath> {
  const { login, server } = database;
  const through = ({ port, stop, pid }: Omit<ProxyProcess, 'pid'> & { readonly pid: number | undefined }): OpenPath => ({
    name,
    port,
    stop,
    pid,
    login,
    clearLogin: login,
  });
  switch (name) {
    case 'direct':
      return through({ port: server.port, pid: undefined, stop: () => Promise.resolve() });
    case 'pipe':
      return through(await startPipe(database));
    case 'haproxy':
      return through(await startHaproxy(database));
    case 'sqlwarden':
    case 'policy':
    case 'masks':
    case 'durable':
      return startWireGateway(name, bench.name, database, workers);
  }
}

/** Throws when anything but the masked columns differs from what is stored, or when those do not: what is measured is then not what its name says. */
async function checkPath(path: OpenPath, database: WireDatabase): Promise<void> {
  for (const [masked, table] of Object.entries(WIDE_TABLES)) {
    const expected = await database.wideRow(database.server.port, database.login, table);
    const row = await database.wideRow(path.port, path.login, table);
    const differing = row.filter((value, column) => value !== expected[column]).length;
    const wanted = path.name === 'masks' ? Number(masked) : 0;
    if (differing !== wanted || row.length === 0) throw new Error(`${path.name}: ${differing} columns of ${table} differ, not ${wanted}`);
  }
}
