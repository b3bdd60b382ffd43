import { splitName, type StatementFacts } from '@sqlwarden/core';

const MAX_LENGTH = 255;

/**
 * What statements do and to what, without a literal: `SELECT public.people; UPDATE public.orders` (OpenTelemetry semantic conventions for databases,
 * `db.query.summary`: at most 255 characters). Made of the facts, never of the text.
 */
export function statementSummary(facts: readonly StatementFacts[]): string {
  const parts = facts.map(({ action, ...rest }) => [action.toUpperCase(), ...targetsOf(rest)].join(' '));
  const summary = parts.length === 0 ? 'UNKNOWN' : parts.join('; ');
  return summary.length <= MAX_LENGTH ? summary : `${summary.slice(0, MAX_LENGTH - 1)}…`;
}

/** What is written stands before what is read. */
export function targetsOf({ reads, writes, schemaChanges }: Pick<StatementFacts, 'reads' | 'writes' | 'schemaChanges'>): readonly string[] {
  return [...new Set([...schemaChanges.map(({ name }) => name), ...writes, ...reads])];
}

/** `schema.relation` in parts. A name that is none stands as a whole. */
export function nameParts(name: string): { readonly schema: string | undefined; readonly relation: string } {
  try {
    const parts = splitName(name);
    return { schema: parts.at(-2), relation: parts.at(-1) ?? name };
  } catch {
    return { schema: undefined, relation: name };
  }
}
