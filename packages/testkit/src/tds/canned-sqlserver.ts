import { randomBytes } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { createAuthority } from '../certificates.js';
import type { CannedAnswer, CannedLogin, CannedRequest } from './canned-answers.js';
import { CannedConnection } from './canned-connection.js';
import type { CannedServerState, CannedSqlServerOptions } from './canned-server-options.js';

/** A server that listens; see {@link startCannedSqlServer}. */
export interface CannedSqlServer {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly user: 'sa';
  /** Of `sa`. */
  readonly password: string;
  /** PEM of the authority that signed the server's certificate; empty where the certificate was given. */
  readonly authority: string;
  readonly connections: number;
  /** As they came, those that were refused too. */
  readonly logins: readonly CannedLogin[];
  readonly requests: readonly CannedRequest[];
  /** What clients did against the protocol, each of which ended its connection. */
  readonly protocolErrors: readonly string[];
  /** The texts of all requests, in order. */
  texts(): readonly string[];
  /** Answers that win over those before them. */
  answer(...answers: readonly CannedAnswer[]): void;
  /** Forgets logins, requests and protocol errors. */
  forget(): void;
  stop(): Promise<void>;
}

/**
 * A server that speaks TDS 7.1 to 8.0 as [MS-TDS] says, and executes nothing: what is asked is matched against a script. It encodes and decodes by
 * itself, with nothing of the gateway's, so that a mistake there is not met by the same mistake here. By itself it answers SET, USE, transactions,
 * what prepares, executes and forgets statements, cursors over the rows of the script, and bulk loads, whose rows it keeps with the request.
 */
export async function startCannedSqlServer(options: CannedSqlServerOptions = {}): Promise<CannedSqlServer> {
  const authority = options.certificate === undefined ? createAuthority() : undefined;
  const certificate = options.certificate ?? authority?.issue({ commonName: 'localhost', names: ['localhost', '127.0.0.1'] });
  if (certificate === undefined) throw new Error('no certificate');
  const accounts = { sa: randomBytes(12).toString('base64url'), ...options.accounts };
  const state: CannedServerState = {
    options,
    certificate,
    accounts,
    answers: [...(options.answers ?? [])],
    logins: [],
    requests: [],
    protocolErrors: [],
  };
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    count += 1;
    // It lives as long as its socket.
    void new CannedConnection(state, count, socket);
  });
  const port = await listen(server, options.port ?? 0);
  return {
    host: '127.0.0.1',
    port,
    user: 'sa',
    password: accounts.sa,
    authority: authority?.certificate ?? '',
    get connections() {
      return sockets.size;
    },
    logins: state.logins,
    requests: state.requests,
    protocolErrors: state.protocolErrors,
    texts: () => state.requests.map(({ text }) => text),
    answer: (...answers) => void state.answers.unshift(...answers),
    forget() {
      for (const list of [state.logins, state.requests, state.protocolErrors]) list.length = 0;
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
    server.listen({ port, host: '127.0.0.1' }, () => {
      const address = server.address();
      if (address !== null && typeof address === 'object') resolve(address.port);
      else reject(new Error('the operating system named no port'));
    });
  });
}
