import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type BackendMessage, errorFieldsOf, splitMessages } from './backend-messages.js';
import * as frontend from './frontend-messages.js';

export interface RawLogin {
  /** A name, an address, or the directory of a unix socket. */
  readonly host?: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** Sent when the server asks for it in clear; this client knows no other way to authenticate. */
  readonly password?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  /** PEM of the authority: asks for TLS and checks the certificate for `localhost`. */
  readonly authority?: string;
}

const DEFAULT_TIMEOUT_MS = 15_000;

/**
 * A PostgreSQL client that adds nothing of its own: it sends the bytes that it is given and keeps every byte that it receives.
 * It logs in where the server asks for a password in clear, or for none.
 */
export class RawClient {
  readonly #socket: Socket;
  readonly #chunks: Buffer[] = [];
  readonly #messages: BackendMessage[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #read = 0;
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#closed = true;
      this.#wake?.();
    });
  }

  /** @throws Error with the server's own error when it does not let the client in. */
  static async connect(login: RawLogin): Promise<RawClient> {
    const client = new RawClient(await openSocket(login));
    client.send(frontend.startupMessage({ user: login.user, database: login.database, ...login.parameters }));
    for (;;) {
      const message = await client.next();
      if (message.type === 'Z') return client;
      if (message.type === 'E') throw new Error(`login failed: ${errorFieldsOf(message).code} ${errorFieldsOf(message).message}`);
      if (message.type !== 'R') continue;
      const method = message.body.readUInt32BE(0);
      if (method === 3) client.send(frontend.passwordMessage(login.password ?? ''));
      else if (method !== 0) throw new Error(`the server asks for authentication method ${method}, which this client does not know`);
    }
  }

  /** Every byte that the server has sent so far. */
  get received(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** Every whole message that the server has sent so far. */
  get messages(): readonly BackendMessage[] {
    return this.#messages;
  }

  get closed(): boolean {
    return this.#closed;
  }

  send(...messages: readonly Uint8Array[]): void {
    if (!this.#closed) this.#socket.write(Buffer.concat(messages));
  }

  /** The next message that was not read yet. Rejects when the server closes, or says nothing for `timeoutMs`. */
  async next(timeoutMs = DEFAULT_TIMEOUT_MS): Promise<BackendMessage> {
    const deadline = Date.now() + timeoutMs;
    while (this.#read >= this.#messages.length) {
      if (this.#closed) throw new Error('the server closed the connection');
      if (Date.now() >= deadline) throw new Error(`the server said nothing for ${timeoutMs} ms`);
      await this.#something(deadline - Date.now());
    }
    this.#read += 1;
    return this.#messages[this.#read - 1] as BackendMessage;
  }

  /** Messages up to and with the `count`th ReadyForQuery from here; fewer when the server closes before. */
  async untilReady(count = 1, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<BackendMessage[]> {
    const messages: BackendMessage[] = [];
    for (let ready = 0; ready < count; ) {
      if (this.#closed && this.#read >= this.#messages.length) return messages;
      const message = await this.next(timeoutMs).catch((error: unknown) => {
        if (this.#closed) return undefined;
        throw error;
      });
      if (message === undefined) return messages;
      messages.push(message);
      if (message.type === 'Z') ready += 1;
    }
    return messages;
  }

  async query(sql: string): Promise<BackendMessage[]> {
    this.send(frontend.query(sql));
    return this.untilReady();
  }

  /** Parse, Bind, Describe, Execute and Sync of the unnamed statement, in one go. */
  async extended(
    sql: string,
    values: readonly frontend.BindValue[] = [],
    resultFormat: 'text' | 'binary' = 'text',
  ): Promise<BackendMessage[]> {
    const run = frontend.bind({ values, resultFormat });
    this.send(frontend.parse(sql), run, frontend.describePortal(), frontend.execute(), frontend.sync());
    return this.untilReady();
  }

  /** Waits until the server has closed the connection. */
  async untilClosed(timeoutMs = DEFAULT_TIMEOUT_MS): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!this.#closed) {
      if (Date.now() >= deadline) throw new Error(`the server did not close within ${timeoutMs} ms`);
      await this.#something(deadline - Date.now());
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#socket.end(frontend.terminate());
    await this.untilClosed().catch(() => this.#socket.destroy());
  }

  /** Stops reading what the server sends. */
  pause(): void {
    this.#socket.pause();
  }

  /** Drops the connection without a word. */
  destroy(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#chunks.push(chunk);
    const { messages, rest } = splitMessages(this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]));
    this.#messages.push(...messages);
    this.#rest = rest;
    this.#wake?.();
  }

  #something(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** A TCP connection; inside TLS when the login names an authority. */
async function openSocket({ host = '127.0.0.1', port, authority }: RawLogin): Promise<Socket> {
  const socket = host.startsWith('/') ? connectTcp({ path: `${host}/.s.PGSQL.${port}` }) : connectTcp({ host, port });
  await event(socket, 'connect');
  if (authority === undefined) return socket;
  socket.write(frontend.sslRequest());
  const answer = await new Promise<Buffer>((resolve, reject) => {
    socket.once('data', resolve);
    socket.once('close', () => reject(new Error('the server closed the connection')));
  });
  if (answer.toString('latin1') !== 'S') throw new Error('the server does not offer TLS');
  const encrypted = connectTls({ socket, ca: authority, servername: 'localhost' });
  await event(encrypted, 'secureConnect');
  return encrypted;
}

function event(socket: Socket, name: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(name, () => {
      socket.off('error', reject);
      resolve();
    });
    socket.once('error', reject);
  });
}
