import { timingSafeEqual } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { CancelKey, Dialect, DialectName, Refusal } from '@sqlwarden/core';
import { type InactiveRule, inactiveRules } from '@sqlwarden/core';
import type { Verifier } from '@sqlwarden/identity';
import type { ApprovalStore } from './approval/store.js';
import type { GatewayConfig, UpstreamConfig } from './config/gateway-config.js';
import type { DecisionCounts } from './engine/decision.js';
import type { Upstream } from './engine/upstream.js';
import { type ClientLeg, GatewayConnection, type GatewayServices } from './gateway-connection.js';
import { type GatewayParts, openParts } from './gateway-parts.js';

export interface GatewayOptions {
  /** Path of `sqlwarden.yaml`. */
  readonly configFile: string;
  readonly dialects: readonly Dialect[];
  readonly enforcement: 'gateway' | 'library';
  /** What an operator must hear of; never a statement, a value or a token. Default: a line on standard error. */
  readonly onTrouble?: (error: Error) => void;
}

/** An upstream as others see it. */
export interface UpstreamInfo {
  readonly name: string;
  readonly dialect: DialectName;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly config: UpstreamConfig;
}

const SHUTTING_DOWN: Refusal = { code: 'shutting-down', message: 'the gateway is shutting down; connect again' };

/**
 * The whole pipeline for one configuration file: identity, policy, approvals, ledger and upstreams, and the connections that go through it.
 * Used by the sidecar, which adds listeners, and by the driver wrappers, which add in-memory connections.
 */
export class Gateway {
  readonly config: GatewayConfig;
  readonly approvals: ApprovalStore;
  readonly #parts: GatewayParts;
  readonly #services: GatewayServices;
  readonly #connections = new Set<GatewayConnection>();
  readonly #idle = new EventEmitter();
  #closing: Promise<void> | undefined;

  /** Loads, checks and opens everything. Rejects with a `ConfigError`, `PolicyError` or `LedgerError` that says what to do. */
  static async open(options: GatewayOptions): Promise<Gateway> {
    return new Gateway(await openParts(options), options.enforcement);
  }

  private constructor(parts: GatewayParts, enforcement: 'gateway' | 'library') {
    this.#parts = parts;
    parts.sessionCount = () => this.#connections.size;
    this.config = parts.config;
    this.approvals = parts.approvals;
    this.#services = {
      engine: parts.engine,
      limits: parts.config.limits,
      maskKey: parts.maskKey,
      enforcement,
      verifyToken: (token) => parts.verifier.verify(token),
      findByCancelKey: (upstream, key) => this.#findByCancelKey(upstream, key),
      closed: (connection) => {
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
      config,
    }));
  }

  /** How often a unit's decision was known and how often it had to be made, over all upstreams. */
  get decisionCounts(): DecisionCounts {
    const counts = this.#parts.upstreams.map(({ upstream }) => upstream.decisionCounts);
    const sum = (of: (one: DecisionCounts) => number): number => counts.reduce((total, one) => total + of(one), 0);
    return { found: sum(({ found }) => found), made: sum(({ made }) => made) };
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Verifies a token by the configured issuers. */
  verifyToken(token: string): ReturnType<Verifier['verify']> {
    return this.#parts.verifier.verify(token);
  }

  /** Takes over one client's stream. Throws when there is no such upstream or the gateway is closing. */
  connect(upstream: string, client: ClientLeg): GatewayConnection {
    const found = this.#parts.upstreams.find((candidate) => candidate.upstream.name === upstream);
    if (found === undefined) throw new Error(`there is no upstream "${upstream}" in the configuration`);
    if (this.#closing !== undefined) throw new Error('the gateway is shutting down');
    const connection = new GatewayConnection(this.#services, found.upstream, client);
    this.#connections.add(connection);
    return connection;
  }

  /** Reads the schema of an upstream now and says which parts of the policy do nothing there. Rejects when it cannot be reached. */
  async inactiveRules(upstream: string): Promise<readonly InactiveRule[]> {
    const found = this.#parts.upstreams.find((candidate) => candidate.upstream.name === upstream);
    if (found === undefined) throw new Error(`there is no upstream "${upstream}" in the configuration`);
    const snapshot = await found.upstream.fresh();
    return inactiveRules(this.#parts.engine.policy, upstream, snapshot.resolved.catalogue);
  }

  /**
   * Looks at every upstream's schema and records the policy with its inactive parts; to be called once, before clients are let in. An
   * upstream that cannot be reached is reported and recorded as such, and looked at again when a client comes.
   */
  async announcePolicy(): Promise<
    readonly { readonly upstream: string; readonly inactive: readonly InactiveRule[]; readonly unreachable?: string }[]
  > {
    const found = await Promise.all(
      this.#parts.upstreams.map(async ({ upstream }) => {
        try {
          return { upstream: upstream.name, inactive: await this.inactiveRules(upstream.name) };
        } catch (error) {
          return { upstream: upstream.name, inactive: [], unreachable: (error as Error).message };
        }
      }),
    );
    const { policies, recorder } = this.#parts;
    recorder.before(
      {
        type: 'policy.loaded',
        digest: policies.digest,
        mode: policies.policy.mode,
        files: policies.files,
        inactive: found.flatMap(({ upstream, inactive, unreachable }) => [
          ...inactive.map(({ rule, reason }) => ({ upstream, rule, reason })),
          ...(unreachable === undefined ? [] : [{ upstream, rule: '*', reason: `the schema could not be read: ${unreachable}` }]),
        ]),
      },
      [],
    );
    return found;
  }

  /**
   * Lets connections finish what they do for `drainMs`, ends the rest, and closes the ledger in order. Called again without a time, it waits
   * no longer for them.
   */
  close(drainMs = 0): Promise<void> {
    if (this.#closing !== undefined && drainMs === 0) this.#idle.emit('idle');
    this.#closing ??= this.#close(drainMs);
    return this.#closing;
  }

  async #close(drainMs: number): Promise<void> {
    // Pools keep connections that do nothing: those need not be waited for.
    for (const connection of this.#connections) if (connection.isIdle) connection.terminate(SHUTTING_DOWN);
    if (this.#connections.size > 0 && drainMs > 0) await this.#untilIdle(drainMs);
    for (const connection of this.#connections) connection.terminate(SHUTTING_DOWN);
    await this.#untilIdle(1_000);
    this.#parts.approvals.close();
    for (const { upstream } of this.#parts.upstreams) upstream.close();
    await Promise.all([...this.#parts.parsers, ...this.#parts.crossChecks].map((parser) => parser.close()));
    await this.#parts.ledger.close();
  }

  async #untilIdle(ms: number): Promise<void> {
    if (this.#connections.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#idle.once('idle', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #findByCancelKey(upstream: Upstream, key: CancelKey): GatewayConnection | undefined {
    for (const connection of this.#connections) {
      const own = connection.connection.session.clientCancelKey;
      if (own === undefined || connection.upstream !== upstream || own.processId !== key.processId) continue;
      if (own.secret.length === key.secret.length && timingSafeEqual(own.secret, key.secret)) return connection;
    }
    return undefined;
  }
}
