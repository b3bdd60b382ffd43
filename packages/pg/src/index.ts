export { type Identity, runAs, type StatedIntent } from '@sqlwarden/runtime';
export { Client, type ClientConfig, type GovernedOptions } from './client.js';
export { Pool, type PoolConfig } from './pool.js';
export { SqlwardenPgError } from './errors.js';
