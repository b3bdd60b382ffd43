import type { IntentField } from '@sqlwarden/core';

export { assertedInComment } from '@sqlwarden/core';

/** How a client of PostgreSQL says these. */
export function howToAssert(fields: readonly IntentField[]): string {
  const [first = 'ticket'] = fields;
  const all = fields.length > 1 ? ` (the same for ${fields.slice(1).join(', ')})` : '';
  return `say it with SET sqlwarden.${first} = '…' in a message before, with options=-c sqlwarden.${first}=… at login, or with a comment /*${first}='…'*/ at the end of the statement${all}`;
}
