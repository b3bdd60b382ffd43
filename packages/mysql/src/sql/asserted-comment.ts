import type { IntentField } from '@sqlwarden/core';

export { assertedInComment } from '@sqlwarden/core';

/** How a client of MySQL says these. Where the login says it, it is by a connection attribute ("Performance Schema Connection Attribute Tables"). */
export function howToAssert(fields: readonly IntentField[]): string {
  const [first = 'ticket'] = fields;
  const all = fields.length > 1 ? ` (the same for ${fields.slice(1).join(', ')})` : '';
  return `say it with a query attribute ${first}, with SET @sqlwarden.${first} = '…' in a command before, or with a comment /*${first}='…'*/ at the end of the statement${all}`;
}
