import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type {
  Admission,
  CancelKey,
  ClientIntroduction,
  ClientMethod,
  EndReason,
  LoginRequest,
  Outcome,
  Principal,
  Refusal,
  SecurityEvent,
  ServerLogin,
  TransactionEnd,
  Unit,
} from '@sqlwarden/core';
import type { ClientGuard } from './client-guard.js';
import { Admitter } from './engine/admitter.js';
import { assertedFields } from './engine/asserted.js';
import type { Engine } from './engine/engine.js';
import type { Upstream } from './engine/upstream.js';
import type { CancelGuard } from './login/cancel-guard.js';
import type { ClientIdentity, ClientTransport, Identified } from './login/client-identity.js';
import { nodeHash } from './node-hash.js';
import { compilePattern } from './policy/compile-pattern.js';
import { type ClientTls, shownCertificate } from './transport/client-tls.js';
import { Connection, type ConnectionPolicy } from './transport/connection.js';
import { ControlConnection } from './transport/control-connection.js';

/** How one client reached the gateway. */
export interface ClientLeg {
  readonly stream: Duplex;
  /** The transport address, or `in-memory`. */
  readonly address: string;
  /** Cannot be overheard: unix socket, loopback, in-memory. */
  readonly isPrivate: boolean;
  readonly tls: ClientTls | undefined;
  /** TLS has been started by the host already (direct TLS): `stream` is its inside. Default: false. */
  readonly encrypted?: boolean;
  readonly requireTls: boolean;
  /** Set by a host that has verified the identity itself (the library): no token is asked for. */
  readonly principal: Principal | undefined;
  /** The host has chosen the upstream (the library): what the driver fills in as a database does not count. */
  readonly isDatabaseChosen: boolean;
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
  /** `elsewhere`: it is of another worker, which has been told. */
  findByCancelKey(upstream: Upstream, key: CancelKey, host: string): { cancel(): void } | 'elsewhere' | undefined;
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
  readonly #services: GatewayServices;
  readonly #client: ClientLeg;
  readonly #openedAt = Date.now();
  #admitter: Admitter | undefined;
  /** The client has gone before the answer to what it sent. */
  #leftRunning = false;
  #ended = false;

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
        server: upstream.options.target,
        loginTimeoutMs: services.limits.loginTimeoutMs,
        lingerMs: LINGER_MS,
        turn: services.engine.turn,
        session: {
          hash: nodeHash,
          maskKey: services.maskKey,
          compilePattern,
          maxMessageBytes: services.limits.maxMessageBytes,
          maxStartupBytes: MAX_STARTUP_BYTES,
          maxQueuedBytes: services.limits.maxQueuedBytes,
          requireClientTls: client.requireTls,
          clientMethod: (asked) => this.#clientMethod(asked),
          clientEncrypted: client.encrypted === true,
          cellType: (column) => upstream.cellType(column),
        },
      },
      this,
    );
  }

  /** Ends the session with a reason that the client sees. */
  terminate(refusal: Refusal): void {
    this.connection.session.terminate(refusal);
  }

  get principal(): Principal | undefined {
    return this.#admitter?.principal;
  }

  authenticate(login: LoginRequest): void {
    this.#identify(login).then(
      (answer) => {
        if (this.#ended) return;
        if (answer.kind === 'refuse') this.#recordRefusedLogin(login, answer.refusal);
        this.connection.session.loginAnswered(answer);
      },
      (error: unknown) => {
        this.#services.engine.trouble(error as Error);
        const refusal: Refusal = { code: 'internal-error', message: 'the login could not be judged; see the log of the gateway' };
        this.#recordRefusedLogin(login, refusal);
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

  security(event: SecurityEvent): void {
    this.#admitter?.security(event);
  }

  ready(_serverVersion: string): void {}

  cancelRequested(key: CancelKey): void {
    const { cancels } = this.#services;
    const host = this.#client.address.replace(/:\d+$/, '');
    if (!cancels.hears(host)) return;
    const found = this.#services.findByCancelKey(this.upstream, key, host);
    if (found === undefined) cancels.missed(host);
    else if (found !== 'elsewhere') found.cancel();
  }

  /** Stops what runs: a held statement is refused, a running one is cancelled at the server. */
  cancel(): void {
    if (this.#admitter?.cancelPending() !== true) this.#cancelAtServer();
  }

  #cancelAtServer(): void {
    const key = this.connection.session.serverCancelKey();
    if (key === undefined) return;
    const { dialect, target, login } = this.upstream.options;
    ControlConnection.cancel(dialect, target, login, key);
  }

  trouble(error: Error): void {
    this.#services.engine.trouble(new Error(`upstream ${this.upstream.name}: ${error.message}`));
  }

  get isIdle(): boolean {
    return this.#admitter?.isIdle === true;
  }

  ended(reason: EndReason): void {
    this.#ended = true;
    if (reason.kind === 'refused' && reason.refusal.code === 'upstream-refused') this.upstream.loginRefused();
    // A server notices that a client is gone only when it next writes to it: what still runs is stopped now.
    if (reason.kind === 'closed' && reason.by === 'client' && this.#leftRunning) this.#cancelAtServer();
    this.#admitter?.ended(reason);
    if (this.#admitter !== undefined) {
      this.#services.engine.recorder.after({
        type: 'session.closed',
        session: this.id,
        reason: reasonText(reason),
        durationMs: Date.now() - this.#openedAt,
      });
    }
    this.#services.closed(this);
  }

  #clientMethod(asked: ClientIntroduction): ClientMethod {
    const { principal, guard } = this.#client;
    if (guard?.refusal !== undefined) return { kind: 'refuse', refusal: guard.refusal };
    if (principal !== undefined) return { kind: 'none' };
    return this.#services.identity.method(asked, this.upstream.clients, this.#transport(asked.encrypted));
  }

  #transport(encrypted: boolean): ClientTransport {
    return { shown: shownCertificate(this.connection.clientStream), endPoint: encrypted ? this.#client.tls?.endPoint : undefined };
  }

  async #identify(login: LoginRequest): Promise<LoginAnswerOf> {
    const identified = await this.#identified(login);
    if (!identified.ok) return { kind: 'refuse', refusal: identified.refusal };
    const { database } = this.upstream.options.login;
    if (!this.#client.isDatabaseChosen && login.database !== database && login.database !== this.upstream.name) {
      return refuse('database-unknown', `this listener serves the database "${database}"; connect to that one`);
    }
    const counted = await this.#client.guard?.identified(identified.principal);
    if (counted !== undefined) return { kind: 'refuse', refusal: counted };
    try {
      return this.#open(login, identified.principal, await this.upstream.serverLogin());
    } catch (error) {
      this.trouble(error as Error);
      return refuse('upstream-refused', 'the gateway cannot log in to the database; its log says why');
    }
  }

  #identified(login: LoginRequest): Promise<Identified> {
    const { principal } = this.#client;
    // A refusal of the session's own, or of the guard's, stands even for those whom the host knows.
    if (login.credential.kind === 'refused') return Promise.resolve({ ok: false, refusal: login.credential.refusal });
    if (principal !== undefined) return Promise.resolve({ ok: true, principal });
    return this.#services.identity.identify(login, this.upstream.clients, this.#transport(login.encrypted));
  }

  #open(login: LoginRequest, principal: Principal, server: ServerLogin): LoginAnswerOf {
    const { engine, enforcement } = this.#services;
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
      policyDigest: engine.options.policyDigest,
    };
    try {
      engine.recorder.before(
        {
          type: 'session.opened',
          session: this.id,
          upstream: this.upstream.name,
          dialect: scope.dialect,
          database: server.database,
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
    this.#admitter = new Admitter(engine, this.upstream, scope, this.connection.session);
    return { kind: 'accept', principal, server };
  }

  #recordRefusedLogin(login: LoginRequest, refusal: Refusal): void {
    this.#services.engine.recorder.after({
      type: 'login.refused',
      upstream: this.upstream.name,
      client: this.#client.address,
      code: refusal.code,
      message: refusal.message,
      asserted: assertedFields({ user: login.user, database: login.database, ...login.parameters }),
    });
  }
}

type LoginAnswerOf = Parameters<Connection['session']['loginAnswered']>[0];

const NOT_LOGGED_IN: Admission = { kind: 'refuse', refusal: { code: 'identity-missing', message: 'log in first' } };

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
