import type { Duplex } from 'node:stream';

/** What a load generator is to do. Plain data. */
export interface LoadRequest {
  readonly database: 'mysql' | 'sqlserver';
  readonly port: number;
  readonly login: { readonly user: string; readonly password: string };
  readonly clients: number;
  readonly seconds: number;
  readonly statement: LoadStatement;
}

export interface LoadStatement {
  /** `text`: the number stands in the text; `parameter`: a text with a parameter, sent each time; `prepared`: prepared once; `connect`: once for each connection. */
  readonly kind: 'text' | 'parameter' | 'prepared' | 'connect';
  /** `{}` stands for a number from 1 to `upTo`, another one each time. */
  readonly sql: string;
  readonly upTo: number;
}

export interface LoadResult {
  readonly operations: number;
  readonly bytes: number;
  readonly elapsedMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A client of one protocol, that costs less than what it measures. */
export interface LoadClient {
  connect(request: LoadRequest): Promise<LoadConnection>;
}

export interface LoadConnection {
  /** The connection's bytes, which nobody else reads any more. */
  readonly stream: Duplex;
  /** Makes requests: the bytes of one at each call. */
  prepare(statement: LoadStatement): Promise<() => Buffer>;
  /** Runs a statement the ordinary way. */
  run(sql: string): Promise<void>;
  end(): Promise<void>;
  /** Finds the ends of replies in what the server sends. */
  scanner(onReply: (isError: boolean) => void): { push(chunk: Uint8Array): void };
}

/** A whole number from 1 to `upTo`. */
export function anyUpTo(upTo: number): number {
  return 1 + Math.floor(Math.random() * upTo);
}

/** Every client sends its next statement when it has the whole reply to the one before. */
export async function runLoad(request: LoadRequest, client: LoadClient): Promise<LoadResult> {
  const latencies: number[] = [];
  const counted = { bytes: 0 };
  const startedAt = performance.now();
  const run: Run = { request, client, until: startedAt + request.seconds * 1_000, latencies, counted };
  const one = request.statement.kind === 'connect' ? connecting : stating;
  await Promise.all(Array.from({ length: request.clients }, () => one(run)));
  const elapsedMs = performance.now() - startedAt;
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? Number.NaN;
  return { operations: latencies.length, bytes: counted.bytes, elapsedMs, p50Ms: at(0.5), p99Ms: at(0.99) };
}

interface Run {
  readonly request: LoadRequest;
  readonly client: LoadClient;
  readonly until: number;
  readonly latencies: number[];
  readonly counted: { bytes: number };
}

async function connecting({ request, client, until, latencies }: Run): Promise<void> {
  while (performance.now() < until) {
    const startedAt = performance.now();
    const connection = await client.connect(request);
    await connection.run(request.statement.sql);
    await connection.end();
    latencies.push(performance.now() - startedAt);
  }
}

async function stating({ request, client, until, latencies, counted }: Run): Promise<void> {
  const connection = await client.connect(request);
  const next = await connection.prepare(request.statement);
  const { stream } = connection;
  stream.removeAllListeners('data');
  await new Promise<void>((resolve, reject) => {
    let sentAt = 0;
    const send = (): void => {
      sentAt = performance.now();
      stream.write(next());
    };
    const scanner = connection.scanner((isError) => {
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
}
