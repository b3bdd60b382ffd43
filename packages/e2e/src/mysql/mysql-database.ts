import { mkdtempSync, chmodSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MysqlServer, type MysqlServerKind, type MysqlServerOptions, mysqlServerKinds } from '@sqlwarden/testkit';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import type { World } from '../harness/canaries.js';
import { mysqlCorpus } from './mysql-case.js';
import { MysqlClient } from './mysql-client.js';
import { mysqlWorldSql } from './mysql-world.js';

/** The account that the gateway logs in as: it may do all that one lets an application do, and some more. */
export const GATEWAY_ACCOUNT = 'gateway';
const PRIVILEGES =
  'SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, CREATE VIEW, ' +
  'SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, EVENT, TRIGGER, FILE, PROCESS, RELOAD';

const ANALYSED = ['people', 'orders', 'order_items', 'products', 'settings', 'schema_migrations', 'visits', 'staff'];

/** In `schema.sql`, whose bodies of several statements are indented but for their `end`. */
const BETWEEN_STATEMENTS = /;\n+(?=\S)(?!end)/;

/** A kind of server that suites run on. */
export interface MysqlKind extends MysqlServerKind {
  /** How the account proves its password to a client that is given a salt. */
  readonly plugin: string;
}

const PLUGINS = { mariadb: 'mysql_native_password', mysql: 'caching_sha2_password' };

/** MariaDB, MySQL, and the server of `SQLWARDEN_MYSQL_URL` where that is set. */
export const MYSQL_KINDS: readonly MysqlKind[] = mysqlServerKinds().map((kind) => ({ ...kind, plugin: PLUGINS[kind.flavour] }));

/** Changes whenever anything in a database was changed. */
export interface Fingerprint {
  readonly schema: string;
  readonly data: string;
}

/** A running server with the databases of the corpora in it. */
export interface MysqlCorpusServer {
  readonly kind: MysqlKind;
  readonly server: MysqlServer;
  /** Of {@link GATEWAY_ACCOUNT}. */
  readonly password: string;
  /** Where the server may write files. */
  readonly directory: string;
  /** Makes a database from scratch with the values of a world. */
  create(database: string, world: World): Promise<void>;
  fingerprint(database: string): Promise<Fingerprint>;
  /** Statements as root. */
  admin(sql: string): Promise<RowDataPacket[]>;
  /** A connection around the gateway, as {@link GATEWAY_ACCOUNT}. */
  direct(database: string, deprecateEof?: boolean): Promise<MysqlClient>;
  stop(): Promise<void>;
}

export async function startMysqlCorpusServer(kind: MysqlKind, options: MysqlServerOptions = {}): Promise<MysqlCorpusServer> {
  // Plans depend on statistics, and these on when the server makes them: it makes them when it is told to.
  const server = await kind.start({ ...options, parameters: { 'innodb-stats-auto-recalc': 'OFF', ...options.parameters } });
  const password = 'of the gateway only';
  const directory = mkdtempSync(join(tmpdir(), 'sqlwarden-files-'));
  chmodSync(directory, 0o777);
  const { host, port } = server;
  // MySQL reads some of its information_schema only where a database is selected.
  const root = await connect(server.user, server.password, 'mysql');
  function connect(user: string, secret: string, database?: string): Promise<Connection> {
    return createConnection({
      host,
      port,
      user,
      password: secret,
      multipleStatements: true,
      ...(database === undefined ? {} : { database }),
    });
  }
  await root.query(`create user ${GATEWAY_ACCOUNT} identified by '${password}'; grant ${PRIVILEGES} on *.* to ${GATEWAY_ACCOUNT}`);
  return {
    kind,
    server,
    password,
    directory,
    async create(database, world) {
      for (const name of [database, `hr_${database}`]) await root.query(`drop database if exists ${name}; create database ${name}`);
      const owner = await connect(GATEWAY_ACCOUNT, password, database);
      // One by one: MySQL keeps the separator of a text of several as part of the trigger before it, and then writes dumps that it does not read.
      for (const statement of mysqlCorpus('database', 'schema.sql').replaceAll('{{database}}', database).split(BETWEEN_STATEMENTS))
        await owner.query(statement);
      await owner.query(mysqlWorldSql(world));
      await owner.query(`analyze table ${ANALYSED.join(', ')}`);
      await owner.end();
    },
    fingerprint: (database) => fingerprintOf(root, database),
    async admin(sql) {
      const [rows] = await root.query<RowDataPacket[]>(sql);
      return rows;
    },
    direct: (database, deprecateEof = true) =>
      MysqlClient.connect({ port, user: GATEWAY_ACCOUNT, password, database, plugin: kind.plugin, deprecateEof }),
    async stop() {
      await root.end();
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function fingerprintOf(root: Connection, database: string): Promise<Fingerprint> {
  const [tables] = await root.query<RowDataPacket[]>(
    `select table_schema s, table_name n, table_type t, create_time c from information_schema.tables where table_schema in (?, ?) order by 1, 2;`,
    [database, `hr_${database}`],
  );
  const base = tables.filter((row) => row['t'] === 'BASE TABLE').map((row) => `\`${String(row['s'])}\`.\`${String(row['n'])}\``);
  const [sums] = base.length === 0 ? [[]] : await root.query(`checksum table ${base.join(', ')}`);
  const [programs] = await root.query(
    `select concat(routine_name, sha2(coalesce(routine_definition, ''), 256)) n, last_altered a from information_schema.routines where routine_schema = ? union all
     select concat(trigger_name, sha2(action_statement, 256)), created from information_schema.triggers where trigger_schema = ? union all
     select concat(event_name, sha2(event_definition, 256)), last_altered from information_schema.events where event_schema = ? union all
     select concat(table_name, column_name, column_type), null from information_schema.columns where table_schema = ? union all
     select concat(table_name, sha2(view_definition, 256)), null from information_schema.views where table_schema = ?`,
    [database, database, database, database, database],
  );
  return { schema: JSON.stringify([tables, programs]), data: JSON.stringify(sums) };
}
