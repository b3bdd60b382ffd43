import type { LedgerEvent, LedgerEventType } from '@sqlwarden/core';
import { isAlert } from '../alerts.js';
import { principalOf } from '../entry-subject.js';
import { entryId, type SinkEntry } from '../sink-entry.js';
import { OCSF_VERSION, type OcsfClass, OTHER, SEVERITIES, type SeverityId, STATUSES, type StatusId } from './ocsf-classes.js';
import { agentOf, type OcsfObject } from './ocsf-objects.js';
import { ADMIN_MAPPINGS } from './admin-mappings.js';
import { SESSION_MAPPINGS } from './session-mappings.js';
import { STATEMENT_MAPPINGS } from './statement-mappings.js';

/** What an entry becomes. */
export interface OcsfMapped {
  readonly class: OcsfClass;
  /** An id of the class, or a word for what it has none for. */
  readonly activity: number | string;
  /** Default: informational, or medium for an alert. */
  readonly severity?: SeverityId;
  readonly status?: StatusId;
  readonly message: string;
  /** Attributes of the class. */
  readonly fields: OcsfObject;
  /** What the class has no attribute for. */
  readonly unmapped?: OcsfObject;
  /** Of the entry that an earlier entry of the same thing has: both have it in `metadata.correlation_uid`. */
  readonly correlation?: number;
}

/** For every type of entry, what it becomes; `undefined`: nothing. */
export type OcsfMappings<T extends LedgerEventType> = {
  readonly [Type in T]: (event: Extract<LedgerEvent, { readonly type: Type }>, entry: SinkEntry) => OcsfMapped | undefined;
};

const MAPPINGS = { ...ADMIN_MAPPINGS, ...SESSION_MAPPINGS, ...STATEMENT_MAPPINGS } as const satisfies OcsfMappings<LedgerEventType>;

/** An entry as an OCSF event: plain data, ready for JSON. `undefined` for decisions, which tell of nothing that happened. */
export function ocsfEvent(entry: SinkEntry): OcsfObject | undefined {
  const { event } = entry;
  const mapping = MAPPINGS[event.type] as (event: LedgerEvent, entry: SinkEntry) => OcsfMapped | undefined;
  const mapped = mapping(event, entry);
  if (mapped === undefined) return undefined;
  const agent = agentOf(principalOf(entry));
  const profiles = ['security_control'];
  if ('ai_agent' in agent && mapped.class.uid !== FINDING) profiles.push('ai_operation');
  if (isClassified(mapped.fields['database'])) profiles.push('data_classification');
  return {
    ...classification(mapped, isAlert(event)),
    time: event.time,
    message: mapped.message,
    ...statusOf(mapped),
    metadata: metadataOf(entry, profiles, mapped.correlation),
    is_alert: isAlert(event),
    ...(profiles.includes('ai_operation') && agent),
    ...mapped.fields,
    unmapped: { ...mapped.unmapped, ...actorsOf(entry), type: event.type, withheld: event.withheld?.map(({ field }) => field) },
  };
}

function isClassified(database: unknown): boolean {
  return typeof database === 'object' && database !== null && 'data_classifications' in database;
}

/** Has no profile for agents. */
const FINDING = 2006;

function classification({ class: of, activity, severity }: OcsfMapped, alert: boolean): OcsfObject {
  const activityId = typeof activity === 'number' ? activity : OTHER;
  const activityName = typeof activity === 'number' ? (of.activities[activity] ?? 'Unknown') : activity;
  const severityId = severity ?? (alert ? 3 : 1);
  return {
    activity_id: activityId,
    activity_name: activityName,
    category_uid: of.categoryUid,
    category_name: of.categoryName,
    class_uid: of.uid,
    class_name: of.name,
    type_uid: of.uid * 100 + activityId,
    type_name: `${of.name}: ${activityName}`,
    severity_id: severityId,
    severity: SEVERITIES[severityId],
  };
}

function statusOf({ class: of, status }: OcsfMapped): OcsfObject {
  if (of.uid === FINDING) return { status_id: 1, status: 'New' };
  return status === undefined ? {} : { status_id: status, status: STATUSES[status] };
}

function metadataOf(entry: SinkEntry, profiles: readonly string[], correlation: number | undefined): OcsfObject {
  const { origin, seq, event } = entry;
  return {
    version: OCSF_VERSION,
    product: { name: 'sqlwarden', vendor_name: 'sqlwarden' },
    uid: entryId(entry),
    sequence: seq,
    log_name: origin,
    event_code: event.type,
    profiles,
    ...(correlation !== undefined && { correlation_uid: entryId({ origin, seq: correlation }) }),
  };
}

/** The whole chain of who acts for whom, outermost first. */
function actorsOf(entry: SinkEntry): OcsfObject {
  const actors = principalOf(entry)?.actors ?? [];
  return actors.length === 0 ? {} : { actors: actors.map(({ kind, issuer, id, name }) => ({ kind, issuer, id, name })) };
}
