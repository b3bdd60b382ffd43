import type { OpaqueReason, StatementFacts } from '../sql/facts.js';
import type { Refusal } from './verdict.js';

/** The database would refuse it too, and applications rely on the code that it gives (does my table of migrations exist?). */
export function missingNameRefusal({ opaque: [reason] }: StatementFacts): Refusal | undefined {
  switch (reason?.kind) {
    case 'unknown-relation':
      return { code: 'relation-unknown', message: `relation ${reason.detail} does not exist; correct the name, or check the search path` };
    case 'unknown-column':
      return {
        code: 'column-unknown',
        message: `column ${reason.detail} does not exist, or cannot be told from others; name it with its table`,
      };
    default:
      return undefined;
  }
}

const MISSING: ReadonlySet<OpaqueReason['kind']> = new Set<OpaqueReason['kind']>(['unknown-relation', 'unknown-column']);

/** The statement as if the names that it misses stood for something without labels; `undefined` when more than names is not known of it. */
export function withoutMissingNames(facts: StatementFacts): StatementFacts | undefined {
  if (facts.opaque.length === 0 || !facts.opaque.every(({ kind }) => MISSING.has(kind))) return undefined;
  const { outputs } = facts;
  const seen = outputs === undefined || outputs === 'unknown' ? undefined : outputs.map((output) => ({ ...output, opaque: false }));
  return { ...facts, opaque: [], outputs: seen };
}
