import type { CatalogueQuery } from '@sqlwarden/core';
import { dollarQuoted } from './pinned-parameters.js';

/** The roles that a user is a member of ("pg_auth_members"); that superusers may be any role does not make them members. */
export async function readMemberships(query: CatalogueQuery, user: string): Promise<readonly string[]> {
  if (user.includes('\0')) return [];
  const rows = await query(`
WITH RECURSIVE member(roleid) AS (
  SELECT oid FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) ${dollarQuoted(user)}
  UNION
  SELECT m.roleid FROM pg_catalog.pg_auth_members m JOIN member ON m.member OPERATOR(pg_catalog.=) member.roleid)
SELECT r.rolname FROM pg_catalog.pg_roles r JOIN member ON r.oid OPERATOR(pg_catalog.=) member.roleid
WHERE r.rolname OPERATOR(pg_catalog.<>) ${dollarQuoted(user)} ORDER BY 1`);
  return rows.flatMap(([name]) => name ?? []);
}
