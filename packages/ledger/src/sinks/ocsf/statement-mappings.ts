import type {
  Action,
  Principal,
  StatementCompleted,
  StatementDecided,
  StatementFacts,
  StatementIntent,
  StatementOutcome,
  StatementRefused,
} from '@sqlwarden/core';
import { entryId, type SinkEntry } from '../sink-entry.js';
import { targetsOf } from '../statement-summary.js';
import { DATA_SECURITY_FINDING, DATASTORE_ACTIVITY, type StatusId } from './ocsf-classes.js';
import type { OcsfMapped, OcsfMappings } from './ocsf-event.js';
import { actorOf, databaseOf, endpointOf, GATEWAY_ACTOR, type OcsfObject, policyOf, queryOf, tableOf } from './ocsf-objects.js';

type StatementType =
  | 'statement.intent'
  | 'statement.refused'
  | 'statement.outcome'
  | 'statement.decided'
  | 'statement.completed'
  | 'transaction.ended'
  | 'security.finding'
  | 'schema.changed';

/** Datastore Activity 6005 for what was forwarded, Data Security Finding 2006 for what was not. */
export const STATEMENT_MAPPINGS: OcsfMappings<StatementType> = {
  'statement.intent': (event, entry) => ({
    ...activity(entry, event, event.principal, undefined),
    status: 0,
    message: 'the statement is forwarded',
    correlation: event.seq,
  }),
  'statement.outcome': (event, entry) => ({ ...executed(entry, event), correlation: event.intent }),
  'statement.completed': (event, entry) => executed(entry, event),
  'statement.decided': () => undefined,
  'statement.refused': (event, entry) => refused(event, entry),
  'transaction.ended': (event, { session }) => ({
    class: DATASTORE_ACTIVITY,
    activity: event.end,
    status: event.end === 'unknown' ? 0 : 1,
    message: `transaction ${event.transaction}: ${event.end}`,
    fields: {
      actor: session === undefined ? GATEWAY_ACTOR : actorOf(session.principal, event.session),
      src_endpoint: endpointOf(session?.client),
      database: databaseOf(session?.database ?? '', session?.upstream, session?.dialect, []),
    },
    unmapped: { transaction: event.transaction },
  }),
  'security.finding': (event, { session, origin, seq }) => ({
    class: DATA_SECURITY_FINDING,
    activity: 1,
    severity: 4,
    message: `${event.kind}: ${event.detail}`,
    fields: {
      finding_info: { uid: entryId({ origin, seq }), title: event.kind, desc: event.detail, types: [event.kind] },
      data_security: MONITORING,
      ...(session !== undefined && {
        actor: actorOf(session.principal, event.session),
        src_endpoint: endpointOf(session.client),
        database: databaseOf(session.database, session.upstream, session.dialect, []),
      }),
    },
    unmapped: { intent: event.intent, read: event.read, columns: event.columns },
  }),
  'schema.changed': (event, { session }) => ({
    class: DATASTORE_ACTIVITY,
    activity: 2,
    status: 1,
    message: `the schema of ${event.upstream} has changed`,
    fields: {
      actor: session === undefined ? GATEWAY_ACTOR : actorOf(session.principal),
      src_endpoint: endpointOf(session?.client),
      database: databaseOf(event.upstream, event.upstream, undefined, []),
      type_id: 1,
      type: 'Database',
    },
    unmapped: { intent: event.intent, catalogue: event.catalogue, changes: event.changes },
  }),
};

/** `data_security.detection_system_id` 9: Database Activity Monitoring. */
const MONITORING = { detection_system_id: 9, detection_system: 'Database Activity Monitoring' };

const ACTIVITIES: Partial<Readonly<Record<Action, number>>> = {
  select: 4,
  fetch: 4,
  explain: 4,
  show: 8,
  insert: 5,
  copy: 5,
  merge: 5,
  update: 2,
  alter: 2,
  rename: 2,
  comment: 2,
  grant: 2,
  revoke: 2,
  delete: 7,
  truncate: 7,
  drop: 7,
  create: 6,
};

const STATUS_IDS: Readonly<Record<StatementOutcome['status'], StatusId>> = { ok: 1, error: 2, cancelled: 2, unknown: 0 };

function executed(entry: SinkEntry, event: StatementOutcome | StatementCompleted): OcsfMapped {
  const { unit, session } = entry;
  const principal = unit !== undefined && 'principal' in unit ? unit.principal : session?.principal;
  return {
    ...activity(entry, unit, principal, event.bytesReturned),
    status: STATUS_IDS[event.status],
    message: `the statement ended: ${event.status}`,
    unmapped: {
      ...unitUnmapped(unit),
      statements: event.statements,
      bytes_returned: event.bytesReturned,
      masked_cells: event.maskedCells,
      duration_us: event.durationUs,
      limit: event.limit,
      transaction: event.transaction,
      error_code: event.errorCode,
    },
  };
}

function activity(
  { session, event }: SinkEntry,
  unit: StatementIntent | StatementDecided | undefined,
  principal: Principal | undefined,
  bytes: number | undefined,
): OcsfMapped {
  const facts = unit?.facts ?? [];
  const errorCode = 'errorCode' in event ? event.errorCode : undefined;
  const table = tableOf(facts);
  return {
    class: DATASTORE_ACTIVITY,
    activity: activityOf(facts),
    message: '',
    fields: {
      actor: principal === undefined ? GATEWAY_ACTOR : actorOf(principal, 'session' in event ? event.session : undefined),
      src_endpoint: endpointOf(session?.client),
      database: databaseOf(unit?.database ?? session?.database ?? '', unit?.upstream, session?.dialect, unit?.labels ?? []),
      ...(table !== undefined && { table }),
      type_id: 1,
      type: 'Database',
      ...(unit !== undefined && { query_info: queryOf(unit, bytes), ...policyOf(unit), ...dispositionOf(unit) }),
      ...(errorCode !== undefined && { status_code: errorCode }),
    },
    unmapped: unitUnmapped(unit),
  };
}

function refused(event: StatementRefused, { session, origin, seq }: SinkEntry): OcsfMapped {
  const facts = event.facts ?? [];
  const table = tableOf(facts);
  const isHeld = event.request !== undefined;
  return {
    class: DATA_SECURITY_FINDING,
    activity: 1,
    message: `a statement was ${isHeld ? 'held' : 'refused'}: ${event.code}`,
    fields: {
      finding_info: {
        uid: entryId({ origin, seq }),
        title: `statement ${isHeld ? 'held' : 'refused'}: ${event.code}`,
        desc: event.message,
        types: [event.code],
      },
      data_security: { ...MONITORING, policy: { uid: event.policy, name: event.rule ?? 'sqlwarden' } },
      actor: actorOf(event.principal, event.session),
      src_endpoint: endpointOf(session?.client),
      database: databaseOf(event.database, event.upstream, session?.dialect, event.labels),
      ...(table !== undefined && { table }),
      action_id: 2,
      action: 'Denied',
      ...(isHeld ? { disposition_id: 14, disposition: 'Delayed' } : { disposition_id: 2, disposition: 'Blocked' }),
      ...policyOf(event),
    },
    unmapped: { ...unitUnmapped(event), code: event.code, rule: event.rule, request: event.request, query_info: queryOf(event) },
  };
}

/** The first statement that is more than a frame around others. */
function activityOf(facts: readonly StatementFacts[]): number | string {
  const telling = facts.find(({ class: kind }) => kind !== 'transaction' && kind !== 'session') ?? facts[0];
  if (telling === undefined) return 'Unknown Statement';
  return ACTIVITIES[telling.action] ?? telling.action;
}

function dispositionOf(unit: StatementIntent | StatementDecided): OcsfObject {
  if (unit.wouldBe !== undefined) return { action_id: 3, action: 'Observed', disposition_id: 15, disposition: 'Detected' };
  if (unit.masks.length > 0) return { action_id: 4, action: 'Modified', disposition_id: 11, disposition: 'Corrected' };
  if (unit.verdict === 'approved') return { action_id: 1, action: 'Allowed', disposition_id: 8, disposition: 'Approved' };
  return { action_id: 1, action: 'Allowed', disposition_id: 1, disposition: 'Allowed' };
}

function unitUnmapped(unit: StatementIntent | StatementDecided | StatementRefused | undefined): OcsfObject {
  if (unit === undefined) return {};
  return {
    environment: unit.environment,
    enforcement: unit.enforcement,
    elevated: unit.elevated,
    labels: unit.labels,
    masks: unit.masks,
    tables: [...new Set((unit.facts ?? []).flatMap(targetsOf))],
    text_commitment: unit.text.commitment,
    approval: 'approval' in unit ? unit.approval : undefined,
    would_be: 'wouldBe' in unit ? unit.wouldBe : undefined,
    asserted: 'asserted' in unit ? unit.asserted : undefined,
  };
}
