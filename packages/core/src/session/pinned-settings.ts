import type { OpaqueReason, StatementFacts, UnitFacts } from '../sql/facts.js';
import { missingNameRefusal } from '../policy/missing-name.js';
import type { Refusal, Verdict } from '../policy/verdict.js';

/**
 * Settings that say on the server who a session is for: the role, and what is propagated for row-level security. Whoever could change one would be
 * somebody else to the server, so that no policy lets it: not even one that only observes.
 */
export type PinnedSettings = ReadonlySet<string>;

/** What may run statements that nobody has seen, or name something that does. Reading another place changes nothing here. */
const MAY_RUN_ANYTHING = {
  'unknown-node': true,
  'unknown-relation': true,
  'unreadable-relation': true,
  'unknown-column': false,
  'unknown-routine': true,
  'dynamic-sql': true,
  'session-state': true,
  'schema-changed': true,
  'foreign-data': false,
  complexity: true,
} as const satisfies Record<OpaqueReason['kind'], boolean>;

/** The verdict, or a refusal where a statement of the unit may give a pinned setting another value. Names are in lower case. */
export function keepingPinned(verdict: Verdict, facts: UnitFacts, pinned: PinnedSettings): Verdict {
  if (pinned.size === 0 || verdict.effect === 'deny') return verdict;
  for (const statement of facts.statements) {
    const refusal = refusalFor(statement, pinned);
    if (refusal === undefined) continue;
    const { approval: _, observed: __, ...rest } = verdict;
    return { ...rest, effect: 'deny', refusal };
  }
  return verdict;
}

function refusalFor(statement: StatementFacts, pinned: PinnedSettings): Refusal | undefined {
  const { settings = [] } = statement;
  if (settings === 'unknown')
    return refuse('which setting it changes cannot be seen, and some say who this session is for; write the name of the setting');
  const changed = settings.find((name) => pinned.has(name));
  if (changed !== undefined) return refuse(`the setting ${changed} says who this session is for and stays as it is; leave it out`);
  const reason = statement.opaque.find(({ kind }) => MAY_RUN_ANYTHING[kind]);
  if (reason === undefined) return undefined;
  return (
    missingNameRefusal(statement) ??
    refuse(`${reason.kind}: ${reason.detail}: it cannot be seen that who this session is for stays as it is; write out what it does`)
  );
}

function refuse(message: string): Refusal {
  return { code: 'setting-pinned', message };
}
