import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Finding } from './finding.js';
import { dataOf, initialise, newSite, startSite, temporaryOf } from './server-site.js';
import type { MysqlServer, MysqlServerOptions } from './server-site.js';

export type MariadbOptions = MysqlServerOptions;
export type MariadbServer = MysqlServer;

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
  const { password = randomBytes(12).toString('base64url'), tls = false } = options;
  const found = findMariadb();
  if (!found.found) throw new Error(`cannot start ${found.name}: ${found.reason}`);
  const site = newSite('mariadb', [found.path]);
  await initialise(site, [
    'mariadb-install-db',
    '--no-defaults',
    `--datadir=${dataOf(site)}`,
    `--tmpdir=${temporaryOf(site)}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    '--skip-name-resolve',
    '--innodb-log-file-size=8M',
  ]);
  return startSite(site, found.version, {
    tls,
    password,
    parameters: { 'innodb-log-file-size': '8M', ...options.parameters },
    makeRoot: (secret) => [`CREATE OR REPLACE USER 'root'@'127.0.0.1' IDENTIFIED BY ${secret};`],
  });
}
