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
import { LimitReached, PinnedLost, UnmaskableResult, unreachable } from '@sqlwarden/core';
import { encodeBackend } from '../protocol/backend-message.js';
import { encodeFrontend } from '../protocol/frontend-message.js';
import { FrameSplitter } from '../protocol/frame-splitter.js';
import { BACKEND_LIMIT_TABLE, FRONTEND_LIMIT_TABLE } from '../protocol/message-types.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { noticeResponse, refusalResponse } from '../refusal.js';
import { newCancelKey } from './cancel-keys.js';
import { ClientLogin } from './client-login.js';
import { ClientMessages } from './client-messages.js';
import { Conversation } from './conversation.js';
import { pinnedParameters } from './pinned-parameters.js';
import { ServerLoginLeg, type ServerLoginFailure } from './server-login.js';
import { EncodingLost, ServerMessages } from './server-messages.js';
import { settleLost } from './lost-connection.js';
import type { AcceptedStartup } from './startup-parameters.js';

/**
 * A PostgreSQL session between a client and a server, as {@link WireSession} states. Protocol 3.0 and 3.2; see the "Frontend/Backend Protocol" chapter
 * of the PostgreSQL documentation.
 */
export function createWireSession(host: SessionHost, options: WireSessionOptions): WireSession {
  return new PostgresSession(host, options);
}

/**
 * `client-login` → (`authenticating` → `connecting` → `server-login` → `probing`) → `open` → `over`. The client's bytes are read in
 * `client-login` and `open` only; the server's from `server-login` on.
 */
type Phase = 'client-login' | 'authenticating' | 'connecting' | 'server-login' | 'probing' | 'open' | 'over';

class PostgresSession implements WireSession {
  readonly #host: SessionHost;
  readonly #options: WireSessionOptions;
  readonly #talk: Conversation;
  readonly #clientFrames: FrameSplitter;
  readonly #serverFrames: FrameSplitter;
  readonly #clientLogin: ClientLogin;
  readonly #clientMessages: ClientMessages;
  readonly #serverMessages: ServerMessages;
  #serverLogin: ServerLoginLeg | undefined;
  #startup: AcceptedStartup | undefined;
  readonly #parameters = new Map<string, string>();
  #phase: Phase = 'client-login';
  /** The server is asked whether the client is who it says. */
  #isClientsLogin = false;
  #serverKey: CancelKey | undefined;
  #clientKey: CancelKey | undefined;
  #clientPaused = false;
  /** Words of the host's for the client. */
  #notices: Uint8Array[] = [];
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
    this.#talk = new Conversation(host, tools, options.maxMessageBytes);
    this.#clientFrames = new FrameSplitter(FRONTEND_LIMIT_TABLE, options.maxStartupBytes, false);
    this.#serverFrames = new FrameSplitter(BACKEND_LIMIT_TABLE, options.maxMessageBytes, true);
    this.#clientLogin = new ClientLogin(
      {
        host,
        send: (bytes) => this.#talk.toClient.write(bytes),
        startTls: () => {
          this.#talk.toClient.flush();
          host.startTls('client');
        },
        identified: (login, startup) => this.#identified(login, startup),
        cancelRequested: (key) => {
          host.cancelRequested(key);
          this.#end({ kind: 'cancel-request' });
        },
        refuse: (refusal) => this.#refuse(refusal),
      },
      this.#clientFrames,
      options,
    );
    this.#clientMessages = new ClientMessages(this.#talk, this.#clientFrames);
    this.#serverMessages = new ServerMessages(this.#talk, this.#serverFrames);
  }

  // ---- what the host drives ----

  receive(leg: Leg, bytes: Uint8Array): void {
    if (this.#phase === 'over') return;
    (leg === 'client' ? this.#clientFrames : this.#serverFrames).push(bytes);
    this.#run();
  }

  ended(leg: Leg, detail?: string): void {
    if (this.#phase === 'over') return;
    if (leg === 'client') this.#clientEnded();
    else this.#serverEnded(detail);
  }

  tlsStarted(leg: Leg, facts?: TlsFacts): void {
    if (leg === 'client') this.#clientLogin.tlsStarted();
    else this.#serverLogin?.tlsStarted(facts);
    this.#run();
  }

  loginAnswered(answer: LoginAnswer): void {
    if (this.#phase !== 'authenticating') return;
    if (answer.kind === 'refuse') return this.#loginRefused(answer.refusal);
    this.#clientLogin.accepted();
    this.#phase = 'connecting';
    this.#serverLogin = this.#newServerLogin(answer.server);
    this.#talk.pin(pinnedParameters(answer.server));
    this.#isClientsLogin = answer.server.isClients === true;
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

  notice(message: string, hint?: string): void {
    if (this.#phase !== 'open') return;
    this.#notices.push(noticeResponse(message, hint));
    this.#run();
  }

  inject(sql: string, done: (result: InjectResult) => void): void {
    if (this.#phase !== 'open' || !this.#clientMessages.pending)
      return done({ kind: 'error', code: '55000', message: 'a statement can only be injected while a unit is pending' });
    this.#talk.inject(sql, done);
    this.#run();
  }

  terminate(refusal: Refusal): void {
    if (this.#phase !== 'over') this.#refuse(refusal);
  }

  serverCancelKey(): CancelKey | undefined {
    return this.#serverKey;
  }

  get clientCancelKey(): CancelKey | undefined {
    return this.#clientKey;
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
    if (this.#clientMessages.terminated && this.#talk.expected.length === 0) return this.#end({ kind: 'closed', by: 'client' });
    this.#backPressure();
    this.#writeNotices();
    this.#talk.toClient.flush();
    this.#talk.toServer.flush();
  }

  /** Between two messages of the server's. */
  #writeNotices(): void {
    if (this.#notices.length === 0 || this.#serverMessages.midMessage) return;
    for (const notice of this.#notices) this.#talk.toClient.write(notice);
    this.#notices = [];
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
    const full = this.#clientFrames.buffered > this.#options.maxQueuedBytes;
    const waiting = this.#phase === 'open' ? this.#clientMessages.waiting : this.#phase !== 'client-login';
    const pause = full && waiting;
    if (pause === this.#clientPaused) return;
    this.#clientPaused = pause;
    this.#host.pause('client', pause);
  }

  // ---- the login ----

  #identified(login: LoginRequest, startup: AcceptedStartup): void {
    this.#startup = startup;
    this.#talk.startup = startup.parameters;
    this.#clientFrames.maxBytes = this.#options.maxMessageBytes;
    this.#phase = 'authenticating';
    this.#host.authenticate(login);
  }

  #loginRefused(refusal: Refusal): void {
    if (!this.#clientLogin.refused(refusal)) return this.#refuse(refusal);
    this.#clientFrames.maxBytes = this.#options.maxStartupBytes;
    this.#phase = 'client-login';
    this.#run();
  }

  #newServerLogin(login: ServerLogin): ServerLoginLeg {
    const { toServer } = this.#talk;
    return new ServerLoginLeg(
      {
        hash: this.#options.hash,
        send: (bytes) => toServer.write(bytes),
        startTls: () => {
          toServer.flush();
          this.#host.startTls('server');
        },
        randomBytes: (length) => this.#host.randomBytes(length),
        parameterStatus: (name, value) => void this.#parameters.set(name, value),
        loggedIn: (key) => this.#loggedIn(key),
        loginFailed: (failure) => this.#loginFailed(failure),
      },
      login,
      this.#startup?.parameters ?? new Map(),
      this.#serverFrames,
    );
  }

  #loginFailed(failure: ServerLoginFailure): void {
    if (this.#isClientsLogin && failure.isIdentity === true)
      return this.#refuse({ code: 'identity-invalid', message: 'the database did not let you in, check user name and password' });
    this.#refuse({ code: failure.kind === 'protocol' ? 'upstream-unavailable' : 'upstream-refused', message: failure.detail });
  }

  #loggedIn(key: CancelKey | undefined): void {
    if (this.#parameters.get('client_encoding')?.toUpperCase() !== 'UTF8')
      return this.#refuse({ code: 'upstream-refused', message: 'the database does not speak UTF8 to its clients' });
    const { toClient } = this.#talk;
    // It holds the password.
    this.#serverLogin = undefined;
    this.#serverKey = key;
    this.#clientKey = newCancelKey((length) => this.#host.randomBytes(length), key, this.#startup?.secretBytes ?? 4);
    toClient.write(encodeBackend({ kind: 'AuthenticationOk' }));
    for (const [name, value] of this.#parameters) toClient.write(encodeBackend({ kind: 'ParameterStatus', name, value }));
    toClient.write(encodeBackend({ kind: 'BackendKeyData', ...this.#clientKey }));
    this.#phase = 'probing';
    this.#talk.stateStale = false;
    this.#talk.inject(this.#talk.probe, (result) => this.#probed(result));
  }

  #probed(result: InjectResult): void {
    if (this.#over) return;
    if (!this.#talk.observed(result))
      return this.#refuse({ code: 'upstream-unavailable', message: 'the state of the session could not be read' });
    this.#phase = 'open';
    this.#host.ready({ serverVersion: this.#parameters.get('server_version') ?? '' });
    this.#talk.toClient.write(encodeBackend({ kind: 'ReadyForQuery', status: 'I' }));
  }

  // ---- the end ----

  #clientEnded(): void {
    this.#end({ kind: 'closed', by: 'client' });
  }

  #serverEnded(detail: string | undefined): void {
    if (this.#serverMessages.fatal || this.#clientMessages.terminated) return this.#end({ kind: 'closed', by: 'server' });
    const refusal: Refusal = { code: 'upstream-unavailable', message: 'the connection to the database was lost, connect again' };
    this.#lastWord(detail === undefined ? refusal : { ...refusal, hint: 'the log of the gateway says more' });
    this.#end({ kind: 'closed', by: 'server' });
  }

  #failed(leg: Leg, error: unknown): void {
    if (error instanceof UnmaskableResult) return this.#refuse({ code: 'mask-unbindable', message: error.message });
    if (error instanceof LimitReached) {
      const work = this.#talk.expected.peek()?.work;
      if (work !== undefined) {
        work.errorCode = error.refusal.code;
        work.limit = error.refusal.rule;
      }
      return this.#refuse(error.refusal);
    }
    if (error instanceof PinnedLost) return this.#refuse(this.#phase === 'probing' ? NOT_TAKEN : PINNED_LOST);
    if (error instanceof EncodingLost)
      return this.#refuse({ code: 'message-unsupported', message: 'client_encoding must stay UTF8, connect again' });
    if (!(error instanceof ProtocolError)) {
      this.#refuse({ code: 'internal-error', message: 'the gateway failed on this session, connect again' });
      return;
    }
    if (leg === 'server') {
      const refusal: Refusal = { code: 'upstream-unavailable', message: 'the database broke the protocol, connect again' };
      this.#lastWord(refusal);
    } else if (!this.#clientLogin.isMute(error)) this.#lastWord({ code: 'message-unsupported', message: error.message });
    this.#end({ kind: 'protocol-error', leg, detail: error.message });
  }

  /** Why the session ends; not in the middle of a message, where it would be taken for a part of it. */
  #lastWord(refusal: Refusal): void {
    if (!this.#serverMessages.midMessage) this.#talk.toClient.write(refusalResponse(refusal, 'FATAL'));
  }

  #refuse(refusal: Refusal): void {
    this.#lastWord(refusal);
    this.#end({ kind: 'refused', refusal });
  }

  #end(reason: EndReason): void {
    if (this.#over) return;
    const open = this.#phase === 'open' || this.#phase === 'probing';
    this.#phase = 'over';
    // A client that said Terminate has had it forwarded.
    if (open && !this.#clientMessages.terminated) this.#talk.toServer.write(encodeFrontend({ kind: 'Terminate' }));
    this.#clientMessages.clientGone();
    this.#talk.toClient.flush();
    this.#talk.toServer.flush();
    if (open) settleLost(this.#talk);
    this.#host.end(reason);
  }
}

const NOT_TAKEN: Refusal = {
  code: 'upstream-refused',
  message:
    'the database did not take the role or the settings that it was given in the login, connect the gateway without a pooler between',
};
const PINNED_LOST: Refusal = {
  code: 'setting-pinned',
  message: 'the role, or a setting that says who this session is for, is not what it was, connect again',
};
