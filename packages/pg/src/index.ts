export { Client, type ClientConfig, type GovernedOptions, type Identity } from './client.js';
export { Pool, type PoolConfig } from './pool.js';
export { SqlwardenPgError } from './errors.js';
