export { type Identity, runAs, type StatedIntent } from '@sqlwarden/runtime';
export { BulkLoad, ConnectionError, ISOLATION_LEVEL, library, Request, RequestError, TDS_VERSION, TYPES } from 'tedious';
export type { ConnectionAuthentication, ConnectionConfiguration, ConnectionOptions } from 'tedious';
export { connect, Connection, type ConnectionConfig, type GovernedOptions } from './connection.js';
export { SqlwardenTediousError } from './errors.js';
