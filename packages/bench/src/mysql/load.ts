import type { Duplex } from 'node:stream';
import mysql, { type Connection } from 'mysql2';
import { DATABASE } from './bench-database.js';
import { ReplyScanner } from './reply-scanner.js';

/** What a load generator is to do. Plain data. */
export interface LoadRequest {
  readonly port: number;
  readonly login: { readonly user: string; readonly password: string };
  readonly clients: number;
  readonly seconds: number;
  /** `{}` in a text stands for a number from 1 to `upTo`, another one each time. */
  readonly statement: { readonly kind: 'text' | 'prepared' | 'connect'; readonly sql: string; readonly upTo: number };
}

export interface LoadResult {
  readonly operations: number;
  readonly bytes: number;
  readonly elapsedMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Every client sends its next statement when it has the whole reply to the one before. */
export async function runLoad(request: LoadRequest): Promise<LoadResult> {
  const latencies: number[] = [];
  const counted = { bytes: 0 };
  const startedAt = performance.now();
  const until = startedAt + request.seconds * 1_000;
  const one = request.statement.kind === 'connect' ? connecting : stating;
  const clients = Array.from({ length: request.clients }, () => one(request, until, latencies, counted));
  await Promise.all(clients);
  const elapsedMs = performance.now() - startedAt;
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? Number.NaN;
  return { operations: latencies.length, bytes: counted.bytes, elapsedMs, p50Ms: at(0.5), p99Ms: at(0.99) };
}

type Client = (request: LoadRequest, until: number, latencies: number[], counted: { bytes: number }) => Promise<void>;

const connecting: Client = async (request, until, latencies) => {
  while (performance.now() < until) {
    const startedAt = performance.now();
    const connection = await connect(request);
    await new Promise<void>((resolve, reject) => connection.query(request.statement.sql, (error) => (error ? reject(error) : resolve())));
    await new Promise<void>((resolve) => connection.end(() => resolve()));
    latencies.push(performance.now() - startedAt);
  }
};

const stating: Client = async (request, until, latencies, counted) => {
  const connection = await connect(request);
  const packetOf = request.statement.kind === 'text' ? textPackets(request) : await preparedPackets(connection, request);
  const stream = (connection as unknown as { readonly stream: Duplex }).stream;
  stream.removeAllListeners('data');
  await new Promise<void>((resolve, reject) => {
    let sentAt = 0;
    const send = (): void => {
      sentAt = performance.now();
      stream.write(packetOf());
    };
    const scanner = new ReplyScanner((isError) => {
      const now = performance.now();
      latencies.push(now - sentAt);
      if (isError) reject(new Error('the server answered with an error'));
      else if (now < until) send();
      else resolve();
    });
    stream.on('data', (chunk: Buffer) => {
      counted.bytes += chunk.length;
      scanner.push(chunk);
    });
    stream.once('close', () => reject(new Error('the connection was closed')));
    send();
  });
  stream.removeAllListeners('close');
  stream.destroy();
};

function connect({ port, login }: LoadRequest): Promise<Connection> {
  const connection = mysql.createConnection({ host: '127.0.0.1', port, database: DATABASE, ...login, enableCleartextPlugin: true });
  return new Promise((resolve, reject) => {
    connection.once('connect', () => resolve(connection));
    connection.once('error', reject);
  });
}

const COM_STMT_EXECUTE = 0x17;
const MYSQL_TYPE_LONG = 0x03;

function numbers(upTo: number): () => number {
  return () => 1 + Math.floor(Math.random() * upTo);
}

/** COM_QUERY; servers that speak of query attributes get none. */
function textPackets({ statement: { sql, upTo } }: LoadRequest): () => Buffer {
  const next = numbers(upTo);
  return () => framed(Buffer.from(`\u0003${sql.replace('{}', String(next()))}`));
}

/** COM_STMT_EXECUTE of a statement with one parameter or none, its type told each time, as drivers do. */
async function preparedPackets(connection: Connection, { statement: { sql, upTo } }: LoadRequest): Promise<() => Buffer> {
  const next = numbers(upTo);
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
    parameter.writeInt32LE(next(), 4);
    return framed(Buffer.concat([head, parameter]));
  };
}

function framed(payload: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUIntLE(payload.length, 0, 3);
  return Buffer.concat([header, payload]);
}
