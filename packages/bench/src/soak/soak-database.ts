import { randomBytes } from 'node:crypto';
import { type PostgresServer, startPostgres } from '@sqlwarden/testkit';
import pg from 'pg';
import type { SoakServer } from './soak-gateway.js';

const PEOPLE = 1_000;

/** A real PostgreSQL with a table to read, one to write to, and the gateway's role. */
export async function createSoakDatabase(): Promise<{ readonly server: PostgresServer; readonly login: SoakServer }> {
  const server = await startPostgres({ parameters: { max_connections: '200', shared_buffers: '64MB' } });
  try {
    const password = randomBytes(12).toString('hex');
    await run(server, 'postgres', [`create role soak login password '${password}'`, 'create database soak owner soak']);
    await run(server, 'soak', [
      'set role soak',
      `create table people as select id, 'person ' || id as name, 'p' || id || '@example.com' as email from generate_series(1, ${PEOPLE}) id`,
      'alter table people add primary key (id)',
      'create table events (id bigint generated always as identity, kind text, at timestamptz default now())',
    ]);
    const { host, port } = server;
    return { server, login: { host, port, user: 'soak', password, database: 'soak' } };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function run(server: PostgresServer, database: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: server.url({ database }) });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
