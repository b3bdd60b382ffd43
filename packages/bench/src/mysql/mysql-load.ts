import type { Duplex } from 'node:stream';
import mysql, { type Connection } from 'mysql2';
import { anyUpTo, type LoadClient, type LoadRequest, type LoadStatement } from '../load/load.js';
import { DATABASE } from './bench-database.js';
import { ReplyScanner } from './reply-scanner.js';

const COM_STMT_EXECUTE = 0x17;
const MYSQL_TYPE_LONG = 0x03;

export const mysqlLoad: LoadClient = {
  async connect(request) {
    const connection = await connected(request);
    return {
      stream: (connection as unknown as { readonly stream: Duplex }).stream,
      prepare: async (statement) => (statement.kind === 'prepared' ? await preparedPackets(connection, statement) : textPackets(statement)),
      run: (sql) => new Promise((resolve, reject) => connection.query(sql, (error) => (error ? reject(error) : resolve()))),
      end: () => new Promise((resolve) => connection.end(() => resolve())),
      scanner: (onReply) => new ReplyScanner(onReply),
    };
  },
};

function connected({ port, login }: LoadRequest): Promise<Connection> {
  const connection = mysql.createConnection({ host: '127.0.0.1', port, database: DATABASE, ...login, enableCleartextPlugin: true });
  return new Promise((resolve, reject) => {
    connection.once('connect', () => resolve(connection));
    connection.once('error', reject);
  });
}

/** COM_QUERY; servers that speak of query attributes get none. */
function textPackets({ sql, upTo }: LoadStatement): () => Buffer {
  return () => framed(Buffer.from(`\u0003${sql.replace('{}', String(anyUpTo(upTo)))}`));
}

/** COM_STMT_EXECUTE of a statement with one parameter or none, its type told each time, as drivers do. */
async function preparedPackets(connection: Connection, { sql, upTo }: LoadStatement): Promise<() => Buffer> {
  const id = await new Promise<number>((resolve, reject) =>
    connection.prepare(sql.replace('{}', '?'), (error, statement) =>
      error ? reject(error) : resolve((statement as unknown as { readonly id: number }).id),
    ),
  );
  const head = Buffer.from([COM_STMT_EXECUTE, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
  head.writeUInt32LE(id, 1);
  if (!sql.includes('{}')) return () => framed(head);
  return () => {
    const parameter = Buffer.from([0, 1, MYSQL_TYPE_LONG, 0, 0, 0, 0, 0]);
    parameter.writeInt32LE(anyUpTo(upTo), 4);
    return framed(Buffer.concat([head, parameter]));
  };
}

function framed(payload: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUIntLE(payload.length, 0, 3);
  return Buffer.concat([header, payload]);
}
