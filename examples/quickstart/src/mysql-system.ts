import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { findMariadb, findMariadbClient, startMariadb } from '@sqlwarden/testkit';
import { type ConnectionOptions, createConnection, type QueryError, type ResultSetHeader } from 'mysql2/promise';
import { claim, SceneError, seen } from './claim.js';
import { sqlwarden } from './command.js';
import { stage } from './stage.js';
import { type Client, countOf, type Database, type Result, type System } from './system.js';

const FILL = `update people, (
  select person_id, count(*) as placed, sum(status = 'refunded') as refunded
  from orders group by person_id
) as f
set risk_score = round(f.refunded / f.placed, 4)
where f.person_id = people.id`;

const shell = findMariadbClient();
const HELD_MS = 10_000;
const LOOK_AGAIN_MS = 100;

export const mysqlSystem: System = {
  name: 'mysql',
  title: 'MariaDB',
  usualPort: 13_306,
  table: 'crm.people',
  fill: FILL,
  startDatabase,
  // In clear: the gateway takes a token in clear on this machine alone. Elsewhere clients use TLS.
  connect: (port, user, token) =>
    connected({ host: '127.0.0.1', port, database: 'crm', user, password: token, enableCleartextPlugin: true }),
  async held({ run }) {
    const until = performance.now() + HELD_MS;
    for (;;) {
      const { status, stdout } = await sqlwarden(run.path, ['pending', '--json']);
      claim(status === 0, 'the statements that wait can be listed');
      const [request] = JSON.parse(stdout) as readonly { readonly id: string }[];
      if (request !== undefined) {
        stage.gets('no answer yet: the statement is held (the protocol of MySQL has no notices)', 'yellow');
        return request.id;
      }
      claim(performance.now() < until, 'the statement is held');
      await pause(LOOK_AGAIN_MS);
    }
  },
  shell: {
    name: 'mariadb',
    program: shell.found ? shell.path : undefined,
    reason: shell.found ? '' : shell.reason,
    args: (port, user, sql) => ['--no-defaults', '-h', '127.0.0.1', '-P', String(port), '-u', user, 'crm', '-e', sql],
    env: (token) => ({ MYSQL_PWD: token }),
  },
  connectCommand: (port, tokenFile) => `MYSQL_PWD=$(cat ${tokenFile}) mariadb -h 127.0.0.1 -P ${port} crm`,
};

async function startDatabase(): Promise<Database> {
  const found = findMariadb();
  if (!found.found) throw new SceneError(`the quickstart on MySQL needs a ${found.name}: ${found.reason}`);
  const server = await startMariadb();
  const { host, port, password } = server;
  try {
    const admin = await connected({ host, port, user: server.user, password });
    await admin.query('create database crm');
    await admin.query(`create user gateway@'127.0.0.1' identified by '${password}'`);
    await admin.query("grant all on crm.* to gateway@'127.0.0.1'");
    await admin.end();
    const direct = await connected({ host, port, user: 'gateway', password, database: 'crm', multipleStatements: true });
    await direct.query(readFileSync(new URL('../sql/schema-mariadb.sql', import.meta.url), 'utf8'));
    return {
      port,
      password,
      direct,
      version: found.version.replace(/-.*/, ''),
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

async function connected(options: ConnectionOptions): Promise<Client> {
  // Dates as the text that came over the wire, not as moments of some time zone.
  const connection = await createConnection({ ...options, dateStrings: true });
  // The gateway says goodbye when the scene ends; that is no failure.
  connection.on('error', () => undefined);
  return {
    async query<Row>(sql: string): Promise<Result<Row>> {
      const [result] = await connection.query<ResultSetHeader>(sql);
      // Rows come as a list.
      const rows = Array.isArray(result) ? (result as readonly Row[]) : [];
      return { rows, affected: Array.isArray(result) ? 0 : result.affectedRows };
    },
    async refused(sql) {
      try {
        await connection.query(sql);
      } catch (error) {
        const { errno, sqlState, message } = error as QueryError & { readonly sqlState?: string };
        return { code: `${errno ?? ''} (${seen(sqlState, 'the SQLSTATE of the error')})`, message };
      }
      throw new SceneError('this did not happen: a statement that policy refuses was refused');
    },
    notice: () => Promise.reject(new SceneError('the protocol of MySQL has no notices')),
    end: () => connection.end(),
  };
}
