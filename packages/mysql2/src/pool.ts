import type { AssertedIntent } from '@sqlwarden/core';
import {
  expiryOf,
  type GatewayLease,
  type Identity,
  identityContext,
  identityKey,
  ownIdentity,
  Places,
  runAsNobody,
} from '@sqlwarden/runtime';
import type mysql from 'mysql2';
import type { Pool as PromisePool } from 'mysql2/promise';
import { governed } from './connection.js';
import { type ConnectionTaken, type DriverConnection, MysqlPool, poolConfigOf } from './driver.js';
import { SqlwardenMysqlError } from './errors.js';
import { leaseGateway } from './governed.js';
import { driverOptions, type GovernedOptions, governedStream, type Link, linkOf, wantedServer } from './governed-stream.js';

export type PoolConfig = mysql.PoolOptions &
  GovernedOptions & {
    /**
     * How many identities may have a pool of their own at a time; the least recently used one is ended when it is idle. More have one only
     * while all of them are in use. Default 64.
     */
    readonly maxIdentities?: number;
    /**
     * How many connections all identities together may have in use; who comes later waits. Idle ones of others are ended to make room.
     * `connectionLimit` is what one identity may have. Default 64.
     */
    readonly maxConnections?: number;
  };

/** A pool of `mysql2/promise` with {@link Pool.as}. */
export interface GovernedPromisePool extends PromisePool {
  as(identity: Identity): GovernedPromisePool;
}

/** The pool of one identity, as the pool that it belongs to keeps it. */
interface Member {
  readonly pool: Pool;
  /** Ends it when the identity does. */
  readonly timer: NodeJS.Timeout | undefined;
}

const DEFAULT_MAX_IDENTITIES = 64;
const DEFAULT_MAX_CONNECTIONS = 64;
/** Of timers. What lasts longer is ended when it has not been used for long. */
const MAX_TIMER_MS = 2 ** 31 - 1;
const CLOSED = 'Pool is closed.';

/**
 * `mysql2.Pool` under governance. A server connection belongs to one identity and never changes to another: that of the option `identity`, each
 * one that {@link Pool.as} is given, or else the one that `runAs` says at the moment a connection is asked for. Without any of them nothing
 * is connected. What `runAs` says of why holds for a connection from when it is taken out of the pool until it is taken out again.
 */
export class Pool extends MysqlPool {
  readonly #config: PoolConfig;
  readonly #lease: GatewayLease;
  readonly #byIdentity = new Map<string, Member>();
  /** Pools whose identity has ended, until what was in use is released. */
  readonly #retiring = new Set<Pool>();
  #ended: Promise<void> | undefined;
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
  /** Told when nobody waits, or no connection is there, any more. */
  #whenLess: (() => void) | undefined;
  /** Who has a place. */
  readonly #placed = new WeakSet<object>();

  constructor(given: PoolConfig) {
    const config: PoolConfig = given.identity === undefined ? given : { ...given, identity: ownIdentity(given.identity) };
    const lease = leaseGateway(config.sqlwarden);
    super({ config: poolConfigOf(governedOptions(config, lease)) });
    this.#config = config;
    this.#lease = lease;
    this.#shared = new Places(config.maxConnections ?? DEFAULT_MAX_CONNECTIONS);
    const { connectionLimit } = this.config;
    this.#own = new Places(connectionLimit === 0 ? Number.POSITIVE_INFINITY : connectionLimit);
    // Opened early, and kept while no connection is there. What is wrong with it, the first connection says.
    lease.gateway().catch(() => undefined);
  }

  /**
   * The pool of one identity: a token (JWT) of one of the configuration's issuers, or a principal that the application has verified
   * itself. Asking again gives the same pool; it is ended with this one, when the identity expires (what is in use then goes on until it is
   * released), or when others need its place. A new token of the same person gets new connections: nothing of a token is believed before the
   * gateway has verified it. What is kept of a pool that was ended stands for the one that follows it.
   */
  as(given: Identity): Pool {
    const identity = ownIdentity(given);
    if (this.#ended !== undefined) throw new Error(CLOSED);
    const key = identityKey(identity);
    const known = this.#byIdentity.get(key);
    if (known !== undefined && known.pool.#ended === undefined) {
      this.#byIdentity.delete(key);
      this.#byIdentity.set(key, known);
      return known.pool;
    }
    clearTimeout(known?.timer);
    const { maxIdentities, maxConnections: _, ...config } = this.#config;
    const pool = new Pool({ ...config, identity });
    pool.#owner = this;
    // Applications set connections up when they hear of them.
    for (const event of ['acquire', 'connection', 'enqueue', 'release'] as const)
      pool.on(event, (...about: unknown[]) => void this.emit(event, ...about));
    this.#byIdentity.set(key, { pool, timer: this.#retireAt(expiryOf(identity), key) });
    this.#evict(maxIdentities ?? DEFAULT_MAX_IDENTITIES, pool);
    return pool;
  }

  override promise(promiseImpl?: PromiseConstructor): GovernedPromisePool {
    return Object.assign(super.promise(promiseImpl), { as: (identity: Identity) => this.as(identity).promise(promiseImpl) });
  }

  /** As `mysql2.Pool`'s. `query` and `execute` take their connection here, too. */
  override getConnection(callback: ConnectionTaken): void {
    const context = identityContext();
    const chosen = this.#chosen(context?.identity);
    if (chosen instanceof Error) return process.nextTick(callback, chosen);
    if (chosen !== this) return chosen.getConnection(callback);
    this.#take(context?.intent).then(
      // What the application does in it must not end as a rejection of ours.
      (connection) => process.nextTick(callback, null, connection),
      (error: Error) => process.nextTick(callback, error),
    );
  }

  override releaseConnection(connection: DriverConnection): void {
    const wasPlaced = this.#placed.delete(connection);
    // The driver gives its connections back here when they are gone, too; these belong to no pool any more.
    if (this.#retired && connection._pool !== null) connection.destroy();
    else super.releaseConnection(connection);
    if (wasPlaced) this.#giveBackPlaces();
    if (this._allConnections.length === 0) this.#whenLess?.();
  }

  /** Ends the pools of all identities too. As the driver's, it ends what is in use once it has done what it was asked for. */
  override end(callback?: (error?: Error | null) => void): void {
    const ended = this.#endAll();
    ended.then(
      () => callback?.(),
      (error: Error) => (callback === undefined ? process.emitWarning(error.message, 'SqlwardenMysqlWarning') : callback(error)),
    );
  }

  /** The pool that a connection for here and now comes from. */
  #chosen(current: Identity | undefined): Pool | Error {
    const { identity } = this.#config;
    if (identity !== undefined && !this.#retired) return this;
    if (identity === undefined && current === undefined) return new SqlwardenMysqlError('no-identity', NO_IDENTITY);
    const owner = this.#retired ? this.#owner : this;
    const wanted = identity ?? current;
    if (owner === undefined || owner.#ended !== undefined || wanted === undefined) return new Error(CLOSED);
    return owner.as(wanted);
  }

  get #isIdle(): boolean {
    return this.#asking === 0 && this._allConnections.length === this._freeConnections.length;
  }

  async #take(intent: AssertedIntent | undefined): Promise<DriverConnection> {
    this.#asking += 1;
    try {
      const connection = await (this.#owner === undefined ? this.#connected() : this.#takePlaced(this.#owner));
      const link = linkOf(connection.stream);
      // INVARIANT: said anew for everybody who takes it, nothing included: what the last one said is not theirs.
      if (link !== undefined) say(link, intent);
      return connection;
    } finally {
      this.#asking -= 1;
      if (this.#asking === 0) this.#whenLess?.();
    }
  }

  /** A connection for one of several identities: where all together have as many as they may, it waits. */
  async #takePlaced(owner: Pool): Promise<DriverConnection> {
    await this.#takePlaces(owner);
    try {
      if (this._freeConnections.length === 0) await owner.#makeRoom(this);
      if (!this.#retired) {
        const connection = await this.#connected();
        this.#placed.add(connection);
        return connection;
      }
    } catch (error) {
      this.#giveBackPlaces();
      throw error;
    }
    this.#giveBackPlaces();
    return new Promise((resolve, reject) =>
      this.getConnection((error, connection) => (connection === undefined ? reject(error ?? new Error(CLOSED)) : resolve(connection))),
    );
  }

  /** By the driver: a connection that is free, or another one. */
  #connected(): Promise<DriverConnection> {
    return new Promise((resolve, reject) => {
      // Connections are nobody's, so that listeners that are not bound find no identity, and never another one's.
      runAsNobody(() =>
        super.getConnection((error, connection) => {
          if (connection === undefined) return reject(error ?? new Error(CLOSED));
          if (!this.#known.has(connection)) {
            governed(connection);
            this.#known.add(connection);
          }
          resolve(connection);
        }),
      );
    });
  }

  /** Connections that keep contexts already. */
  readonly #known = new WeakSet<object>();

  async #takePlaces(owner: Pool): Promise<void> {
    const { waitForConnections, queueLimit } = this.config;
    if (this.#own.isFull) {
      // As the driver says it.
      if (!waitForConnections) throw new Error('No connections available.');
      if (queueLimit > 0 && this.#own.waiting >= queueLimit) throw new Error('Queue limit reached.');
      this.emit('enqueue');
    }
    await this.#own.take(0);
    await owner.#shared.take(0);
  }

  #giveBackPlaces(): void {
    if (this.#owner !== undefined) this.#owner.#shared.giveBack();
    this.#own.giveBack();
  }

  #endAll(): Promise<void> {
    this.#ended ??= this.#endOnce();
    return this.#ended;
  }

  async #endOnce(): Promise<void> {
    const members = [...this.#byIdentity.values()];
    this.#byIdentity.clear();
    for (const { timer } of members) clearTimeout(timer);
    const own = new Promise<void>((resolve, reject) => super.end((error) => (error ? reject(error) : resolve())));
    try {
      await Promise.all([own, ...members.map(({ pool }) => pool.#endAll()), ...[...this.#retiring].map((pool) => pool.#endAll())]);
    } finally {
      await this.#lease.release();
    }
  }

  #retireAt(expiresAt: number, key: string): NodeJS.Timeout | undefined {
    const wait = expiresAt - Date.now();
    return wait > MAX_TIMER_MS ? undefined : setTimeout(() => void this.#retire(key), Math.max(0, wait)).unref();
  }

  /** What is in use goes on; who asks again begins anew. Resolves when what was idle is closed. */
  async #retire(key: string): Promise<void> {
    const member = this.#byIdentity.get(key);
    if (member === undefined) return;
    this.#byIdentity.delete(key);
    clearTimeout(member.timer);
    const { pool } = member;
    this.#retiring.add(pool);
    try {
      await pool.#retireItself();
    } catch (error) {
      process.emitWarning((error as Error).message, 'SqlwardenMysqlWarning');
    } finally {
      this.#retiring.delete(pool);
    }
  }

  async #retireItself(): Promise<void> {
    this.#retired = true;
    while (this._freeConnections.length > 0) this._freeConnections.get(0).destroy();
    while ((this.#asking > 0 || this._allConnections.length > 0) && this.#ended === undefined)
      await new Promise<void>((resolve) => (this.#whenLess = resolve));
    await this.#endAll();
  }

  /** Before `newcomer` opens another connection: idle ones of others are closed, where there are as many as there may be. */
  async #makeRoom(newcomer: Pool): Promise<void> {
    const max = this.#config.maxConnections ?? DEFAULT_MAX_CONNECTIONS;
    for (const [key, { pool }] of this.#byIdentity) {
      let open = 0;
      for (const { pool: other } of this.#byIdentity.values()) open += other._allConnections.length;
      if (open < max) return;
      if (pool !== newcomer && pool._freeConnections.length > 0 && pool.#isIdle) await this.#retire(key);
    }
  }

  #evict(max: number, newest: Pool): void {
    for (const [key, { pool }] of this.#byIdentity) {
      if (this.#byIdentity.size <= max) return;
      if (pool !== newest && pool.#isIdle) void this.#retire(key);
    }
  }
}

/** `mysql2.createPool`. */
export function createPool(config: PoolConfig): Pool {
  return new Pool(config);
}

/** `createPool` of `mysql2/promise`. */
export function createPoolPromise(config: PoolConfig): GovernedPromisePool {
  return new Pool(config).promise();
}

const NO_IDENTITY = 'a connection needs an identity: use pool.as(token), runAs(token, …) around what asks for it, or the option "identity"';

function say(link: Link, intent: AssertedIntent | undefined): void {
  link.intent = intent;
  link.connection?.assertIntent(intent);
}

/** What the driver is given; a pool without an identity connects nobody. */
function governedOptions(config: PoolConfig, lease: GatewayLease): mysql.PoolOptions {
  const { identity, upstream } = config;
  const wanted = wantedServer(config);
  return driverOptions<mysql.PoolOptions>(config, identity ?? '', () => {
    if (identity === undefined) throw new SqlwardenMysqlError('no-identity', NO_IDENTITY);
    return governedStream({ lease, upstream, identity, wanted });
  });
}
