import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import type { Finding } from './finding.js';
import type { MysqlServer, MysqlServerOptions } from './server-site.js';

const VARIABLE = 'SQLWARDEN_MYSQL_URL';
const NAME = `the server of ${VARIABLE}`;
/** What stood on the server before the first suite, kept there until the last thing that a suite made is gone. */
const KEPT = 'sqlwarden_tests';
const SYSTEM = "('mysql', 'sys', 'information_schema', 'performance_schema')";
/** Long enough for every other suite of a run: they take turns. */
const TURN_SECONDS = 3600;

/** Of a running server of MySQL's protocol, what has to be known before suites are named. */
export interface MysqlAtUrl {
  readonly finding: Finding;
  readonly flavour: 'mariadb' | 'mysql';
  readonly servesTls: boolean;
}

/**
 * The server that `SQLWARDEN_MYSQL_URL` names, as `mysql://user:password@host:port`, with `?ssl-ca=FILE` where it serves TLS with a
 * certificate of that authority for its host. It is asked for its version; nothing where the variable is not set.
 */
export function findMysqlAtUrl(): MysqlAtUrl | undefined {
  const text = process.env[VARIABLE];
  if (text === undefined || text === '') return undefined;
  const place = placeOf(text);
  if (place === undefined) return missing(`${VARIABLE} is not mysql://user:password@host:port`);
  const version = greetedVersion(place);
  if (version === undefined) return missing(`nothing greets as MySQL does at ${place.host}:${place.port}`);
  return {
    flavour: version.includes('MariaDB') ? 'mariadb' : 'mysql',
    servesTls: place.authority !== undefined,
    // MariaDB says an older version first, for replicas that know no other.
    finding: { found: true, name: NAME, path: `${place.host}:${place.port}`, version: version.replace(/^5\.5\.5-/, '') },
  };
}

function missing(reason: string): MysqlAtUrl {
  return { flavour: 'mysql', servesTls: false, finding: { found: false, name: NAME, reason } };
}

/**
 * Waits for its turn on that server, where suites of other processes may be, and makes room: whatever a suite that was killed has left is
 * dropped. `parameters` are set while it has its turn. When it is stopped all databases and accounts that were made meanwhile are dropped.
 *
 * @throws Error when the server holds tables of its own: it must be one for tests.
 */
export async function startMysqlAtUrl(options: MysqlServerOptions = {}): Promise<MysqlServer> {
  const place = placeOf(process.env[VARIABLE] ?? '');
  const found = findMysqlAtUrl()?.finding;
  if (place === undefined || found?.found !== true)
    throw new Error(`cannot use ${NAME}: ${found?.found === false ? found.reason : 'unset'}`);
  if (options.tls === true && place.authority === undefined)
    throw new Error(`this suite is about TLS: let the server serve it, and say ?ssl-ca=FILE in ${VARIABLE}`);
  const { host, port, user, password, authority } = place;
  const root = await createConnection({ host, port, user, password, multipleStatements: true });
  // Whoever waits for an answer is told.
  root.on('error', () => undefined);
  try {
    const turn = await valueOf(root, `select get_lock('${KEPT}', ${TURN_SECONDS})`);
    if (Number(turn) !== 1) throw new Error(`another suite does not leave ${NAME}`);
    await dropWhatWasMade(root);
    await keepWhatIsThere(root);
    const restore = await setParameters(root, options.parameters ?? {});
    const login = options.password === undefined ? { user, password } : await makeAccount(root, options.password);
    let stopping: Promise<void> | undefined;
    return {
      version: found.version,
      host,
      port,
      socketPath: '',
      ...login,
      ...(authority === undefined ? {} : { authority }),
      log: () => '',
      stop() {
        stopping ??= leave(root, restore);
        return stopping;
      },
    };
  } catch (error) {
    root.destroy();
    throw error;
  }
}

interface Place {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly authority: string | undefined;
}

function placeOf(text: string): Place | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, port, username, password, searchParams } = new URL(text);
  if ((protocol !== 'mysql:' && protocol !== 'mariadb:') || hostname === '' || username === '') return undefined;
  const file = searchParams.get('ssl-ca');
  return {
    host: hostname.replaceAll(/[[\]]/g, ''),
    port: Number(port || 3306),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    authority: file === null ? undefined : readFileSync(file, 'utf8'),
  };
}

/** Protocol::HandshakeV10 begins with the version of the protocol and that of the server, before anybody logs in. */
const GREETING = `
const socket = require('node:net').connect({ host: process.argv[1], port: Number(process.argv[2]) });
let seen = Buffer.alloc(0);
socket.setTimeout(10_000, () => socket.destroy());
socket.on('error', () => undefined);
socket.on('data', (data) => {
  seen = Buffer.concat([seen, data]);
  const end = seen.indexOf(0, 5);
  if (end < 0) return;
  if (seen[4] === 10) process.stdout.write(seen.subarray(5, end));
  socket.destroy();
});
`;

/** Suites are named before anything can be waited for, so that another process waits. */
function greetedVersion({ host, port }: Place): string | undefined {
  return execFileSync(process.execPath, ['--eval', GREETING, host, String(port)], { encoding: 'utf8' }) || undefined;
}

async function valueOf(root: Connection, sql: string): Promise<unknown> {
  const [rows] = await root.query<RowDataPacket[]>({ sql, rowsAsArray: true });
  return (rows as unknown as unknown[][])[0]?.[0];
}

async function namesOf(root: Connection, sql: string): Promise<string[]> {
  const [rows] = await root.query<RowDataPacket[]>({ sql, rowsAsArray: true });
  return (rows as unknown as unknown[][]).map(([name]) => String(name));
}

const DATABASES = `select schema_name from information_schema.schemata where schema_name not in ${SYSTEM}`;
const ACCOUNTS = 'select cast(json_array(user, host) as char) from mysql.user';

async function keepWhatIsThere(root: Connection): Promise<void> {
  const tables = await valueOf(root, `select count(*) from information_schema.tables where table_schema not in ${SYSTEM}`);
  if (Number(tables) !== 0) throw new Error(`${NAME} has ${String(tables)} tables of its own: give the tests one that is for nothing else`);
  const kept = { databases: await namesOf(root, DATABASES), accounts: await namesOf(root, ACCOUNTS) };
  // What is kept is written before it is found, so that what was left half made is never taken for nothing.
  await root.query(`create database ${KEPT}; create table ${KEPT}.kept (what longtext not null)`);
  await root.query(`insert into ${KEPT}.kept values (?)`, [JSON.stringify(kept)]);
}

async function dropWhatWasMade(root: Connection): Promise<void> {
  const databases = await namesOf(root, DATABASES);
  if (!databases.includes(KEPT)) return;
  const text = await valueOf(root, `select max(what) from ${KEPT}.kept`).catch(() => null);
  if (typeof text === 'string') {
    const kept = JSON.parse(text) as { databases: string[]; accounts: string[] };
    await endSessions(root);
    for (const name of databases) if (name !== KEPT && !kept.databases.includes(name)) await root.query(`drop database ${quoted(name)}`);
    for (const account of await namesOf(root, ACCOUNTS)) if (!kept.accounts.includes(account)) await dropAccount(root, account);
  }
  await root.query(`drop database ${KEPT}`);
}

/** Roles of MariaDB are in the same table, and not dropped as users are. */
async function dropAccount(root: Connection, account: string): Promise<void> {
  const [user, host] = JSON.parse(account) as [string, string];
  if (host === '') await root.query(`drop role ${quoted(user)}`);
  else await root.query(`drop user ${quoted(user)}@${quoted(host)}`);
}

/** Transactions that suites have left open would keep tables from being dropped. Sessions from before this turn, and suites that wait for theirs, stay. */
async function endSessions(root: Connection): Promise<void> {
  const sessions = `select id from information_schema.processlist where id > connection_id() and command not in ('Daemon', 'Binlog Dump')
    and coalesce(info, '') not like '%get_lock%'`;
  for (const id of await namesOf(root, sessions)) await root.query(`kill ${id}`).catch(() => undefined);
}

async function makeAccount(root: Connection, password: string): Promise<{ readonly user: string; readonly password: string }> {
  const user = 'sqlwarden_tester';
  await root.query(`create user ${user} identified by ?; grant all on *.* to ${user} with grant option`, [password]);
  return { user, password };
}

async function setParameters(root: Connection, parameters: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const restore: string[] = [];
  for (const [name, value] of Object.entries(parameters)) {
    const variable = `global ${name.replaceAll('-', '_')}`;
    const before = await valueOf(root, `select @@${variable.replace(' ', '.')}`);
    await root.query(`set ${variable} = ${settingOf(value)}`);
    restore.push(`set ${variable} = ${settingOf(String(before))}`);
  }
  return restore;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1 << 10, M: 1 << 20, G: 1 << 30 };

/** The command line of a server knows units, SET does not. */
function settingOf(value: string): string {
  const [, digits, unit = ''] = /^(\d+)([KMG]?)$/.exec(value) ?? [];
  return digits === undefined ? `'${value.replaceAll("'", "''")}'` : String(Number(digits) * (UNITS[unit] ?? 1));
}

async function leave(root: Connection, restore: readonly string[]): Promise<void> {
  try {
    for (const statement of restore) await root.query(statement);
    await dropWhatWasMade(root);
  } finally {
    await root.end();
  }
}

function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}
