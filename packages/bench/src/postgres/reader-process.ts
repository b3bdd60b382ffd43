// node reader-process.js: started with an IPC channel; answers one ReadRequest. A process of its own, so that what measures does not disturb it.
import pg from 'pg';
import { binaryQueryMessages, queryMessage, RawReader } from './raw-reader.js';
import type { ReadReport, ReadRequest } from './bulk-read.js';

/** One whole read; resolves with its size in bytes or rows. */
type Read = () => Promise<number>;

process.once('message', (request: ReadRequest) => {
  void answer(request).catch((error: unknown) => send({ kind: 'failed', reason: (error as Error).message }));
});

async function answer(request: ReadRequest): Promise<void> {
  const { read, close } = await open(request);
  const size = await read();
  send({ kind: 'ready' });
  await new Promise((resolve) => process.once('message', resolve));
  const readMs: number[] = [];
  const started = performance.now();
  while (performance.now() - started < request.seconds * 1_000) {
    const from = performance.now();
    const again = await read();
    // Values of masks may be longer or shorter, but not from one time to the next.
    if (again !== size) throw new Error(`one read had ${size} ${request.client === 'raw' ? 'bytes' : 'rows'}, a later one ${again}`);
    readMs.push(performance.now() - from);
  }
  send({ kind: 'done', size, readMs });
  await close();
  process.disconnect();
}

async function open({ client, sql, format, login }: ReadRequest): Promise<{ read: Read; close: () => Promise<void> | void }> {
  if (client === 'node-postgres') {
    const connection = new pg.Client({ host: '127.0.0.1', ...login });
    await connection.connect();
    return { read: async () => (await connection.query(sql)).rows.length, close: () => connection.end() };
  }
  const reader = await RawReader.connect(login);
  const request = format === 'text' ? queryMessage(sql) : binaryQueryMessages(sql);
  return { read: () => reader.ask(request), close: () => reader.close() };
}

function send(report: ReadReport): void {
  process.send?.(report);
}
