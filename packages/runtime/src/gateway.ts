import { timingSafeEqual } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { ApprovalRequest, CancelKey, Dialect, DialectName, Refusal } from '@sqlwarden/core';
import type { InactiveRule } from '@sqlwarden/core';
import type { Verifier } from '@sqlwarden/identity';
import type { SinkStatus } from '@sqlwarden/ledger';
import type { SessionSummary } from './approval/admin-api.js';
import type { TokenVerification } from './approval/admin-answers.js';
import type { Operations, Reloaded } from './approval/operator-answers.js';
import type { ApprovalStore } from './approval/store.js';
import type { GatewayConfig, UpstreamConfig } from './config/gateway-config.js';
import type { Use } from './engine/budgets.js';
import type { DecisionCounts } from './engine/decision.js';
import type { ClientGuard } from './client-guard.js';
import { type ClientLeg, GatewayConnection, type GatewayServices } from './gateway-connection.js';
import { TokenEndpoint } from './exchange/token-endpoint.js';
import { type OperatedGateway, openRevocations, operationsOn, verifyForAdmin } from './gateway-operations.js';
import { type KillRequest, killAmong } from './kill-requests.js';
import { CancelGuard } from './login/cancel-guard.js';
import { LoginGuard } from './login/login-guard.js';
import { type GatewayParts, openParts } from './gateway-parts.js';
import { GatewayPolicies, type InactiveParts } from './gateway-policies.js';
import { probeLedger, probeUpstream } from './readiness.js';
import type { Revocations } from './revocation/revocations.js';
import type { MetricReading } from './telemetry/metric-series.js';

export interface GatewayOptions {
  /** Path of `sqlwarden.yaml`. */
  readonly configFile: string;
  readonly dialects: readonly Dialect[];
  readonly enforcement: 'gateway' | 'library';
  /**
   * Which of several worker processes this is, from 1: it keeps a ledger of its own, in the directory `worker-<n>` inside of the configured one.
   */
  readonly worker?: number;
  readonly otherWorkers?: OtherWorkers;
  /** What an operator must hear of; never a statement, a value or a token. Default: a line on standard error. */
  readonly onTrouble?: (error: Error) => void;
}

/** The gateways that serve clients of the same listeners. No method rejects. */
export interface OtherWorkers {
  /** Cancels by a key that no session here has; tells whether one of them could. */
  cancel(upstream: string, key: CancelKey): Promise<boolean>;
  /** Ends what a session of theirs runs, or that session; tells whether one of them has it. */
  kill(request: KillRequest): Promise<boolean>;
  /** An approval of exactly this that one of them has and nobody waits for; it is ours then. */
  claimApproval(digest: string): Promise<ApprovalRequest | undefined>;
  /** Says what was used here of the budgets of the policy; it comes to the others as {@link Gateway.usedElsewhere}. */
  tellUses(uses: readonly Use[]): void;
}

/** An upstream as others see it. */
export interface UpstreamInfo {
  readonly name: string;
  readonly dialect: DialectName;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** What its protocol is called in ALPN, where it has a name: its clients may begin with TLS at once. */
  readonly alpn: string | undefined;
  readonly config: UpstreamConfig;
}

/** Whether clients can be served, and if not, why; for operators, nothing of it names a statement or a person. */
export interface GatewayHealth {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

const SHUTTING_DOWN: Refusal = { code: 'shutting-down', message: 'the gateway is shutting down; connect again' };

interface Connected {
  readonly client: string;
  readonly openedAt: number;
  readonly guard: ClientGuard | undefined;
}

/** How often a drain looks for sessions whose transaction has ended. */
const DRAIN_LOOK_MS = 25;
/** How long sessions that were ended may take to write their last entries. */
const END_MS = 1_000;
/** How long sinks may take to get the last entries. */
const SHIP_MS = 5_000;

/**
 * The whole pipeline for one configuration file: identity, policy, approvals, ledger and upstreams, and the connections that go through it.
 * Used by the sidecar, which adds listeners, and by the driver wrappers, which add in-memory connections.
 */
export class Gateway {
  readonly config: GatewayConfig;
  readonly approvals: ApprovalStore;
  readonly #parts: GatewayParts;
  readonly #services: GatewayServices;
  readonly #revocations: Revocations;
  readonly #policies: GatewayPolicies;
  /** For operators, by the admin interface. */
  readonly operations: Operations;
  /** Of the token exchange, when there is one; whoever starts the gateway serves it. */
  readonly tokenEndpoint: TokenEndpoint | undefined;
  readonly #connections = new Map<GatewayConnection, Connected>();
  readonly #idle = new EventEmitter();
  readonly #cancels = new CancelGuard(Date.now, (address, misses) =>
    this.#parts.recorder.after({
      type: 'security.finding',
      session: '',
      kind: 'protocol-error',
      detail: `cancel requests of ${address} are not heard: ${misses} of them fitted no session`,
    }),
  );
  readonly #logins = new LoginGuard(Date.now, (detail) =>
    this.#parts.recorder.after({ type: 'security.finding', session: '', kind: 'guessing', detail }),
  );
  #closing: Promise<void> | undefined;
  #drainUntil = 0;

  /** Loads, checks and opens everything. Rejects with a `ConfigError`, `PolicyError` or `LedgerError` that says what to do. */
  static async open(options: GatewayOptions): Promise<Gateway> {
    return new Gateway(await openParts(options), options);
  }

  private constructor(parts: GatewayParts, { enforcement, otherWorkers }: GatewayOptions) {
    this.#parts = parts;
    parts.sessionCount = () => this.#connections.size;
    const operated: OperatedGateway = {
      parts,
      approvals: parts.approvals,
      connections: () => this.#connections.keys(),
      reload: () => this.reload(),
    };
    this.#revocations = openRevocations(operated);
    this.#policies = new GatewayPolicies(parts);
    this.operations = operationsOn(operated, this.#revocations);
    this.tokenEndpoint = openTokenEndpoint(parts, this.#revocations);
    this.config = parts.config;
    this.approvals = parts.approvals;
    this.#services = {
      engine: parts.engine,
      limits: parts.config.limits,
      maskKey: parts.maskKey,
      enforcement,
      identity: parts.identity,
      cancels: this.#cancels,
      revocations: this.#revocations,
      logins: this.#logins,
      findByCancelKey: (upstream, key, host) => {
        const found = this.#findByCancelKey(upstream.name, key);
        if (found !== undefined || otherWorkers === undefined) return found;
        void otherWorkers.cancel(upstream.name, key).then((isCancelled) => {
          if (!isCancelled) this.#cancels.missed(host);
        });
        return 'elsewhere';
      },
      kill: async (request) => this.kill(request) || (await otherWorkers?.kill(request)) === true,
      closed: (connection) => {
        this.#connections.get(connection)?.guard?.closed();
        this.#connections.delete(connection);
        if (this.#connections.size === 0) this.#idle.emit('idle');
      },
    };
  }

  get upstreams(): readonly UpstreamInfo[] {
    return this.#parts.upstreams.map(({ upstream, config }) => ({
      name: upstream.name,
      dialect: upstream.options.dialect.name,
      host: upstream.options.target.host,
      port: upstream.options.target.port,
      database: upstream.options.login.database,
      alpn: upstream.options.dialect.alpn,
      config,
    }));
  }

  /** How far the sinks of the ledger are. */
  get sinks(): readonly SinkStatus[] {
    return this.#parts.ledgerThread.statuses;
  }

  /** How often a unit's decision was known and how often it had to be made, over all upstreams. */
  get decisionCounts(): DecisionCounts {
    const counts = this.#parts.upstreams.map(({ upstream }) => upstream.decisionCounts);
    const sum = (of: (one: DecisionCounts) => number): number => counts.reduce((total, one) => total + of(one), 0);
    return { found: sum(({ found }) => found), made: sum(({ made }) => made) };
  }

  /** All metrics as they are now; `undefined` where the configuration does not want them in one place with those of other processes. */
  get metrics(): readonly MetricReading[] | undefined {
    return this.config.telemetry?.prometheus === true ? this.#parts.telemetry?.read() : undefined;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Verifies a token by the configured issuers. */
  verifyToken(token: string): ReturnType<Verifier['verify']> {
    return this.#parts.verifier.verify(token);
  }

  /** Who a token of the admin interface is of; nobody who is revoked. */
  verifyAdmin(token: string): Promise<TokenVerification> {
    return verifyForAdmin(this.#parts, this.#revocations, token);
  }

  /** What other processes have used of the budgets of the policy. */
  usedElsewhere(uses: readonly Use[]): void {
    this.#parts.engine.budgets.usedElsewhere(uses);
  }

  /** Other processes have changed what is revoked: looks at once. */
  revocationsChanged(): void {
    this.#revocations.look(true);
  }

  /** Reads the files again that may change while the gateway runs. Rejects with an error that says what is wrong; nothing has changed then. */
  async reload(): Promise<Reloaded> {
    const reloaded = await this.#policies.reload();
    this.#revocations.look(true);
    return reloaded;
  }

  /** Takes over one client's stream. Throws when there is no such upstream or the gateway is closing. */
  connect(upstream: string, client: ClientLeg & { readonly guard?: ClientGuard }): GatewayConnection {
    const found = this.#parts.upstreams.find((candidate) => candidate.upstream.name === upstream);
    if (found === undefined) throw new Error(`there is no upstream "${upstream}" in the configuration`);
    if (this.#closing !== undefined) throw new Error('the gateway is shutting down');
    const connection = new GatewayConnection(this.#services, found.upstream, client);
    this.#connections.set(connection, { client: client.address, openedAt: Date.now(), guard: client.guard });
    return connection;
  }

  /** Clients that are connected, oldest first. */
  sessions(): readonly SessionSummary[] {
    return [...this.#connections].map(([connection, { client, openedAt }]) => {
      const { id, principal, upstream, activity } = connection;
      const state = principal === undefined ? 'login' : connection.isIdle ? 'idle' : 'active';
      return {
        id,
        upstream: upstream.name,
        client,
        openedAt,
        state,
        ...(principal === undefined ? {} : { principal }),
        ...(activity === undefined ? {} : { activity }),
      };
    });
  }

  /** Stops what the session with this key runs, for a cancel request that another worker got. False when no session here has the key. */
  cancel(upstream: string, key: CancelKey): boolean {
    const found = this.#findByCancelKey(upstream, key);
    found?.cancel();
    return found !== undefined;
  }

  /** Ends what a session of the same identity runs, or that session. False when no session here is it. */
  kill(request: KillRequest): boolean {
    return killAmong(this.#connections.keys(), request);
  }

  /** Looks whether the ledger can be written, and, where the configuration asks for it, whether the upstreams can be reached. Never rejects. */
  async health(): Promise<GatewayHealth> {
    if (this.#closing !== undefined) return { ready: false, reasons: ['the gateway is shutting down'] };
    const looks = [probeLedger(this.#parts.ledger, this.#parts.ledgerDirectory)];
    if (this.config.health.needsUpstreams) looks.push(...this.#parts.upstreams.map(({ upstream }) => probeUpstream(upstream)));
    const reasons = (await Promise.all(looks)).filter((reason) => reason !== undefined);
    return { ready: reasons.length === 0, reasons };
  }

  /** Reads the schema of an upstream now and says which parts of the policy do nothing there. Rejects when it cannot be reached. */
  inactiveRules(upstream: string): Promise<readonly InactiveRule[]> {
    return this.#policies.inactiveOn(upstream);
  }

  /**
   * Looks at every upstream's schema and records the policy with its inactive parts; to be called once, before clients are let in. An
   * upstream that cannot be reached is reported and recorded as such, and looked at again when a client comes.
   */
  announcePolicy(): Promise<readonly InactiveParts[]> {
    return this.#policies.announce();
  }

  /**
   * Ends sessions that do nothing at once, and the others as soon as their transaction has ended, or after `drainMs`; then closes the ledger in
   * order. Called again without a time, it waits no longer for them.
   */
  close(drainMs = 0): Promise<void> {
    if (this.#closing !== undefined && drainMs === 0) this.#drainUntil = 0;
    this.#closing ??= this.#close(drainMs);
    return this.#closing;
  }

  async #close(drainMs: number): Promise<void> {
    this.#drainUntil = performance.now() + drainMs;
    while (this.#connections.size > 0 && performance.now() < this.#drainUntil) {
      for (const connection of this.#connections.keys())
        if (connection.principal === undefined || connection.isIdle) connection.terminate(SHUTTING_DOWN);
      await this.#untilEmpty(Math.min(DRAIN_LOOK_MS, drainMs));
    }
    for (const connection of this.#connections.keys()) connection.terminate(SHUTTING_DOWN);
    await this.#untilEmpty(END_MS);
    this.#revocations.close();
    this.#parts.approvals.close();
    for (const { upstream } of this.#parts.upstreams) upstream.close();
    await Promise.all([...this.#parts.parsers, ...this.#parts.crossChecks].map((parser) => parser.close()));
    this.#parts.endRetention();
    // Delivered beside the ledger's end: nothing of it may keep that from coming.
    const delivered = this.#parts.telemetry?.close();
    try {
      await this.#parts.ledger.close();
    } finally {
      await this.#parts.ledgerThread.close(SHIP_MS);
    }
    await delivered;
  }

  /** Waits until no connection is left, for `ms` at most. */
  async #untilEmpty(ms: number): Promise<void> {
    if (this.#connections.size === 0) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#idle.off('idle', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#idle.once('idle', done);
    });
  }

  #findByCancelKey(upstream: string, key: CancelKey): GatewayConnection | undefined {
    for (const connection of this.#connections.keys()) {
      const own = connection.connection.session.clientCancelKey;
      if (own === undefined || connection.upstream.name !== upstream || own.processId !== key.processId) continue;
      if (own.secret.length === key.secret.length && timingSafeEqual(own.secret, key.secret)) return connection;
    }
    return undefined;
  }
}

function openTokenEndpoint({ config, verifier, recorder, engine }: GatewayParts, revocations: Revocations): TokenEndpoint | undefined {
  if (config.exchange === undefined) return undefined;
  const onTrouble = (error: Error): void => engine.trouble(error);
  return new TokenEndpoint({ config: config.exchange, verifier, revocations, recorder, now: () => engine.now(), onTrouble });
}
