export { type Identity, runAs, type StatedIntent } from '@sqlwarden/runtime';
export { type ConnectionConfig, createConnection, createConnectionPromise } from './connection.js';
export type { GovernedOptions } from './governed-stream.js';
export { createPool, createPoolPromise, type GovernedPromisePool, Pool, type PoolConfig } from './pool.js';
export { SqlwardenMysqlError } from './errors.js';
