import { spawnSync } from 'node:child_process';
import type { Finding } from './finding.js';

/** Other people's proxies. Debian installs both where only root's PATH looks. */

export function findPgbouncer(): Finding {
  return findProxy('pgbouncer', ['--version']);
}

export function findHaproxy(): Finding {
  return findProxy('haproxy', ['-v']);
}

function findProxy(name: string, versionFlag: readonly string[]): Finding {
  for (const path of [name, `/usr/sbin/${name}`, `/usr/local/sbin/${name}`]) {
    const { status, stdout } = spawnSync(path, versionFlag, { encoding: 'utf8' });
    if (status === 0) return { found: true, name, path, version: /\d+(?:\.\d+)+/.exec(stdout)?.[0] ?? 'unknown' };
  }
  return { found: false, name, reason: 'not on PATH' };
}
