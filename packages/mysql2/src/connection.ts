import { identityContext, ownIdentity, runAsNobody } from '@sqlwarden/runtime';
import mysql from 'mysql2';
import type { Connection as PromiseConnection } from 'mysql2/promise';
import { keepContexts } from './command-context.js';
import type { DriverConnection } from './driver.js';
import { SqlwardenMysqlError } from './errors.js';
import { leaseGateway } from './governed.js';
import { driverOptions, type GovernedOptions, governedStream, type Link, linkOf, wantedServer } from './governed-stream.js';

export type ConnectionConfig = mysql.ConnectionOptions & GovernedOptions;

/**
 * `mysql2.createConnection` whose connection goes through the same session as the sidecar's, in this process. Everything of `mysql2` works; TLS options
 * belong into the configuration file's `server`.
 */
export function createConnection(config: ConnectionConfig): mysql.Connection {
  const context = identityContext();
  const given = config.identity ?? context?.identity;
  if (given === undefined)
    throw new SqlwardenMysqlError(
      'no-identity',
      'a connection needs an identity: use pool.as(token), runAs(token, …) or the option "identity"',
    );
  const identity = ownIdentity(given);
  const lease = leaseGateway(config.sqlwarden);
  const governance = { lease, upstream: config.upstream, identity, wanted: wantedServer(config) };
  const options = driverOptions<mysql.ConnectionOptions>(config, identity, () => governedStream(governance));
  const connection = runAsNobody(() => mysql.createConnection(options)) as unknown as DriverConnection;
  const giveBack = (): void => {
    // Nobody waits for it: a ledger that could not be closed in order must not end the application, and must not be silent.
    lease.release().catch((error: Error) => process.emitWarning(error.message, 'SqlwardenMysqlWarning'));
  };
  const link = governed(connection, giveBack);
  connection.stream.once('close', giveBack);
  link.intent = context?.intent;
  link.connection?.assertIntent(link.intent);
  return connection;
}

/** `createConnection` of `mysql2/promise`. */
export async function createConnectionPromise(config: ConnectionConfig): Promise<PromiseConnection> {
  const connection = createConnection(config);
  await new Promise<void>((resolve, reject) => {
    connection.once('connect', () => resolve());
    connection.once('error', reject);
  });
  return connection.promise();
}

/** Makes sure that the driver took the governed stream, and keeps contexts on it. */
export function governed(connection: DriverConnection, whenNot: () => void = () => undefined): Link {
  const link = linkOf(connection.stream);
  if (link === undefined) {
    connection.destroy();
    whenNot();
    throw new SqlwardenMysqlError('not-injected', 'the driver did not take the governed connection');
  }
  keepContexts(connection, (trace) => link.connection?.assertTrace(trace));
  return link;
}
