import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type {
  Admission,
  CancelKey,
  Dialect,
  EndReason,
  KillAnswer,
  Leg,
  LoginRequest,
  Outcome,
  Refusal,
  SecurityEvent,
  ServerAddress,
  SessionHost,
  TlsFraming,
  TransactionEnd,
  Unit,
  WireSession,
  WireSessionOptions,
} from '@sqlwarden/core';
import { type ClientTls, encryptClientStream, encryptFramedClient } from './client-tls.js';
import { FramedStream } from './framed-stream.js';
import { dialServer, encryptServerSocket, routedTarget, serverTlsFacts, type ServerTarget } from './server-socket.js';
import type { Turn, TurnMember } from './turn.js';

/** What a connection asks of the engine: identity, decisions and records. */
export interface ConnectionPolicy {
  authenticate(login: LoginRequest): void;
  admit(unit: Unit): Admission | undefined;
  abandon(): void;
  settle(outcome: Outcome): void;
  transactionEnded(ordinal: number, end: TransactionEnd): void;
  sessionReset(): void;
  security(event: SecurityEvent): void;
  mayHear(): boolean;
  ready(serverVersion: string): void;
  cancelRequested(key: CancelKey): void;
  killRequested(id: number, scope: 'query' | 'connection', done: (answer: KillAnswer) => void): void;
  ended(reason: EndReason): void;
  /** For the operator: what the client is not told. */
  trouble(error: Error): void;
}

export interface ConnectionOptions {
  readonly dialect: Dialect;
  readonly session: WireSessionOptions;
  readonly client: Duplex;
  /** The gateway's end of TLS; without it clients cannot encrypt. */
  readonly clientTls: ClientTls | undefined;
  readonly clientLegIsPrivate: boolean;
  readonly clientLegIsSocket: boolean;
  readonly server: ServerTarget;
  /** A client that has not logged in by then is closed. */
  readonly loginTimeoutMs: number;
  /** After the session's end, how long a client may take to read what is left. */
  readonly lingerMs: number;
  /** Of all connections that share a ledger. */
  readonly turn: Turn;
  /** Told whenever what was pending towards the server has been given to its socket. */
  readonly onSent?: () => void;
}

const NOT_RECORDED: Refusal = {
  code: 'ledger-unavailable',
  message: 'the statement could not be recorded, so it was not run; see the log of the gateway and connect again',
};

/** What is to be sent on one leg: nearly always one piece. */
class PendingBytes {
  first: Uint8Array | undefined = undefined;
  more: Uint8Array[] | undefined = undefined;

  add(bytes: Uint8Array): void {
    if (this.first === undefined) this.first = bytes;
    else (this.more ??= []).push(bytes);
  }

  clear(): void {
    this.first = undefined;
    this.more = undefined;
  }
}

/** The sockets of one client connection: splices the two legs through a wire session, with back-pressure in both directions. */
export class Connection implements SessionHost, TurnMember {
  readonly session: WireSession;
  readonly #options: ConnectionOptions;
  readonly #policy: ConnectionPolicy;
  readonly #streams: Record<Leg, Duplex | undefined>;
  /** What the stream of the server leg goes through, whatever is laid over it. */
  #serverSocket: Socket | undefined;
  #target: ServerTarget;
  /** Why a leg is not being read: the session asked, or the other leg cannot take more. */
  readonly #held: Record<Leg, { session: boolean; full: boolean }> = {
    client: { session: false, full: false },
    server: { session: false, full: false },
  };
  readonly #loginTimer: NodeJS.Timeout;
  /** What was sent in this turn. */
  readonly #pending: Record<Leg, PendingBytes> = { client: new PendingBytes(), server: new PendingBytes() };
  #isInTurn = false;
  #isUnrecorded = false;
  #keepsAlive = true;
  #ended = false;

  constructor(options: ConnectionOptions, policy: ConnectionPolicy) {
    this.#options = options;
    this.#policy = policy;
    this.#streams = { client: options.client, server: undefined };
    this.#target = options.server;
    this.session = options.dialect.createSession(this, options.session);
    this.#loginTimer = setTimeout(() => {
      this.session.terminate({ code: 'identity-missing', message: `no login within ${options.loginTimeoutMs} ms; connect again` });
    }, options.loginTimeoutMs);
    this.#attach('client', options.client);
  }

  get canEncryptClient(): boolean {
    const { clientTls, dialect } = this.#options;
    return clientTls !== undefined && (dialect.framesTls !== true || clientTls.framedContext !== undefined);
  }

  /** What the client speaks through now: once TLS has started, the encrypted stream. */
  get clientStream(): Duplex {
    return this.#streams.client ?? this.#options.client;
  }

  get clientLegIsSocket(): boolean {
    return this.#options.clientLegIsSocket;
  }

  get clientLegIsPrivate(): boolean {
    return this.#options.clientLegIsPrivate;
  }

  /** The address that the server has answered from; `undefined` where it has none. */
  get serverPeer(): { readonly address: string; readonly port: number } | undefined {
    const { remoteAddress, remotePort } = (this.#serverSocket ?? {}) as Partial<Socket>;
    return remoteAddress === undefined || remotePort === undefined ? undefined : { address: remoteAddress, port: remotePort };
  }

  /** Whether the connection to the server keeps the process alive; an in-memory client has nothing else that could. */
  keepAlive(keepsAlive: boolean): void {
    this.#keepsAlive = keepsAlive;
    this.#applyKeepAlive();
  }

  #applyKeepAlive(): void {
    if (this.#keepsAlive) this.#serverSocket?.ref();
    else this.#serverSocket?.unref();
  }

  send(leg: Leg, bytes: Uint8Array): void {
    this.#pending[leg].add(bytes);
    if (this.#isInTurn) return;
    this.#isInTurn = true;
    this.#options.turn.add(this);
  }

  sendPending(): void {
    this.#isInTurn = false;
    this.#isUnrecorded = false;
    this.#write('server');
    this.#write('client');
  }

  get isUnrecorded(): boolean {
    return this.#isUnrecorded;
  }

  notRecorded(): void {
    this.#isUnrecorded = false;
    this.#pending.server.clear();
    this.session.terminate(NOT_RECORDED);
    this.sendPending();
  }

  #write(leg: Leg): void {
    const pending = this.#pending[leg];
    const { first, more } = pending;
    if (first === undefined) return;
    pending.clear();
    const stream = this.#streams[leg];
    if (stream === undefined || stream.destroyed || stream.writableEnded) return;
    let isTaken: boolean;
    if (more === undefined) isTaken = stream.write(first);
    else {
      stream.cork();
      isTaken = stream.write(first);
      for (const bytes of more) isTaken = stream.write(bytes);
      stream.uncork();
    }
    if (leg === 'server') this.#options.onSent?.();
    if (!isTaken) this.#hold(leg === 'client' ? 'server' : 'client', 'full', true);
  }

  startTls(leg: Leg, ahead?: Uint8Array, framing?: TlsFraming): void {
    const plain = this.#streams[leg];
    if (plain === undefined) return;
    // Requests for TLS carry no statement.
    this.#write(leg);
    plain.removeAllListeners('data');
    plain.removeAllListeners('end');
    plain.removeAllListeners('drain');
    if (ahead !== undefined && ahead.length > 0) {
      plain.pause();
      plain.unshift(ahead);
    }
    if (leg === 'client') this.#encryptClient(plain, framing);
    else this.#encryptServer(plain as Socket, framing);
  }

  authenticate(login: LoginRequest): void {
    this.#policy.authenticate(login);
  }

  connectServer(to?: ServerAddress): void {
    if (to !== undefined) this.#leaveServer(to);
    const socket = dialServer(this.#target);
    socket.once('connect', () => {
      this.#attach('server', socket);
      this.session.serverConnected();
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      this.#legEnded('server', socket, error.code ?? error.message);
    });
    this.#streams.server = socket;
    this.#serverSocket = socket;
    this.#applyKeepAlive();
  }

  #leaveServer(to: ServerAddress): void {
    const left = this.#streams.server;
    this.#target = routedTarget(this.#options.server, to);
    this.#pending.server.clear();
    this.#streams.server = undefined;
    left?.removeAllListeners('data');
    left?.destroy();
  }

  admit(unit: Unit): Admission | undefined {
    const admission = this.#policy.admit(unit);
    // What is admitted later was written before.
    if (admission?.kind === 'proceed' && admission.ticket !== 0) this.#isUnrecorded = true;
    return admission;
  }

  abandon(): void {
    this.#policy.abandon();
  }

  settle(outcome: Outcome): void {
    this.#policy.settle(outcome);
  }

  transactionEnded(ordinal: number, end: TransactionEnd): void {
    this.#policy.transactionEnded(ordinal, end);
  }

  sessionReset(): void {
    this.#policy.sessionReset();
  }

  security(event: SecurityEvent): void {
    this.#policy.security(event);
  }

  mayHear(): boolean {
    return this.#policy.mayHear();
  }

  ready(info: { readonly serverVersion: string }): void {
    clearTimeout(this.#loginTimer);
    this.#policy.ready(info.serverVersion);
  }

  cancelRequested(key: CancelKey): void {
    this.#policy.cancelRequested(key);
  }

  killRequested(id: number, scope: 'query' | 'connection', done: (answer: KillAnswer) => void): void {
    this.#policy.killRequested(id, scope, done);
  }

  pause(leg: Leg, paused: boolean): void {
    this.#hold(leg, 'session', paused);
  }

  end(reason: EndReason): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#loginTimer);
    if (this.#isUnrecorded && !this.#options.turn.record()) this.#pending.server.clear();
    this.sendPending();
    this.#closeLegs();
    this.#policy.ended(reason);
  }

  randomBytes(length: number): Uint8Array {
    return randomBytes(length);
  }

  #attach(leg: Leg, stream: Duplex): void {
    this.#streams[leg] = stream;
    stream.on('data', (chunk: Buffer) => {
      if (!this.#ended) this.session.receive(leg, chunk);
    });
    stream.on('end', () => this.#legEnded(leg, stream, undefined));
    stream.on('close', () => this.#legEnded(leg, stream, undefined));
    stream.on('error', (error: NodeJS.ErrnoException) => this.#legEnded(leg, stream, error.code ?? error.message));
    stream.on('drain', () => this.#hold(leg === 'client' ? 'server' : 'client', 'full', false));
  }

  #legEnded(leg: Leg, stream: Duplex, detail: string | undefined): void {
    if (this.#ended || this.#streams[leg] !== stream) return;
    // The client is only told that the database is away.
    if (leg === 'server' && detail !== undefined) this.#policy.trouble(new Error(`the connection to the server failed: ${detail}`));
    this.session.ended(leg, detail);
  }

  #hold(leg: Leg, why: 'session' | 'full', held: boolean): void {
    const state = this.#held[leg];
    state[why] = held;
    const stream = this.#streams[leg];
    if (stream === undefined) return;
    if (state.session || state.full) stream.pause();
    else stream.resume();
  }

  #encryptClient(plain: Duplex, framing: TlsFraming | undefined): void {
    const { clientTls } = this.#options;
    if (clientTls === undefined) return;
    const { framedContext } = clientTls;
    const secure =
      framing === undefined || framedContext === undefined
        ? encryptClientStream(plain, clientTls, this.#options.dialect.alpn)
        : encryptFramedClient(new FramedStream(plain, framing), clientTls, framedContext);
    this.#streams.client = secure;
    secure.once('secure', () => this.session.tlsStarted('client'));
    this.#attach('client', secure);
  }

  #encryptServer(plain: Socket, framing: TlsFraming | undefined): void {
    const secure = encryptServerSocket(plain, this.#target, this.#options.dialect.alpn, framing);
    this.#streams.server = secure;
    secure.once('secureConnect', () => this.session.tlsStarted('server', serverTlsFacts(secure)));
    this.#attach('server', secure);
  }

  #closeLegs(): void {
    for (const leg of ['client', 'server'] as const) {
      const stream = this.#streams[leg];
      if (stream === undefined || stream.destroyed) continue;
      stream.removeAllListeners('data');
      stream.on('error', () => undefined);
      stream.resume();
      stream.end();
      const timer = setTimeout(() => stream.destroy(), this.#options.lingerMs);
      timer.unref();
      stream.once('close', () => clearTimeout(timer));
    }
  }
}
