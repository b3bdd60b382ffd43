import type { Duplex } from 'node:stream';
import { Connection, Request, TYPES } from 'tedious';
import { anyUpTo, type LoadClient, type LoadRequest, type LoadStatement } from '../load/load.js';
import { MessageScanner } from './message-scanner.js';

export const DATABASE = 'bench';

const PACKET_HEADER = 8;
const SQL_BATCH = 1;
const RPC = 3;
const END_OF_MESSAGE = 1;
const SP_EXECUTESQL = 10;
const SP_EXECUTE = 12;
const INTN = 0x26;
const NVARCHAR = 0xe7;
/** Latin1_General_CI_AS. */
const COLLATION = Buffer.from([0x09, 0x04, 0xd0, 0x00, 0x34]);
/** One Transaction Descriptor header: outside of a transaction ([MS-TDS] section 2.2.5.3.2). */
const ALL_HEADERS = Buffer.from([22, 0, 0, 0, 18, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);

export const sqlserverLoad: LoadClient = {
  async connect(request) {
    const connection = await connected(request);
    return {
      stream: (connection as unknown as { readonly socket: Duplex }).socket,
      prepare: async (statement) => requestsOf(connection, statement),
      run: (sql) =>
        new Promise((resolve, reject) => connection.execSqlBatch(new Request(sql, (error) => (error ? reject(error) : resolve())))),
      end: () =>
        new Promise((resolve) => {
          connection.once('end', () => resolve());
          connection.close();
        }),
      scanner: (onReply) => new MessageScanner(onReply),
    };
  },
};

/** An unencrypted connection of tedious, in TDS 7.4. */
export function connected({ port, login }: Pick<LoadRequest, 'port' | 'login'>, database = DATABASE): Promise<Connection> {
  const connection = new Connection({
    server: '127.0.0.1',
    authentication: { type: 'default', options: { userName: login.user, password: login.password } },
    options: {
      port,
      database,
      encrypt: false,
      trustServerCertificate: true,
      rowCollectionOnRequestCompletion: true,
      connectTimeout: 60_000,
    },
  });
  return new Promise((resolve, reject) => connection.connect((error) => (error ? reject(error) : resolve(connection))));
}

async function requestsOf(connection: Connection, statement: LoadStatement): Promise<() => Buffer> {
  switch (statement.kind) {
    case 'text':
      return textRequests(statement);
    case 'parameter':
      return parameterRequests(statement);
    case 'prepared':
      return preparedRequests(connection, statement);
    case 'connect':
      throw new Error('connections are not prepared');
  }
}

/** SQLBatch. */
function textRequests({ sql, upTo }: LoadStatement): () => Buffer {
  return () => message(SQL_BATCH, [Buffer.from(sql.replace('{}', String(anyUpTo(upTo))), 'utf16le')]);
}

/** RPC Request of sp_executesql by its number, with one parameter, as drivers send it. */
function parameterRequests({ sql, upTo }: LoadStatement): () => Buffer {
  const head = [procedure(SP_EXECUTESQL), unicode(sql.replace('{}', '@aid')), unicode('@aid int')];
  const name = Buffer.from('\u0004@aid', 'utf16le').subarray(2);
  return () => message(RPC, [...head, Buffer.from([4]), name, integer(anyUpTo(upTo))]);
}

/** RPC Request of sp_execute by its number. */
async function preparedRequests(connection: Connection, { sql, upTo }: LoadStatement): Promise<() => Buffer> {
  const request = new Request(sql.replace('{}', '@aid'), () => undefined);
  if (sql.includes('{}')) request.addParameter('aid', TYPES.Int, 0);
  const handle = await new Promise<number>((resolve, reject) => {
    request.on('prepared', () => resolve((request as unknown as { readonly handle: number }).handle));
    request.on('error', reject);
    connection.prepare(request);
  });
  const head = [procedure(SP_EXECUTE), Buffer.from([0]), integer(handle)];
  if (!sql.includes('{}')) return () => message(RPC, head);
  return () => message(RPC, [...head, Buffer.from([0]), integer(anyUpTo(upTo))]);
}

function procedure(number: number): Buffer {
  return Buffer.from([0xff, 0xff, number, 0, 0, 0]);
}

/** A parameter without a name. */
function unicode(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf16le');
  const head = Buffer.from([0, 0, NVARCHAR, 0x40, 0x1f]);
  const length = Buffer.alloc(2);
  length.writeUInt16LE(bytes.length);
  return Buffer.concat([head, COLLATION, length, bytes]);
}

/** What follows the name of a parameter. */
function integer(value: number): Buffer {
  const bytes = Buffer.from([0, INTN, 4, 4, 0, 0, 0, 0]);
  bytes.writeInt32LE(value, 4);
  return bytes;
}

function message(type: number, parts: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(PACKET_HEADER), ALL_HEADERS, ...parts]);
  bytes[0] = type;
  bytes[1] = END_OF_MESSAGE;
  bytes.writeUInt16BE(bytes.length, 2);
  return bytes;
}
