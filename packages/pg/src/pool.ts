import type { AssertedIntent } from '@sqlwarden/core';
import { expiryOf, type GatewayLease, type Identity, identityContext, identityKey, ownIdentity, Places } from '@sqlwarden/runtime';
import pg from 'pg';
import { keepContexts } from './callback-context.js';
import { Client, type GovernedOptions } from './client.js';
import { SqlwardenPgError } from './errors.js';
import { leaseGateway } from './governed.js';

export type PoolConfig = pg.PoolConfig &
  GovernedOptions & {
    /**
     * How many identities may have a pool of their own at a time; the least recently used one is ended when it is idle. More have one only
     * while all of them are in use. Default 64.
     */
    readonly maxIdentities?: number;
    /**
     * How many connections all identities together may have in use; who comes later waits (`connectionTimeoutMillis`). Idle ones of others are
     * ended to make room. `max` is what one identity may have. Default 64.
     */
    readonly maxConnections?: number;
  };

type ConnectCallback = (error: Error | undefined, client: pg.PoolClient | undefined, done: (error?: Error | boolean) => void) => void;

/** The pool of one identity, as the pool that it belongs to keeps it. */
interface Member {
  readonly pool: Pool;
  /** Ends it when the identity does. */
  readonly timer: NodeJS.Timeout | undefined;
}

const DEFAULT_MAX_IDENTITIES = 64;
const DEFAULT_MAX_CONNECTIONS = 64;
/** A client whose database is gone without a word does not end by itself. */
const MAX_END_MS = 1_000;
/** Of timers. What lasts longer is ended when it has not been used for long. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * `pg.Pool` under governance. A server connection belongs to one identity and never changes to another: that of the option `identity`, each
 * one that {@link Pool.as} is given, or else the one that `runAs` says at the moment a connection is asked for. Without any of them nothing
 * is connected. What `runAs` says of why holds for a connection from when it is taken out of the pool until it is taken out again.
 */
export class Pool extends pg.Pool {
  readonly #config: PoolConfig;
  readonly #lease: GatewayLease;
  readonly #byIdentity = new Map<string, Member>();
  /** The ends of the clients that there are (a pool says that it has ended before they have), and of pools that were retired. */
  readonly #ending = new Set<Promise<void>>();
  #ended = false;
  /** The pool that this one belongs to, where it is that of one identity. */
  #owner: Pool | undefined;
  /** Ended by its owner, not by the application. */
  #retired = false;
  /** Those of all identities together, of an owner. */
  readonly #shared: Places;
  /** Those of this one. Taken first, so that nobody who waits for a connection of one identity holds a place of all. */
  readonly #own: Places;
  /** Who waits for a connection of this one. */
  #asking = 0;
  /** Told when nobody waits any more. */
  #whenUnasked: (() => void) | undefined;
  /** Who has a place. */
  readonly #placed = new WeakSet<object>();

  constructor(given: PoolConfig) {
    const config: PoolConfig = given.identity === undefined ? given : { ...given, identity: ownIdentity(given.identity) };
    const lease = leaseGateway(config.sqlwarden);
    super({ ...config, Client: clientClass(config) });
    this.#config = config;
    this.#lease = lease;
    this.#shared = new Places(config.maxConnections ?? DEFAULT_MAX_CONNECTIONS);
    this.#own = new Places(this.options.max);
    this.on('release', (_, client) => {
      if (this.#placed.delete(client)) this.#giveBackPlaces();
    });
    // Opened early, and kept while no client is there. What is wrong with it, the first client says.
    lease.gateway().catch(() => undefined);
    this.on('connect', (client) => {
      const ended = new Promise<void>((resolve) => client.once('end', resolve)).then(() => void this.#ending.delete(ended));
      this.#ending.add(ended);
    });
  }

  /**
   * The pool of one identity: a token (JWT) of one of the configuration's issuers, or a principal that the application has verified
   * itself. Asking again gives the same pool; it is ended with this one, when the identity expires (what is in use then goes on until it is
   * released), or when others need its place. A new token of the same person gets new connections: nothing of a token is believed before the
   * gateway has verified it. What is kept of a pool that was ended stands for the one that follows it.
   */
  as(given: Identity): Pool {
    const identity = ownIdentity(given);
    if (this.#ended) throw new Error('Cannot use a pool after calling end on the pool');
    const key = identityKey(identity);
    const known = this.#byIdentity.get(key);
    if (known !== undefined && !known.pool.#ended) {
      this.#byIdentity.delete(key);
      this.#byIdentity.set(key, known);
      return known.pool;
    }
    clearTimeout(known?.timer);
    const { maxIdentities, maxConnections: _, ...config } = this.#config;
    const pool = new Pool({ ...config, identity });
    pool.#owner = this;
    this.#passOn(pool);
    this.#byIdentity.set(key, { pool, timer: this.#retireAt(expiryOf(identity), key) });
    this.#evict(maxIdentities ?? DEFAULT_MAX_IDENTITIES, pool);
    return pool;
  }

  /** As `pg.Pool`'s. `query` takes its connection here, too. */
  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | void {
    const context = identityContext();
    const chosen = this.#chosen(context?.identity);
    if (chosen instanceof Error) return failed(chosen, callback);
    const taken = chosen === this ? this.#take(context?.intent) : chosen.connect();
    if (callback === undefined) return taken;
    taken.then(
      (client) => callback(undefined, client, (error) => client.release(error)),
      (error: Error) => callback(error, undefined, () => undefined),
    );
  }

  /** Ends the pools of all identities too. */
  override end(): Promise<void>;
  override end(callback: () => void): void;
  override end(callback?: () => void): Promise<void> | void {
    const ended = this.#endAll();
    if (callback === undefined) return ended;
    ended.then(callback, callback);
  }

  /** What happens in the pool of an identity happens in this one: applications set connections up when they hear `connect`. */
  #passOn(pool: Pool): void {
    pool.on('error', (error, client) => this.emit('error', error, client));
    pool.on('release', (error, client) => this.emit('release', error, client));
    for (const event of ['connect', 'acquire', 'remove'] as const) pool.on(event, (client) => this.emit(event, client));
  }

  /** The pool that a connection for here and now comes from. */
  #chosen(current: Identity | undefined): Pool | Error {
    const { identity } = this.#config;
    if (identity !== undefined && !this.#retired) return this;
    if (identity === undefined && current === undefined) return new SqlwardenPgError('no-identity', NO_IDENTITY);
    const owner = this.#retired ? this.#owner : this;
    const wanted = identity ?? current;
    if (owner === undefined || owner.#ended || wanted === undefined) return new Error('Cannot use a pool after calling end on the pool');
    return owner.as(wanted);
  }

  get #isIdle(): boolean {
    return this.#asking === 0 && this.totalCount === this.idleCount && this.waitingCount === 0;
  }

  async #take(intent: AssertedIntent | undefined): Promise<pg.PoolClient> {
    this.#asking += 1;
    try {
      const client = await (this.#owner === undefined ? super.connect() : this.#takePlaced(this.#owner));
      // INVARIANT: said anew for everybody who takes it, nothing included: what the last one said is not theirs.
      if (client instanceof Client) client.assertIntent(intent);
      return client;
    } finally {
      this.#asking -= 1;
      if (this.#asking === 0) this.#whenUnasked?.();
    }
  }

  /** A connection for one of several identities: where all together have as many as they may, it waits. */
  async #takePlaced(owner: Pool): Promise<pg.PoolClient> {
    await this.#takePlaces(owner);
    try {
      if (this.idleCount === 0) await owner.#makeRoom(this);
      if (!this.#retired) {
        const client = await super.connect();
        this.#placed.add(client);
        return client;
      }
    } catch (error) {
      this.#giveBackPlaces();
      throw error;
    }
    this.#giveBackPlaces();
    return this.connect();
  }

  async #takePlaces(owner: Pool): Promise<void> {
    const timeoutMs = this.#config.connectionTimeoutMillis ?? 0;
    await this.#own.take(timeoutMs);
    try {
      await owner.#shared.take(timeoutMs);
    } catch (error) {
      this.#own.giveBack();
      throw error;
    }
  }

  #giveBackPlaces(): void {
    if (this.#owner !== undefined) this.#owner.#shared.giveBack();
    this.#own.giveBack();
  }

  async #endAll(): Promise<void> {
    this.#ended = true;
    const members = [...this.#byIdentity.values()];
    this.#byIdentity.clear();
    for (const { timer } of members) clearTimeout(timer);
    await Promise.all([super.end(), ...members.map(({ pool }) => pool.end())]);
    await Promise.race([Promise.all(this.#ending), waited(MAX_END_MS)]);
    await this.#lease.release();
  }

  #retireAt(expiresAt: number, key: string): NodeJS.Timeout | undefined {
    const wait = expiresAt - Date.now();
    return wait > MAX_TIMER_MS ? undefined : setTimeout(() => void this.#retire(key), Math.max(0, wait)).unref();
  }

  /** What is in use goes on; who asks again begins anew. Resolves when what was idle is closed. */
  #retire(key: string): Promise<void> {
    const member = this.#byIdentity.get(key);
    if (member === undefined) return Promise.resolve();
    this.#byIdentity.delete(key);
    clearTimeout(member.timer);
    const retired = member.pool
      .#retireItself()
      .catch((error: Error) => process.emitWarning(error.message, 'SqlwardenPgWarning'))
      .finally(() => void this.#ending.delete(retired));
    this.#ending.add(retired);
    return retired;
  }

  async #retireItself(): Promise<void> {
    this.#retired = true;
    // A pool of `pg` that ends forgets whoever waits for a connection of it.
    if (this.#asking > 0) await new Promise<void>((resolve) => (this.#whenUnasked = resolve));
    if (!this.#ended) await this.end();
  }

  /** Before `newcomer` opens another connection: idle ones of others are closed, where there are as many as there may be. */
  async #makeRoom(newcomer: Pool): Promise<void> {
    const max = this.#config.maxConnections ?? DEFAULT_MAX_CONNECTIONS;
    for (const [key, { pool }] of this.#byIdentity) {
      let open = 0;
      for (const { pool: other } of this.#byIdentity.values()) open += other.totalCount;
      if (open < max) return;
      if (pool !== newcomer && pool.idleCount > 0 && pool.#isIdle) await this.#retire(key);
    }
  }

  #evict(max: number, newest: Pool): void {
    for (const [key, { pool }] of this.#byIdentity) {
      if (this.#byIdentity.size <= max) return;
      if (pool !== newest && pool.#isIdle) void this.#retire(key);
    }
  }
}

keepContexts(Pool.prototype, pg.Pool.prototype, ['query']);

const NO_IDENTITY = 'a connection needs an identity: use pool.as(token), runAs(token, …) around what asks for it, or the option "identity"';

function failed(error: Error, callback: ConnectCallback | undefined): Promise<pg.PoolClient> | void {
  if (callback === undefined) return Promise.reject(error);
  process.nextTick(() => callback(error, undefined, () => undefined));
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

function waited(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
