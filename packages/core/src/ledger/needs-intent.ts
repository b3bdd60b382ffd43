import type { StatementClass, StatementFacts } from '../sql/facts.js';

/** Classes of statements of which an entry may tell when they are over only. */
const TOLD_AFTERWARDS = {
  read: true,
  session: true,
  transaction: true,
  write: false,
  schema: false,
  privilege: false,
  procedural: false,
  administrative: false,
} as const satisfies Record<StatementClass, boolean>;

/** True when a statement must have an intent of its own, which is on the disk before it is forwarded. */
export function needsIntent(facts: StatementFacts): boolean {
  return !TOLD_AFTERWARDS[facts.class] || facts.elevated || facts.opaque.length > 0;
}
