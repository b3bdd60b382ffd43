// INVARIANT: of this package only the index is imported, so that the CommonJS builds of the two share one gateway for a ledger.
import promise from 'mysql2/promise';

export type * from 'mysql2/promise';
export {
  Charsets,
  CharsetToEncoding,
  clearParserCache,
  createConnectionPromise as createConnection,
  createPoolCluster,
  createPoolPromise as createPool,
  escape,
  escapeId,
  format,
  type GovernedOptions,
  type GovernedPromisePool as Pool,
  type Identity,
  type PoolConfig,
  raw,
  runAs,
  setMaxParserCache,
  SqlwardenMysqlError,
  type StatedIntent,
  TypedParameter,
  Types,
} from './index.js';

/** What `mysql2/promise` has and does not declare as a value, or not by this name. */
const classes = promise as unknown as {
  readonly PromiseConnection: typeof promise.Connection;
  readonly PromisePoolConnection: typeof promise.PoolConnection;
  readonly PromisePool: abstract new (...args: never) => promise.Pool;
};

// Classes of what the driver hands out, which is what this module hands out.
export const { PromiseConnection, PromisePoolConnection, PromisePool } = classes;
export const Connection: typeof promise.Connection = PromiseConnection;
export const PoolConnection: typeof promise.PoolConnection = PromisePoolConnection;
