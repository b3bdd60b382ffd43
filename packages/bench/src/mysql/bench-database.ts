import { startMariadb } from '@sqlwarden/testkit';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import type { WireDatabase } from '../load/bench-wire.js';
import { WIDE_TABLES } from '../load/measured.js';

export const DATABASE = 'bench';
/** Of the server's own accounts. */
export const ACCOUNT = 'gateway';
export const ACCOUNTS = 100_000;

const WIDE = `
  id int primary key, name varchar(60), email varchar(60), phone varchar(20), ssn varchar(40), amount decimal(12, 2), born date,
  city varchar(30), note varchar(60), created datetime`;

/** A MariaDB with accounts to look up by their key, and the same wide rows in three tables. */
export async function createMariadb(wideRows: number, version: string): Promise<WireDatabase> {
  const server = await startMariadb({ parameters: { 'max-connections': '1000' } });
  try {
    const { host, port, user, password } = server;
    const root = await createConnection({ host, port, user, password, multipleStatements: true });
    await root.query(`create database ${DATABASE}; use ${DATABASE};
create table accounts (aid int primary key, abalance int not null, filler char(84) not null);
insert into accounts select seq, seq * 7919 % 10000, 'x' from seq_1_to_${ACCOUNTS};
create user ${ACCOUNT} identified by '${password}'; grant all on ${DATABASE}.* to ${ACCOUNT}`);
    for (const table of Object.values(WIDE_TABLES))
      await root.query(`create table ${table} (${WIDE});
insert into ${table} select seq, concat('Name of number ', seq), concat('person', seq, '@example.com'), concat('+1-555-01', lpad(seq % 100, 2, '0'), '-', lpad(seq % 10000, 4, '0')),
  concat('900-', lpad(seq % 100, 2, '0'), '-', lpad(seq % 10000, 4, '0')), seq * 7919 % 1000000 / 100, date '1940-01-01' + interval (seq % 20000) day,
  'Cedar Falls', repeat('n', 40), timestamp '2024-01-01 00:00:00' + interval seq second from seq_1_to_${wideRows}; analyze table ${table}`);
    await root.end();
    return {
      server: { host, port, version: `MariaDB ${version}` },
      login: { user: ACCOUNT, password },
      database: DATABASE,
      prefix: `${DATABASE}.`,
      wideRow,
      stop: () => server.stop(),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

const wideRow: WireDatabase['wideRow'] = async (port, login, table) => {
  const connection = await createConnection({ host: '127.0.0.1', port, database: DATABASE, ...login, enableCleartextPlugin: true });
  const [[row]] = await connection.query<RowDataPacket[][]>({ sql: `select * from ${table} where id = 77`, rowsAsArray: true });
  await connection.end();
  return (row ?? []).map(String);
};
