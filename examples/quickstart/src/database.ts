import { readFileSync } from 'node:fs';
import { findPostgres, type PostgresServer, startPostgres } from '@sqlwarden/testkit';
import pg from 'pg';
import { SceneError } from './claim.js';

/** A PostgreSQL with made-up data, and a client that goes straight to it, past the gateway: for what is shown as stored. */
export interface Database {
  readonly server: PostgresServer;
  readonly version: string;
  readonly people: number;
  readonly orders: number;
  /** Of the gateway's own account. */
  readonly password: string;
  readonly direct: pg.Client;
  stop(): Promise<void>;
}

export async function startDatabase(): Promise<Database> {
  const found = findPostgres(18);
  if (!found.found) throw new SceneError(`the quickstart needs ${found.name}, and there are none for this machine (${found.reason})`);
  const server = await startPostgres({ major: 18 });
  try {
    return await fill(server);
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function fill(server: PostgresServer): Promise<Database> {
  const password = server.password;
  const admin = new pg.Client(server.url());
  await admin.connect();
  await admin.query(`create role gateway login password ${pg.escapeLiteral(password)}`);
  await admin.query('create database crm owner gateway');
  await admin.end();
  const direct = new pg.Client(server.url({ user: 'gateway', password, database: 'crm' }));
  await direct.connect();
  await direct.query(readFileSync(new URL('../sql/schema.sql', import.meta.url), 'utf8'));
  const count = async (sql: string): Promise<number> => Number((await direct.query<{ count: string }>(sql)).rows[0]?.count);
  const { rows } = await direct.query<{ server_version: string }>('show server_version');
  return {
    server,
    password,
    direct,
    version: rows[0]?.server_version ?? 'of an unknown version',
    people: await count('select count(*) from people'),
    orders: await count('select count(*) from orders'),
    async stop() {
      await direct.end();
      await server.stop();
    },
  };
}
