import type { ParseContext } from '@sqlwarden/core';

/** What the meaning of a text depends on besides the text itself. */
export interface LexicalState {
  /** SET QUOTED_IDENTIFIER: `"…"` is an identifier when it is on, else a string. */
  readonly quotedIdentifier: boolean;
  /** The server's major version: 16 for SQL Server 2022. */
  readonly serverVersion: number;
  /**
   * Names that differ in case differ: the collation of the database or of the server is `…_CS_…` or binary. `SSN` may then be an alias beside
   * the column `ssn`.
   */
  readonly caseSensitive: boolean;
}

/**
 * Reads the lexical state from what the session knows. `undefined` when QUOTED_IDENTIFIER is not known (neither `on` nor `off`): a text with
 * double quotes then has two meanings.
 */
export function lexicalState(context: ParseContext): LexicalState | undefined {
  const quoted = context.lexical['quoted_identifier'];
  if (quoted !== 'on' && quoted !== 'off') return undefined;
  return { quotedIdentifier: quoted === 'on', serverVersion: context.serverVersion, caseSensitive: isCaseSensitive(context) };
}

/** By `case_sensitive` of the lexical state. Who does not say `off` is taken to have such names. */
export function isCaseSensitive(context: ParseContext): boolean {
  return context.lexical['case_sensitive'] !== 'off';
}
