import type { CatalogueQuery } from '@sqlwarden/core';

/** An account or a role: user and host, as one key. */
type AccountKey = string;

interface Account {
  readonly name: string;
  readonly host: string;
  readonly isSuperuser: boolean;
}

/** Which roles are granted to which accounts and roles. */
export interface GrantedRoles {
  readonly accounts: readonly Account[];
  /** The roles that an account or role has, directly or not. */
  reachedFrom(account: Pick<Account, 'name' | 'host'>): readonly Account[];
}

const ACCOUNTS_SQL = 'SELECT User, Host, Super_priv FROM mysql.user';
/** Grantee, its host, role, its host (MySQL, "Grant Tables"; MariaDB, "mysql.roles_mapping Table", where roles have no host). */
const EDGES_SQL = {
  mysql: 'SELECT TO_USER, TO_HOST, FROM_USER, FROM_HOST FROM mysql.role_edges',
  mariadb: "SELECT User, Host, Role, '' FROM mysql.roles_mapping",
};

/** Reads the grants of roles of the whole server. Rejects where the account may not read them. */
export async function readGrantedRoles(query: CatalogueQuery): Promise<GrantedRoles> {
  const [version] = await query('SELECT VERSION()');
  const flavour = /mariadb/i.test(version?.[0] ?? '') ? 'mariadb' : 'mysql';
  const accounts = (await query(ACCOUNTS_SQL)).map(([name, host, isSuper]) => ({
    name: name ?? '',
    host: host ?? '',
    isSuperuser: isSuper === 'Y',
  }));
  const byKey = new Map(accounts.map((account) => [keyOf(account), account]));
  const edges = new Map<AccountKey, Account[]>();
  for (const [name, host, role, roleHost] of await query(EDGES_SQL[flavour])) {
    const key = keyOf({ name: name ?? '', host: host ?? '' });
    const given = { name: role ?? '', host: roleHost ?? '' };
    edges.set(key, [...(edges.get(key) ?? []), byKey.get(keyOf(given)) ?? { ...given, isSuperuser: false }]);
  }
  return { accounts, reachedFrom: (account) => reached(edges, keyOf(account)) };
}

function reached(edges: ReadonlyMap<AccountKey, readonly Account[]>, from: AccountKey): readonly Account[] {
  const found = new Map<AccountKey, Account>();
  const waiting = [from];
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    for (const role of edges.get(key) ?? []) {
      if (found.has(keyOf(role))) continue;
      found.set(keyOf(role), role);
      waiting.push(keyOf(role));
    }
  }
  return [...found.values()];
}

function keyOf({ name, host }: Pick<Account, 'name' | 'host'>): AccountKey {
  return JSON.stringify([name, host.toLowerCase()]);
}
