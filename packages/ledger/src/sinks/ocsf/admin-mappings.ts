import type { Principal } from '@sqlwarden/core';
import { API_ACTIVITY, APPLICATION_LIFECYCLE } from './ocsf-classes.js';
import type { OcsfMapped, OcsfMappings } from './ocsf-event.js';
import { actorOf, endpointOf, GATEWAY_ACTOR, type OcsfObject } from './ocsf-objects.js';

type AdminType =
  | 'log.opened'
  | 'log.closed'
  | 'heartbeat'
  | 'policy.loaded'
  | 'sink.stopped'
  | 'sink.resumed'
  | 'session.killed'
  | 'revocations.changed'
  | 'approval.requested'
  | 'approval.decided'
  | 'approval.ended'
  | 'key.rotated'
  | 'values.erased'
  | 'retention.applied';

/** Application Lifecycle 6002 for the gateway and its log, API Activity 6003 for what people and the gateway do to them. */
export const ADMIN_MAPPINGS: OcsfMappings<AdminType> = {
  'log.opened': (event) =>
    lifecycle(3, `the ledger was opened${event.recovered ? ', after it was not closed in order' : ''}`, {
      software: event.software,
      recovered: event.recovered,
      heartbeat_ms: event.heartbeatMs,
      previous: event.previous,
    }),
  'log.closed': () => lifecycle(4, 'the ledger was closed in order', {}),
  heartbeat: (event) => lifecycle('Heartbeat', 'the ledger is open', { sessions: event.sessions }),
  'policy.loaded': ({ digest, mode, files, inactive }) => lifecycle(8, `policy ${digest} was loaded`, { digest, mode, files, inactive }),
  'sink.stopped': ({ sink, next, reason }) => lifecycle(7, `sink ${sink} stopped: ${reason}`, { sink, next }),
  'sink.resumed': ({ sink, next }) => lifecycle(6, `sink ${sink} goes on`, { sink, next }),
  'session.killed': ({ session, by, reason }) =>
    call({ activity: 4, operation: 'session.kill', by, resource: { type: 'session', uid: session }, unmapped: { reason } }),
  'revocations.changed': ({ source, added, lifted, by, sha256 }) =>
    call({
      activity: 3,
      operation: 'revocations.change',
      by,
      resource: { type: 'revocations', name: source },
      unmapped: { added, lifted, sha256 },
    }),
  'approval.requested': (event, { session }) =>
    call({
      activity: 1,
      operation: 'approval.request',
      by: event.requester,
      request: event.request,
      client: session?.client,
      resource: { type: 'approval', uid: event.request },
      disposition: { action_id: 2, action: 'Denied', disposition_id: 14, disposition: 'Delayed' },
      unmapped: {
        digest: event.digest,
        upstream: event.upstream,
        rule: event.rule,
        groups: event.groups,
        people: event.people,
        expires_at: event.expiresAt,
        labels: event.labels,
      },
    }),
  'approval.decided': (event) =>
    call({
      activity: 3,
      operation: `approval.${event.decision}`,
      by: event.approver,
      request: event.request,
      resource: { type: 'approval', uid: event.request },
      disposition:
        event.decision === 'approve'
          ? { action_id: 1, action: 'Allowed', disposition_id: 8, disposition: 'Approved' }
          : { action_id: 2, action: 'Denied', disposition_id: 25, disposition: 'Rejected' },
      unmapped: { digest: event.digest },
    }),
  'approval.ended': (event) =>
    call({
      activity: 4,
      operation: `approval.${event.end}`,
      by: undefined,
      request: event.request,
      resource: { type: 'approval', uid: event.request },
      unmapped: { digest: event.digest },
    }),
  'key.rotated': ({ previous, next, by }) =>
    call({ activity: 3, operation: 'key.rotate', by, resource: { type: 'key', name: next }, unmapped: { previous } }),
  'values.erased': ({ entries, names, reason, by }) =>
    call({
      activity: 4,
      operation: 'values.erase',
      by,
      resource: { type: 'ledger', name: 'values' },
      unmapped: { entries, names, reason },
    }),
  'retention.applied': ({ entriesBefore, valuesBefore, by }) =>
    call({
      activity: 4,
      operation: 'retention.apply',
      by,
      resource: { type: 'ledger', name: 'entries' },
      unmapped: { entries_before: entriesBefore, values_before: valuesBefore },
    }),
};

function lifecycle(activity: number | string, message: string, unmapped: OcsfObject): OcsfMapped {
  return {
    class: APPLICATION_LIFECYCLE,
    activity,
    status: 1,
    message,
    fields: { app: { name: 'sqlwarden', vendor_name: 'sqlwarden' } },
    unmapped,
  };
}

interface Call {
  readonly activity: number;
  readonly operation: string;
  readonly by: Principal | undefined;
  readonly request?: string;
  readonly client?: string | undefined;
  readonly resource: OcsfObject;
  readonly disposition?: OcsfObject;
  readonly unmapped: OcsfObject;
}

function call({ activity, operation, by, request, client, resource, disposition, unmapped }: Call): OcsfMapped {
  return {
    class: API_ACTIVITY,
    activity,
    status: 1,
    message: operation,
    fields: {
      actor: by === undefined ? GATEWAY_ACTOR : actorOf(by),
      api: { operation, service: { name: 'sqlwarden' }, ...(request !== undefined && { request: { uid: request } }) },
      src_endpoint: endpointOf(client),
      resources: [resource],
      ...disposition,
    },
    unmapped,
  };
}
