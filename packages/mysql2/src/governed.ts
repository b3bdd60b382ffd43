import { mysqlDialect } from '@sqlwarden/mysql';
import { chooseUpstream, type Gateway, gatewayLeases, type WantedServer } from '@sqlwarden/runtime';
import { SqlwardenMysqlError } from './errors.js';

/** A hold on the process's gateway, for connections to MySQL and MariaDB. */
export const leaseGateway = gatewayLeases(mysqlDialect);

/** The name of the upstream that an application means. */
export function upstreamOf(gateway: Gateway, name: string | undefined, wanted: WantedServer): string {
  const chosen = chooseUpstream(gateway, 'mysql', name, wanted);
  if (chosen.ok) return chosen.upstream;
  throw new SqlwardenMysqlError('unknown-upstream', chosen.problem);
}
