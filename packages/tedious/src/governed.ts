import { chooseUpstream, type Gateway, type GatewayLease, gatewayLeases, type WantedServer } from '@sqlwarden/runtime';
import { sqlserverDialect } from '@sqlwarden/sqlserver';
import { SqlwardenTediousError } from './errors.js';

const lease = gatewayLeases(sqlserverDialect);

/** A hold on the process's gateway, for connections to SQL Server. */
export function leaseGateway(configFile: string | undefined): GatewayLease {
  if (typeof configFile === 'string') return lease(configFile);
  throw new SqlwardenTediousError(
    'no-configuration',
    'the option "sqlwarden" must name sqlwarden.yaml: new Connection({ sqlwarden, identity, ... })',
  );
}

/** The name of the upstream that an application means. */
export function upstreamOf(gateway: Gateway, name: string | undefined, wanted: WantedServer): string {
  const chosen = chooseUpstream(gateway, 'sqlserver', name, wanted);
  if (chosen.ok) return chosen.upstream;
  throw new SqlwardenTediousError('unknown-upstream', chosen.problem);
}
