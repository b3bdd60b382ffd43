import { randomBytes } from 'node:crypto';
import {
  connectSqlserver,
  type SqlserverConnection,
  type SqlserverServer,
  type SqlserverServerKind,
  sqlserverServerKinds,
} from '@sqlwarden/testkit';
import type { World } from '../harness/canaries.js';
import { sqlserverCorpus } from './sqlserver-case.js';
import { SqlserverClient } from './sqlserver-client.js';
import { sqlserverWorldSql } from './sqlserver-world.js';

/** The login that the gateway has: an owner of every database, so that nothing but the gateway stands between a client and a value. */
export const GATEWAY_LOGIN = 'gateway';

/** A Babelfish where there is one, and the server of `SQLWARDEN_SQLSERVER_URL`. */
export const SQLSERVER_KINDS: readonly SqlserverServerKind[] = sqlserverServerKinds();

const TABLES = ['people', 'orders', 'order_items', 'products', 'settings', 'schema_migrations', 'visits', 'staff', 'hr.people'];

/** Changes whenever anything in a database was changed. */
export interface Fingerprint {
  readonly schema: string;
  readonly data: string;
}

/** A running server with the databases of the corpora in it. */
export interface SqlserverCorpusServer {
  readonly server: SqlserverServer;
  /** Of {@link GATEWAY_LOGIN}. */
  readonly password: string;
  /** Makes a database from scratch with the values of a world. */
  create(database: string, world: World): Promise<void>;
  fingerprint(database: string): Promise<Fingerprint>;
  /** A batch as the administrator. */
  admin(sql: string, database?: string): Promise<readonly (readonly unknown[])[]>;
  /** A connection around the gateway, as {@link GATEWAY_LOGIN}. */
  direct(database: string): Promise<SqlserverClient>;
  stop(): Promise<void>;
}

export async function startSqlserverCorpusServer(kind: SqlserverServerKind): Promise<SqlserverCorpusServer> {
  const server = await kind.start();
  const password = `Of-the-gateway-only-${randomBytes(6).toString('hex')}`;
  const root = await connectSqlserver(server);
  const [[version = ''] = []] = await root.query('select @@version');
  const isSqlServer = !/babelfish/i.test(String(version));
  const owners = new Map<string, SqlserverConnection>();
  const made = new Set<string>();
  if ((await root.query(`select 1 from sys.server_principals where name = '${GATEWAY_LOGIN}'`)).length > 0)
    await root.query(`drop login ${GATEWAY_LOGIN}`);
  await root.query(`create login ${GATEWAY_LOGIN} with password = '${password}'`);
  await root.query(`alter server role sysadmin add member ${GATEWAY_LOGIN}`);

  async function owner(database: string): Promise<SqlserverConnection> {
    const known = owners.get(database) ?? (await connectSqlserver(server, { user: GATEWAY_LOGIN, password, database }));
    owners.set(database, known);
    return known;
  }
  async function drop(database: string): Promise<void> {
    await owners.get(database)?.end();
    owners.delete(database);
    if ((await root.query(`select 1 from sys.databases where name = '${database}'`)).length > 0)
      await root.query(`drop database ${database}`);
  }
  return {
    server,
    password,
    async create(database, world) {
      if (made.has(database) && !isSqlServer) await emptied(await owner(database));
      else {
        await drop(database);
        await root.query(`create database ${database}`);
        made.add(database);
      }
      const connection = await owner(database);
      const files = isSqlServer ? ['schema.sql', 'sqlserver-only.sql'] : ['schema.sql'];
      for (const file of files) for (const batch of sqlserverCorpus('database', file).split(/^go$/m)) await connection.query(batch);
      await connection.query(sqlserverWorldSql(world));
    },
    fingerprint: async (database) => fingerprintOf(await owner(database)),
    admin: async (sql, database) => (database === undefined ? root : await owner(database)).query(sql),
    direct: (database) => SqlserverClient.connect({ port: server.port, user: GATEWAY_LOGIN, password, database }),
    async stop() {
      for (const database of made) await drop(database).catch(() => undefined);
      for (const connection of owners.values()) await connection.end();
      await root.query(`drop login ${GATEWAY_LOGIN}`).catch(() => undefined);
      await root.end();
      await server.stop();
    },
  };
}

/** Drops whatever is in a database; what others need comes later. */
async function emptied(connection: SqlserverConnection): Promise<void> {
  const KINDS = { V: 'view', P: 'procedure', FN: 'function', IF: 'function', TF: 'function', TR: 'trigger', SN: 'synonym' } as const;
  for (let left = 20; left > 0; left -= 1) {
    const objects = await connection.query(
      `select schema_name(o.schema_id), o.name, rtrim(o.type), schema_name(p.schema_id), p.name from sys.objects o
       left join sys.objects p on p.object_id = o.parent_object_id
       where o.type in ('F', 'V', 'P', 'FN', 'IF', 'TF', 'SN', 'U') and schema_name(o.schema_id) in ('dbo', 'hr')`,
    );
    if (objects.length === 0) break;
    for (const [schema, name, type, parentSchema, parent] of objects as string[][]) {
      const what = KINDS[type as keyof typeof KINDS] ?? 'table';
      const sql =
        type === 'F'
          ? `alter table [${parentSchema ?? ''}].[${parent ?? ''}] drop constraint [${name ?? ''}]`
          : `drop ${what} [${schema ?? ''}].[${name ?? ''}]`;
      await connection.query(sql).catch(() => undefined);
    }
  }
  await connection.query("if exists (select 1 from sys.schemas where name = 'hr') drop schema hr");
}

async function fingerprintOf(connection: SqlserverConnection): Promise<Fingerprint> {
  const schema = await connection.query(`
    select o.object_id, schema_name(o.schema_id), o.name, o.type, convert(varchar(40), o.modify_date, 121) from sys.objects o
    where schema_name(o.schema_id) not in ('sys', 'information_schema_tsql')`);
  const columns = await connection.query('select object_id, column_id, name, system_type_id, max_length, is_nullable from sys.columns');
  const data: unknown[] = [];
  for (const table of TABLES) data.push(await connection.query(`select * from ${table}`).catch(() => 'gone'));
  const sorted = (rows: readonly unknown[]): string =>
    rows
      .map((row) => JSON.stringify(row))
      .sort()
      .join('\n');
  return { schema: `${sorted(schema)}\n${sorted(columns)}`, data: JSON.stringify(data) };
}
