import type { LedgerEvent, LedgerEventType } from '@sqlwarden/core';

/** Whether somebody should look at it: what was refused or held, what disagrees, who was put out, and what became of the log itself. */
const ALERTS = {
  'log.opened': (event) => event.recovered,
  'log.closed': () => false,
  heartbeat: () => false,
  'policy.loaded': () => false,
  'session.opened': () => false,
  'session.closed': () => false,
  'session.renewed': () => false,
  'session.killed': () => true,
  'revocations.changed': () => true,
  'login.refused': () => true,
  'token.issued': () => false,
  'token.refused': () => true,
  'statement.intent': ({ wouldBe }) => wouldBe !== undefined,
  'statement.refused': () => true,
  'statement.outcome': ({ limit, status }) => limit !== undefined || status === 'unknown',
  'statement.decided': ({ wouldBe }) => wouldBe !== undefined,
  'statement.completed': ({ limit }) => limit !== undefined,
  'transaction.ended': () => false,
  'approval.requested': () => true,
  'approval.decided': () => false,
  'approval.ended': () => false,
  'security.finding': () => true,
  'schema.changed': ({ intent }) => intent === undefined,
  'sink.stopped': () => true,
  'sink.resumed': () => true,
  'key.rotated': () => false,
  'values.erased': () => true,
  'retention.applied': () => true,
} as const satisfies { readonly [T in LedgerEventType]: (event: Extract<LedgerEvent, { type: T }>) => boolean };

export function isAlert(event: LedgerEvent): boolean {
  // The compiler does not see that the function under a type takes events of that type.
  return (ALERTS[event.type] as (event: LedgerEvent) => boolean)(event);
}
