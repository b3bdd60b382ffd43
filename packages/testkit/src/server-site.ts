import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createAuthority } from './certificates.js';
import { freePort } from './free-port.js';
import { startGuarded } from './guarded-process.js';
import type { GuardedProcess } from './guarded-process.js';
import { unprivilegedAccount } from './postgres-binaries.js';
import type { Account } from './postgres-binaries.js';

/** A running MariaDB or MySQL that nobody else uses. Its data is gone when it stops. */
export interface MysqlServer {
  /** As the server says it: `10.11.19-MariaDB-0+deb12u1`, `9.7.4-2`. */
  readonly version: string;
  readonly host: string;
  readonly port: number;
  /** The path of its unix socket; empty when it has none that is known here. */
  readonly socketPath: string;
  readonly user: string;
  readonly password: string;
  /** PEM of the authority that signed the server's certificate; only with `tls`. */
  readonly authority?: string;
  /** What the server has logged. */
  log(): string;
  /** Shuts it down, disconnecting clients, and removes its directory. Later calls answer the same promise. */
  stop(): Promise<void>;
}

export interface MysqlServerOptions {
  /** Serve TLS beside plain text, with a certificate for `localhost` and `127.0.0.1` from an authority of the server's own. */
  readonly tls?: boolean;
  /** Of the user `root`. Default: a random one. */
  readonly password?: string;
  /** Server variables, as `{ lower_case_table_names: '1' }`; they win over the defaults here. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** Where a server lives: its own directory, who runs it, and how its program is called. */
export interface ServerSite {
  readonly directory: string;
  readonly account: Account | undefined;
  readonly program: readonly string[];
}

const inSite =
  (name: string) =>
  ({ directory }: ServerSite): string =>
    join(directory, name);
export const dataOf = inSite('data');
export const temporaryOf = inSite('tmp');
const socketOf = inSite('server.sock');
const logOf = inSite('log');

/** The directory's name is short, because the path of a unix socket is; it stands where the account that runs the server may enter. */
export function newSite(name: string, program: readonly string[]): ServerSite {
  const account = unprivilegedAccount();
  const open = account === undefined || (statSync(tmpdir()).mode & 0o003) === 0o003;
  const directory = mkdtempSync(join(open ? tmpdir() : '/tmp', `sqlwarden-${name}-`));
  if (account) chownSync(directory, account.uid, account.gid);
  chmodSync(directory, 0o755);
  const site = { directory, account, program };
  mkdirSync(temporaryOf(site));
  if (account) chownSync(temporaryOf(site), account.uid, account.gid);
  return site;
}

/**
 * Makes the data directory of a site. The site's directory is removed when that fails.
 *
 * @throws Error with what the command wrote when it fails.
 */
export async function initialise(site: ServerSite, command: readonly string[]): Promise<void> {
  const { directory, account } = site;
  const status = await startGuarded({ command, directory, account, logFile: logOf(site) }).finish();
  if (status === 0) return;
  const log = readLog(site);
  rmSync(directory, { recursive: true, force: true });
  throw new Error(`${command[0] ?? ''} failed with exit status ${status}: ${log}`);
}

/** Starts the server of a site, whose data directory is there. The site's directory is removed when that fails. */
export async function startSite(site: ServerSite, version: string, request: StartRequest): Promise<MysqlServer> {
  try {
    const authority = request.tls ? writeCertificates(site) : undefined;
    const parameters = { ...defaults, ...tlsParameters(site, authority), ...request.parameters };
    const { port, process } = await listen(site, accounts(request), parameters);
    return describeServer({ site, version, port, password: request.password, process, authority });
  } catch (error) {
    rmSync(site.directory, { recursive: true, force: true });
    throw error;
  }
}

export interface StartRequest {
  readonly tls: boolean;
  readonly password: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Makes root of the loopback interface, given the quoted password. */
  readonly makeRoot: (secret: string) => readonly string[];
}

const defaults: Readonly<Record<string, string>> = {
  'bind-address': '127.0.0.1',
  // Names of clients say nothing on the loopback interface, and looking them up takes time.
  'skip-name-resolve': 'ON',
  'character-set-server': 'utf8mb4',
  // Durability is not what is tested, and it is what a throw-away server would spend its time on.
  'innodb-flush-log-at-trx-commit': '0',
  'innodb-buffer-pool-size': '16M',
  'innodb-fast-shutdown': '2',
};

function tlsParameters(site: ServerSite, authority: string | undefined): Record<string, string> {
  if (authority === undefined) return {};
  const { directory } = site;
  return { 'ssl-cert': join(directory, 'server.crt'), 'ssl-key': join(directory, 'server.key'), 'ssl-ca': join(directory, 'root.crt') };
}

function writeCertificates(site: ServerSite): string {
  const authority = createAuthority();
  const { certificate, key } = authority.issue({ commonName: 'localhost', names: ['localhost', '127.0.0.1'] });
  writeOwned(site, 'server.crt', certificate);
  writeOwned(site, 'server.key', key);
  writeOwned(site, 'root.crt', authority.certificate);
  return authority.certificate;
}

function writeOwned({ directory, account }: ServerSite, name: string, text: string): string {
  const file = join(directory, name);
  writeFileSync(file, text, { mode: 0o600 });
  if (account) chownSync(file, account.uid, account.gid);
  return file;
}

/** Statements that the server runs as it starts: one line each. */
function accounts({ password, makeRoot }: StartRequest): string {
  const secret = `'${password.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  return [
    `ALTER USER 'root'@'localhost' IDENTIFIED BY ${secret};`,
    ...makeRoot(secret),
    "GRANT ALL ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;",
    '',
  ].join('\n');
}

/** Starts the server; on another port when it did not come up, because somebody may have been faster to take the port. */
async function listen(
  site: ServerSite,
  statements: string,
  parameters: Readonly<Record<string, string>>,
): Promise<{ port: number; process: GuardedProcess }> {
  const { directory, account, program } = site;
  const start = writeOwned(site, 'start.sql', statements);
  const flags = Object.entries(parameters).map(([name, value]) => `--${name.replaceAll('_', '-')}=${value}`);
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const place = [`--datadir=${dataOf(site)}`, `--tmpdir=${temporaryOf(site)}`, `--socket=${socketOf(site)}`, `--port=${port}`];
    const command = [...program, '--no-defaults', ...place, `--pid-file=${join(directory, 'pid')}`, `--init-file=${start}`, ...flags];
    const process = startGuarded({ command, directory, account, logFile: logOf(site) });
    if (await becomesReady(process, site)) {
      rmSync(start);
      return { port, process };
    }
    await process.finish();
    if (attempt === 3) throw new Error(`the server did not start: ${readLog(site)}`);
  }
}

/** Whether the server says in its log that it is ready, which it does in English by default, before it ends. */
async function becomesReady(process: GuardedProcess, site: ServerSite): Promise<boolean> {
  let ended = false;
  void process.ended.then(() => (ended = true));
  while (!ended) {
    if (/: ready for connections\./m.test(readLog(site))) return true;
    await delay(20);
  }
  return false;
}

function readLog(site: ServerSite): string {
  return existsSync(logOf(site)) ? readFileSync(logOf(site), 'utf8') : '';
}

interface Running {
  readonly site: ServerSite;
  readonly version: string;
  readonly port: number;
  readonly password: string;
  readonly process: GuardedProcess;
  readonly authority: string | undefined;
}

function describeServer({ site, version, port, password, process, authority }: Running): MysqlServer {
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
