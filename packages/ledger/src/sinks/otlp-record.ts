import type { LogAttributes, SeverityNumber } from '@opentelemetry/api-logs';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { LedgerEvent, StatementFacts, StatementRecord } from '@sqlwarden/core';
import { isAlert } from './alerts.js';
import { decidedOf, principalOf } from './entry-subject.js';
import { formatLine } from './format-line.js';
import { entryId, type SinkEntry } from './sink-entry.js';
import type { SinkFormat } from './sink-options.js';
import { nameParts, statementSummary, targetsOf } from './statement-summary.js';

/** `db.system.name` (OpenTelemetry semantic conventions, "Semantic conventions for database client spans"). */
const SYSTEMS: Readonly<Record<string, string>> = { postgres: 'postgresql', mysql: 'mysql', sqlserver: 'microsoft.sql_server' };
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** What all records of a sink share. */
export interface RecordFrame {
  readonly resource: ReadableLogRecord['resource'];
  readonly scope: ReadableLogRecord['instrumentationScope'];
  /** OpenTelemetry, "Logs Data Model", SeverityNumber. */
  readonly severities: { readonly info: SeverityNumber; readonly warn: SeverityNumber };
}

/** An entry as a log record; `undefined` where the format has nothing to say of it. */
export function otlpRecord(format: SinkFormat, entry: SinkEntry, frame: RecordFrame, observedMs: number): ReadableLogRecord | undefined {
  const line = formatLine(format, entry);
  if (line === undefined) return undefined;
  const { event } = entry;
  const alert = isAlert(event);
  const spanContext = spanContextOf(entry);
  return {
    resource: frame.resource,
    instrumentationScope: frame.scope,
    hrTime: hrTime(event.time),
    hrTimeObserved: hrTime(observedMs),
    ...(spanContext === undefined ? {} : { spanContext }),
    severityNumber: alert ? frame.severities.warn : frame.severities.info,
    severityText: alert ? 'WARN' : 'INFO',
    eventName: `sqlwarden.${event.type}`,
    body: line.toString('utf8').trimEnd(),
    attributes: defined({
      'log.record.uid': entryId(entry),
      'sqlwarden.ledger.origin': entry.origin,
      'sqlwarden.ledger.seq': entry.seq,
      'sqlwarden.alert': alert,
      ...sessionAttributes(entry),
      ...unitAttributes(entry),
      ...resultAttributes(event),
    }),
    droppedAttributesCount: 0,
  };
}

type Attributes = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

function sessionAttributes(entry: SinkEntry): Attributes {
  const { event, session } = entry;
  const principal = principalOf(entry);
  const [agent] = principal?.actors.filter(({ kind }) => kind === 'agent') ?? [];
  return {
    'session.id': 'session' in event ? event.session : undefined,
    'client.address': event.type === 'session.opened' ? event.client : 'client' in event ? event.client : session?.client,
    'user.id': principal?.subject.id,
    'user.name': principal?.subject.name,
    'sqlwarden.user.issuer': principal?.subject.issuer,
    'sqlwarden.actors': principal?.actors.map(({ issuer, id }) => `${issuer}#${id}`),
    'gen_ai.agent.id': agent?.id,
    'gen_ai.agent.name': agent?.name,
    'db.system.name': session === undefined ? undefined : (SYSTEMS[session.dialect] ?? 'other_sql'),
  };
}

function unitAttributes(entry: SinkEntry): Attributes {
  const unit = decidedOf(entry);
  if (unit === undefined) return 'upstream' in entry.event ? { 'sqlwarden.upstream': entry.event.upstream } : {};
  const facts: readonly StatementFacts[] = unit.facts ?? [];
  const [first] = facts;
  const collection = facts.length === 1 && first !== undefined ? targetsOf(first) : [];
  const [only] = collection.length === 1 ? collection : [];
  return {
    'db.namespace': only === undefined ? unit.database : [unit.database, nameParts(only).schema ?? []].flat().join('|'),
    'db.operation.name': facts.length === 1 ? first?.action.toUpperCase() : undefined,
    'db.operation.batch.size': facts.length > 1 ? facts.length : undefined,
    'db.collection.name': only === undefined ? undefined : nameParts(only).relation,
    'db.query.summary': statementSummary(facts),
    'sqlwarden.upstream': unit.upstream,
    'sqlwarden.fingerprint': unit.fingerprint,
    'sqlwarden.verdict': 'verdict' in unit ? unit.verdict : 'refused',
    'sqlwarden.rules': unit.rules,
    'sqlwarden.policy': unit.policy,
    'sqlwarden.labels': unit.labels,
    'sqlwarden.elevated': unit.elevated,
    'sqlwarden.masks': unit.masks.length,
  };
}

function resultAttributes(event: LedgerEvent): Attributes {
  if (event.type === 'statement.refused' || event.type === 'login.refused' || event.type === 'token.refused')
    return { 'error.type': event.code };
  if (event.type !== 'statement.outcome' && event.type !== 'statement.completed') return {};
  return {
    'db.response.status_code': event.errorCode,
    'error.type': event.status === 'ok' ? undefined : (event.errorCode ?? event.status),
    'db.response.returned_rows': total(event.statements, ({ rowsReturned }) => rowsReturned),
    'sqlwarden.rows_affected': total(event.statements, ({ rowsAffected }) => rowsAffected ?? 0),
    'sqlwarden.bytes_returned': event.bytesReturned,
    'sqlwarden.masked_cells': event.maskedCells,
    'sqlwarden.duration_us': event.durationUs,
    'sqlwarden.status': event.status,
  };
}

function total(statements: readonly StatementRecord[], of: (one: StatementRecord) => number): number {
  return statements.reduce((sum, one) => sum + of(one), 0);
}

/** The trace context that came with the statement (W3C Trace Context); asserted by the client, proven by nobody. */
function spanContextOf({ event, unit }: SinkEntry): ReadableLogRecord['spanContext'] {
  const asserted =
    ('asserted' in event ? event.asserted : undefined) ?? (unit !== undefined && 'asserted' in unit ? unit.asserted : undefined);
  const given = asserted?.['traceparent'];
  const match = TRACEPARENT.exec(typeof given === 'object' ? given.value : (given ?? ''));
  if (match === null) return undefined;
  const [, traceId = '', spanId = '', flags = '00'] = match;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}

function hrTime(ms: number): [number, number] {
  return [Math.floor(ms / 1000), (ms % 1000) * 1_000_000];
}

function defined(attributes: Attributes): LogAttributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)) as LogAttributes;
}
