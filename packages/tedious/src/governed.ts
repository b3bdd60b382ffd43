import { chooseUpstream, type Gateway, gatewayLeases, type WantedServer } from '@sqlwarden/runtime';
import { sqlserverDialect } from '@sqlwarden/sqlserver';
import { SqlwardenTediousError } from './errors.js';

/** A hold on the process's gateway, for connections to SQL Server. */
export const leaseGateway = gatewayLeases(sqlserverDialect);

/** The name of the upstream that an application means. */
export function upstreamOf(gateway: Gateway, name: string | undefined, wanted: WantedServer): string {
  const chosen = chooseUpstream(gateway, 'sqlserver', name, wanted);
  if (chosen.ok) return chosen.upstream;
  throw new SqlwardenTediousError('unknown-upstream', chosen.problem);
}
