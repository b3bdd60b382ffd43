import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { SqlserverServer, SqlserverServerOptions } from './babelfish-server.js';
import type { Finding } from './finding.js';
import { connectSqlserver, type SqlserverConnection } from './sqlserver-connection.js';

const VARIABLE = 'SQLWARDEN_SQLSERVER_URL';
const NAME = `the server of ${VARIABLE}`;
/** A database of this name says that the server is for tests; it holds nothing. */
const MARK = 'sqlwarden_tests';
const SYSTEM = "('master', 'tempdb', 'msdb', 'model', 'rdsadmin')";

/**
 * The server of TDS that `SQLWARDEN_SQLSERVER_URL` names, as `mssql://user:password@host:port`, with `?ca=FILE` where it serves TLS with a
 * certificate of that authority for `localhost`. It is asked for its version by PRELOGIN; `undefined` where the variable is not set.
 */
export function findSqlserverAtUrl(): Finding | undefined {
  const text = process.env[VARIABLE];
  if (text === undefined || text === '') return undefined;
  const place = placeOf(text);
  if (place === undefined) return { found: false, name: NAME, reason: `${VARIABLE} is not mssql://user:password@host:port` };
  const version = execFileSync(process.execPath, ['--eval', PRELOGIN, place.host, String(place.port)], { encoding: 'utf8' });
  if (version === '') return { found: false, name: NAME, reason: `nothing answers a PRELOGIN at ${place.host}:${place.port}` };
  return { found: true, name: NAME, path: `${place.host}:${place.port}`, version };
}

/**
 * Takes that server for a suite: waits until no other suite has it, and drops the databases that one has left. When it is stopped, the databases
 * that were made meanwhile are dropped. Logins are left alone: tests make theirs with names of their own, and drop them.
 *
 * @throws Error when the server has databases of its own and no database `sqlwarden_tests`, which says that they may be dropped; when `tls` is
 *   wanted and the URL names no authority; and for a `password`, which this server already has.
 */
export async function startSqlserverAtUrl(options: SqlserverServerOptions = {}): Promise<SqlserverServer> {
  const place = placeOf(process.env[VARIABLE] ?? '');
  const found = findSqlserverAtUrl();
  if (place === undefined || found?.found !== true)
    throw new Error(`cannot use ${NAME}: ${found?.found === false ? found.reason : 'unset'}`);
  if (options.tls === true && place.authority === undefined) throw new Error(`this suite is about TLS: say ?ca=FILE in ${VARIABLE}`);
  if (options.password !== undefined) throw new Error(`this suite wants a password of its own, which ${NAME} does not have`);
  const owner = await connectSqlserver(place);
  try {
    await owner.query(`EXEC sp_getapplock @Resource = '${MARK}', @LockMode = 'Exclusive', @LockOwner = 'Session'`);
    await makeRoom(owner);
  } catch (error) {
    await owner.end();
    throw error;
  }
  let stopping: Promise<void> | undefined;
  return {
    version: found.version,
    ...place,
    log: () => '',
    stop() {
      stopping ??= leave(owner);
      return stopping;
    },
  };
}

interface Place {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly authority?: string;
}

function placeOf(text: string): Place | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, port, username, password, searchParams } = new URL(text);
  if (!['mssql:', 'sqlserver:'].includes(protocol) || hostname === '' || username === '') return undefined;
  const file = searchParams.get('ca');
  return {
    host: hostname.replaceAll(/[[\]]/g, ''),
    port: Number(port || 1433),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    ...(file === null ? {} : { authority: readFileSync(file, 'utf8') }),
  };
}

/** Suites are named before anything can be waited for, so that another process asks: VERSION and ENCRYPTION, [MS-TDS] section 2.2.6.5. */
const PRELOGIN = `
const socket = require('node:net').connect({ host: process.argv[1], port: Number(process.argv[2]) });
const ask = Buffer.from('1201001a00000100' + '00000b0006' + '0100110001' + 'ff' + '000000000000' + '02', 'hex');
let seen = Buffer.alloc(0);
socket.setTimeout(10_000, () => socket.destroy());
socket.on('error', () => undefined);
socket.on('connect', () => socket.write(ask));
socket.on('data', (data) => {
  seen = Buffer.concat([seen, data]);
  if (seen.length < 8 || seen.length < seen.readUInt16BE(2)) return;
  const version = seen.subarray(8 + seen.readUInt16BE(9));
  if (seen[0] === 4 && seen[8] === 0) process.stdout.write(version[0] + '.' + version[1] + '.' + version.readUInt16BE(2));
  socket.destroy();
});
`;

async function databasesOf(owner: SqlserverConnection): Promise<string[]> {
  const rows = await owner.query(`SELECT name FROM sys.databases WHERE name NOT IN ${SYSTEM}`);
  return rows.map(([name]) => String(name));
}

async function makeRoom(owner: SqlserverConnection): Promise<void> {
  const names = await databasesOf(owner);
  if (names.length > 0 && !names.includes(MARK))
    throw new Error(`${NAME} has databases of its own: give the tests one that is for nothing else`);
  await drop(owner, names);
  if (!names.includes(MARK)) await owner.query(`CREATE DATABASE ${MARK}`);
}

/** Sessions that a suite has left would keep a database from being dropped. */
async function drop(owner: SqlserverConnection, names: readonly string[]): Promise<void> {
  for (const name of names.filter((each) => each !== MARK)) {
    const quoted = `[${name.replaceAll(']', ']]')}]`;
    // Babelfish knows no such option, and needs none once the suite's connections are gone.
    await owner.query(`ALTER DATABASE ${quoted} SET SINGLE_USER WITH ROLLBACK IMMEDIATE`).catch(() => undefined);
    await owner.query(`DROP DATABASE ${quoted}`);
  }
}

async function leave(owner: SqlserverConnection): Promise<void> {
  try {
    await drop(owner, await databasesOf(owner));
  } finally {
    await owner.end();
  }
}
