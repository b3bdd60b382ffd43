import type { IntentField } from '@sqlwarden/core';

export { assertedInComment } from '@sqlwarden/core';

/** How a client of SQL Server says these: by the session context ("sp_set_session_context"), or where the text says it. */
export function howToAssert(fields: readonly IntentField[]): string {
  const [first = 'ticket'] = fields;
  const all = fields.length > 1 ? ` (the same for ${fields.slice(1).join(', ')})` : '';
  return `say it with EXEC sp_set_session_context N'sqlwarden.${first}', N'…' in a batch before, or with a comment /*${first}='…'*/ at the end of the batch${all}`;
}
