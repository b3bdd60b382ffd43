import { randomBytes } from 'node:crypto';
import { type PostgresMajor, type PostgresServer, runProgram, startPostgres } from '@sqlwarden/testkit';
import pg from 'pg';

/** Owns everything; pgbench and the gateway log in as it, by SCRAM-SHA-256. */
export const OWNER = 'bench';
/** Reads everything, and logs in by a password in clear, which is all that the raw reader speaks. */
export const READER = 'reader';
export const DATABASE = 'bench';

/** The same rows three times, so that a policy can mask another number of columns in each. */
export const WIDE_TABLES = { 0: 'wide_0', 1: 'wide_1', 5: 'wide_5' } as const;
export type MaskedColumns = keyof typeof WIDE_TABLES;

export interface BenchDatabase {
  readonly server: PostgresServer;
  /** Of both roles. */
  readonly password: string;
  /** pgbench's scale factor: 100,000 accounts each. */
  readonly scale: number;
  readonly wideRows: number;
  stop(): Promise<void>;
}

export interface DatabaseRequest {
  readonly pgbench: string;
  readonly major: PostgresMajor;
  readonly scale: number;
  readonly wideRows: number;
}

/** A PostgreSQL with pgbench's tables and the wide ones. Without fsync: the disk is not what is measured. */
export async function createDatabase({ pgbench, major, scale, wideRows }: DatabaseRequest): Promise<BenchDatabase> {
  const server = await startPostgres({
    major,
    parameters: { max_connections: '1200', shared_buffers: '512MB', autovacuum: 'off', max_wal_size: '4GB', jit: 'off' },
    hba: [`host all ${READER} 127.0.0.1/32 password`],
  });
  try {
    const password = randomBytes(12).toString('hex');
    await run(server, 'postgres', [
      `create role ${OWNER} login password '${password}'`,
      `create role ${READER} login password '${password}' in role pg_read_all_data`,
      `create database ${DATABASE} owner ${OWNER}`,
    ]);
    await runPgbenchSetup(server, pgbench, password, scale);
    await run(server, DATABASE, [`set role ${OWNER}`, ...Object.values(WIDE_TABLES).map((table) => wideTable(table, wideRows))]);
    await run(server, DATABASE, ['vacuum analyze', 'checkpoint']);
    return { server, password, scale, wideRows, stop: () => server.stop() };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function runPgbenchSetup(server: PostgresServer, pgbench: string, password: string, scale: number): Promise<void> {
  const login = ['-h', server.host, '-p', String(server.port), '-U', OWNER];
  const made = await runProgram(pgbench, ['-i', '-q', '-n', '-s', String(scale), ...login, DATABASE], {
    env: { PGPASSWORD: password },
    timeoutMs: 600_000,
  });
  if (made.status !== 0) throw new Error(`pgbench could not make its tables: ${made.stderr}`);
}

async function run(server: PostgresServer, database: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: server.url({ database }) });
  await client.connect();
  try {
    for (const sql of statements) await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Ten columns, about 200 bytes for each row on the wire. */
function wideTable(name: string, rows: number): string {
  return `create table ${name} as select
    n::bigint as id,
    'Person number ' || n as name,
    'person' || n || '@mail' || n % 97 || '.example' as email,
    '+49 ' || lpad((n % 1000)::text, 3, '0') || ' ' || lpad((n * 7919 % 10000000)::text, 7, '0') as phone,
    lpad((n % 1000)::text, 3, '0') || '-' || lpad((n % 100)::text, 2, '0') || '-' || lpad((n % 10000)::text, 4, '0') as ssn,
    'City ' || n % 500 as city,
    'a note of some length on number ' || n as note,
    (n * 37 % 1000000)::numeric(12, 2) / 100 as amount,
    date '1950-01-01' + (n % 20000) as born,
    timestamptz '2026-01-01 00:00:00+00' + n * interval '1 minute' as created
  from generate_series(1, ${rows}) n`;
}
