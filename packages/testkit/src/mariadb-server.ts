import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createAuthority } from './certificates.js';
import type { Finding } from './finding.js';
import { freePort } from './free-port.js';
import { startGuarded } from './guarded-process.js';
import type { GuardedProcess } from './guarded-process.js';
import { unprivilegedAccount } from './postgres-binaries.js';
import type { Account } from './postgres-binaries.js';

export interface MariadbOptions {
  /** Serve TLS beside plain text, with a certificate for `localhost` and `127.0.0.1` from an authority of the server's own. */
  readonly tls?: boolean;
  /** Of the user `root`. Default: a random one. */
  readonly password?: string;
  /** Server variables, as `{ lower_case_table_names: '1' }`; they win over the defaults here. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** A running server that nobody else uses. Its data is gone when it stops. */
export interface MariadbServer {
  /** As the server says it: `10.11.19-MariaDB-0+deb12u1`. */
  readonly version: string;
  readonly host: '127.0.0.1';
  readonly port: number;
  /** The path of its unix socket. */
  readonly socketPath: string;
  readonly user: 'root';
  readonly password: string;
  /** PEM of the authority that signed the server's certificate; only with `tls`. */
  readonly authority?: string;
  /** What the server has logged. */
  log(): string;
  /** Shuts it down, disconnecting clients, and removes its directory. Later calls answer the same promise. */
  stop(): Promise<void>;
}

const defaults: Readonly<Record<string, string>> = {
  'bind-address': '127.0.0.1',
  // Names of clients say nothing on the loopback interface, and looking them up takes time.
  'skip-name-resolve': 'ON',
  'character-set-server': 'utf8mb4',
  // Durability is not what is tested, and it is what a throw-away server would spend its time on.
  'innodb-flush-log-at-trx-commit': '0',
  'innodb-buffer-pool-size': '16M',
  'innodb-log-file-size': '8M',
  'innodb-fast-shutdown': '2',
};

/** The MariaDB server of this machine: the path is that of `mariadbd`, which stands in PATH or where Debian puts it. */
export function findMariadb(): Finding {
  const name = 'MariaDB server';
  const places = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/libexec', '/usr/local/sbin'];
  const path = places.map((place) => join(place, 'mariadbd')).find(isProgram);
  if (path === undefined) return { found: false, name, reason: 'no mariadbd (apt-get install mariadb-server-core)' };
  const version = /Ver (\S+)/.exec(execFileSync(path, ['--no-defaults', '--version'], { encoding: 'utf8' }))?.[1] ?? '';
  return { found: true, name, path, version };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Initialises and starts a real MariaDB in a temporary directory. Takes a few seconds. It ends with this process at the latest, however this
 * process ends, and does not keep it alive.
 *
 * @throws Error when this machine has no server, or with the server's log when it does not come up.
 */
export async function startMariadb(options: MariadbOptions = {}): Promise<MariadbServer> {
  const { password = randomBytes(12).toString('base64url') } = options;
  const found = findMariadb();
  if (!found.found) throw new Error(`cannot start ${found.name}: ${found.reason}`);
  const account = unprivilegedAccount();
  const site: Site = { directory: newDirectory(account), account, program: found.path };
  try {
    await initialise(site);
    const authority = options.tls === true ? writeCertificates(site) : undefined;
    const parameters = { ...defaults, ...tlsParameters(site, authority), ...options.parameters };
    const { port, process } = await listen(site, password, parameters);
    return describeServer({ site, version: found.version, port, password, process, authority });
  } catch (error) {
    rmSync(site.directory, { recursive: true, force: true });
    throw error;
  }
}

/** Where a server lives: its own directory, who runs it, and its program. */
interface Site {
  readonly directory: string;
  readonly account: Account | undefined;
  readonly program: string;
}

const inSite =
  (name: string) =>
  ({ directory }: Site): string =>
    join(directory, name);
const dataOf = inSite('data');
const socketOf = inSite('server.sock');
const logOf = inSite('log');

/** Short, because the path of a unix socket is; and where the account that runs the server may enter. */
function newDirectory(account: Account | undefined): string {
  const open = account === undefined || (statSync(tmpdir()).mode & 0o003) === 0o003;
  const directory = mkdtempSync(join(open ? tmpdir() : '/tmp', 'sqlwarden-mariadb-'));
  if (account) chownSync(directory, account.uid, account.gid);
  chmodSync(directory, 0o755);
  return directory;
}

async function initialise(site: Site): Promise<void> {
  const { directory, account } = site;
  const temporary = join(directory, 'tmp');
  mkdirSync(temporary);
  if (account) chownSync(temporary, account.uid, account.gid);
  const command = [
    'mariadb-install-db',
    '--no-defaults',
    `--datadir=${dataOf(site)}`,
    `--tmpdir=${temporary}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    '--skip-name-resolve',
    '--innodb-log-file-size=8M',
  ];
  const status = await startGuarded({ command, directory, account, logFile: logOf(site) }).finish();
  if (status !== 0) throw new Error(`mariadb-install-db failed with exit status ${status}: ${readLog(site)}`);
}

function tlsParameters(site: Site, authority: string | undefined): Record<string, string> {
  if (authority === undefined) return {};
  const { directory } = site;
  return { 'ssl-cert': join(directory, 'server.crt'), 'ssl-key': join(directory, 'server.key'), 'ssl-ca': join(directory, 'root.crt') };
}

function writeCertificates(site: Site): string {
  const authority = createAuthority();
  const { certificate, key } = authority.issue({ commonName: 'localhost', names: ['localhost', '127.0.0.1'] });
  writeOwned(site, 'server.crt', certificate);
  writeOwned(site, 'server.key', key);
  writeOwned(site, 'root.crt', authority.certificate);
  return authority.certificate;
}

function writeOwned({ directory, account }: Site, name: string, text: string): string {
  const file = join(directory, name);
  writeFileSync(file, text, { mode: 0o600 });
  if (account) chownSync(file, account.uid, account.gid);
  return file;
}

/** Statements that the server runs as it starts: one line each. */
function accounts(password: string): string {
  const secret = `'${password.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  return [
    `ALTER USER 'root'@'localhost' IDENTIFIED BY ${secret};`,
    `CREATE OR REPLACE USER 'root'@'127.0.0.1' IDENTIFIED BY ${secret};`,
    "GRANT ALL ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;",
    '',
  ].join('\n');
}

/** Starts the server; on another port when it did not come up, because somebody may have been faster to take the port. */
async function listen(
  site: Site,
  password: string,
  parameters: Readonly<Record<string, string>>,
): Promise<{ port: number; process: GuardedProcess }> {
  const { directory, account, program } = site;
  const start = writeOwned(site, 'start.sql', accounts(password));
  const flags = Object.entries(parameters).map(([name, value]) => `--${name.replaceAll('_', '-')}=${value}`);
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const place = [`--datadir=${dataOf(site)}`, `--tmpdir=${join(directory, 'tmp')}`, `--socket=${socketOf(site)}`, `--port=${port}`];
    const command = [program, '--no-defaults', ...place, `--pid-file=${join(directory, 'pid')}`, `--init-file=${start}`, ...flags];
    const process = startGuarded({ command, directory, account, logFile: logOf(site) });
    if (await becomesReady(process, site)) {
      rmSync(start);
      return { port, process };
    }
    await process.finish();
    if (attempt === 3) throw new Error(`MariaDB did not start: ${readLog(site)}`);
  }
}

/** Whether the server says in its log that it is ready, which it does in English by default, before it ends. */
async function becomesReady(process: GuardedProcess, site: Site): Promise<boolean> {
  let ended = false;
  void process.ended.then(() => (ended = true));
  while (!ended) {
    if (/: ready for connections\.$/m.test(readLog(site))) return true;
    await delay(20);
  }
  return false;
}

function readLog(site: Site): string {
  return existsSync(logOf(site)) ? readFileSync(logOf(site), 'utf8') : '';
}

interface Running {
  readonly site: Site;
  readonly version: string;
  readonly port: number;
  readonly password: string;
  readonly process: GuardedProcess;
  readonly authority: string | undefined;
}

function describeServer({ site, version, port, password, process, authority }: Running): MariadbServer {
  let stopping: Promise<void> | undefined;
  let lastLog = '';
  return {
    version,
    host: '127.0.0.1',
    port,
    socketPath: socketOf(site),
    user: 'root',
    password,
    ...(authority === undefined ? {} : { authority }),
    log: () => (stopping ? lastLog : readLog(site)),
    stop() {
      lastLog = stopping ? lastLog : readLog(site);
      stopping ??= process.stop();
      return stopping;
    },
  };
}
