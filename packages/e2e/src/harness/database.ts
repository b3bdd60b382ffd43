import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PostgresOptions, type PostgresServer, startPostgres } from '@sqlwarden/testkit';
import pg from 'pg';
import { type World, worldSql } from './canaries.js';
import { RawClient } from './raw-client.js';

/** The role that the gateway logs in as: it owns the databases and may do all that a server lets one do who is not a superuser. */
export const GATEWAY_ROLE = 'gateway';
const POWERFUL_ROLES = ['pg_monitor', 'pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program', 'pg_signal_backend'];
const schemaFile = join(import.meta.dirname, '..', '..', 'corpus', 'database', 'schema.sql');

/** A running PostgreSQL with the database of the corpora in it. */
export interface CorpusServer {
  readonly server: PostgresServer;
  /** Of {@link GATEWAY_ROLE}. */
  readonly password: string;
  /** Makes a database from scratch with the values of a world; whoever is connected to it is disconnected. */
  create(database: string, world: World): Promise<void>;
  /** Statements as the superuser, on a connection of their own. */
  admin<Row extends pg.QueryResultRow>(database: string, sql: string): Promise<Row[]>;
  /** A connection around the gateway, as {@link GATEWAY_ROLE}. */
  direct(database: string, parameters?: Readonly<Record<string, string>>): Promise<RawClient>;
  /** Changes whenever anything in the database was changed. */
  fingerprint(database: string): Promise<string>;
  stop(): Promise<void>;
}

export async function startCorpusServer(options: PostgresOptions = {}): Promise<CorpusServer> {
  const server = await startPostgres({
    ...options,
    parameters: { autovacuum: 'off', max_connections: '80', max_prepared_transactions: '4', ...options.parameters },
    // The socket's directory is the test's own: whoever is there may be the gateway's role without a password.
    hba: [...(options.hba ?? []), `local all ${GATEWAY_ROLE} trust`],
  });
  const password = randomBytes(12).toString('hex');
  const clients = new AdminClients(server);
  await clients.run(
    'postgres',
    `create role ${GATEWAY_ROLE} login password '${password}'; grant ${POWERFUL_ROLES.join(', ')} to ${GATEWAY_ROLE}`,
  );
  const templates = new Map<string, Promise<string>>();
  return {
    server,
    password,
    async create(database, world) {
      if (!templates.has(world.name)) templates.set(world.name, makeTemplate(clients, world));
      const template = await templates.get(world.name);
      await clients.end(database);
      await disconnectAll(clients, database);
      await clients.run('postgres', `drop database if exists ${database} with (force)`);
      await clients.run('postgres', `create database ${database} template ${template} owner ${GATEWAY_ROLE} strategy file_copy`);
    },
    admin: (database, sql) => clients.run(database, sql),
    direct: (database, parameters) =>
      RawClient.connect({
        host: server.socketDirectory,
        port: server.port,
        user: GATEWAY_ROLE,
        database,
        ...(parameters ? { parameters } : {}),
      }),
    fingerprint: (database) => fingerprintOf(clients, database),
    async stop() {
      await clients.endAll();
      await server.stop();
    },
  };
}

/** DROP DATABASE looks for connections every 100 ms; they are gone long before. */
async function disconnectAll(clients: AdminClients, database: string): Promise<void> {
  const theirs = `from pg_stat_activity where datname = '${database}'`;
  const [first] = await clients.run<{ count: string }>('postgres', `select count(pg_terminate_backend(pid)) ${theirs}`);
  for (let left = first?.count; left !== undefined && left !== '0'; ) {
    const [now] = await clients.run<{ count: string }>('postgres', `select count(*) ${theirs}`);
    left = now?.count;
  }
}

/** Worlds come from one template without protected values, so that everything else about them is the same, object ids too. */
async function makeTemplate(clients: AdminClients, world: World): Promise<string> {
  const [known] = await clients.run('postgres', "select 1 from pg_database where datname = 'crm_template'");
  if (known === undefined) {
    await clients.run('postgres', `create database crm_template owner ${GATEWAY_ROLE}`);
    await clients.run(
      'crm_template',
      'create schema extensions; create extension dblink schema extensions; grant usage on schema extensions to public',
    );
    await clients.run('crm_template', `grant execute on all functions in schema pg_catalog to ${GATEWAY_ROLE}`);
    await clients.run('crm_template', `set role ${GATEWAY_ROLE};\n${readFileSync(schemaFile, 'utf8')}`);
    await clients.end('crm_template');
  }
  const name = `crm_template_${world.name}`;
  await clients.run('postgres', `create database ${name} template crm_template owner ${GATEWAY_ROLE} strategy file_copy`);
  await clients.run(name, `set role ${GATEWAY_ROLE};\n${worldSql(world)}`);
  await clients.end(name);
  return name;
}

/** One connection of the superuser for each database, made when it is first needed. */
class AdminClients {
  readonly #server: PostgresServer;
  readonly #clients = new Map<string, Promise<pg.Client>>();

  constructor(server: PostgresServer) {
    this.#server = server;
  }

  async run<Row extends pg.QueryResultRow>(database: string, sql: string): Promise<Row[]> {
    if (!this.#clients.has(database)) this.#clients.set(database, this.#connect(database));
    const client = await (this.#clients.get(database) as Promise<pg.Client>);
    return (await client.query<Row>(sql)).rows;
  }

  async end(database: string): Promise<void> {
    const client = await this.#clients.get(database);
    this.#clients.delete(database);
    await client?.end();
  }

  async endAll(): Promise<void> {
    for (const database of this.#clients.keys()) await this.end(database);
  }

  async #connect(database: string): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.#server.url({ database }) });
    client.on('error', () => this.#clients.delete(database));
    await client.connect();
    return client;
  }
}

const SYSTEM_TABLES = [
  'class',
  'attribute',
  'proc',
  'type',
  'namespace',
  'trigger',
  'rewrite',
  'constraint',
  'attrdef',
  'largeobject_metadata',
  'policy',
  'extension',
  'statistic_ext',
  'publication',
];

async function fingerprintOf(clients: AdminClients, database: string): Promise<string> {
  const relations = await clients.run<{ name: string }>(
    database,
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'S') and n.nspname not like 'pg\\_%' and n.nspname not in ('information_schema', 'extensions') order by 1`,
  );
  const names = [...SYSTEM_TABLES.map((name) => `pg_${name}`), ...relations.map(({ name }) => name)];
  const parts = names.map((name) => `(select coalesce(sum(xmin::text::bigint), 0) || '/' || count(*) from ${name})`);
  const [row] = await clients.run<{ fingerprint: string }>(database, `select concat_ws(' ', ${parts.join(', ')}) as fingerprint`);
  return `${names.join(' ')} ${row?.fingerprint ?? ''}`;
}
