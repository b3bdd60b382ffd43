import mysql from 'mysql2';

export type * from 'mysql2';
export { type Identity, runAs, type StatedIntent } from '@sqlwarden/runtime';
export { type ConnectionConfig, createConnection, createConnection as connect, createConnectionPromise } from './connection.js';
export type { GovernedOptions } from './governed-stream.js';
export { createPool, createPoolPromise, type GovernedPromisePool, Pool, type PoolConfig } from './pool.js';
export { SqlwardenMysqlError } from './errors.js';
export {
  Charsets,
  CharsetToEncoding,
  clearParserCache,
  createPoolCluster,
  createPoolCluster as createPoolClusterPromise,
  escape,
  escapeId,
  format,
  raw,
  setMaxParserCache,
  TypedParameter,
  Types,
} from './of-the-driver.js';

/** Classes of what the driver hands out, which is what this module hands out. */
export const Connection: typeof mysql.Connection = mysql.Connection;
export const PoolConnection: typeof mysql.PoolConnection = mysql.PoolConnection;
