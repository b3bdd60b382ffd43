import type {
  Admission,
  CancelKey,
  EndReason,
  InjectResult,
  Leg,
  LoginAnswer,
  LoginRequest,
  MaskTools,
  Refusal,
  ServerLogin,
  SessionHost,
  WireSession,
  WireSessionOptions,
} from '@sqlwarden/core';
import { LimitReached, PinnedLost, UnmaskableResult, unreachable } from '@sqlwarden/core';
import { COMMAND } from '../protocol/command.js';
import { PacketSplitter } from '../protocol/packet-splitter.js';
import { encodePacket } from '../protocol/packet-writer.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { refusalPacket } from '../refusal.js';
import { type AcceptedHandshake, ClientLogin } from './client-login.js';
import { ClientMessages } from './client-messages.js';
import { Conversation } from './conversation.js';
import { settleLost } from './lost-connection.js';
import { okPacket } from './own-packets.js';
import { type ServerLoggedIn, ServerLoginLeg, type ServerLoginFailure } from './server-login.js';
import { ServerMessages } from './server-messages.js';
import { roleStatement } from './session-role.js';
import { accountOf, STATE_PROBE } from './sql-state.js';

/**
 * A MySQL or MariaDB session between a client and a server, as {@link WireSession} states. Protocol 4.1 with handshake v10; see "Client/Server Protocol" of
 * the MySQL Internals documentation. The greeting is sent while the session is made: in this protocol the server speaks first.
 */
export function createWireSession(host: SessionHost, options: WireSessionOptions): WireSession {
  return new MysqlSession(host, options);
}

/**
 * `client-login` → (`authenticating` → `connecting` → `server-login` → `probing`) → `open` → `over`. The client's bytes are read in
 * `client-login` and `open` only; the server's from `server-login` on.
 */
type Phase = 'client-login' | 'authenticating' | 'connecting' | 'server-login' | 'probing' | 'open' | 'over';

class MysqlSession implements WireSession {
  readonly #host: SessionHost;
  readonly #options: WireSessionOptions;
  readonly #talk: Conversation;
  readonly #clientPackets: PacketSplitter;
  readonly #serverPackets: PacketSplitter;
  readonly #clientLogin: ClientLogin;
  readonly #clientMessages: ClientMessages;
  readonly #serverMessages: ServerMessages;
  #serverLogin: ServerLoginLeg | undefined;
  #handshake: AcceptedHandshake | undefined;
  /** The database that the server leg began with. */
  #database = '';
  #serverVersion = '';
  #phase: Phase = 'client-login';
  /** The account that the client says it has, where the server is asked whether that is so. */
  #clientsUser: string | undefined;
  #serverKey: CancelKey | undefined;
  #clientPaused = false;
  #busy = false;
  #again = false;

  constructor(host: SessionHost, options: WireSessionOptions) {
    this.#host = host;
    this.#options = options;
    const tools: MaskTools = {
      cellType: options.cellType,
      hash: options.hash,
      maskKey: options.maskKey,
      compilePattern: options.compilePattern,
    };
    this.#clientPackets = new PacketSplitter('client', options.maxStartupBytes);
    this.#serverPackets = new PacketSplitter('server', options.maxMessageBytes);
    this.#talk = new Conversation(host, tools, this.#serverPackets);
    this.#talk.maxLongBytes = options.maxMessageBytes;
    this.#talk.wake = () => this.#run();
    this.#clientLogin = new ClientLogin(
      {
        host,
        send: (bytes) => this.#talk.toClient.write(bytes),
        startTls: (ahead) => {
          this.#talk.toClient.flush();
          host.startTls('client', ahead);
        },
        identified: (login, handshake) => this.#identified(login, handshake),
      },
      this.#clientPackets,
      options,
    );
    this.#clientMessages = new ClientMessages(this.#talk, this.#clientPackets);
    this.#serverMessages = new ServerMessages(this.#talk, this.#serverPackets);
    this.#clientLogin.greet();
    this.#talk.toClient.flush();
  }

  // ---- what the host drives ----

  receive(leg: Leg, bytes: Uint8Array): void {
    if (this.#phase === 'over') return;
    (leg === 'client' ? this.#clientPackets : this.#serverPackets).push(bytes);
    this.#run();
  }

  ended(leg: Leg, detail?: string): void {
    if (this.#phase === 'over') return;
    if (leg === 'client') this.#end({ kind: 'closed', by: 'client' });
    else this.#serverEnded(detail);
  }

  tlsStarted(leg: Leg): void {
    if (leg === 'client') this.#clientLogin.tlsStarted();
    else this.#serverLogin?.tlsStarted();
    this.#run();
  }

  loginAnswered(answer: LoginAnswer): void {
    if (this.#phase !== 'authenticating') return;
    if (answer.kind === 'refuse') return this.#refuse(answer.refusal);
    const { server } = answer;
    this.#clientLogin.accepted();
    this.#phase = 'connecting';
    this.#database = server.database;
    this.#serverLogin = this.#newServerLogin(server);
    if (server.role !== undefined) {
      this.#talk.pinnedRole = { name: server.role, statement: roleStatement(server.role) };
      this.#talk.roleLost = true;
    }
    if (server.isClients === true) this.#clientsUser = server.user;
    this.#host.connectServer();
    this.#run();
  }

  serverConnected(): void {
    if (this.#phase !== 'connecting') return;
    this.#phase = 'server-login';
    this.#serverLogin?.connected();
    this.#run();
  }

  admitted(admission: Admission): void {
    this.#clientMessages.admitted(admission);
    this.#run();
  }

  /** The protocol has no message for words that come before an answer: they would be taken for a part of it. */
  notice(): void {}

  inject(sql: string, done: (result: InjectResult) => void): void {
    if (this.#phase !== 'open' || !this.#clientMessages.pending || this.#talk.expected !== undefined)
      return done({ kind: 'error', code: '2014', message: 'a statement can only be injected while a unit is pending' });
    this.#talk.inject(sql, done);
    this.#run();
  }

  terminate(refusal: Refusal): void {
    if (this.#phase !== 'over') this.#refuse(refusal);
  }

  /** The number by which the server knows the session; it needs no secret. */
  serverCancelKey(): CancelKey | undefined {
    return this.#serverKey;
  }

  /** The number that the client was given. */
  get clientCancelKey(): CancelKey | undefined {
    return keyOf(this.#clientLogin.connectionId);
  }

  // ---- the loop ----

  /** Handles what can be handled, then sends. A call from inside a call of the host only asks for another round. */
  #run(): void {
    this.#again = true;
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (this.#again) {
        this.#again = false;
        this.#round();
      }
    } finally {
      this.#busy = false;
    }
  }

  #round(): void {
    if (this.#phase === 'over') return;
    let leg: Leg = 'server';
    try {
      let moved = true;
      while (moved && !this.#over) {
        moved = false;
        leg = 'server';
        while (!this.#over && this.#serverStep()) moved = true;
        leg = 'client';
        while (!this.#over && this.#clientStep()) moved = true;
      }
    } catch (error) {
      return this.#failed(leg, error);
    }
    if (this.#over) return;
    const { opening } = this.#talk;
    // The client has its error.
    if (opening !== undefined && opening !== 'asked') return this.#end({ kind: 'refused', refusal: opening });
    if (this.#clientMessages.terminated && this.#talk.expected === undefined) return this.#end({ kind: 'closed', by: 'client' });
    this.#backPressure();
    this.#talk.toClient.flush();
    this.#talk.toServer.flush();
  }

  get #over(): boolean {
    return this.#phase === 'over';
  }

  #clientStep(): boolean {
    switch (this.#phase) {
      case 'client-login':
        return this.#clientLogin.step();
      case 'open':
        return this.#clientMessages.step();
      case 'authenticating':
      case 'connecting':
      case 'server-login':
      case 'probing':
      case 'over':
        return false;
      default:
        return unreachable(this.#phase);
    }
  }

  #serverStep(): boolean {
    switch (this.#phase) {
      case 'server-login':
        return this.#serverLogin?.step() === true;
      case 'probing':
      case 'open':
        if (this.#serverMessages.lost !== undefined) this.#serverEnded(undefined);
        return !this.#over && this.#serverMessages.step();
      case 'client-login':
      case 'authenticating':
      case 'connecting':
      case 'over':
        return false;
      default:
        return unreachable(this.#phase);
    }
  }

  #backPressure(): void {
    const full = this.#clientPackets.buffered > this.#options.maxQueuedBytes;
    const waiting = this.#phase === 'open' ? this.#clientMessages.waiting : this.#phase !== 'client-login';
    const pause = full && waiting;
    if (pause === this.#clientPaused) return;
    this.#clientPaused = pause;
    this.#host.pause('client', pause);
  }

  // ---- the login ----

  #identified(login: LoginRequest, handshake: AcceptedHandshake): void {
    this.#handshake = handshake;
    this.#talk.startup = handshake.intent;
    this.#talk.agreed(handshake.capabilities);
    this.#clientPackets.maxBytes = this.#options.maxMessageBytes;
    this.#phase = 'authenticating';
    this.#host.authenticate(login);
  }

  #newServerLogin(login: ServerLogin): ServerLoginLeg {
    const { toServer } = this.#talk;
    const handshake = this.#handshake as AcceptedHandshake;
    return new ServerLoginLeg(
      {
        hash: this.#options.hash,
        publicKey: this.#options.publicKey,
        send: (bytes) => toServer.write(bytes),
        startTls: () => {
          toServer.flush();
          this.#host.startTls('server');
        },
        loggedIn: (info) => this.#loggedIn(info),
        loginFailed: (failure) => this.#loginFailed(failure),
      },
      login,
      { capabilities: handshake.capabilities, isPromised: true, collation: handshake.collation, attributes: handshake.attributes },
      this.#serverPackets,
    );
  }

  #loginFailed(failure: ServerLoginFailure): void {
    if (this.#clientsUser !== undefined && failure.isIdentity === true)
      return this.#refuse({ code: 'identity-invalid', message: 'the database did not let you in, check user name and password' });
    this.#refuse({ code: failure.kind === 'protocol' ? 'upstream-unavailable' : 'upstream-refused', message: failure.detail });
  }

  #loggedIn({ connectionId, serverVersion, status }: ServerLoggedIn): void {
    const talk = this.#talk;
    // It holds the password.
    this.#serverLogin = undefined;
    this.#serverKey = keyOf(connectionId);
    this.#serverVersion = serverVersion;
    talk.status = status;
    this.#phase = 'probing';
    const { pinnedRole } = talk;
    if (pinnedRole === undefined) return this.#probe();
    talk.inject(pinnedRole.statement, (result) => {
      if (result.kind === 'error') return this.#refuse(NOT_TAKEN);
      talk.roleLost = false;
      this.#probe();
    });
  }

  #probe(): void {
    this.#talk.stateStale = false;
    this.#talk.inject(STATE_PROBE, (result) => this.#probed(result));
  }

  #probed(result: InjectResult): void {
    if (this.#over) return;
    if (!this.#talk.observed(result))
      return this.#refuse({ code: 'upstream-unavailable', message: 'the state of the session could not be read' });
    if (this.#clientsUser !== undefined && this.#clientsUser !== accountOf(result)) return this.#refuse(ANOTHER_ACCOUNT);
    const asked = this.#handshake?.database ?? '';
    if (asked !== '' && asked !== this.#database && this.#clientPackets.buffered > 0) return this.#refuse(SENT_AHEAD);
    // Before the session is open, since the host may yet refuse, in answer to the login.
    this.#host.ready({ serverVersion: this.#serverVersion });
    if (this.#over) return;
    this.#phase = 'open';
    const { sequenceId } = this.#clientLogin;
    if (asked === '' || asked === this.#database) {
      this.#talk.toClient.write(okPacket(sequenceId, this.#talk.status));
      this.#clientPackets.expected = 0;
    } else this.#openDatabase(asked, sequenceId);
  }

  /** The database that the client named in its login is judged as if it asked for it now, and the answer is that to its login. */
  #openDatabase(database: string, sequenceId: number): void {
    const before = (sequenceId - 1) & 0xff;
    this.#talk.opening = 'asked';
    this.#clientPackets.expected = before;
    this.#clientPackets.push(encodePacket(before, (writer) => writer.int1(COMMAND.COM_INIT_DB).text(database)));
  }

  // ---- the end ----

  #serverEnded(detail: string | undefined): void {
    if (this.#serverMessages.lost === 'told' || this.#clientMessages.terminated) return this.#end({ kind: 'closed', by: 'server' });
    const refusal: Refusal = { code: 'upstream-unavailable', message: 'the connection to the database was lost, connect again' };
    this.#lastWord(detail === undefined ? refusal : { ...refusal, hint: 'the log of the gateway says more' });
    this.#end({ kind: 'closed', by: 'server' });
  }

  #failed(leg: Leg, error: unknown): void {
    if (error instanceof UnmaskableResult) return this.#refuse({ code: 'mask-unbindable', message: error.message });
    if (error instanceof LimitReached) {
      const work = this.#talk.expected?.work;
      if (work !== undefined) {
        work.errorCode = error.refusal.code;
        work.limit = error.refusal.rule;
      }
      return this.#refuse(error.refusal);
    }
    if (error instanceof PinnedLost) return this.#refuse(this.#phase === 'probing' ? NOT_TAKEN : PINNED_LOST);
    if (!(error instanceof ProtocolError))
      return this.#refuse({ code: 'internal-error', message: 'the gateway failed on this session, connect again' });
    if (leg === 'server') this.#lastWord({ code: 'upstream-unavailable', message: 'the database broke the protocol, connect again' });
    else this.#lastWord({ code: 'message-unsupported', message: error.message });
    this.#end({ kind: 'protocol-error', leg, detail: error.message });
  }

  /** Why the session ends; not in the middle of a packet, where it would be taken for a part of it. */
  #lastWord(refusal: Refusal): void {
    if (!this.#serverMessages.midMessage) this.#talk.toClient.write(refusalPacket(refusal, this.#wordSequence()));
  }

  #wordSequence(): number {
    if (this.#phase !== 'open') return this.#clientLogin.sequenceId;
    const { expected } = this.#talk;
    if (expected !== undefined && expected.injection === undefined) return this.#serverMessages.clientSequence;
    return this.#clientMessages.answerSequence;
  }

  #refuse(refusal: Refusal): void {
    this.#lastWord(refusal);
    this.#end({ kind: 'refused', refusal });
  }

  #end(reason: EndReason): void {
    if (this.#over) return;
    const open = this.#phase === 'open' || this.#phase === 'probing';
    this.#phase = 'over';
    // A client that said COM_QUIT has had it forwarded.
    if (open && !this.#clientMessages.terminated) this.#talk.toServer.write(encodePacket(0, (writer) => writer.int1(COMMAND.COM_QUIT)));
    this.#clientMessages.clientGone();
    this.#talk.toClient.flush();
    this.#talk.toServer.flush();
    if (open) settleLost(this.#talk);
    this.#host.end(reason);
  }
}

function keyOf(processId: number): CancelKey {
  return { processId, secret: NO_SECRET };
}

const NO_SECRET = new Uint8Array(0);

// Anonymous accounts take every name, and proxied ones stand for others: neither says who the client is.
const ANOTHER_ACCOUNT: Refusal = {
  code: 'identity-invalid',
  message: 'the database let you in as another account than the one that you named, use the name of an account',
};
const SENT_AHEAD: Refusal = { code: 'message-unsupported', message: 'a command came before the end of the login' };
const NOT_TAKEN: Refusal = {
  code: 'upstream-refused',
  message: 'the database did not take the role of this session, check that it is granted to the account of the gateway',
};
const PINNED_LOST: Refusal = {
  code: 'setting-pinned',
  message: 'the role of this session is not what it was, connect again',
};
