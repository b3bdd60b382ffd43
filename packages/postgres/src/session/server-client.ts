import type { InjectResult, ServerClient, ServerClientHost, ServerClientOptions, TlsFacts } from '@sqlwarden/core';
import { decodeBackend, lenientText } from '../protocol/backend-message.js';
import { encodeFrontend } from '../protocol/frontend-message.js';
import { FrameSplitter } from '../protocol/frame-splitter.js';
import { BACKEND_LIMIT_TABLE, backendName } from '../protocol/message-types.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { encodeStartupPacket } from '../protocol/startup-message.js';
import { type ServerLoginFailure, ServerLoginLeg } from './server-login.js';

/**
 * A client of the gateway's own: one login, then statements one after another by simple Query. With `cancel` it only sends a CancelRequest
 * (inside TLS when the login requires it), after which `ready` is called and the host closes the connection: the server sends no answer.
 */
export function createServerClient(host: ServerClientHost, options: ServerClientOptions): ServerClient {
  return new PostgresServerClient(host, options);
}

interface Asked {
  readonly sql: string;
  readonly done: (result: InjectResult) => void;
  readonly rows: (readonly (string | null)[])[];
  error: Extract<InjectResult, { kind: 'error' }> | undefined;
}

class PostgresServerClient implements ServerClient {
  readonly #host: ServerClientHost;
  readonly #frames: FrameSplitter;
  readonly #login: ServerLoginLeg;
  readonly #cancel: ServerClientOptions['cancel'];
  readonly #queue: Asked[] = [];
  #phase: 'login' | 'ready' | 'over' = 'login';
  #running = false;

  constructor(host: ServerClientHost, options: ServerClientOptions) {
    this.#host = host;
    this.#cancel = options.cancel;
    this.#frames = new FrameSplitter(BACKEND_LIMIT_TABLE, options.maxMessageBytes, true);
    const loginHost = {
      hash: options.hash,
      send: (bytes: Uint8Array) => host.send(bytes),
      startTls: () => host.startTls(),
      randomBytes: (length: number) => host.randomBytes(length),
      parameterStatus: () => undefined,
      loggedIn: () => this.#loggedIn(),
      loginFailed: ({ kind, detail }: ServerLoginFailure) => this.#fail(detail, kind === 'refused'),
    };
    this.#login = new ServerLoginLeg(loginHost, options.login, PARAMETERS, this.#frames, () => this.#encryptedOrPlain());
  }

  connected(): void {
    this.#login.connected();
  }

  receive(bytes: Uint8Array): void {
    if (this.#phase === 'over') return;
    this.#frames.push(bytes);
    try {
      while (this.#step());
    } catch (error) {
      this.#fail(error instanceof ProtocolError ? `the server broke the protocol: ${error.message}` : 'the connection failed');
    }
  }

  tlsStarted(facts?: TlsFacts): void {
    this.#login.tlsStarted(facts);
  }

  ended(): void {
    this.#fail('the connection to the database was lost');
  }

  query(sql: string, done: (result: InjectResult) => void): void {
    if (this.#phase === 'over') return done(LOST);
    this.#queue.push({ sql, done, rows: [], error: undefined });
    this.#next();
  }

  /** For a cancel request the start-up packet is the request itself. */
  #encryptedOrPlain(): boolean {
    if (this.#cancel === undefined) return false;
    this.#host.send(encodeStartupPacket({ kind: 'CancelRequest', ...this.#cancel }));
    this.#phase = 'over';
    this.#host.ready();
    return true;
  }

  #step(): boolean {
    if (this.#phase === 'login') return this.#login.step();
    if (this.#phase !== 'ready' || !this.#frames.next()) return false;
    this.#message();
    return true;
  }

  #loggedIn(): void {
    this.#phase = 'ready';
    this.#host.ready();
    this.#next();
  }

  #next(): void {
    const asked = this.#queue[0];
    if (this.#phase !== 'ready' || this.#running || asked === undefined) return;
    this.#running = true;
    this.#host.send(encodeFrontend({ kind: 'Query', text: asked.sql }));
  }

  #message(): void {
    const frames = this.#frames;
    const message = decodeBackend(frames.type, frames.buffer, frames.bodyStart, frames.end);
    const asked = this.#running ? this.#queue[0] : undefined;
    switch (message.kind) {
      case 'DataRow':
        asked?.rows.push(message.cells.map((cell) => (cell === null ? null : lenientText(cell))));
        return;
      case 'ErrorResponse': {
        const field = (code: string): string => message.fields.find((one) => one.code === code)?.value ?? '';
        if (asked !== undefined) asked.error = { kind: 'error', code: field('C'), message: field('M') };
        return;
      }
      case 'ReadyForQuery':
        return this.#finished();
      case 'RowDescription':
      case 'CommandComplete':
      case 'EmptyQueryResponse':
      case 'NoticeResponse':
      case 'NotificationResponse':
      case 'ParameterStatus':
        return;
      default:
        throw new ProtocolError('unexpected-message', `${backendName(frames.type)} where none belongs`);
    }
  }

  #finished(): void {
    const asked = this.#queue.shift();
    this.#running = false;
    if (asked !== undefined) asked.done(asked.error ?? { kind: 'rows', rows: asked.rows });
    this.#next();
  }

  #fail(detail: string, refused = false): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    for (const asked of this.#queue.splice(0)) asked.done(LOST);
    this.#host.failed(detail, refused);
  }
}

const PARAMETERS: ReadonlyMap<string, string> = new Map([
  ['client_encoding', 'UTF8'],
  ['application_name', 'sqlwarden'],
]);
const LOST: InjectResult = { kind: 'error', code: '08006', message: 'the connection to the database was lost' };
