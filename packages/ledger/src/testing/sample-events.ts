import type { LedgerEvent, LedgerEventType, Principal, StatementFacts, UnitRecord } from '@sqlwarden/core';

/** An event of every type, with what it can hold: for whatever must know them all. */

const HASH = '0123456789abcdef'.repeat(4);
const COMMITMENT = { commitment: 'r4uUyFnn4KpIYXGX2Q2Yy6mVfPDJ1sXQH5rYq0i5oYE=' };
const party = (kind: 'person' | 'service' | 'agent', id: string) =>
  ({ kind, issuer: 'https://id.example', id, name: `The ${id}`, groups: ['app', 'dba'], groupsComplete: true }) as const;

export const SAMPLE_PRINCIPAL: Principal = {
  subject: party('person', 'ada'),
  actors: [{ ...party('agent', 'bot'), version: '1.4', model: { provider: 'example', name: 'planner', version: '7' } }],
  workload: { spiffeId: 'spiffe://example/ns/app', cluster: 'c1', namespace: 'app', pod: 'app-1' },
  run: { conversation: 'talk-1', trainingRun: 'run-9' },
  proof: { subject: 'token', groups: 'token', actors: 'token', model: 'token' },
  expiresAt: 1_800_000_000_000,
  tokenId: 'jti-1',
};

const FACTS: StatementFacts = {
  action: 'update',
  class: 'write',
  span: { start: 0, end: 30 },
  reads: ['public.people'],
  writes: ['public.orders'],
  columns: [{ column: 'public.people.email', use: 'output' }],
  outputs: undefined,
  routines: [],
  filter: 'present',
  limit: null,
  opaque: [],
  flows: [],
  locks: false,
  schemaChanges: [],
  stateEffect: 'none',
  elevated: false,
};

const base = (seq: number) => ({ v: 1, seq, time: 1_795_000_000_123 + seq }) as const;

const DECISION = {
  upstream: 'crm',
  database: 'crmdb',
  environment: 'production',
  enforcement: 'gateway',
  text: COMMITMENT,
  fingerprint: HASH,
  facts: [FACTS, { ...FACTS, action: 'select', class: 'read', writes: [] }],
  labels: ['pii.email', 'pci.pan'],
  rules: ['people-read'],
  policy: HASH,
  catalogue: 3,
  elevated: true,
  protectedColumns: [{ column: 'public.people.email', label: 'pii.email' }],
  masks: [{ statement: 0, output: 0, label: 'pii.email', function: 'email', sources: ['public.people.email'] }],
} as const satisfies Partial<UnitRecord>;

const TRACE = { traceparent: { value: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', source: 'comment' } } as const;
const UNIT = {
  ...DECISION,
  session: 's1',
  principal: SAMPLE_PRINCIPAL,
  phase: 'execute',
  parameters: [COMMITMENT],
  transaction: 4,
  asserted: { purpose: { value: 'support', source: 'library' }, ...TRACE },
} as const satisfies UnitRecord;

const RESULT = {
  session: 's1',
  status: 'ok',
  statements: [{ command: 'UPDATE', rowsReturned: 2, rowsAffected: 3 }],
  bytesReturned: 120,
  maskedCells: 1,
  durationUs: 950,
  transaction: 4,
} as const;
const APPROVAL = { request: 'k3f9', digest: HASH } as const;

/** Their `seq`s are 0, 1, 2, …, and those that name others name the ones here. */
export const SAMPLE_EVENTS = [
  {
    ...base(0),
    type: 'log.opened',
    origin: 'gateway.example/production',
    software: 'sqlwarden 1',
    recovered: true,
    heartbeatMs: 60_000,
    previous: { size: 0, root: COMMITMENT.commitment },
  },
  {
    ...base(1),
    type: 'session.opened',
    session: 's1',
    upstream: 'crm',
    dialect: 'postgres',
    database: 'crmdb',
    serverUser: 'gateway',
    serverRole: 'app',
    enforcement: 'gateway',
    principal: SAMPLE_PRINCIPAL,
    client: '10.0.0.7:5001',
    asserted: { application_name: 'app' },
  },
  { ...base(2), ...UNIT, type: 'statement.intent', verdict: 'approved', approval: APPROVAL },
  { ...base(3), ...RESULT, type: 'statement.outcome', intent: 2, status: 'error', errorCode: '23505' },
  { ...base(4), ...DECISION, type: 'statement.decided', verdict: 'observed', wouldBe: { effect: 'deny', rule: 'no' } },
  {
    ...base(5),
    ...RESULT,
    type: 'statement.completed',
    opened: 1,
    decision: 4,
    read: 0,
    phase: 'execute',
    parameters: [COMMITMENT],
    asserted: TRACE,
    startedAt: 1_795_000_000_000,
    limit: 'ten-rows',
  },
  {
    ...base(6),
    ...UNIT,
    type: 'statement.refused',
    code: 'policy-denied',
    rule: 'no-drop',
    message: 'drop through a migration',
    request: 'k3f9',
  },
  { ...base(7), type: 'transaction.ended', session: 's1', transaction: 4, end: 'rolled-back' },
  { ...base(8), type: 'heartbeat', sessions: 3 },
  {
    ...base(9),
    type: 'policy.loaded',
    digest: HASH,
    mode: 'enforce',
    files: [{ path: 'policy.yaml', sha256: HASH }],
    inactive: [{ upstream: 'crm', rule: 'x', reason: 'no such table' }],
  },
  { ...base(10), type: 'session.renewed', session: 's1', principal: SAMPLE_PRINCIPAL, by: 'source' },
  { ...base(11), type: 'session.killed', session: 's1', by: SAMPLE_PRINCIPAL, reason: 'leaving' },
  {
    ...base(12),
    type: 'revocations.changed',
    source: 'command',
    added: [{ id: 'r1', subject: 'ada' }],
    lifted: [],
    by: SAMPLE_PRINCIPAL,
  },
  {
    ...base(13),
    type: 'login.refused',
    upstream: 'crm',
    client: '[::1]:5002',
    code: 'token-expired',
    message: 'the token has expired',
    asserted: { user: 'ada' },
  },
  {
    ...base(14),
    type: 'token.issued',
    principal: SAMPLE_PRINCIPAL,
    audience: 'sqlwarden',
    inputs: [{ role: 'subject', issuer: 'https://id.example', tokenId: 'jti', expiresAt: 1_800_000_000_000 }],
    agent: 'bot',
    client: '10.0.0.8:443',
  },
  {
    ...base(15),
    type: 'token.refused',
    client: 'unix',
    error: 'invalid_grant',
    code: 'actor-unknown',
    message: 'the actor is not configured',
    subject: SAMPLE_PRINCIPAL,
  },
  {
    ...base(16),
    ...APPROVAL,
    type: 'approval.requested',
    session: 's1',
    upstream: 'crm',
    requester: SAMPLE_PRINCIPAL,
    text: COMMITMENT,
    parameters: [],
    facts: [FACTS],
    labels: ['pii.email'],
    rule: 'agent-schema-change',
    groups: ['dba'],
    people: 1,
    expiresAt: 1_800_000_000_000,
  },
  {
    ...base(17),
    ...APPROVAL,
    type: 'approval.decided',
    decision: 'approve',
    approver: SAMPLE_PRINCIPAL,
    token: COMMITMENT,
    comment: COMMITMENT,
  },
  { ...base(18), ...APPROVAL, type: 'approval.ended', end: 'used' },
  {
    ...base(19),
    type: 'security.finding',
    session: 's1',
    kind: 'parser-disagreement',
    intent: 2,
    detail: 'the parsers disagree',
    columns: [{ position: 0, label: 'pii.email', sources: ['public.people.email'] }],
  },
  {
    ...base(20),
    type: 'schema.changed',
    upstream: 'crm',
    catalogue: 4,
    changes: [{ operation: 'added', kind: 'column', name: 'public.people.risk', detail: 'numeric' }],
  },
  { ...base(21), type: 'sink.stopped', sink: 'siem', next: 12, reason: 'the receiver answers with HTTP status 503' },
  { ...base(22), type: 'sink.resumed', sink: 'siem', next: 12 },
  { ...base(23), type: 'key.rotated', previous: 'k+1+x', next: 'k+2+y', signature: COMMITMENT.commitment },
  { ...base(24), type: 'values.erased', entries: [[2, 3]], names: [], reason: 'asked for', by: SAMPLE_PRINCIPAL },
  { ...base(25), type: 'retention.applied', entriesBefore: 0, valuesBefore: 0 },
  { ...base(26), type: 'session.closed', session: 's1', reason: 'closed by client', durationMs: 4_000 },
  { ...base(27), type: 'log.closed' },
] as const satisfies readonly LedgerEvent[];

type Missing = Exclude<LedgerEventType, (typeof SAMPLE_EVENTS)[number]['type']>;
/** Does not compile while a type has no sample. */
export type EveryTypeHasASample = AssertNever<Missing>;
type AssertNever<T extends never> = T;
