import type { AccountFacts, CatalogueQuery } from '@sqlwarden/core';
import { dollarQuoted } from './pinned-parameters.js';

const FACTS = `
SELECT r.rolname, r.rolsuper, r.rolbypassrls, pg_catalog.pg_has_role(current_user, r.oid, 'MEMBER'),
       EXISTS (SELECT FROM pg_catalog.pg_roles s WHERE s.rolsuper AND pg_catalog.pg_has_role(r.oid, s.oid, 'MEMBER')),
       (SELECT pg_catalog.json_agg(c.oid::pg_catalog.regclass::pg_catalog.text ORDER BY 1) FROM pg_catalog.pg_class c
        WHERE c.relrowsecurity AND NOT c.relforcerowsecurity AND pg_catalog.pg_has_role(r.oid, c.relowner, 'USAGE'))
FROM pg_catalog.pg_roles r WHERE r.rolname`;

/** What the server says of roles ("pg_roles"), those that there are; and which settings the policies of its relations name ("pg_policies"). */
export async function readAccountFacts(
  query: CatalogueQuery,
  names: readonly string[],
  settings: readonly string[],
): Promise<AccountFacts> {
  const wanted = names.filter((name) => !name.includes('\0')).map(dollarQuoted);
  const rows = wanted.length === 0 ? [] : await query(`${FACTS} IN (${wanted.join(', ')})`);
  const policies = await query('SELECT pg_catalog.concat(qual, with_check) FROM pg_catalog.pg_policies');
  const texts = policies.map(([text]) => (text ?? '').toLowerCase());
  return {
    roles: rows.map(([name, isSuper, bypasses, mayBecome, reachesSuper, unforced]) => ({
      name: name ?? '',
      isSuperuser: isSuper === 't',
      reachesSuperuser: reachesSuper === 't',
      ignoresRowSecurity: isSuper === 't' || bypasses === 't',
      mayBeTaken: mayBecome === 't',
      ownsWithRowSecurity: unforced === null || unforced === undefined ? [] : (JSON.parse(unforced) as string[]),
    })),
    readByPolicies: settings.filter((setting) => texts.some((text) => text.includes(setting))),
  };
}
