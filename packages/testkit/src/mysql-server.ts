import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Finding } from './finding.js';
import { dataOf, initialise, newSite, startSite, temporaryOf } from './server-site.js';
import type { MysqlServer, MysqlServerOptions } from './server-site.js';

/**
 * Oracle's MySQL server, whose path is that of `mysqld`: in PATH, or in the tree of a distribution that is unpacked at `SQLWARDEN_MYSQL_TREE`
 * (`mmdebstrap --variant=extract --include=mysql-server-core sid TREE`), which then runs with its own libraries. It is optional: where it is
 * not there, tests are skipped by its name even when nothing else may be.
 */
export function findMysql(): Finding {
  const name = 'MySQL server';
  for (const program of candidates()) {
    try {
      const text = execFileSync(program.command[0] ?? '', [...program.command.slice(1), '--no-defaults', '--version'], {
        encoding: 'utf8',
      });
      // MariaDB calls itself so, too.
      if (!text.includes('MariaDB')) return { found: true, name, path: program.path, version: /Ver (\S+)/.exec(text)?.[1] ?? '' };
    } catch {
      continue;
    }
  }
  return { found: false, name, reason: 'no mysqld of MySQL; unpack one and set SQLWARDEN_MYSQL_TREE', optional: true };
}

/**
 * A client program of MySQL's own (`mysql`, `mysqldump`, `mysqlslap`), beside the server that `findMysql` finds: `command` is how it is called.
 * What stands in PATH by these names is MariaDB's on most machines.
 */
export function findMysqlProgram(program: string): { readonly finding: Finding; readonly command: readonly string[] } {
  const server = findMysql();
  const candidate = candidates().find(({ path }) => server.found && path === server.path);
  const path = candidate === undefined ? '' : join(candidate.path, '..', '..', 'bin', program);
  if (candidate === undefined || !existsSync(path))
    return { finding: { found: false, name: `${program} of MySQL`, reason: 'not beside a mysqld of MySQL', optional: true }, command: [] };
  const command = [...candidate.command.slice(0, -1), path];
  return { finding: { found: true, name: program, path, version: server.found ? server.version : '' }, command };
}

interface Candidate {
  readonly path: string;
  /** How the program is called. */
  readonly command: readonly string[];
  readonly flags: readonly string[];
}

function candidates(): Candidate[] {
  const tree = process.env['SQLWARDEN_MYSQL_TREE'];
  const places = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'].map((place) => join(place, 'mysqld'));
  const installed = places.filter((path) => existsSync(path)).map((path) => ({ path, command: [path], flags: [] }));
  return tree === undefined ? installed : [unpacked(tree), ...installed];
}

/** The server of a tree finds nothing of its own by itself: not the loader, the libraries, its messages, its character sets, its plugins. */
function unpacked(tree: string): Candidate {
  const path = join(tree, 'usr/sbin/mysqld');
  const loader = ['usr/lib64/ld-linux-x86-64.so.2', 'usr/lib/ld-linux-aarch64.so.1']
    .map((file) => join(tree, file))
    .find((file) => existsSync(file));
  const libraries = ['usr/lib/x86_64-linux-gnu', 'usr/lib/aarch64-linux-gnu']
    .map((place) => join(tree, place))
    .find((place) => existsSync(place));
  return {
    path,
    command: loader === undefined || libraries === undefined ? [path] : [loader, '--library-path', libraries, path],
    flags: [
      `--lc-messages-dir=${join(tree, 'usr/share/mysql')}`,
      `--character-sets-dir=${join(tree, 'usr/share/mysql/charsets')}`,
      `--plugin-dir=${join(tree, 'usr/lib/mysql/plugin')}`,
    ],
  };
}

/**
 * Initialises and starts a real MySQL in a temporary directory, as `startMariadb` does. Its accounts have `caching_sha2_password`.
 *
 * @throws Error when this machine has no server, or with the server's log when it does not come up.
 */
export async function startMysql(options: MysqlServerOptions = {}): Promise<MysqlServer> {
  const { password = randomBytes(12).toString('base64url'), tls = false } = options;
  const found = findMysql();
  const candidate = candidates().find(({ path }) => found.found && path === found.path);
  if (!found.found || candidate === undefined) throw new Error(`cannot start ${found.name}: ${found.found ? 'it is gone' : found.reason}`);
  const flags = Object.fromEntries(candidate.flags.map((flag) => flag.slice(2).split('=') as [string, string]));
  const site = newSite('mysql', candidate.command);
  const own = { 'secure-file-priv': 'NULL', 'innodb-redo-log-capacity': '32M', ...flags };
  const folding = options.parameters?.['lower_case_table_names'];
  const command = [
    ...candidate.command,
    '--no-defaults',
    '--initialize-insecure',
    `--datadir=${dataOf(site)}`,
    `--tmpdir=${temporaryOf(site)}`,
  ];
  // The dictionary keeps this one from its beginning.
  const first = { ...own, ...(folding === undefined ? {} : { 'lower-case-table-names': folding }) };
  await initialise(site, [...command, ...Object.entries(first).map(([name, value]) => `--${name}=${value}`)]);
  return startSite(site, found.version, {
    tls,
    password,
    parameters: { mysqlx: 'OFF', 'disable-log-bin': 'ON', ...own, ...options.parameters },
    makeRoot: (secret) => [`CREATE USER IF NOT EXISTS 'root'@'127.0.0.1' IDENTIFIED BY ${secret};`],
  });
}
