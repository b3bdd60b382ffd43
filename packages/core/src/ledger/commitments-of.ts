import type { Commitment, LedgerEvent } from './event.js';
import { unreachable } from '../unreachable.js';

/** A commitment as it stands in an event, with the name that its disclosure has. */
export interface NamedCommitment extends Commitment {
  readonly name: string;
}

/** Every commitment of an event, by the name of its disclosure, in the order of the event. */
export function commitmentsOf(event: LedgerEvent): NamedCommitment[] {
  const withheld = (event.withheld ?? []).map(({ field, commitment }) => ({ name: `withheld.${field}`, commitment }));
  return [...fieldCommitments(event), ...withheld];
}

function fieldCommitments(event: LedgerEvent): NamedCommitment[] {
  switch (event.type) {
    case 'statement.intent':
    case 'statement.refused':
    case 'approval.requested':
      return [{ name: 'text', ...event.text }, ...event.parameters.map((parameter) => ({ name: 'parameter', ...parameter }))];
    case 'statement.decided':
      return [{ name: 'text', ...event.text }];
    case 'statement.completed':
      return event.parameters.map((parameter) => ({ name: 'parameter', ...parameter }));
    case 'approval.decided':
      return [{ name: 'token', ...event.token }, ...(event.comment === undefined ? [] : [{ name: 'comment', ...event.comment }])];
    case 'log.opened':
    case 'log.closed':
    case 'heartbeat':
    case 'policy.loaded':
    case 'session.opened':
    case 'session.closed':
    case 'session.renewed':
    case 'session.killed':
    case 'revocations.changed':
    case 'login.refused':
    case 'token.issued':
    case 'token.refused':
    case 'statement.outcome':
    case 'transaction.ended':
    case 'approval.ended':
    case 'security.finding':
    case 'schema.changed':
    case 'sink.stopped':
    case 'sink.resumed':
    case 'key.rotated':
    case 'values.erased':
    case 'retention.applied':
      return [];
    default:
      return unreachable(event);
  }
}
