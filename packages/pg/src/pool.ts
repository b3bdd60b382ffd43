import { type Principal, partyKey } from '@sqlwarden/core';
import pg from 'pg';
import { Client, type GovernedOptions, type Identity } from './client.js';
import { GatewayLease } from './governed.js';

export type PoolConfig = pg.PoolConfig &
  GovernedOptions & {
    /** How many identities may have a pool of their own at a time; the least recently used one is ended when it is idle. Default 64. */
    readonly maxIdentities?: number;
  };

const DEFAULT_MAX_IDENTITIES = 64;
/** A client whose database is gone without a word does not end by itself. */
const MAX_END_MS = 1_000;

/**
 * `pg.Pool` under governance. A pool is for one identity: that of the option `identity`, or each one that {@link Pool.as} is given. A
 * server connection never changes from one identity to another.
 */
export class Pool extends pg.Pool {
  readonly #config: PoolConfig;
  readonly #lease: GatewayLease;
  readonly #byIdentity = new Map<string, Pool>();
  /** The ends of the clients that there are: a pool says that it has ended before they have. */
  readonly #ending = new Set<Promise<void>>();
  #ended = false;

  constructor(config: PoolConfig) {
    const lease = new GatewayLease(config.sqlwarden);
    super({ ...config, Client: clientClass(config) });
    this.#config = config;
    this.#lease = lease;
    // Opened early, and kept while no client is there. What is wrong with it, the first client says.
    lease.gateway().catch(() => undefined);
    this.on('connect', (client) => {
      const ended = new Promise<void>((resolve) => client.once('end', resolve)).then(() => void this.#ending.delete(ended));
      this.#ending.add(ended);
    });
  }

  /**
   * The pool of one identity: a token (JWT) of one of the configuration's issuers, or a principal that the application has verified
   * itself. Asking again gives the same pool; it is ended with this one.
   */
  as(identity: Identity): Pool {
    if (this.#ended) throw new Error('Cannot use a pool after calling end on the pool');
    const key = identityKey(identity);
    const known = this.#byIdentity.get(key);
    if (known !== undefined) {
      this.#byIdentity.delete(key);
      this.#byIdentity.set(key, known);
      return known;
    }
    const { maxIdentities, ...config } = this.#config;
    const pool = new Pool({ ...config, identity });
    pool.on('error', (error, client) => this.emit('error', error, client));
    this.#byIdentity.set(key, pool);
    this.#evict(maxIdentities ?? DEFAULT_MAX_IDENTITIES);
    return pool;
  }

  /** Ends the pools of all identities too. */
  override end(): Promise<void>;
  override end(callback: () => void): void;
  override end(callback?: () => void): Promise<void> | void {
    const ended = this.#endAll();
    if (callback === undefined) return ended;
    ended.then(callback, callback);
  }

  async #endAll(): Promise<void> {
    this.#ended = true;
    const pools = [...this.#byIdentity.values()];
    this.#byIdentity.clear();
    await Promise.all([super.end(), ...pools.map((pool) => pool.end())]);
    await Promise.race([Promise.all(this.#ending), waited(MAX_END_MS)]);
    await this.#lease.release();
  }

  #evict(max: number): void {
    for (const [key, pool] of this.#byIdentity) {
      if (this.#byIdentity.size <= max) return;
      if (pool.totalCount !== pool.idleCount || pool.waitingCount > 0) continue;
      this.#byIdentity.delete(key);
      void pool.end();
    }
  }
}

/** `pg.Pool` calls `new Client(options)` with its own copy of the options, in which secrets are not enumerable. */
function clientClass(config: PoolConfig): typeof pg.Client {
  class PoolClient extends Client {
    constructor(options: pg.ClientConfig) {
      super(Object.assign(Object.create(options) as pg.ClientConfig, governance(config)));
    }
  }
  return PoolClient;
}

function governance(config: PoolConfig): GovernedOptions {
  return {
    sqlwarden: config.sqlwarden,
    ...(config.upstream === undefined ? {} : { upstream: config.upstream }),
    ...(config.identity === undefined ? {} : { identity: config.identity }),
  };
}

function identityKey(identity: Identity): string {
  return typeof identity === 'string' ? `token ${identity}` : `principal ${principalKey(identity)}`;
}

/** Two principals share a pool only when nothing about them differs. */
function principalKey(principal: Principal): string {
  return `${partyKey(principal.subject)} ${JSON.stringify(principal)}`;
}

function waited(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
