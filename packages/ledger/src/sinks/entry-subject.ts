import type { Principal, StatementDecided, StatementIntent, StatementRefused } from '@sqlwarden/core';
import type { SinkEntry } from './sink-entry.js';

/** Whoever is behind it. */
export function principalOf({ event, session, unit }: SinkEntry): Principal | undefined {
  if ('principal' in event) return event.principal;
  if (event.type === 'approval.requested') return event.requester;
  if (event.type === 'approval.decided') return event.approver;
  if ('by' in event && typeof event.by === 'object') return event.by;
  return unit !== undefined && 'principal' in unit ? unit.principal : session?.principal;
}

/** What was decided of the statements that the entry is about. */
export function decidedOf({ event, unit }: SinkEntry): StatementIntent | StatementRefused | StatementDecided | undefined {
  const isDecision = event.type === 'statement.intent' || event.type === 'statement.refused' || event.type === 'statement.decided';
  return isDecision ? event : unit;
}
