import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { findPostgres, findPsql, startPostgres } from '@sqlwarden/testkit';
import pg from 'pg';
import { SceneError, seen } from './claim.js';
import { stage } from './stage.js';
import { type Client, countOf, type Database, type Result, type System } from './system.js';

const FILL = `update people set risk_score = round(f.refunded::numeric / f.placed, 4)
from (
  select person_id, count(*) as placed, count(*) filter (where status = 'refunded') as refunded
  from orders group by person_id
) f
where f.person_id = people.id`;

const psql = findPsql();

export const postgresSystem: System = {
  name: 'postgres',
  title: 'PostgreSQL',
  usualPort: 15_432,
  table: 'public.people',
  fill: FILL,
  startDatabase,
  connect: (port, user, token) => connected({ host: '127.0.0.1', port, database: 'crm', user, password: token, application_name: user }),
  async held(_scene, client) {
    const message = await client.notice();
    stage.gets(`NOTICE  ${message}`, 'yellow');
    return seen(/\(request ([a-z0-9]+),/.exec(message)?.[1], 'the id of the request in the notice');
  },
  shell: {
    name: 'psql',
    program: psql.found ? psql.path : undefined,
    reason: psql.found ? '' : psql.reason,
    args: (port, user, sql) => ['--no-psqlrc', '-h', '127.0.0.1', '-p', String(port), '-U', user, '-d', 'crm', '-c', sql],
    env: (token) => ({ PGPASSWORD: token }),
  },
  connectCommand: (port, tokenFile) => `PGPASSWORD=$(cat ${tokenFile}) psql -h 127.0.0.1 -p ${port} -d crm`,
};

async function startDatabase(): Promise<Database> {
  const found = findPostgres(18);
  if (!found.found) throw new SceneError(`the quickstart needs ${found.name}, and there are none for this machine (${found.reason})`);
  const server = await startPostgres({ major: 18 });
  try {
    const { password } = server;
    const admin = await connected({ connectionString: server.url() });
    await admin.query(`create role gateway login password ${pg.escapeLiteral(password)}`);
    await admin.query('create database crm owner gateway');
    await admin.end();
    const direct = await connected({ connectionString: server.url({ user: 'gateway', password, database: 'crm' }) });
    await direct.query(readFileSync(new URL('../sql/schema.sql', import.meta.url), 'utf8'));
    const { rows } = await direct.query<{ readonly server_version: string }>('show server_version');
    return {
      port: server.port,
      password,
      direct,
      version: rows[0]?.server_version ?? 'of an unknown version',
      people: await countOf(direct, 'people'),
      orders: await countOf(direct, 'orders'),
      async stop() {
        await direct.end();
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Dates as the text that came over the wire, not as moments of some time zone. */
const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.DATE, (text) => text);

async function connected(config: pg.ClientConfig): Promise<Client> {
  const client = new pg.Client({ ...config, types });
  // The gateway says goodbye when the scene ends; that is no failure.
  client.on('error', () => undefined);
  await client.connect();
  return {
    async query<Row>(sql: string): Promise<Result<Row>> {
      const { rows, rowCount } = await client.query<Row & pg.QueryResultRow>(sql);
      return { rows, affected: rowCount ?? 0 };
    },
    async refused(sql) {
      try {
        await client.query(sql);
      } catch (error) {
        const { code, message, detail } = error as pg.DatabaseError;
        return { code: code ?? '', message: `${message}\n${detail ?? ''}` };
      }
      throw new SceneError('this did not happen: a statement that policy refuses was refused');
    },
    async notice() {
      const [notice] = (await once(client, 'notice', { signal: AbortSignal.timeout(10_000) })) as [{ readonly message?: string }];
      return seen(notice.message, 'a notice that the statement is held');
    },
    end: () => client.end(),
  };
}
