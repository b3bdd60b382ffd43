import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Finding } from './finding.js';

/** PostgreSQL's interactive terminal. */
export function findPsql(): Finding {
  return findPostgresProgram('psql');
}

/** PostgreSQL's benchmark. Debian ships it in the package of the server, not in that of the client. */
export function findPgbench(): Finding {
  return findPostgresProgram('pgbench');
}

/** PostgreSQL's dump. It refuses servers of a newer major than its own. */
export function findPgDump(): Finding {
  return findPostgresProgram('pg_dump');
}

/** MariaDB's command line. */
export function findMariadbClient(): Finding {
  const name = 'mariadb (client)';
  const path = onPath('mariadb').find(isExecutable);
  if (path === undefined) return { found: false, name, reason: 'no mariadb (apt-get install mariadb-client)' };
  const { stdout } = spawnSync(path, ['--no-defaults', '--version'], { encoding: 'utf8' });
  return { found: true, name, path, version: /Distrib ([^,\s]+)/.exec(stdout)?.[1] ?? '' };
}

/** A Python that has this module; the path is the interpreter's. Distributions install modules for their own interpreter, so that is first. */
export function findPython(
  module: 'pymysql' | 'psycopg2' | 'psycopg' | 'asyncpg' | 'sqlalchemy' | 'pandas' | 'django' | 'ctypes',
): Finding {
  const name = `python3 with ${module}`;
  const interpreters = ['/usr/bin/python3', ...onPath('python3')].filter(isExecutable);
  for (const path of interpreters) {
    const { status, stdout } = spawnSync(path, ['-c', `import ${module}; print(${module}.__version__)`], { encoding: 'utf8' });
    if (status === 0) return { found: true, name, path, version: stdout.trim() };
  }
  return { found: false, name, reason: interpreters.length === 0 ? 'no python3' : `python3 has no module ${module}` };
}

function findPostgresProgram(program: string): Finding {
  for (const path of [...onPath(program), ...inServerPackages(program)].filter(isExecutable)) {
    const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
    if (status === 0) return { found: true, name: program, path, version: /\d+(?:\.\d+)*/.exec(stdout)?.[0] ?? 'unknown' };
  }
  return { found: false, name: program, reason: 'not on PATH' };
}

function onPath(program: string): string[] {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, program));
}

/** Debian keeps a server's programs out of PATH, one folder for each major; the newest first. */
function inServerPackages(program: string): string[] {
  const parent = '/usr/lib/postgresql';
  if (!existsSync(parent)) return [];
  const majors = readdirSync(parent).sort((a, b) => Number(b) - Number(a));
  return majors.map((major) => join(parent, major, 'bin', program));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
