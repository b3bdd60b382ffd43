import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { CancelKey, Dialect, ServerClient, ServerLogin } from '@sqlwarden/core';
import { nodeHash } from '../node-hash.js';
import { nodePublicKey } from '../node-public-key.js';
import { dialServer, encryptServerSocket, routedTarget, serverTlsFacts, type ServerTarget } from './server-socket.js';

/** What went wrong on a connection of the gateway's own; the message names the upstream's answer, never a secret. */
export class ControlConnectionError extends Error {
  override readonly name = 'ControlConnectionError';
  /** The server answered, and did not let the gateway in. */
  readonly refused: boolean;

  constructor(message: string, refused = false) {
    super(message);
    this.refused = refused;
  }
}

const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
/** A server that is gone without a word (a dropped flow, a frozen machine) is noticed by its silence: everybody waits for these answers. */
const DEFAULT_ANSWER_TIMEOUT_MS = 30_000;

/** One connection of the gateway's own to a server: logs in, runs statements one after another. Dead after its first failure. */
export class ControlConnection {
  #socket: Socket;
  #client: ServerClient | undefined;
  readonly #ready: Promise<void>;
  #failure: ControlConnectionError | undefined;
  readonly #fail: (error: ControlConnectionError) => void;
  readonly #onFailure = new Set<(error: ControlConnectionError) => void>();
  readonly #answerTimeoutMs: number;

  /** Asks a server to stop what runs under its key. Nobody learns what became of it; the connection is closed after it. */
  static cancel(dialect: Dialect, target: ServerTarget, login: ServerLogin | Promise<ServerLogin>, key: CancelKey): void {
    const connection = new ControlConnection(dialect, target, login, key);
    connection.unref();
    // Ready: the server has done it, where it answers at all.
    connection.ready().then(
      () => connection.close(),
      () => undefined,
    );
  }

  /** `answerTimeoutMs`: how long the login, and each statement, may take. */
  constructor(
    dialect: Dialect,
    target: ServerTarget,
    login: ServerLogin | Promise<ServerLogin>,
    cancel?: CancelKey,
    answerTimeoutMs: number = DEFAULT_ANSWER_TIMEOUT_MS,
  ) {
    this.#answerTimeoutMs = answerTimeoutMs;
    let resolveReady = (): void => undefined;
    let rejectReady: (error: Error) => void = () => undefined;
    this.#ready = new Promise((resolve, reject) => {
      resolveReady = resolve;
      rejectReady = reject;
    });
    this.#ready.catch(() => undefined);
    this.#fail = (error) => {
      if (this.#failure !== undefined) return;
      this.#failure = error;
      rejectReady(error);
      for (const listener of this.#onFailure) listener(error);
      this.#socket.destroy();
    };
    this.#socket = dialServer(target);
    const connected = new Promise<void>((resolve) => this.#socket.once('connect', resolve));
    this.#watch(this.#socket);
    Promise.all([login, connected]).then(
      ([known]) => this.#begin(dialect, target, known, cancel, resolveReady),
      (error: unknown) => this.#fail(new ControlConnectionError((error as Error).message)),
    );
    const patience = this.#patience('let the gateway in');
    this.#ready.finally(() => clearTimeout(patience)).catch(() => undefined);
  }

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  ready(): Promise<void> {
    return this.#ready;
  }

  /** Rows as text. Rejects with a {@link ControlConnectionError}. */
  async query(sql: string): Promise<readonly (readonly (string | null)[])[]> {
    await this.#ready;
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#onFailure.add(reject);
      const patience = this.#patience('answer');
      this.#client?.query(sql, (result) => {
        clearTimeout(patience);
        this.#onFailure.delete(reject);
        if (result.kind === 'rows') resolve(result.rows);
        else reject(new ControlConnectionError(`the server refused a statement of the gateway: ${result.code} ${result.message}`));
      });
    });
  }

  #begin(dialect: Dialect, target: ServerTarget, login: ServerLogin, cancel: CancelKey | undefined, ready: () => void): void {
    if (this.#failure !== undefined) return;
    let active = this.#socket;
    let at = target;
    const client = dialect.createServerClient(
      {
        send: (bytes) => void active.write(bytes),
        startTls: (framing) => {
          active.removeAllListeners('data');
          const secure = encryptServerSocket(active, at, dialect.alpn, framing);
          active = secure;
          secure.once('secureConnect', () => client.tlsStarted(serverTlsFacts(secure)));
          this.#watch(secure);
          this.#read(secure, client);
        },
        connectServer: (to) => {
          at = routedTarget(target, to);
          this.#leave(active);
          active = this.#socket = dialServer(at);
          this.#watch(active);
          this.#read(active, client);
          active.once('connect', () => client.connected());
        },
        randomBytes: (length) => randomBytes(length),
        ready,
        failed: (detail, refused) => this.#fail(new ControlConnectionError(detail, refused)),
      },
      { login, hash: nodeHash, publicKey: nodePublicKey, maxMessageBytes: MAX_MESSAGE_BYTES, ...(cancel === undefined ? {} : { cancel }) },
    );
    this.#client = client;
    // Not before: a server that speaks first does not wait until it is known how to log in.
    this.#read(this.#socket, client);
    client.connected();
  }

  /** Keeps the process alive or not. */
  unref(): void {
    this.#socket.unref();
  }

  ref(): void {
    this.#socket.ref();
  }

  close(): void {
    this.#fail(new ControlConnectionError('closed by the gateway'));
  }

  #patience(what: string): NodeJS.Timeout {
    const ms = this.#answerTimeoutMs;
    return setTimeout(() => this.#fail(new ControlConnectionError(`the server did not ${what} within ${ms} ms`)), ms).unref();
  }

  /** For another one: that it ends is no failure any more. */
  #leave(socket: Socket): void {
    for (const left of [socket, this.#socket]) {
      left.removeAllListeners();
      left.on('error', () => undefined);
      left.destroy();
    }
  }

  #read(socket: Socket, client: ServerClient): void {
    socket.on('data', (chunk: Buffer) => client.receive(chunk));
  }

  #watch(socket: Socket): void {
    socket.on('error', (error: NodeJS.ErrnoException) =>
      this.#fail(new ControlConnectionError(`connection to the server failed: ${error.code ?? error.message}`)),
    );
    socket.on('close', () => {
      this.#client?.ended();
      this.#fail(new ControlConnectionError('the server closed the connection'));
    });
  }
}
