import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import {
  type Admission,
  type AssertedIntent,
  type CancelKey,
  type ClientCredential,
  type ClientIntroduction,
  type ClientMethod,
  type EndReason,
  type KillAnswer,
  type LoginRequest,
  type Outcome,
  type Principal,
  type Refusal,
  type SecurityEvent,
  type ServerLogin,
  type TransactionEnd,
  type Unit,
  joinIntents,
} from '@sqlwarden/core';
import type { SessionActivity } from './approval/admin-api.js';
import type { ClientGuard } from './client-guard.js';
import { Admitter } from './engine/admitter.js';
import { assertedFields } from './engine/asserted.js';
import type { Engine } from './engine/engine.js';
import type { Upstream } from './engine/upstream.js';
import type { CancelGuard } from './login/cancel-guard.js';
import type { ClientIdentity, ClientRules, ClientTransport, Identified } from './login/client-identity.js';
import type { LoginGuard } from './login/login-guard.js';
import { type Renewed, SessionIdentity } from './login/session-identity.js';
import type { ClientAccount } from './login/server-user.js';
import { type KillRequest, killerOf } from './kill-requests.js';
import { nodeHash } from './node-hash.js';
import { nodePublicKey } from './node-public-key.js';
import type { Revocations } from './revocation/revocations.js';
import { compilePattern } from './policy/compile-pattern.js';
import type { SessionWatch } from './telemetry/session-watch.js';
import { type ClientTls, shownCertificate, shownEndPoint } from './transport/client-tls.js';
import { Connection, type ConnectionPolicy } from './transport/connection.js';
import { ControlConnection } from './transport/control-connection.js';

/** How one client reached the gateway. */
export interface ClientLeg {
  readonly stream: Duplex;
  /** The transport address, or `in-memory`. */
  readonly address: string;
  /** Cannot be overheard: unix socket, loopback, in-memory. */
  readonly isPrivate: boolean;
  /** It is a unix socket, which clients too hold to be private. Default: false. */
  readonly isSocket?: boolean;
  readonly tls: ClientTls | undefined;
  /** TLS has been started by the host already (direct TLS): `stream` is its inside. Default: false. */
  readonly encrypted?: boolean;
  readonly requireTls: boolean;
  /** Set by a host that has verified the identity itself (the library): no token is asked for. */
  readonly principal: Principal | undefined;
  /**
   * The library, in the application's own process. It has chosen the upstream: what the driver fills in as a database does not count. It shows
   * tokens, whatever the upstream's listener takes: `clients` is for those who come by that.
   */
  readonly isLibrary: boolean;
  /** A host that counts clients; it is told of the end by whoever made the connection. */
  readonly guard?: ClientGuard;
}

/** What a connection asks of the gateway that it belongs to. */
export interface GatewayServices {
  readonly engine: Engine;
  readonly limits: GatewayLimits;
  readonly maskKey: Uint8Array;
  readonly enforcement: 'gateway' | 'library';
  readonly identity: ClientIdentity;
  readonly cancels: CancelGuard;
  readonly logins: LoginGuard;
  readonly revocations: Pick<Revocations, 'refusal'>;
  /** `elsewhere`: it is of another worker, which has been told. */
  findByCancelKey(upstream: Upstream, key: CancelKey, host: string): { cancel(): void } | 'elsewhere' | undefined;
  /** False: there is no such session of the same identity, in no worker. Never rejects. */
  kill(request: KillRequest): Promise<boolean>;
  closed(connection: GatewayConnection): void;
}

export interface GatewayLimits {
  readonly maxMessageBytes: number;
  readonly maxQueuedBytes: number;
  readonly loginTimeoutMs: number;
}

const MAX_STARTUP_BYTES = 32 * 1024;
const LINGER_MS = 2_000;

/** One client of the gateway from its first byte to its last: the login here, everything after it in its {@link Admitter}. */
export class GatewayConnection implements ConnectionPolicy {
  readonly id = randomUUID();
  readonly upstream: Upstream;
  readonly connection: Connection;
  /** What the client said and the server has not confirmed yet. */
  #claim: { readonly login: LoginRequest; readonly open: () => LoginAnswerOf } | undefined;
  readonly #services: GatewayServices;
  readonly #client: ClientLeg;
  readonly #openedAt = Date.now();
  #admitter: Admitter | undefined;
  #watch: SessionWatch | undefined;
  #libraryIntent: AssertedIntent | undefined;
  /** The client has gone before the answer to what it sent. */
  #leftRunning = false;
  #ended = false;
  #loginRecorded = false;

  constructor(services: GatewayServices, upstream: Upstream, client: ClientLeg) {
    this.#services = services;
    this.#client = client;
    this.upstream = upstream;
    this.connection = new Connection(
      {
        dialect: upstream.options.dialect,
        client: client.stream,
        clientTls: client.tls,
        clientLegIsPrivate: client.isPrivate,
        clientLegIsSocket: client.isSocket === true,
        server: upstream.options.target,
        loginTimeoutMs: services.limits.loginTimeoutMs,
        lingerMs: LINGER_MS,
        turn: services.engine.turn,
        ...(services.engine.options.telemetry === undefined ? {} : { onSent: () => this.#watch?.sent() }),
        session: {
          hash: nodeHash,
          publicKey: nodePublicKey,
          maskKey: services.maskKey,
          compilePattern,
          maxMessageBytes: services.limits.maxMessageBytes,
          maxStartupBytes: MAX_STARTUP_BYTES,
          maxQueuedBytes: services.limits.maxQueuedBytes,
          requireClientTls: client.requireTls,
          clientMethod: (asked) => this.#clientMethod(asked),
          clientEncrypted: client.encrypted === true,
          cellType: (column) => upstream.cellType(column),
          ...(upstream.versionText === undefined ? {} : { greeting: upstream.versionText }),
        },
      },
      this,
    );
  }

  /** Why what is sent from now on is run, as the application says (the library). Replaces what it said before. */
  assertIntent(intent: AssertedIntent | undefined): void {
    this.#libraryIntent = intent;
    if (this.#admitter !== undefined) this.#admitter.libraryIntent = intent;
  }

  /** The trace that what is sent from now on belongs to, before what {@link assertIntent} says of it (the library). Where nothing is traced, nothing. */
  assertTrace(trace: AssertedIntent | undefined): void {
    if (this.#admitter === undefined || this.#services.engine.options.telemetry?.isTracing !== true) return;
    this.#admitter.libraryIntent = joinIntents(trace, this.#libraryIntent);
  }

  /** Ends the session with a reason that the client sees. */
  terminate(refusal: Refusal): void {
    this.connection.session.terminate(refusal);
  }

  get principal(): Principal | undefined {
    return this.#admitter?.principal;
  }

  /** What it does now; `undefined` when nothing. */
  get activity(): SessionActivity | undefined {
    return this.#admitter?.activity;
  }

  authenticate(login: LoginRequest): void {
    this.#identify(login).then(
      (answer) => {
        if (answer.kind === 'refuse') this.#recordRefusedLogin(answer.refusal, login);
        if (!this.#ended) this.connection.session.loginAnswered(answer);
      },
      (error: unknown) => {
        this.#services.engine.trouble(error as Error);
        const refusal: Refusal = { code: 'internal-error', message: 'the login could not be judged; see the log of the gateway' };
        this.#recordRefusedLogin(refusal, login);
        if (!this.#ended) this.connection.session.loginAnswered({ kind: 'refuse', refusal });
      },
    );
  }

  admit(unit: Unit): Admission | undefined {
    return this.#admitter?.admit(unit) ?? (this.#admitter === undefined ? NOT_LOGGED_IN : undefined);
  }

  abandon(): void {
    this.#admitter?.abandon();
  }

  settle(outcome: Outcome): void {
    if (outcome.status === 'unknown') this.#leftRunning = true;
    this.#admitter?.settle(outcome);
  }

  transactionEnded(ordinal: number, end: TransactionEnd): void {
    this.#admitter?.transactionEnded(ordinal, end);
  }

  sessionReset(): void {
    this.#admitter?.sessionReset();
  }

  security(event: SecurityEvent): void {
    this.#admitter?.security(event);
  }

  mayHear(): boolean {
    return this.#admitter?.mayHear() === true;
  }

  ready(_serverVersion: string): void {
    const claim = this.#claim;
    this.#claim = undefined;
    if (claim === undefined) return;
    // The server has let it in: now it is who it said.
    this.#services.logins.succeeded(this.#host, claim.login.user);
    const answer = claim.open();
    if (answer.kind === 'accept') return;
    this.#recordRefusedLogin(answer.refusal, claim.login);
    this.terminate(answer.refusal);
  }

  cancelRequested(key: CancelKey): void {
    const { cancels } = this.#services;
    const host = this.#host;
    if (!cancels.hears(host)) return;
    const found = this.#services.findByCancelKey(this.upstream, key, host);
    if (found === undefined) cancels.missed(host);
    else if (found !== 'elsewhere') found.cancel();
  }

  killRequested(id: number, scope: 'query' | 'connection', done: (answer: KillAnswer) => void): void {
    const { principal } = this;
    if (principal === undefined) {
      done('unknown');
      return;
    }
    void this.#services
      .kill({ upstream: this.upstream.name, id, scope, by: killerOf(principal) })
      .then((isKilled) => done(isKilled ? 'done' : 'unknown'));
  }

  /** Stops what runs: a held statement is refused, a running one is cancelled at the server. */
  cancel(): void {
    if (this.#admitter?.cancelPending() !== true) this.#cancelAtServer();
  }

  #cancelAtServer(): void {
    const key = this.connection.session.serverCancelKey();
    if (key === undefined) return;
    const { dialect, target, login } = this.upstream.options;
    ControlConnection.cancel(dialect, target, dialect.cancelNeedsLogin === true ? this.upstream.serverLogin() : login, key);
  }

  trouble(error: Error): void {
    this.#services.engine.trouble(new Error(`upstream ${this.upstream.name}: ${error.message}`));
  }

  get isIdle(): boolean {
    return this.#admitter?.isIdle === true;
  }

  ended(reason: EndReason): void {
    this.#ended = true;
    if (reason.kind === 'refused' && reason.refusal.code === 'upstream-refused') this.#serverRefused();
    this.#claimFailed(reason);
    // A server notices that a client is gone only when it next writes to it: what still runs is stopped now.
    if (this.#leftRunning && (reason.kind === 'refused' || (reason.kind === 'closed' && reason.by === 'client'))) this.#cancelAtServer();
    this.#admitter?.ended(reason);
    if (this.#admitter === undefined) this.#recordUnansweredLogin(reason);
    else {
      this.#services.engine.recorder.after({
        type: 'session.closed',
        session: this.id,
        reason: reasonText(reason),
        durationMs: Date.now() - this.#openedAt,
      });
    }
    this.#services.closed(this);
  }

  #serverRefused(): void {
    const { principal } = this;
    if (principal === undefined) this.upstream.loginRefused();
    else this.upstream.sessionRefused(principal);
  }

  /** The server did not let the client in as one of its users. */
  #claimFailed(reason: EndReason): void {
    const claim = this.#claim;
    this.#claim = undefined;
    if (claim === undefined || reason.kind !== 'refused') return;
    if (reason.refusal.code === 'identity-invalid') this.#services.logins.failed(this.#host, claim.login.user);
    this.#recordRefusedLogin(reason.refusal, claim.login);
  }

  #clientMethod(asked: ClientIntroduction): ClientMethod {
    const { principal, guard } = this.#client;
    if (guard?.refusal !== undefined) return { kind: 'refuse', refusal: guard.refusal };
    if (principal !== undefined) return { kind: 'none' };
    return this.#services.identity.method(asked, this.#rules, this.#transport());
  }

  get #rules(): ClientRules {
    return this.#client.isLibrary ? RULES_OF_LIBRARY : this.upstream.clients;
  }

  #transport(): ClientTransport {
    const stream = this.connection.clientStream;
    return { shown: shownCertificate(stream), endPoint: shownEndPoint(stream), isPrivate: this.#client.isPrivate };
  }

  /** The client's address without its port. */
  get #host(): string {
    return this.#client.address.replace(/:\d+$/, '');
  }

  async #identify(login: LoginRequest): Promise<LoginAnswerOf> {
    const identified = await this.#identified(login);
    if (!identified.ok) return { kind: 'refuse', refusal: identified.refusal };
    if (!this.#client.isLibrary && !this.#serves(login.database)) {
      const { database } = this.upstream.options.login;
      return refuse('database-unknown', `this listener serves the database "${database}"; connect to that one`);
    }
    const counted = await this.#client.guard?.identified(identified.principal);
    if (counted !== undefined) return { kind: 'refuse', refusal: counted };
    try {
      const { principal, account } = identified;
      const server = await this.upstream.sessionLogin(principal, account);
      if (!server.ok) return { kind: 'refuse', refusal: server.refusal };
      if (account === undefined) return this.#open(login, identified, server.login);
      const confirmed = withoutPassword(server.login);
      // INVARIANT: what is kept holds neither the password nor what it came in.
      const asserted = { ...login, credential: { kind: 'none' } } as const;
      this.#claim = { login: asserted, open: () => this.#open(asserted, { ok: true, principal }, confirmed) };
      return { kind: 'accept', principal, server: server.login };
    } catch (error) {
      this.trouble(error as Error);
      return refuse('upstream-refused', 'the gateway cannot log in to the database; its log says why');
    }
  }

  /**
   * A session of MySQL may be in any database of its server, and go to another by a statement, which is judged; others begin in the upstream's own. Who names
   * none gets that.
   */
  #serves(database: string): boolean {
    const { dialect, login } = this.upstream.options;
    return dialect.name === 'mysql' || database === '' || database === login.database || database === this.upstream.name;
  }

  async #identified(login: LoginRequest): Promise<Identified & { readonly account?: ClientAccount }> {
    const { principal } = this.#client;
    const { credential } = login;
    // A refusal of the session's own, or of the guard's, stands even for those whom the host knows.
    const isRefused = credential.kind === 'refused';
    if (principal !== undefined && !isRefused) return { ok: true, principal };
    if (credential.kind !== 'password') return this.#heard(login);
    return this.#services.logins.inTurn(this.#host, login.user, () => this.#heard(login));
  }

  async #heard(login: LoginRequest): Promise<Identified & { readonly account?: ClientAccount }> {
    const { identity, logins } = this.#services;
    const { credential } = login;
    const gaveSecret =
      // Requests of everybody come by the library as the same client: whoever gives it nonsense must not keep the others out.
      !this.#client.isLibrary && (SECRETS.has(credential.kind) || (credential.kind === 'refused' && credential.isGuess === true));
    // Looked at behind the secret, not before it is asked for: many logins begun at once are not many guesses.
    const throttled = gaveSecret ? logins.hear(this.#host, login.user) : undefined;
    if (throttled !== undefined) return { ok: false, refusal: throttled, isGuess: false };
    if (this.upstream.hasOwnUsers && credential.kind === 'token') return this.#claimed(login.user, credential.token);
    const identified = await identity.identify(login, this.#rules, this.#transport());
    if (!identified.ok && identified.isGuess && gaveSecret) logins.failed(this.#host, login.user);
    if (identified.ok && gaveSecret) logins.succeeded(this.#host, login.user);
    return identified;
  }

  async #claimed(user: string, password: string): Promise<Identified & { readonly account?: ClientAccount }> {
    // What the library has to show is a token, which is nothing for the database.
    if (this.#client.isLibrary) return { ok: false, refusal: OWN_USERS, isGuess: false };
    try {
      return { ok: true, ...(await this.upstream.claimed({ user, password })) };
    } catch (error) {
      this.trouble(error as Error);
      return {
        ok: false,
        refusal: { code: 'upstream-unavailable', message: 'the database cannot be asked who you are; try again' },
        isGuess: false,
      };
    }
  }

  #open(login: LoginRequest, { principal, source }: Extract<Identified, { ok: true }>, server: ServerLogin): LoginAnswerOf {
    const { engine, enforcement } = this.#services;
    if (this.#ended) return refuse('identity-missing', 'the client has gone before the answer');
    const revoked = this.#services.revocations.refusal(principal);
    if (revoked !== undefined) return { kind: 'refuse', refusal: revoked };
    if (engine.now() >= principal.expiresAt) {
      const what = principal.proof.subject === 'token' ? 'the token has expired; get a new one' : 'this login has expired; have it renewed';
      return refuse('identity-expired', what);
    }
    const scope = {
      session: this.id,
      upstream: this.upstream.name,
      dialect: this.upstream.options.dialect.name,
      environment: engine.options.environment,
      enforcement,
      principal,
      policyDigest: engine.inForce.digest,
    };
    try {
      engine.recorder.before(
        {
          type: 'session.opened',
          session: this.id,
          upstream: this.upstream.name,
          dialect: scope.dialect,
          database: server.database,
          serverUser: server.user,
          ...(server.role === undefined ? {} : { serverRole: server.role }),
          enforcement,
          principal,
          client: this.#client.address,
          asserted: assertedFields({ user: login.user, ...login.parameters }),
        },
        [],
      );
    } catch (error) {
      engine.trouble(error as Error);
      return refuse('ledger-unavailable', 'the login cannot be recorded; see the log of the gateway');
    }
    this.#watch = this.#watched();
    const own = this.#sessionIdentity(principal, source);
    this.#admitter = new Admitter(engine, this.upstream, scope, this.connection.session, own, this.#watch);
    this.#admitter.libraryIntent = this.#libraryIntent;
    return { kind: 'accept', principal, server };
  }

  /** What counts and traces the session, where something does. */
  #watched(): SessionWatch | undefined {
    const { telemetry } = this.#services.engine.options;
    telemetry?.login(this.upstream.name, 'accepted');
    return telemetry?.watch({
      id: this.id,
      upstream: this.upstream,
      client: this.#client.address,
      policyDigest: () => this.#services.engine.inForce.digest,
      serverPeer: () => this.connection.serverPeer,
    });
  }

  #sessionIdentity(principal: Principal, source: (() => Promise<Renewed>) | undefined): SessionIdentity {
    const { engine, revocations } = this.#services;
    const unlessRevoked = (renewed: Renewed): Renewed => {
      const refusal = renewed.ok ? revocations.refusal(renewed.principal) : undefined;
      return refusal === undefined ? renewed : { ok: false, refusal };
    };
    return new SessionIdentity(principal, {
      verify: async (token) => unlessRevoked(await this.#services.identity.byToken(token, this.#rules)),
      source: source && (async () => unlessRevoked(await source())),
      rightsKey: (one) => `${engine.rightsKey(one)} ${this.upstream.sessionKey(one)}`,
      now: () => engine.now(),
      record: (renewed, by) => {
        engine.recorder.before({ type: 'session.renewed', session: this.id, principal: renewed, by }, []);
      },
    });
  }

  /** The session has ended without asking who the client is, or before the answer. */
  #recordUnansweredLogin(reason: EndReason): void {
    if (this.#loginRecorded) return;
    if (reason.kind === 'refused') this.#recordRefusedLogin(reason.refusal);
    if (reason.kind === 'protocol-error' && reason.leg === 'client')
      this.#recordRefusedLogin({ code: 'message-unsupported', message: reason.detail });
  }

  #recordRefusedLogin(refusal: Refusal, login?: LoginRequest): void {
    this.#loginRecorded = true;
    this.#services.engine.options.telemetry?.login(this.upstream.name, refusal.code);
    this.#services.engine.recorder.after({
      type: 'login.refused',
      upstream: this.upstream.name,
      client: this.#client.address,
      code: refusal.code,
      message: refusal.message,
      asserted: assertedFields(login === undefined ? {} : { user: login.user, database: login.database, ...login.parameters }),
    });
  }
}

type LoginAnswerOf = Parameters<Connection['session']['loginAnswered']>[0];

const NOT_LOGGED_IN: Admission = { kind: 'refuse', refusal: { code: 'identity-missing', message: 'log in first' } };

const RULES_OF_LIBRARY: ClientRules = { proofs: ['token'], requireCertificate: false, certificates: [] };

/** Credentials that whoever guesses gives. */
const SECRETS: ReadonlySet<ClientCredential['kind']> = new Set(['token', 'scram', 'password']);

const OWN_USERS: Refusal = { code: 'identity-missing', message: 'this database takes the user name and password of its own users' };

/** Kept for as long as the server takes, by nobody but the session that sends it. */
function withoutPassword(login: ServerLogin): ServerLogin {
  return { ...login, password: undefined };
}

function refuse(code: Refusal['code'], message: string): LoginAnswerOf {
  return { kind: 'refuse', refusal: { code, message } };
}

function reasonText(reason: EndReason): string {
  switch (reason.kind) {
    case 'closed':
      return `closed by the ${reason.by}`;
    case 'refused':
      return `refused: ${reason.refusal.code}`;
    case 'protocol-error':
      return `protocol error of the ${reason.leg}`;
    case 'cancel-request':
      return 'cancel request';
  }
}
