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
  TlsFacts,
  WireSession,
  WireSessionOptions,
} from '@sqlwarden/core';
import { LimitReached, PinnedLost, unreachable, UnmaskableResult } from '@sqlwarden/core';
import { encodeAttention } from '../protocol/packet.js';
import { PacketSplitter } from '../protocol/packet-splitter.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { versionLayout, versionNumber } from '../protocol/tds-version.js';
import { refusalMessage } from '../refusal.js';
import { ClientLogin } from './client-login.js';
import { ClientMessages } from './client-messages.js';
import { Conversation } from './conversation.js';
import type { AcceptedLogin, ServerLoggedIn, ServerLoginFailure } from './login-parts.js';
import { settleLost } from './lost-connection.js';
import { CommitFailed } from './own-transaction.js';
import { ServerLoginLeg } from './server-login.js';
import { ServerMessages } from './server-messages.js';
import { SessionRole } from './session-role.js';
import { STATE_PROBE } from './sql-state.js';

/** A session of SQL Server between a client and a server, as {@link WireSession} states: TDS 7.1 to 7.4 and 8.0 ([MS-TDS]). */
export function createWireSession(host: SessionHost, options: WireSessionOptions): WireSession {
  return new SqlServerSession(host, options);
}

/**
 * `client-login` → (`authenticating` → `connecting` → `server-login` → `probing` → `opening`) → `open` → `over`. The client's bytes are read in
 * `client-login` and `open` only; the server's from `server-login` on. The client's login is answered when `open` is reached.
 */
type Phase = 'client-login' | 'authenticating' | 'connecting' | 'server-login' | 'probing' | 'opening' | 'open' | 'over';

class SqlServerSession implements WireSession {
  readonly #host: SessionHost;
  readonly #options: WireSessionOptions;
  readonly #talk: Conversation;
  readonly #clientPackets: PacketSplitter;
  readonly #serverPackets: PacketSplitter;
  readonly #clientLogin: ClientLogin;
  readonly #clientMessages: ClientMessages;
  readonly #serverMessages: ServerMessages;
  #serverLogin: ServerLoginLeg | undefined;
  #accepted: AcceptedLogin | undefined;
  #loggedInAs: ServerLoggedIn | undefined;
  #phase: Phase = 'client-login';
  /** The login that the client says it has, where the server is asked whether that is so. */
  #isClientsLogin = false;
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
    this.#clientPackets = new PacketSplitter();
    this.#serverPackets = new PacketSplitter();
    this.#talk = new Conversation(host, tools);
    this.#clientLogin = new ClientLogin(
      {
        host,
        send: (bytes) => this.#talk.toClient.write(bytes),
        startTls: (framing) => {
          this.#talk.toClient.flush();
          host.startTls('client', undefined, framing);
        },
        identified: (login, accepted) => this.#identified(login, accepted),
      },
      this.#clientPackets,
      options,
    );
    this.#clientMessages = new ClientMessages(this.#talk, this.#clientPackets, options.maxMessageBytes);
    this.#serverMessages = new ServerMessages(this.#talk, this.#serverPackets, options.maxMessageBytes);
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

  tlsStarted(leg: Leg, facts?: TlsFacts): void {
    if (leg === 'client') this.#clientLogin.tlsStarted();
    else this.#serverLogin?.tlsStarted(facts);
    this.#run();
  }

  loginAnswered(answer: LoginAnswer): void {
    if (this.#phase !== 'authenticating') return;
    if (answer.kind === 'refuse') return this.#refuse(answer.refusal);
    const { server } = answer;
    this.#phase = 'connecting';
    this.#serverLogin = this.#newServerLogin(server);
    if (server.role !== undefined) {
      this.#talk.role = new SessionRole(server.role);
      this.#talk.roleLost = true;
    }
    this.#isClientsLogin = server.isClients === true;
    this.#host.connectServer();
    this.#run();
  }

  serverConnected(): void {
    if (this.#phase !== 'connecting' && this.#phase !== 'server-login') return;
    this.#phase = 'server-login';
    this.#serverLogin?.connected();
    this.#run();
  }

  admitted(admission: Admission): void {
    this.#clientMessages.admitted(admission);
    this.#run();
  }

  notice(message: string, hint?: string): void {
    if (this.#phase !== 'open') return;
    this.#clientMessages.notice(hint === undefined ? message : `${message} (${hint})`);
    this.#run();
  }

  inject(sql: string, done: (result: InjectResult) => void): void {
    const isOpen = this.#phase === 'open' || this.#phase === 'opening';
    if (!isOpen || !this.#clientMessages.pending || this.#talk.expected !== undefined)
      return done({ kind: 'error', code: '0', message: 'a statement can only be injected while a unit is pending' });
    this.#talk.inject(sql, done);
    this.#run();
  }

  terminate(refusal: Refusal): void {
    if (this.#phase !== 'over') this.#refuse(refusal);
  }

  /** What runs is cancelled by an ATTENTION on its own connection: there are no keys. */
  serverCancelKey(): CancelKey | undefined {
    return undefined;
  }

  get clientCancelKey(): CancelKey | undefined {
    return undefined;
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
    this.#backPressure();
    if (!this.#talk.withholds) this.#talk.toClient.flush();
    this.#talk.toServer.flush();
  }

  get #over(): boolean {
    return this.#phase === 'over';
  }

  #clientStep(): boolean {
    switch (this.#phase) {
      case 'client-login':
        return this.#clientLogin.step();
      case 'opening':
        return this.#openingStep();
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
      case 'opening':
      case 'open':
        return this.#serverMessages.step();
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

  #identified(login: LoginRequest, accepted: AcceptedLogin): void {
    const talk = this.#talk;
    this.#accepted = accepted;
    talk.tdsVersion = versionNumber(accepted.terms.version);
    this.#phase = 'authenticating';
    this.#host.authenticate(login);
  }

  #newServerLogin(login: ServerLogin): ServerLoginLeg {
    const { toServer } = this.#talk;
    return new ServerLoginLeg(
      {
        send: (bytes) => toServer.write(bytes),
        startTls: (framing) => {
          toServer.flush();
          this.#host.startTls('server', undefined, framing);
        },
        connectServer: (to) => this.#host.connectServer(to),
        loggedIn: (info) => this.#loggedIn(info),
        loginFailed: (failure) => this.#loginFailed(failure),
      },
      login,
      (this.#accepted as AcceptedLogin).terms,
      this.#serverPackets,
    );
  }

  #loginFailed(failure: ServerLoginFailure): void {
    if (this.#isClientsLogin && failure.isIdentity === true)
      return this.#refuse({ code: 'identity-invalid', message: 'the database did not let you in, check user name and password' });
    this.#refuse({ code: failure.kind === 'protocol' ? 'upstream-unavailable' : 'upstream-refused', message: failure.detail });
  }

  #loggedIn(info: ServerLoggedIn): void {
    const talk = this.#talk;
    // It holds the password.
    this.#serverLogin = undefined;
    this.#loggedInAs = info;
    talk.tdsVersion = versionNumber(info.version);
    talk.packetSize = info.packetSize;
    talk.transactions.isTold = versionLayout(info.version).allHeaders;
    this.#phase = 'probing';
    const { role } = talk;
    if (role === undefined) return this.#probe();
    talk.inject(role.statement, (result) => {
      if (result.kind === 'error' || !role.taken(result.rows)) return this.#refuse(NOT_TAKEN);
      talk.roleLost = false;
      this.#probe();
    });
  }

  #probe(): void {
    this.#talk.stateStale = false;
    this.#talk.own.batch(STATE_PROBE, (result) => this.#probed(result), { isProbe: true });
  }

  #probed(result: InjectResult): void {
    const talk = this.#talk;
    if (this.#over) return;
    if (!talk.observed(result))
      return this.#refuse({ code: 'upstream-unavailable', message: 'the state of the session could not be read' });
    // Before the session is open, since the host may yet refuse, in answer to the login.
    this.#host.ready({ serverVersion: this.#loggedInAs?.serverVersion ?? '' });
    if (this.#over) return;
    const asked = this.#accepted?.database ?? '';
    if (asked !== '' && asked.toLowerCase() !== talk.state?.database.toLowerCase()) this.#clientMessages.open(asked);
    this.#phase = 'opening';
  }

  #openingStep(): boolean {
    const opened = this.#clientMessages.opened();
    if (opened === undefined) return false;
    if (opened !== 'opened') this.#refuse(opened);
    else this.#letIn();
    return true;
  }

  #letIn(): void {
    const { state } = this.#talk;
    const info = this.#loggedInAs as ServerLoggedIn;
    this.#loggedInAs = undefined;
    this.#phase = 'open';
    const asked = this.#accepted?.database ?? '';
    this.#clientLogin.letIn({ ...info, database: asked === '' ? (state?.database ?? info.database) : asked });
  }

  // ---- the end ----

  #serverEnded(detail: string | undefined): void {
    if (this.#serverMessages.fatal) return this.#end({ kind: 'closed', by: 'server' });
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
    if (error instanceof CommitFailed) return this.#end({ kind: 'closed', by: 'server' });
    if (error instanceof PinnedLost) return this.#refuse(this.#phase === 'probing' ? NOT_TAKEN : PINNED_LOST);
    if (!(error instanceof ProtocolError))
      return this.#refuse({ code: 'internal-error', message: 'the gateway failed on this session, connect again' });
    if (leg === 'server') this.#lastWord({ code: 'upstream-unavailable', message: 'the database broke the protocol, connect again' });
    else this.#lastWord({ code: 'message-unsupported', message: error.message });
    this.#end({ kind: 'protocol-error', leg, detail: error.message });
  }

  /** Why the session ends; not in the middle of a token, where it would be taken for a part of it. */
  #lastWord(refusal: Refusal): void {
    const { toClient, packetSize, tdsVersion } = this.#talk;
    if (this.#phase !== 'open') toClient.write(this.#clientLogin.refusal(refusal));
    else if (this.#serverMessages.midMessage) this.#serverMessages.breakOff(refusal);
    else toClient.write(refusalMessage(refusal, packetSize, tdsVersion));
  }

  #refuse(refusal: Refusal): void {
    // What is withheld of a reply ends with the refusal.
    if (this.#talk.expected?.injection === undefined) this.#talk.withholds = false;
    this.#lastWord(refusal);
    this.#end({ kind: 'refused', refusal });
  }

  #end(reason: EndReason): void {
    if (this.#over) return;
    const open = this.#phase === 'open' || this.#phase === 'opening' || this.#phase === 'probing';
    const isRunning = open && this.#talk.expected !== undefined && this.#talk.expected.injection === undefined;
    this.#phase = 'over';
    // The server stops what nobody will read.
    if (isRunning) this.#talk.toServer.write(encodeAttention());
    this.#clientMessages.clientGone();
    // INVARIANT: what a client is told as done is committed.
    if (!this.#talk.withholds) this.#talk.toClient.flush();
    this.#talk.toServer.flush();
    if (open) settleLost(this.#talk);
    this.#host.end(reason);
  }
}

const NOT_TAKEN: Refusal = {
  code: 'upstream-refused',
  message: 'the database did not take the role of this session, check that the account of the gateway may impersonate it (IMPERSONATE)',
};
const PINNED_LOST: Refusal = {
  code: 'setting-pinned',
  message: 'the role of this session is not what it was, connect again',
};
