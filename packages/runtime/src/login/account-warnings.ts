import type { AccountFacts, RoleFacts } from '@sqlwarden/core';
import type { UpstreamConfig } from '../config/gateway-config.js';

/** The roles that sessions of an upstream run as, as far as its configuration says; without those that an identity names. */
export function configuredRoles({ credentials: { user, sessions } }: UpstreamConfig): readonly string[] {
  const named = (roles: readonly { readonly role: string }[]): string[] => [...new Set(roles.map(({ role }) => role))];
  switch (sessions.mode) {
    case 'shared':
      return [user];
    case 'client-password':
      return [];
    case 'role':
    case 'minted':
      return (sessions.roles === undefined ? [user] : named(sessions.roles)).filter((role) => !role.includes('{id}'));
  }
}

/** What is weak in the roles that sessions run as, by what the server says of them; for `check --connect`. */
export function accountWarnings(upstream: UpstreamConfig, { roles, readByPolicies }: AccountFacts): readonly string[] {
  const { credentials, propagate } = upstream;
  const { mode } = credentials.sessions;
  const wanted = configuredRoles(upstream);
  const found = roles.filter(({ name }) => wanted.includes(name)).flatMap((role) => roleWarnings(role, upstream));
  for (const name of wanted)
    if (!roles.some((role) => role.name === name)) found.push(`there is no role "${name}" on the server; create it, or correct the name`);
  const account = roles.find(({ name }) => name === credentials.user);
  if (mode !== 'shared' && account?.isSuperuser === true)
    found.push(
      `the account "${account.name}" that the gateway reads the schema with is a superuser; give it no more than login and the roles of credentials.roles`,
    );
  for (const name of Object.values(propagate))
    if (!readByPolicies.includes(name))
      found.push(`propagate: no policy of row-level security reads ${name}, so it keeps nobody from anything; create one, or leave it out`);
  return found.map((warning) => `upstream ${upstream.name}: ${warning}`);
}

function roleWarnings(role: RoleFacts, { credentials: { sessions }, propagate }: UpstreamConfig): readonly string[] {
  const found: string[] = [];
  const { name } = role;
  if (role.isSuperuser)
    found.push(`sessions run as "${name}", a superuser, whom the server refuses nothing; use a role with the rights that are needed`);
  else if (role.reachesSuperuser) found.push(`sessions run as "${name}", which is a member of a superuser and can become one; revoke that`);
  if (sessions.mode === 'role' && !role.mayBeTaken)
    found.push(`the account may not become "${name}"; grant it: GRANT "${name}" TO the user of credentials`);
  if (Object.keys(propagate).length === 0) return found;
  if (role.ignoresRowSecurity)
    found.push(`row-level security does not hold for "${name}" (superuser or BYPASSRLS), so what is propagated keeps nobody from anything`);
  else if (role.ownsWithRowSecurity.length > 0) {
    const shown = role.ownsWithRowSecurity.slice(0, 3).join(', ');
    found.push(
      `row-level security does not hold for "${name}", who owns ${shown}; write ALTER TABLE … FORCE ROW LEVEL SECURITY, or use another role`,
    );
  }
  return found;
}
