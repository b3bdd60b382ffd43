import type { AccountFacts, CatalogueQuery, RoleFacts } from '@sqlwarden/core';
import { unicodeConstant } from './constants.js';

/**
 * What the server says of logins, users and roles of the database, those that there are ("SUSER_ID", "DATABASE_PRINCIPAL_ID"). Security policies hold for everybody whom their
 * predicates do not leave out, owners too ("Row-level security"); which keys of the session context their functions read is not looked for.
 */
export async function readAccountFacts(query: CatalogueQuery, names: readonly string[]): Promise<AccountFacts> {
  const roles: RoleFacts[] = [];
  for (const name of names) {
    const [row] = await query(factsSql(name));
    if (row?.[0] !== '1') continue;
    roles.push({
      name,
      isSuperuser: row[1] === '1',
      reachesSuperuser: row[1] === '1',
      ignoresRowSecurity: false,
      mayBeTaken: row[2] === '1',
      ownsWithRowSecurity: [],
    });
  }
  return { roles, readByPolicies: [] };
}

/** Whether there is such a login, user or role; whether it owns the database or the server; whether the account is it or may impersonate it. */
function factsSql(name: string): string {
  const constant = unicodeConstant(name);
  return `
SELECT CASE WHEN SUSER_ID(${constant}) IS NULL AND DATABASE_PRINCIPAL_ID(${constant}) IS NULL THEN 0 ELSE 1 END,
       CASE WHEN IS_SRVROLEMEMBER('sysadmin', ${constant}) = 1 OR IS_ROLEMEMBER('db_owner', ${constant}) = 1 THEN 1 ELSE 0 END,
       CASE WHEN SUSER_SNAME() = ${constant} OR HAS_PERMS_BY_NAME(QUOTENAME(${constant}), 'USER', 'IMPERSONATE') = 1 THEN 1 ELSE 0 END`;
}
