import type { Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { CannedLogin, CannedMessage, CannedPrelogin } from './canned-answers.js';
import type { CannedServerState } from './canned-server-options.js';
import {
  answerPrelogin,
  isKnownDatabase,
  judgeLogin,
  judgeToken,
  loginReply,
  packetSizeFor,
  versionFor,
  type LoginOutcome,
} from './login.js';
import { ENCRYPTION, readFedAuthToken, readLogin7, readPrelogin, writeFedAuthInfo, type Login7 } from './login-message.js';
import { MessageReader, PACKET, ReplyWriter, type Message } from './packets.js';
import { CannedRequests } from './canned-requests.js';
import { TlsInPackets } from './tls-in-packets.js';
import { DONE_STATUS, done, message } from './tokens.js';

const LOGIN_PACKET_BYTES = 4_096;
/** [MS-TDS] section 2.2.1, of TDS 8.0. */
const ALPN = 'tds/8.0';

/** One connection: PRELOGIN, TLS, LOGIN7, and then requests. */
export class CannedConnection {
  readonly #server: CannedServerState;
  readonly #number: number;
  readonly #socket: Socket;
  #reader = new MessageReader();
  #tls: TLSSocket | undefined;
  #tunnel: TlsInPackets | undefined;
  #encryption: CannedLogin['encryption'] = 'none';
  #answered: number = ENCRYPTION['not-supported'];
  #prelogin: CannedPrelogin | undefined;
  #login: { readonly login7: Login7; readonly encryption: CannedLogin['encryption'] } | undefined;
  #requests: CannedRequests | undefined;

  constructor(server: CannedServerState, number: number, socket: Socket) {
    this.#server = server;
    this.#number = number;
    this.#socket = socket;
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#requests?.ended());
    if (server.options.encryption === 'strict') this.#startStrict();
    else socket.on('data', (bytes: Buffer) => this.#guarded(() => this.#received(bytes)));
  }

  /** What a client sends against the protocol is kept and ends its connection. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#server.protocolErrors.push(error instanceof Error ? error.message : String(error));
      this.#socket.destroy();
    }
  }

  #received(bytes: Buffer): void {
    if (this.#tunnel !== undefined) this.#tunnel.receive(bytes);
    else {
      this.#reader.push(bytes);
      this.#pump();
    }
  }

  #startStrict(): void {
    this.#encryption = 'strict';
    const { certificate: cert, key } = this.#server.certificate;
    const secureContext = createSecureContext({ cert, key });
    const tls = new TLSSocket(this.#socket, { isServer: true, secureContext, ALPNProtocols: [ALPN] });
    tls.on('secure', () => this.#guarded(() => checkProtocol(tls)));
    this.#secure(tls);
  }

  #startTls(first: Buffer): void {
    // Where the server says OFF, clients that encrypt at all go back to plain text after LOGIN7, whatever they have asked for.
    this.#encryption = this.#answered === ENCRYPTION.off ? 'login' : 'full';
    const { certificate: cert, key } = this.#server.certificate;
    const tunnel = new TlsInPackets(this.#socket);
    this.#tunnel = tunnel;
    const { rest } = this.#reader;
    this.#reader = new MessageReader();
    this.#secure(new TLSSocket(tunnel, { isServer: true, secureContext: createSecureContext({ cert, key, maxVersion: 'TLSv1.2' }) }));
    tunnel.push(first);
    if (rest.length > 0) tunnel.receive(rest);
  }

  #secure(tls: TLSSocket): void {
    this.#tls = tls;
    tls.on('error', (error: Error) => this.#guarded(() => this.#failTls(error)));
    tls.on('close', () => this.#socket.destroy());
    tls.on('data', (bytes: Buffer) =>
      this.#guarded(() => {
        this.#reader.push(bytes);
        this.#pump();
      }),
    );
  }

  #failTls(error: Error): never {
    throw new Error(`TLS: ${error.message}`);
  }

  /** Only LOGIN7 was encrypted: what follows it is not, both ways. */
  #dropTls(): void {
    this.#tls?.removeAllListeners('data').removeAllListeners('close').pause();
    this.#tls = undefined;
    this.#tunnel = undefined;
  }

  #send(bytes: Buffer): void {
    const socket = this.#tls ?? this.#socket;
    if (socket.writable) socket.write(bytes);
  }

  #pump(): void {
    for (let next = this.#reader.next(); next !== undefined; next = this.#reader.next()) this.#take(next);
  }

  #take(next: Message): void {
    if (this.#requests !== undefined) this.#requests.take(next);
    else if (next.type === PACKET.prelogin && this.#prelogin !== undefined) this.#startTls(next.payload);
    else if (next.type === PACKET.prelogin) this.#takePrelogin(next.payload);
    else if (next.type === PACKET.login7 && this.#login === undefined) this.#takeLogin(next.payload);
    else if (next.type === PACKET.fedAuthToken && this.#login !== undefined) {
      const token = readFedAuthToken(next.payload);
      this.#conclude(judgeToken(this.#server, token), token);
    } else throw new Error(`a message of type ${next.type} before a login`);
  }

  #takePrelogin(payload: Buffer): void {
    this.#prelogin = readPrelogin(payload);
    const { payload: reply, encryption } = answerPrelogin(this.#server, this.#prelogin);
    this.#answered = encryption;
    this.#reply(LOGIN_PACKET_BYTES, reply);
  }

  #takeLogin(payload: Buffer): void {
    const login7 = readLogin7(payload);
    const mustEncrypt = this.#answered === ENCRYPTION.on || this.#answered === ENCRYPTION.required;
    if (mustEncrypt && this.#encryption === 'none') throw new Error('LOGIN7 in the clear where encryption was agreed');
    this.#login = { login7, encryption: this.#encryption };
    if (this.#encryption === 'login') this.#dropTls();
    const outcome = judgeLogin(this.#server, login7);
    if (outcome.kind === 'wait for token') this.#reply(LOGIN_PACKET_BYTES, writeFedAuthInfo(outcome.stsUrl, outcome.spn));
    else this.#conclude(outcome, tokenOf(login7));
  }

  #conclude(outcome: LoginOutcome, token: string | undefined): void {
    const login = this.#login;
    if (login === undefined) throw new Error('a token without a login');
    const { login7, encryption } = login;
    const error = outcome.kind === 'refused' ? outcome.error : this.#databaseError(login7);
    this.#server.logins.push({
      ...login7,
      connection: this.#number,
      encryption,
      prelogin: this.#prelogin ?? NO_PRELOGIN,
      accepted: error === undefined,
      ...(token === undefined ? {} : { token }),
    });
    if (error !== undefined || outcome.kind !== 'accepted') this.#refuse(login7, error ?? { number: 18456, message: 'Login failed.' });
    else this.#accept(login7, outcome.login);
  }

  #databaseError({ database }: Login7): CannedMessage | undefined {
    if (isKnownDatabase(this.#server, database)) return undefined;
    return { number: 4060, message: `Cannot open database "${database}" requested by the login. The login failed.`, class: 11 };
  }

  #refuse(login7: Login7, error: CannedMessage): void {
    const version = versionFor(this.#server, login7);
    const text = message('error', error, this.#server.options.serverName ?? 'canned', version);
    this.#reply(LOGIN_PACKET_BYTES, Buffer.concat([text, done('done', { status: DONE_STATUS.error, command: 0, count: 0 }, version)]));
    (this.#tls ?? this.#socket).end();
  }

  #accept(login7: Login7, login: string): void {
    const version = versionFor(this.#server, login7);
    const packetSize = packetSizeFor(this.#server, login7);
    this.#reply(LOGIN_PACKET_BYTES, loginReply(this.#server, login7, version, packetSize));
    const connection = this.#number;
    this.#requests = new CannedRequests(this.#server, {
      connection,
      login,
      version,
      database: login7.database === '' ? (this.#server.options.databases?.[0] ?? 'master') : login7.database,
      writer: () => new ReplyWriter(packetSize, processIdOf(connection), (packet) => this.#send(packet)),
      drained: () => this.#drained(),
      close: () => this.#socket.destroy(),
      failed: (error) => this.#guarded(() => this.#fail(error)),
    });
  }

  #fail(error: unknown): never {
    throw error instanceof Error ? error : new Error(String(error));
  }

  async #drained(): Promise<void> {
    const socket = this.#tls ?? this.#socket;
    await new Promise<void>((resolve) => {
      if (!socket.writableNeedDrain || socket.destroyed) setImmediate(resolve);
      else {
        socket.once('drain', resolve);
        socket.once('close', resolve);
      }
    });
  }

  #reply(packetSize: number, tokens: Buffer): void {
    const writer = new ReplyWriter(packetSize, processIdOf(this.#number), (packet) => this.#send(packet));
    writer.write(tokens);
    writer.end();
  }
}

function checkProtocol(tls: TLSSocket): void {
  if (tls.alpnProtocol !== ALPN) throw new Error(`TLS without the application protocol ${ALPN}`);
}

function processIdOf(connection: number): number {
  return 50 + connection;
}

function tokenOf(login7: Login7): string | undefined {
  const feature = login7.features.find(({ id }) => id === 0x02);
  return feature === undefined ? undefined : feature.data.subarray(5).toString('utf16le');
}

const NO_PRELOGIN: CannedPrelogin = {
  options: [],
  encryption: ENCRYPTION['not-supported'],
  mars: 0,
  instance: '',
  fedAuthRequired: false,
  nonce: Buffer.alloc(0),
};
