import { postgresDialect } from '@sqlwarden/postgres';
import { chooseUpstream, type Gateway, gatewayLeases, type WantedServer } from '@sqlwarden/runtime';
import { SqlwardenPgError } from './errors.js';

/** A hold on the process's gateway, for connections to PostgreSQL. */
export const leaseGateway = gatewayLeases(postgresDialect);

/** The name of the upstream that an application means. */
export function upstreamOf(gateway: Gateway, name: string | undefined, wanted: WantedServer): string {
  const chosen = chooseUpstream(gateway, 'postgres', name, wanted);
  if (chosen.ok) return chosen.upstream;
  throw new SqlwardenPgError('unknown-upstream', chosen.problem);
}
