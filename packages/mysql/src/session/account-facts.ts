import type { AccountFacts, CatalogueQuery, RoleFacts } from '@sqlwarden/core';
import { type GrantedRoles, readGrantedRoles } from './granted-roles.js';

/**
 * What the server says of roles and accounts, those that there are. MySQL knows no row-level security, so that none is ignored and nothing reads
 * settings. Where the gateway's account may not read the grant tables, only what it is told of itself is known.
 */
export async function readAccountFacts(query: CatalogueQuery, names: readonly string[]): Promise<AccountFacts> {
  const own = await readOwn(query);
  const granted = await readGrantedRoles(query).catch(() => undefined);
  const roles = names.flatMap((name) => (granted === undefined ? factsOfOwn(name, own) : factsOf(name, granted, own)) ?? []);
  return { roles, readByPolicies: [] };
}

interface Own {
  readonly user: string;
  readonly host: string;
  readonly isSuperuser: boolean;
  /** Roles that it may become. */
  readonly roles: ReadonlySet<string>;
}

const OWN_SQL = `
SELECT SUBSTRING_INDEX(CURRENT_USER(), '@', 1), SUBSTRING_INDEX(CURRENT_USER(), '@', -1),
       EXISTS (SELECT 1 FROM information_schema.USER_PRIVILEGES WHERE PRIVILEGE_TYPE = 'SUPER'
               AND GRANTEE = CONCAT(QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', 1)), '@', QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', -1))))`;

async function readOwn(query: CatalogueQuery): Promise<Own> {
  const [row] = await query(OWN_SQL);
  const roles = await query('SELECT ROLE_NAME FROM information_schema.APPLICABLE_ROLES').catch(() => []);
  return {
    user: row?.[0] ?? '',
    host: row?.[1] ?? '',
    isSuperuser: row?.[2] === '1',
    roles: new Set(roles.flatMap(([role]) => role ?? [])),
  };
}

function factsOf(name: string, granted: GrantedRoles, own: Own): RoleFacts | undefined {
  const accounts = granted.accounts.filter((account) => account.name === name);
  if (accounts.length === 0) return undefined;
  const isSuperuser = accounts.some((account) => account.isSuperuser);
  const reaches = accounts.some((account) => granted.reachedFrom(account).some((role) => role.isSuperuser));
  const mayBeTaken = name === own.user || granted.reachedFrom({ name: own.user, host: own.host }).some((role) => role.name === name);
  return { ...NO_ROW_SECURITY, name, isSuperuser, reachesSuperuser: isSuperuser || reaches, mayBeTaken };
}

function factsOfOwn(name: string, { user, isSuperuser, roles }: Own): RoleFacts | undefined {
  if (name === user) return { ...NO_ROW_SECURITY, name, isSuperuser, reachesSuperuser: isSuperuser, mayBeTaken: true };
  return roles.has(name) ? { ...NO_ROW_SECURITY, name, isSuperuser: false, reachesSuperuser: false, mayBeTaken: true } : undefined;
}

const NO_ROW_SECURITY = { ignoresRowSecurity: false, ownsWithRowSecurity: [] };
