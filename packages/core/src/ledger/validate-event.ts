import { canonicalJson } from './canonical.js';
import type { LedgerEvent, LedgerEventType } from './event.js';

/**
 * From the bytes of an entry to an event. An entry is accepted only when its bytes are the one canonical form of a known event; fields that
 * this version does not know are kept, so that a log written by a later version can be read.
 */

export type LedgerEventErrorCode = 'not-canonical' | 'not-an-event' | 'unknown-type' | 'bad-field';

/** An entry that is not an event, or not in its canonical form. The message names the field, never its value. */
export class LedgerEventError extends Error {
  override readonly name = 'LedgerEventError';
  readonly code: LedgerEventErrorCode;
  constructor(code: LedgerEventErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

type FieldKind = 'string' | 'count' | 'number' | 'boolean' | 'object' | 'array' | 'commitment' | 'results' | 'ranges';
type Fields = Readonly<Record<string, FieldKind | `${FieldKind}?`>>;

const DECISION = {
  upstream: 'string',
  database: 'string',
  environment: 'string',
  enforcement: 'string',
  text: 'commitment',
  fingerprint: 'string',
  labels: 'array',
  rules: 'array',
  policy: 'string',
  catalogue: 'count',
  elevated: 'boolean',
  masks: 'array',
  protectedColumns: 'array?',
} as const satisfies Fields;

const UNIT = {
  ...DECISION,
  session: 'string',
  principal: 'object',
  phase: 'string',
  parameters: 'array',
  transaction: 'count',
  asserted: 'object?',
} as const satisfies Fields;

const RESULT = {
  status: 'string',
  statements: 'results',
  bytesReturned: 'count',
  maskedCells: 'count',
  errorCode: 'string?',
  limit: 'string?',
  durationUs: 'number',
  transaction: 'count',
  suspended: 'boolean?',
} as const satisfies Fields;

const APPROVAL = { request: 'string', digest: 'string' } as const satisfies Fields;

const FIELDS = {
  'log.opened': { origin: 'string', software: 'string', recovered: 'boolean', heartbeatMs: 'count', previous: 'object' },
  'log.closed': {},
  heartbeat: { sessions: 'count' },
  'policy.loaded': { digest: 'string', mode: 'string', files: 'array', inactive: 'array' },
  'session.opened': {
    session: 'string',
    upstream: 'string',
    dialect: 'string',
    database: 'string',
    serverUser: 'string?',
    serverRole: 'string?',
    enforcement: 'string',
    principal: 'object',
    client: 'string',
    asserted: 'object',
  },
  'session.closed': { session: 'string', reason: 'string', durationMs: 'number' },
  'session.renewed': { session: 'string', principal: 'object', by: 'string' },
  'session.killed': { session: 'string', by: 'object', reason: 'string?' },
  'revocations.changed': { source: 'string', added: 'array', lifted: 'array', by: 'object?', sha256: 'string?' },
  'login.refused': { upstream: 'string', client: 'string', code: 'string', message: 'string', asserted: 'object' },
  'token.issued': { principal: 'object', audience: 'string', inputs: 'array', agent: 'string', client: 'string' },
  'token.refused': { client: 'string', error: 'string', code: 'string', message: 'string', subject: 'object?', actor: 'object?' },
  'statement.intent': { ...UNIT, facts: 'array', verdict: 'string', approval: 'object?', wouldBe: 'object?' },
  'statement.refused': { ...UNIT, facts: 'array?', code: 'string', rule: 'string?', message: 'string', request: 'string?' },
  'statement.outcome': { ...RESULT, intent: 'count', session: 'string' },
  'statement.decided': { ...DECISION, facts: 'array', verdict: 'string', wouldBe: 'object?' },
  'statement.completed': {
    ...RESULT,
    session: 'string',
    opened: 'count',
    decision: 'count',
    read: 'count',
    phase: 'string',
    parameters: 'array',
    asserted: 'object?',
    startedAt: 'number',
  },
  'transaction.ended': { session: 'string', transaction: 'count', end: 'string' },
  'approval.requested': {
    ...APPROVAL,
    session: 'string',
    upstream: 'string',
    requester: 'object',
    text: 'commitment',
    parameters: 'array',
    facts: 'array',
    labels: 'array',
    rule: 'string',
    groups: 'array',
    people: 'count',
    expiresAt: 'number',
  },
  'approval.decided': { ...APPROVAL, decision: 'string', approver: 'object', token: 'commitment', comment: 'commitment?' },
  'approval.ended': { ...APPROVAL, end: 'string' },
  'security.finding': { session: 'string', kind: 'string', intent: 'count?', read: 'count?', detail: 'string', columns: 'array?' },
  'sink.stopped': { sink: 'string', next: 'count', reason: 'string' },
  'sink.resumed': { sink: 'string', next: 'count' },
  'schema.changed': { upstream: 'string', intent: 'count?', catalogue: 'count', changes: 'array' },
  'key.rotated': { previous: 'string', next: 'string', signature: 'string', by: 'object?' },
  'values.erased': { entries: 'ranges', names: 'array', reason: 'string', by: 'object?' },
  'retention.applied': { entriesBefore: 'count', valuesBefore: 'count', by: 'object?' },
} as const satisfies Record<LedgerEventType, Fields>;

/**
 * The outermost fields of each type of event, as {@link parseEvent} checks them besides those of every entry; with a question mark those that
 * may be absent. What the published JSON Schema of entries is held against.
 */
export const LEDGER_EVENT_FIELDS: Readonly<Record<LedgerEventType, Fields>> = FIELDS;

const CHECKS = {
  string: (value) => typeof value === 'string',
  count: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  object: isObject,
  array: (value) => Array.isArray(value),
  commitment: (value) => isObject(value) && typeof value['commitment'] === 'string',
  results: (value) => Array.isArray(value) && value.every(isResult),
  ranges: (value) => Array.isArray(value) && value.every(isRange),
} as const satisfies Record<FieldKind, (value: unknown) => boolean>;

/**
 * Reads the bytes of an entry. Throws a {@link LedgerEventError} when they are not UTF-8, not canonical JSON (RFC 8785), or not an event
 * with the fields of its type. The fields inside of nested objects are not looked at, but for those that say which transaction a statement ran in.
 */
export function parseEvent(bytes: Uint8Array): LedgerEvent {
  const value = parseCanonical(bytes);
  if (!isObject(value)) throw new LedgerEventError('not-an-event', 'the entry is not a json object');
  const type = value['type'];
  if (!isEventType(type))
    throw new LedgerEventError('unknown-type', 'the entry has a type that this version does not know: read it with a later one');
  if (value['v'] !== 1) throw new LedgerEventError('bad-field', `field "v" of the ${type} entry is not 1`);
  checkFields(type, value, { seq: 'count', time: 'number', withheld: 'array?' });
  checkFields(type, value, FIELDS[type]);
  // Checked above, field by field.
  return value as unknown as LedgerEvent;
}

function parseCanonical(bytes: Uint8Array): unknown {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch {
    throw new LedgerEventError('not-canonical', 'the entry is not json in utf-8');
  }
  let canonical: string | undefined;
  try {
    canonical = canonicalJson(value);
  } catch {
    canonical = undefined;
  }
  if (canonical !== text) throw new LedgerEventError('not-canonical', 'the entry is json, but not in its canonical form (rfc 8785)');
  return value;
}

function checkFields(type: LedgerEventType, value: Readonly<Record<string, unknown>>, fields: Fields): void {
  for (const [name, kind] of Object.entries(fields)) {
    const field = value[name];
    const optional = kind.endsWith('?');
    if (field === undefined && optional) continue;
    if (!CHECKS[kind.replace('?', '') as FieldKind](field)) {
      throw new LedgerEventError(
        'bad-field',
        `field "${name}" of the ${type} entry is ${field === undefined ? 'missing' : `not a ${kind}`}`,
      );
    }
  }
}

function isEventType(type: unknown): type is LedgerEventType {
  return typeof type === 'string' && Object.hasOwn(FIELDS, type);
}

/** What it ran in decides whether it counts as committed. */
function isResult(value: unknown): boolean {
  return isObject(value) && (value['transaction'] === undefined || CHECKS.count(value['transaction']));
}

/** First and last of a run of entries. */
function isRange(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every(CHECKS.count) && value[0] <= value[1];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
