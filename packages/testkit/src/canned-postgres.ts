import { createServer, type Server, type Socket } from 'node:net';
import { CannedSession } from './canned-session.js';

export interface CannedColumn {
  readonly name: string;
  readonly typeId: number;
}

/** What a statement gives, always the same: rows as text, and the tag of CommandComplete. */
export interface CannedResult {
  readonly columns: readonly CannedColumn[];
  readonly rows: readonly (readonly (string | null)[])[];
  readonly tag: string;
}

export interface CannedOptions {
  /** Default: one that is free. */
  readonly port?: number;
  /** The result of a text. Rejects for a text that is to fail; asked once for each text. */
  answer(sql: string): Promise<CannedResult>;
}

/** A server that listens; see {@link startCannedPostgres}. */
export interface CannedPostgres {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly connections: number;
  stop(): Promise<void>;
}

/**
 * A server that speaks PostgreSQL's protocol and executes nothing: every text has its canned result. Takes a connection in a few kilobytes where
 * a real server starts a process, so that what stands between can be loaded with more connections than a machine has room for servers. Lets in
 * whoever comes; no TLS, no COPY, no row limits, results in text only.
 */
export async function startCannedPostgres(options: CannedOptions): Promise<CannedPostgres> {
  const results = new Map<string, Promise<CannedResult>>();
  const answer = (sql: string): Promise<CannedResult> => {
    let result = results.get(sql);
    if (result === undefined) {
      result = options.answer(sql);
      // Whoever asks hears of it; a failure is a result like any other.
      result.catch(() => undefined);
      results.set(sql, result);
    }
    return result;
  };
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    const session = new CannedSession(answer, (bytes) => void socket.write(bytes));
    socket.on('data', (bytes: Buffer) => {
      if (!session.receive(bytes)) socket.end();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  const port = await listen(server, options.port ?? 0);
  return {
    host: '127.0.0.1',
    port,
    get connections() {
      return sockets.size;
    },
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1', backlog: 4_096 }, () => {
      const address = server.address();
      if (address !== null && typeof address === 'object') resolve(address.port);
      else reject(new Error('the operating system named no port'));
    });
  });
}
