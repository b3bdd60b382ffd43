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

/** A program of FreeTDS: `tsql`, its terminal; `bsqldb` and `freebcp`, of its db-lib. */
export function findFreetds(program: 'tsql' | 'bsqldb' | 'freebcp'): Finding {
  const name = `${program} of FreeTDS`;
  const path = onPath(program).find(isExecutable);
  if (path === undefined) return { found: false, name, reason: `no ${program} (apt-get install freetds-bin)` };
  const tsql = onPath('tsql').find(isExecutable) ?? path;
  const { stdout } = spawnSync(tsql, ['-C'], { encoding: 'utf8' });
  return { found: true, name, path, version: /freetds v(\S+)/.exec(stdout)?.[1] ?? '' };
}

/** The ODBC driver of FreeTDS, whose path is that of the library: `Driver=PATH` in a connection string, with no odbcinst.ini. */
export function findFreetdsOdbc(): Finding {
  const name = 'ODBC driver of FreeTDS';
  const places = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map((machine) => `/usr/lib/${machine}/odbc/libtdsodbc.so`);
  const path = places.find((place) => existsSync(place));
  return path === undefined
    ? { found: false, name, reason: 'no libtdsodbc.so (apt-get install tdsodbc)' }
    : { found: true, name, path, version: '' };
}

/** A Python that has this module; the path is the interpreter's. Distributions install modules for their own interpreter, so that is first. */
export function findPython(
  module:
    | 'pymysql'
    | 'psycopg2'
    | 'psycopg'
    | 'asyncpg'
    | 'sqlalchemy'
    | 'pandas'
    | 'django'
    | 'ctypes'
    | 'pymssql'
    | 'pyodbc'
    | 'pytds'
    | 'OpenSSL',
): Finding {
  const name = `python3 with ${module}`;
  const interpreters = ['/usr/bin/python3', ...onPath('python3')].filter(isExecutable);
  for (const path of interpreters) {
    const { status, stdout } = spawnSync(
      path,
      ['-c', `import ${module}; print(getattr(${module}, '__version__', None) or ${module}.version)`],
      { encoding: 'utf8' },
    );
    if (status === 0) return { found: true, name, path, version: stdout.trim() };
  }
  return { found: false, name, reason: interpreters.length === 0 ? 'no python3' : `python3 has no module ${module}` };
}

/** MariaDB's JDBC driver with a JDK: the path is that of the archive, which stands where Debian puts it. */
export function findMariadbJdbc(): Finding {
  const name = 'MariaDB JDBC driver';
  const path = '/usr/share/java/mariadb-java-client.jar';
  if (!existsSync(path)) return { found: false, name, reason: 'no mariadb-java-client.jar (apt-get install libmariadb-java)' };
  const { status, stdout } = spawnSync('javac', ['--version'], { encoding: 'utf8' });
  if (status !== 0) return { found: false, name, reason: 'no javac on PATH (apt-get install default-jdk-headless)' };
  return { found: true, name, path, version: stdout.trim() };
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
