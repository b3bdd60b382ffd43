import mysql from 'mysql2';
import { SqlwardenMysqlError } from './errors.js';

// The driver's module is CommonJS that defines some of these by getters, which an import by name does not find.
export const escape: typeof mysql.escape = mysql.escape;
export const escapeId: typeof mysql.escapeId = mysql.escapeId;
export const format: typeof mysql.format = mysql.format;
export const raw: typeof mysql.raw = mysql.raw;
export const Types: typeof mysql.Types = mysql.Types;
export const TypedParameter: typeof mysql.TypedParameter = mysql.TypedParameter;
export const Charsets: typeof mysql.Charsets = mysql.Charsets;
export const CharsetToEncoding: typeof mysql.CharsetToEncoding = mysql.CharsetToEncoding;
export const setMaxParserCache: typeof mysql.setMaxParserCache = mysql.setMaxParserCache;
export const clearParserCache: typeof mysql.clearParserCache = mysql.clearParserCache;

/** `mysql2.createPoolCluster`. There is none: it throws, and says what stands in its place. */
export function createPoolCluster(_config?: mysql.PoolClusterOptions): never {
  throw new SqlwardenMysqlError(
    'no-cluster',
    'there are no pool clusters: make a pool for each server, createPool({ sqlwarden, upstream: name }), with the servers as upstreams of the configuration',
  );
}
