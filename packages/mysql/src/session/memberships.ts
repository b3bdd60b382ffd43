import type { CatalogueQuery } from '@sqlwarden/core';
import { readGrantedRoles } from './granted-roles.js';

/**
 * The roles that a user is a member of ("Using Roles"). One name may be several accounts, and which of them the server takes somebody for depends on
 * where the connection comes from: only roles that all of them have count. A role that is not for every host is called `name@host`. Rejects with an
 * `Error` where the account of the gateway may not read who has which role.
 */
export async function readMemberships(query: CatalogueQuery, user: string): Promise<readonly string[]> {
  const granted = await readGrantedRoles(query).catch((error: unknown) => {
    throw new Error(
      'the roles of users cannot be read: GRANT SELECT ON mysql.user and on mysql.role_edges (MariaDB: mysql.roles_mapping) to the account of the gateway',
      { cause: error },
    );
  });
  const [first, ...others] = granted.accounts
    .filter(({ name }) => name === user)
    .map((account) => new Set(granted.reachedFrom(account).map(roleName)));
  return [...(first ?? [])].filter((role) => others.every((roles) => roles.has(role))).sort();
}

function roleName({ name, host }: { readonly name: string; readonly host: string }): string {
  return host === '' || host === '%' ? name : `${name}@${host}`;
}
