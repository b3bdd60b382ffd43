import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { findMariadb } from '@sqlwarden/testkit';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { measureInterleaved } from '../postgres/interleaved.js';
import { machine } from '../postgres/machine.js';
import { type ProxyProcess, startHaproxy, startPipe } from '../postgres/other-proxies.js';
import { findPath, type OpenPath, PATH_NOTES } from '../postgres/paths.js';
import { summarise } from '../postgres/series.js';
import { failureLines, summaryTable } from '../postgres/summary-table.js';
import { ACCOUNT, type BenchMariadb, createMariadb, DATABASE, WIDE_TABLES } from './bench-database.js';
import { MYSQL_CASES } from './mysql-cases.js';
import { startMysqlGateway } from './mysql-gateway.js';

const PATHS = ['direct', 'pipe', 'haproxy', 'sqlwarden', 'policy', 'masks'] as const;
type MysqlPath = (typeof PATHS)[number];

const USAGE = `usage: npm run bench -- mysql [options]

  --cases <a,b>     cases whose names begin so (default: all): ${MYSQL_CASES.map(({ name }) => name).join(', ')}
  --paths <a,b>     of ${PATHS.join(', ')} (default: all)
  --seconds <n>     of each measurement (default 5)
  --rounds <n>      measurements of each case on each path (default 3)
  --rows <n>        rows of the bulk reads (default 100000)
  --workers <n>     worker processes of sqlwarden (default 1)
  --json <file>     write everything that was measured`;

/** `npm run bench -- mysql`, on MariaDB; answers the exit status. 1: a case failed on a path; 2: it cannot be measured here, or not so. */
export async function benchMysql(args: readonly string[]): Promise<number> {
  const options = optionsOf(args);
  if (options === undefined) {
    console.error(USAGE);
    return 2;
  }
  const found = findMariadb();
  if (!found.found) {
    console.error(`bench: a ${found.name} is needed: ${found.reason}`);
    return 2;
  }
  const database = await createMariadb(options.rows);
  const paths: OpenPath[] = [];
  try {
    const before = machine();
    for (const name of options.paths.filter(isHere)) paths.push(await openPath(name, database, options.workers));
    for (const path of paths) await checkPath(path, database);
    const { rounds, seconds } = options;
    const cases = MYSQL_CASES.filter(({ name }) => options.cases.some((prefix) => name.startsWith(prefix)));
    const series = await measureInterleaved({
      cases,
      paths,
      clients: undefined,
      rounds,
      warmUp: 1,
      setting: { seconds },
      onMeasured: (text) => console.error(text),
    });
    const summaries = summarise(series);
    console.log(`\n${summaryTable(summaries)}\n`);
    for (const { name } of paths) console.log(`${name}: ${PATH_NOTES[name]}`);
    for (const line of failureLines(summaries)) console.log(`failed: ${line}`);
    const document = { machine: before, loadAfter: machine().load, server: found.version, conditions: options, summaries, series };
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(document, undefined, 2)}\n`);
    return summaries.some(({ failed }) => failed !== undefined) ? 1 : 0;
  } finally {
    for (const path of paths) await path.stop();
    await database.stop();
  }
}

interface Options {
  readonly cases: readonly string[];
  readonly paths: readonly MysqlPath[];
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

function isPath(name: string): name is MysqlPath {
  return PATHS.some((path) => path === name);
}

function isHere(name: MysqlPath): boolean {
  const finding = findPath(name);
  if (!finding.found) console.log(`skipped: ${finding.name} (${finding.reason})`);
  return finding.found;
}

async function openPath(name: MysqlPath, database: BenchMariadb, workers: number): Promise<OpenPath> {
  const login = { user: ACCOUNT, password: database.password };
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
      return through({ port: database.server.port, pid: undefined, stop: () => Promise.resolve() });
    case 'pipe':
      return through(await startPipe(database));
    case 'haproxy':
      return through(await startHaproxy(database));
    case 'sqlwarden':
    case 'policy':
    case 'masks':
      return startMysqlGateway(name, database, workers);
  }
}

/** Throws when anything but the masked columns differs from what is stored, or when those do not: what is measured is then not what its name says. */
async function checkPath(path: OpenPath, { server, password }: BenchMariadb): Promise<void> {
  const rowsOf = async (port: number, login: OpenPath['login']): Promise<Map<number, unknown[]>> => {
    const connection = await createConnection({ host: '127.0.0.1', port, database: DATABASE, ...login, enableCleartextPlugin: true });
    const rows = new Map<number, unknown[]>();
    for (const [masked, table] of Object.entries(WIDE_TABLES)) {
      const [[row]] = await connection.query<RowDataPacket[][]>({ sql: `select * from ${table} where id = 77`, rowsAsArray: true });
      rows.set(Number(masked), (row ?? []).map(String));
    }
    await connection.end();
    return rows;
  };
  const expected = await rowsOf(server.port, { user: ACCOUNT, password });
  for (const [masked, row] of await rowsOf(path.port, path.login)) {
    const differing = row.filter((value, column) => value !== expected.get(masked)?.[column]).length;
    const wanted = path.name === 'masks' ? masked : 0;
    if (differing !== wanted || row.length === 0)
      throw new Error(`${path.name}: ${differing} columns of wide_${masked} differ, not ${wanted}`);
  }
}
