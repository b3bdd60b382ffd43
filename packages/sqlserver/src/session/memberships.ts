import type { CatalogueQuery } from '@sqlwarden/core';
import { SEES_ALL } from '../catalog/queries.js';
import { unicodeConstant } from './constants.js';

/**
 * The roles of the database that a login is a member of, directly or not ("sys.database_role_members"), by the user that the login is there. None when the
 * database has no user for it. Rejects where the account of the gateway may not see who has which role.
 */
export async function readMemberships(query: CatalogueQuery, login: string): Promise<readonly string[]> {
  const rows = await query(membershipsSql(login));
  const roles = rows.flatMap(([role]) => role ?? []);
  // INVARIANT: without VIEW DEFINITION users of others are not shown, which would look like somebody without roles.
  if (roles[0] !== '1') throw new Error('the roles of users cannot be read: GRANT VIEW DEFINITION to the user of the gateway');
  return roles.slice(1).sort();
}

function membershipsSql(login: string): string {
  return `
WITH reached (id) AS (
  SELECT principal_id FROM sys.database_principals WHERE sid = SUSER_SID(${unicodeConstant(login)})
  UNION ALL
  SELECT m.role_principal_id FROM sys.database_role_members AS m JOIN reached AS r ON m.member_principal_id = r.id
)
SELECT CONVERT(nvarchar(128), ${SEES_ALL}) AS name, 0 AS position
UNION
SELECT p.name, 1 FROM reached AS r JOIN sys.database_principals AS p ON p.principal_id = r.id WHERE p.type = 'R'
ORDER BY position`;
}
