import type { ServerLogin } from '@sqlwarden/core';

/**
 * The startup parameters of a login that clients must not change. RESET, RESET ALL, SET … TO DEFAULT, RESET SESSION AUTHORIZATION and DISCARD ALL go back
 * to what a session was started with ("RESET", "SET ROLE"), whatever is set for roles and databases.
 */
export function pinnedParameters({ role, settings = {} }: Pick<ServerLogin, 'role' | 'settings'>): ReadonlyMap<string, string> {
  const pinned = new Map(Object.entries(settings));
  if (role !== undefined) pinned.set('role', role);
  return pinned;
}

/**
 * An expression that is true while the parameters have their values; `undefined` where there are none. It reads the same however literals are read in
 * the session.
 */
export function pinnedProbe(pinned: ReadonlyMap<string, string>): string | undefined {
  if (pinned.size === 0) return undefined;
  const conditions = [...pinned].map(([name, value]) => {
    const actual = `pg_catalog.current_setting(${dollarQuoted(name)}, true)`;
    return `${actual} OPERATOR(pg_catalog.=) ${dollarQuoted(value)}`;
  });
  const role = pinned.get('role');
  if (role !== undefined) conditions.push(`current_user OPERATOR(pg_catalog.=) ${dollarQuoted(role)}`);
  return `(${conditions.join(' AND ')}) IS TRUE`;
}

/** A literal in dollar quotes, which take everything as it stands. */
export function dollarQuoted(value: string): string {
  let tag = 'pinned';
  for (let at = 0; value.includes(`$${tag}`); at += 1) tag = `pinned${at}`;
  return `$${tag}$${value}$${tag}$`;
}
