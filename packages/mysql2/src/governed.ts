import { mysqlDialect } from '@sqlwarden/mysql';
import { chooseUpstream, type Gateway, type GatewayLease, gatewayLeases, type WantedServer } from '@sqlwarden/runtime';
import { SqlwardenMysqlError } from './errors.js';

const lease = gatewayLeases(mysqlDialect);

/** A hold on the process's gateway, for connections to MySQL and MariaDB. */
export function leaseGateway(configFile: string | undefined): GatewayLease {
  if (typeof configFile === 'string') return lease(configFile);
  throw new SqlwardenMysqlError(
    'no-configuration',
    'the option "sqlwarden" must name sqlwarden.yaml: createPool({ sqlwarden, uri }) in place of createPool(uri)',
  );
}

/** The name of the upstream that an application means. */
export function upstreamOf(gateway: Gateway, name: string | undefined, wanted: WantedServer): string {
  const chosen = chooseUpstream(gateway, 'mysql', name, wanted);
  if (chosen.ok) return chosen.upstream;
  throw new SqlwardenMysqlError('unknown-upstream', chosen.problem);
}
