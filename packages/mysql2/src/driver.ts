import type { Duplex } from 'node:stream';
import mysql from 'mysql2';
import type { Pool as PromisePool } from 'mysql2/promise';

/** What the driver has and does not declare (mysql2 3: `lib/base/pool.js`, `lib/base/connection.js`, `lib/commands/command.js`). */

/** Something that a connection does for its application, in turn. */
export interface DriverCommand {
  onResult?: ((...results: unknown[]) => void) | undefined;
  start: (packet: unknown, connection: unknown) => unknown;
  emit: (event: string, ...about: unknown[]) => boolean;
}

export interface DriverConnection extends mysql.PoolConnection {
  readonly stream: Duplex;
  addCommand: (command: DriverCommand) => DriverCommand;
  /** `null` once it belongs to no pool any more. */
  readonly _pool: unknown;
}

/** A list of the driver's. */
export interface DriverList<T> {
  readonly length: number;
  get(at: number): T;
}

export type ConnectionTaken = (error: Error | null, connection?: DriverConnection) => void;

export interface DriverPoolConfig {
  readonly connectionLimit: number;
  readonly waitForConnections: boolean;
  readonly queueLimit: number;
  maxIdle: number;
}

/** `mysql2.Pool`, with what a pool of several identities must see of it. `pool.query` and `pool.execute` take their connection by `getConnection`. */
export interface DriverPool extends Omit<mysql.Pool, 'getConnection' | 'releaseConnection' | 'promise' | 'end' | 'config'> {
  readonly config: DriverPoolConfig;
  readonly _allConnections: DriverList<DriverConnection>;
  readonly _freeConnections: DriverList<DriverConnection>;
  getConnection(callback: ConnectionTaken): void;
  releaseConnection(connection: DriverConnection): void;
  promise(promiseImpl?: PromiseConstructor): PromisePool;
  end(callback: (error?: Error | null) => void): void;
}

interface DriverModule {
  readonly Pool: new (options: { readonly config: DriverPoolConfig }) => DriverPool;
  readonly ConnectionConfig: { parseUrl(url: string): mysql.ConnectionOptions };
}

const driver = mysql as unknown as DriverModule;

export const MysqlPool = driver.Pool;

/** What a connection URI says, as the driver reads it. */
export function optionsOfUri(uri: string): mysql.ConnectionOptions {
  return driver.ConnectionConfig.parseUrl(uri);
}

/** The options of a pool, as the driver reads them. */
export function poolConfigOf({ maxIdle, ...options }: mysql.PoolOptions): DriverPoolConfig {
  // Without maxIdle the pool that is made for this starts no timer.
  const { config } = mysql.createPool(options) as unknown as DriverPool;
  if (maxIdle !== undefined) config.maxIdle = maxIdle;
  return config;
}
