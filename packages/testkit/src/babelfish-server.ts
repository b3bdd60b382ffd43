import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from './finding.js';
import { freePort } from './free-port.js';
import { startPostgres, type PostgresServer } from './postgres-server.js';
import { runProgram } from './run-program.js';

/** A running server of TDS that nobody else uses. Its data is gone when it stops. */
export interface SqlserverServer {
  /** As the server says it. */
  readonly version: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** PEM of the authority that signed the server's certificate; only with `tls`. */
  readonly authority?: string;
  /** What the server has logged; empty where that is not known here. */
  log(): string;
  /** Shuts it down, disconnecting clients, and removes its directory. Later calls answer the same promise. */
  stop(): Promise<void>;
}

export interface SqlserverServerOptions {
  /** Require TLS of clients, with a certificate for `localhost` and `127.0.0.1` from an authority of the server's own. */
  readonly tls?: boolean;
  /** Of the login `sa`. Default: a random one. */
  readonly password?: string;
}

const VARIABLE = 'SQLWARDEN_SQLSERVER_TREE';
const DATABASE = 'babelfish';

/**
 * The Babelfish whose installation (`bin/postgres` and the four extensions) is at `SQLWARDEN_SQLSERVER_TREE`. It is optional: where it is not
 * there, tests are skipped by its name even when nothing else may be.
 */
export function findBabelfish(): Finding {
  const name = 'Babelfish';
  const path = process.env[VARIABLE] ?? '';
  try {
    accessSync(join(path, 'bin', 'postgres'), constants.X_OK);
  } catch {
    return { found: false, name, reason: `no bin/postgres where ${VARIABLE} says`, optional: true };
  }
  const extension = [join(path, 'share/postgresql/extension'), join(path, 'share/extension')]
    .map((place) => join(place, 'babelfishpg_tds.control'))
    .some((file) => existsSync(file));
  if (!extension) return { found: false, name, reason: `the PostgreSQL of ${VARIABLE} has no extension babelfishpg_tds`, optional: true };
  const text = execFileSync(join(path, 'bin', 'postgres'), ['--version'], { encoding: 'utf8' });
  return { found: true, name, path, version: /\d+(?:\.\d+)*/.exec(text)?.[0] ?? '' };
}

/**
 * Initialises and starts a Babelfish in a temporary directory, as `startPostgres` does. Databases are apart from one another (`multi-db`).
 *
 * @throws Error when this machine has none, or with the server's log when it does not come up.
 */
export async function startBabelfish(options: SqlserverServerOptions = {}): Promise<SqlserverServer> {
  const { password = randomBytes(12).toString('base64url'), tls = false } = options;
  const found = findBabelfish();
  if (!found.found) throw new Error(`cannot start ${found.name}: ${found.reason}`);
  const { server, port } = await startOn(found.path, tls);
  try {
    await initialise(server, found.path, password);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    version: found.version,
    host: '127.0.0.1',
    port,
    user: 'sa',
    password,
    ...(server.authority === undefined ? {} : { authority: server.authority }),
    log: () => server.log(),
    stop: () => server.stop(),
  };
}

/** Starts the server; on another port when it did not come up, because somebody may have been faster to take the port. */
async function startOn(tree: string, tls: boolean): Promise<{ readonly server: PostgresServer; readonly port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      const server = await startPostgres({
        major: 16,
        installation: tree,
        tls,
        // The listener of TDS knows no other proof of a password.
        hba: ['host all all 127.0.0.1/32 md5'],
        parameters: {
          shared_preload_libraries: 'babelfishpg_tds',
          'babelfishpg_tds.port': String(port),
          'babelfishpg_tds.listen_addresses': '127.0.0.1',
          'babelfishpg_tds.tds_ssl_encrypt': tls ? 'on' : 'off',
          'babelfishpg_tds.tds_debug_log_level': '0',
          'babelfishpg_tsql.database_name': DATABASE,
          'babelfishpg_tsql.migration_mode': 'multi-db',
        },
      });
      return { server, port };
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

async function initialise(server: PostgresServer, tree: string, password: string): Promise<void> {
  await psql(server, tree, 'postgres', [
    `CREATE USER sa WITH SUPERUSER CREATEDB CREATEROLE INHERIT PASSWORD '${password.replaceAll("'", "''")}'`,
    `CREATE DATABASE ${DATABASE} OWNER sa`,
  ]);
  await psql(server, tree, DATABASE, [
    'SET client_min_messages = error',
    'SET allow_system_table_mods = on',
    'CREATE EXTENSION babelfishpg_tds CASCADE',
    'GRANT ALL ON SCHEMA sys TO sa',
    "CALL sys.initialize_babelfish('sa')",
  ]);
}

async function psql(server: PostgresServer, tree: string, database: string, statements: readonly string[]): Promise<void> {
  const place = ['-h', server.host, '-p', String(server.port), '-U', server.user, '-d', database];
  const input = statements.map((statement) => `${statement};\n`).join('');
  const { status, stderr } = await runProgram(join(tree, 'bin', 'psql'), ['-X', '-q', '-v', 'ON_ERROR_STOP=1', ...place], {
    env: { PGPASSWORD: server.password },
    input,
  });
  if (status !== 0) throw new Error(`Babelfish could not be set up: ${stderr.trim()}`);
}
