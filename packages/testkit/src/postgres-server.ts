import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createAuthority } from './certificates.js';
import { freePort } from './free-port.js';
import { startGuarded } from './guarded-process.js';
import type { GuardedProcess } from './guarded-process.js';
import { findPostgres, runnableBinaries, unprivilegedAccount } from './postgres-binaries.js';
import type { Account, PostgresMajor } from './postgres-binaries.js';

export interface PostgresOptions {
  /** Default 18. */
  readonly major?: PostgresMajor;
  /** Serve TLS beside plain text, with a certificate for `localhost` and `127.0.0.1` from an authority of the server's own. */
  readonly tls?: boolean;
  /** Of the user `postgres`. Default: a random one. */
  readonly password?: string;
  /** Server parameters, as `{ log_statement: 'all' }`; they win over the defaults here. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Lines of `pg_hba.conf` that come before the defaults, which ask everybody for SCRAM-SHA-256. */
  readonly hba?: readonly string[];
  /** Default `C`. */
  readonly locale?: string;
  /** The directory with `bin/postgres` of an installation of that major, in place of the embedded one. */
  readonly installation?: string;
}

/** A running server that nobody else uses. Its data is gone when it stops. */
export interface PostgresServer {
  readonly major: PostgresMajor;
  readonly host: '127.0.0.1';
  readonly port: number;
  /** The directory of the unix socket: a `host` for libpq and node-postgres, with the same `port`. */
  readonly socketDirectory: string;
  readonly user: 'postgres';
  readonly password: string;
  readonly database: 'postgres';
  /** PEM of the authority that signed the server's certificate; only with `tls`. */
  readonly authority?: string;
  /** `postgres://…` over TCP for the user `postgres`, or for another user of the server. */
  url(login?: { readonly user?: string; readonly password?: string; readonly database?: string }): string;
  /** What the server has logged. */
  log(): string;
  /** Shuts it down, disconnecting clients, and removes its directory. Later calls answer the same promise. */
  stop(): Promise<void>;
}

const defaults: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  // Durability is not what is tested, and it is what a throw-away server would spend its time on.
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  shared_buffers: '16MB',
  lc_messages: 'C',
};

/**
 * Initialises and starts a real PostgreSQL in a temporary directory. Takes about a second. It ends with this process at the latest, however
 * this process ends, and does not keep it alive.
 *
 * @throws Error when this platform has no binaries, or with the server's log when it does not come up.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const { major = 18, password = randomBytes(12).toString('base64url') } = options;
  const embedded = findPostgres(major);
  if (options.installation === undefined && !embedded.found) throw new Error(`cannot start ${embedded.name}: ${embedded.reason}`);
  const path = options.installation ?? (embedded.found ? embedded.path : '');
  const account = unprivilegedAccount();
  const directory = newDirectory(account);
  try {
    const site: Site = { directory, account, programs: join(runnableBinaries(path, account, directory), 'bin') };
    await initialise(site, password, options.locale ?? 'C');
    const authority = writeConfiguration(site, options);
    const { port, process } = await listen(site);
    return describeServer({ major, port, password, directory, process, authority });
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

/** Where a server lives: its own directory, who runs it, and the directory of its programs. */
interface Site {
  readonly directory: string;
  readonly account: Account | undefined;
  readonly programs: string;
}

/** Below the system's temporary directory, or below /tmp where another account cannot enter that one and remove its own things from it. */
function newDirectory(account: Account | undefined): string {
  const open = account === undefined || (statSync(tmpdir()).mode & 0o003) === 0o003;
  const directory = mkdtempSync(join(open ? tmpdir() : '/tmp', 'sqlwarden-postgres-'));
  if (account) chownSync(directory, account.uid, account.gid);
  return directory;
}

async function initialise(site: Site, password: string, locale: string): Promise<void> {
  const { directory, account, programs } = site;
  const passwordFile = join(directory, 'password');
  writeOwned(site, passwordFile, `${password}\n`);
  const flags = [
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    `--locale=${locale}`,
    '--no-sync',
  ];
  const command = [join(programs, 'initdb'), `--pgdata=${join(directory, 'data')}`, ...flags];
  const status = await startGuarded({ command, directory, account, logFile: logFile(directory) }).finish();
  rmSync(passwordFile);
  if (status !== 0) throw new Error(`initdb failed with exit status ${status}: ${readLog(directory)}`);
}

/** Answers the PEM of the certificate authority, where there is one. */
function writeConfiguration(site: Site, options: PostgresOptions): string | undefined {
  const { directory, account } = site;
  const socketDirectory = join(directory, 'socket');
  mkdirSync(socketDirectory);
  if (account) chownSync(socketDirectory, account.uid, account.gid);
  // The server's own directory is closed to others; this process and its clients may be another account.
  chmodSync(directory, 0o755);
  chmodSync(socketDirectory, 0o777);
  const authority = options.tls === true ? writeCertificates(site) : undefined;
  const tls: Record<string, string> = authority === undefined ? {} : { ssl: 'on', ssl_ca_file: 'root.crt' };
  const parameters = { ...defaults, ...tls, unix_socket_directories: socketDirectory, ...options.parameters };
  const lines = Object.entries(parameters).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`);
  writeOwned(site, join(directory, 'data', 'postgresql.auto.conf'), lines.join(''));
  const hba = [...(options.hba ?? []), 'local all all scram-sha-256', 'host all all 127.0.0.1/32 scram-sha-256'];
  writeOwned(site, join(directory, 'data', 'pg_hba.conf'), `${hba.join('\n')}\n`);
  return authority;
}

function writeCertificates(site: Site): string {
  const authority = createAuthority();
  const { certificate, key } = authority.issue({ commonName: 'localhost', names: ['localhost', '127.0.0.1'] });
  const data = join(site.directory, 'data');
  writeOwned(site, join(data, 'server.crt'), certificate);
  writeOwned(site, join(data, 'server.key'), key);
  writeOwned(site, join(data, 'root.crt'), authority.certificate);
  return authority.certificate;
}

function writeOwned({ account }: Site, file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o600 });
  if (account) chownSync(file, account.uid, account.gid);
}

/** Starts the server; on another port when it did not come up, because somebody may have been faster to take the port. */
async function listen(site: Site): Promise<{ port: number; process: GuardedProcess }> {
  const { directory, account, programs } = site;
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const command = [join(programs, 'postgres'), '-D', join(directory, 'data'), '-p', String(port)];
    const process = startGuarded({ command, directory, account, logFile: logFile(directory) });
    if (await becomesReady(process, directory)) return { port, process };
    await process.finish();
    if (attempt === 3) throw new Error(`PostgreSQL did not start: ${readLog(directory)}`);
  }
}

/** Whether the server says that it is ready, which it does in its lock file whatever language it logs in, before it ends. */
async function becomesReady(process: GuardedProcess, directory: string): Promise<boolean> {
  let ended = false;
  void process.ended.then(() => (ended = true));
  const lockFile = join(directory, 'data', 'postmaster.pid');
  while (!ended) {
    if (existsSync(lockFile) && /^ready\s*$/m.test(readFileSync(lockFile, 'latin1'))) return true;
    await delay(10);
  }
  return false;
}

const logFile = (directory: string): string => join(directory, 'log');

function readLog(directory: string): string {
  return existsSync(logFile(directory)) ? readFileSync(logFile(directory), 'utf8') : '';
}

interface Running {
  readonly major: PostgresMajor;
  readonly port: number;
  readonly password: string;
  readonly directory: string;
  readonly process: GuardedProcess;
  readonly authority: string | undefined;
}

function describeServer({ major, port, password, directory, process, authority }: Running): PostgresServer {
  let stopping: Promise<void> | undefined;
  let lastLog = '';
  return {
    major,
    host: '127.0.0.1',
    port,
    socketDirectory: join(directory, 'socket'),
    user: 'postgres',
    password,
    database: 'postgres',
    ...(authority === undefined ? {} : { authority }),
    url({ user = 'postgres', password: own = password, database = 'postgres' } = {}) {
      return `postgres://${encodeURIComponent(user)}:${encodeURIComponent(own)}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
    },
    log: () => (stopping ? lastLog : readLog(directory)),
    stop() {
      lastLog = stopping ? lastLog : readLog(directory);
      stopping ??= process.stop();
      return stopping;
    },
  };
}
